#!/bin/sh
# pictures.sh - draws the tables of models.sh by gnuplot: SVG files that read on a light and on a dark page.
# usage: pictures.sh [TABLE [FOLDER]]; TABLE is results/models.tsv beside this script, and FOLDER is where it lies.
# positions.tsv lies beside TABLE, or is not drawn.
#
# density.svg      bits/byte against bytes of text in a token
# flops.svg        bits/byte against operations for a byte of text that M2 reads, with its output layer
# training.svg     bits/byte against operations of the whole training
# positions.svg    how many tokens are predicted rightly, against the bit of a window at which they begin
#
# Each point is one kind of tokens and one size of M2 after one budget: the mean of its seeds, on dev-c4's second half.
# Panels are for a number of tokens and a budget; those of training.svg have all budgets.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
table=${1:-$here/results/models.tsv}
folder=${2:-$(dirname "$table")}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
command -v gnuplot >/dev/null || {
	echo "pictures.sh: gnuplot is missing: it is in the package gnuplot-nox" >&2
	exit 1
}

# points PANELS COLUMN: the table's rows of one kind, size and budget as one: its name, means of this column and of
# bits/byte, and whether tokens share parts. Those of a panel are a block, as gnuplot takes them, with the panel's name
# above it. The name has the size of M2 where that is not the usual one of the panel, of its first row.
points() {
	LC_ALL=C awk -F '\t' -v panels="$1" -v column="$2" '
		NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		{
			split($1, part, ":")
			key = part[1] ":" part[2] ":" part[3]
			if (!(key in n)) {
				keys[++count] = key
				panel[key] = vocabulary(part[1]) (panels == "budgets" ? ", " part[3] " steps" : "")
				shared[key] = sub("/compose", "", part[2])
				if (!(panel[key] in usual) && part[2] !~ /[=+]/)
					usual[panel[key]] = part[2]
				name[key] = part[1] (part[2] == usual[panel[key]] ? "" : ", " body(part[2]))
			}
			n[key]++
			x[key] += $at[column]
			y[key] += $at["bits_per_byte_b"]
		}
		# A size of M2 in a label. That of equal operations is wider; by layers: without those of the output layer.
		function body(size) { return size ~ /=/ ? "wider by layers" : size ~ /[+]/ ? "wider" : size }
		# The number of tokens of a kind, see models.sh.
		function vocabulary(kind, part) {
			split(kind, part, "-")
			if (kind == "built-in")
				return "65536 tokens"
			if (kind == "bytes" || kind == "gzip")
				return "256 tokens"
			if (part[1] == "ei")
				return 2 ^ part[3] " tokens"
			return (part[1] ~ /^(uni|bpe|free)$/ ? part[2] : 2 ^ part[2]) " tokens"
		}
		END {
			for (i = 1; i <= count; i++)
				if (!(panel[keys[i]] in seen)) {
					seen[panel[keys[i]]] = 1
					printf "%s\"= %s\"\n", blocks++ ? "\n\n" : "", panel[keys[i]]
					for (j = i; j <= count; j++)
						if (panel[k = keys[j]] == panel[keys[i]])
							printf "\"%s\"\t%.6g\t%.4f\t%d\n", name[k], x[k] / n[k], y[k] / n[k], shared[k]
				}
		}' "$table"
}

# style FILE LINES: what pictures have in common; LINES of two panels each.
style() {
	cat <<-END
		set terminal svg size 800,$(($2 * 320)) dynamic enhanced font "sans-serif,12"
		set output "$work/$1"
		grey = "#777777"
		set multiplot layout $2,2
		set border 3 linecolor rgb grey
		set tics nomirror textcolor rgb grey
		set grid linecolor rgb "#999999" linewidth 0.3
		set key bmargin center horizontal textcolor rgb grey noenhanced
	END
}

# draw FILE PANELS COLUMN UNIT LABEL: draws bits/byte against a column, which is divided by UNIT.
draw() {
	points "$2" "$3" >"$work/points"
	lines=$((($(grep -c '^"=' "$work/points" || true) + 1) / 2))
	if [ $lines = 0 ]; then
		echo "pictures.sh: $table: no rows" >&2
		exit 1
	fi
	{
		style "$1" $lines
		cat <<-END
			set format y "%.3f"
			set format x "%.3g"
			set xtics autofreq rotate by -30
			set xlabel "$5" textcolor rgb grey
			set ylabel "bits/byte" textcolor rgb grey
		END
		awk -F '\t' -v points="$work/points" -v unit="$4" '
			/^"=/ { title[++blocks] = substr($0, 4); next }
			function extend(range, at) {
				if (range["n", blocks]++ == 0)
					range["least", blocks] = range["most", blocks] = at
				else if (at < range["least", blocks])
					range["least", blocks] = at
				else if (at > range["most", blocks])
					range["most", blocks] = at
			}
			# The range of a panel, with room; it is not less than a part of the largest value.
			function limits(range, i, part, before, behind, span) {
				span = range["most", i] - range["least", i]
				span = span > range["most", i] * part ? span : range["most", i] * part
				return sprintf("[%g:%g]", range["least", i] - span * before, range["most", i] + span * behind)
			}
			NF == 4 {
				extend(x, $2 / unit)
				extend(y, $3)
				if ($4)
					shared[blocks] = 1
			}
			END {
				for (i = 1; i <= blocks; i++) {
					printf "set title \"%s textcolor rgb grey\n", title[i]
					printf "set xrange %s\nset yrange %s\n", limits(x, i, 0.05, 0.1, 0.5), limits(y, i, 0.01, 0.1, 0.1)
					printf "plot "
					for (s = 0; s < 2; s++) {
						printf "\"%s\" index %d using ($2/%s):($4==%d?$3:1/0) skip 1 ", points, i - 1, unit, s
						printf "with points pointtype %d pointsize %s linecolor rgb \"%s\" ", s ? 9 : 7, s ? 0.8 : 0.6,
							s ? "#e07b2f" : "#2f7ed8"
						printf "%s, ", shared[i] ? (s ? "title \"parts shared\"" : "title \"each token alone\"") : "notitle"
					}
					# Names with a size are below their points, since others of their kind may be near.
					for (s = 0; s < 2; s++) {
						printf "\"%s\" index %d using ($2/%s):", points, i - 1, unit
						printf "((strstrt(strcol(1), \",\") > 0) == %d ? $3 : 1/0):1 skip 1 with labels noenhanced left ", s
						printf "offset 0.6,%s font \",9\" textcolor rgb grey notitle%s", s ? -0.6 : 0.2, s ? "\n" : ", "
					}
				}
			}' "$work/points"
		echo "unset multiplot"
	} >"$work/script"
	gnuplot "$work/script"
	keep "$1"
}

# keep FILE: puts a picture into the folder, without spaces at the ends of its lines.
keep() {
	sed 's/[[:blank:]]*$//' "$work/$1" >"$work/trimmed"
	mv "$work/trimmed" "$folder/$1"
}

# draw_positions FILE TABLE: draws accuracy against the bit of a window, a line for each row of models.sh with the first
# seed, those of a number of bits in a token together. The line's name has size and budget if they are not the first's.
draw_positions() {
	LC_ALL=C awk -F '\t' -v points="$work/places" '
		NR > 1 && $1 ~ /:1$/ {
			if (!($1 in at)) {
				split($1, part, ":")
				split(part[1], kind, "-")
				panel = kind[3]
				if (!(panel in lines))
					order[++panels] = panel
				run = part[2] ":" part[3]
				usual = usual == "" ? run : usual
				name[panel, lines[panel]++] = part[1] (run == usual ? "" : ":" run)
				at[$1] = blocks++
				block[panel, lines[panel] - 1] = at[$1]
			}
			data[at[$1]] = data[at[$1]] $2 "\t" $5 "\n"
		}
		END {
			split("#2f7ed8 #e07b2f #3a9a5b #b055c0 #b08a20 #777777", colour, " ")
			for (i = 0; i < blocks; i++)
				printf "%s\n\n", data[i] >points
			for (i = 1; i <= panels; i++) {
				printf "set title \"%d tokens\" textcolor rgb grey\nplot ", 2 ^ order[i]
				for (j = 0; j < lines[order[i]]; j++)
					printf "%s\"%s\" index %d with linespoints pointtype 7 pointsize 0.5 linecolor rgb \"%s\" title \"%s\"",
						j ? ", " : "", points, block[order[i], j], colour[j % 6 + 1], name[order[i], j]
				print ""
			}
		}' "$2" >"$work/plots"
	panels=$(grep -c '^plot' "$work/plots") || return 0 # there is none
	{
		style "$1" $(((panels + 1) / 2))
		cat <<-END
			set format y "%.2f"
			set xrange [-4:]
			set yrange [0:]
			set xlabel "bit of the window at which a token begins" textcolor rgb grey
			set ylabel "tokens predicted rightly" textcolor rgb grey
		END
		cat "$work/plots"
		echo "unset multiplot"
	} >"$work/script"
	gnuplot "$work/script"
	keep "$1"
}

mkdir -p "$folder"
draw density.svg budgets bytes_per_token 1 "bytes/token"
draw flops.svg budgets flops_per_byte_with_output 1e6 "millions of operations a byte of text, with the output layer"
draw training.svg all train_flops 1e15 "operations of training, divided by 10^{15}"
places=$(dirname "$table")/positions.tsv
[ ! -f "$places" ] || draw_positions positions.svg "$places"
