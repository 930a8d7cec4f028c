#!/bin/sh
# models.sh - trains M2s on several kinds of tokens, alike in all else, and measures them on text kept apart, as TSV.
# usage: models.sh [--list] [ROW...]; without ROW all rows, in the order of --list, which prints each with its command.
#
# From the environment:
#   DATA     the folder with train-*.txt.xz to learn from and dev-c4.txt.xz to measure on; documents end with NUL
#   WORK     a folder for texts, tokens and checkpoints, which stay (runs/models): a row that was stopped goes on there.
#            One run works in it at a time
#   RESULTS  the table (results/models.tsv beside this script), which gets a row when it ends; it is not run again then
#   THREADS  for all tools (one for each processor)
#   TRAIN    the training texts, by blanks (wiki, tech and novels of DATA)
#   CHOOSE   bytes of them (30000000), from which pieces and strings are chosen; kinds that M1 encodes see no other text
#   EXAMPLE, BATCH  bytes of text in an example (1000); tokens in a step (4096)
#
# A row's name is TOKENS:BODY:STEPS:SEED. TOKENS are, with V bits or, where it is SentencePiece's, V tokens:
#   bytes                     those of the text
#   uni-V, bpe-V, free-V      SentencePiece's pieces: unigram, BPE, unigram that may cross spaces
#   str-B-COST, word-B-COST   2^B strings chosen by m1train with that token's cost; `word` of one word each
#   built-in                  those of the built-in codebook
#   ac-V, static-V            unbroken codes by M1 and by a unigram model, as in the method's paper
#   ei-B-V, ei-B-V-R          windows of B bits by M1 alone, reset after R, not aligned, as in the paper
#   gzip                      compressed bytes
# BODY is a size that m2train knows, `1m` or `4m`; `4m=KIND` is 4m with the ff that takes as many operations a byte as
# the 4m of KIND, `4m+KIND` the same with the output layer. With `/compose` behind it tokens share what is learned of
# parts of their texts (m2train --compose), else each learns alone.
#
# All kinds see the same text, with a line's end for each document's end. dev-c4's documents make two halves, a (the odd
# ones) and b: what is chosen by the one is reported by the other. Beside the table, positions.tsv has how well tokens
# are predicted by their place in a window, in half b, for windows of several tokens.
set -eu
: "${DATA:=../shared/data}" "${EXAMPLE:=1000}" "${BATCH:=4096}" "${CHOOSE:=30000000}" "${THREADS:=$(nproc)}"
here=$(cd "$(dirname "$0")" && pwd)
: "${WORK:=$here/../runs/models}" "${RESULTS:=$here/results/models.tsv}"
: "${TRAIN:=$DATA/train-wiki.txt.xz $DATA/train-tech.txt.xz $DATA/train-novels.txt.xz}"

die() {
	echo "models.sh: $*" >&2
	exit 1
}

# ---- rows ----

# each KINDS REST...: rows of these kinds, by blanks, with each rest.
each() {
	kinds=$1
	shift
	for rest; do for kind in $kinds; do echo "$kind:$rest"; done; done
}

# The most telling first. All of them take many hours.
rows() {
	small="uni-8192 bpe-8192 word-13-0 str-13-1 str-13-4 str-13-inf"
	large="uni-65536 str-16-0.02 str-16-0.2"
	each "$small" 4m:600:1 4m/compose:600:1 4m:600:2 4m/compose:600:2 4m:600:3 4m/compose:600:3
	each str-13-2 4m:600:1 4m/compose:600:1
	each str-13-1 4m+uni-8192:600:1
	each str-13-4 4m+uni-8192/compose:600:1
	each "$large str-16-0 str-16-1 str-16-inf" 4m:300:1 4m/compose:300:1
	each "$large" 4m:300:2 4m/compose:300:2
	each "str-16-0.02 str-16-0.2" 4m+uni-65536:300:1
	each str-16-0.2 4m+uni-65536/compose:300:1
	each "$large built-in" 4m:600:1 4m/compose:600:1 4m:600:2 4m/compose:600:2
	each "$small" 4m:2400:1 4m/compose:2400:1 4m:2400:2
	each "word-13-0 str-13-1 str-13-inf" 4m=uni-8192:2400:1 4m+uni-8192:2400:1
	each "$large bpe-65536 built-in" 4m:2400:1 4m/compose:2400:1
	each "bytes ac-8 static-8 ei-16-8 ei-32-8 ei-64-8 ei-128-8 ei-16-8-2 ei-16-8-0 gzip" 3m:1200:1
	each "uni-32000 built-in ac-16 static-16 ei-16-16 ei-32-16 ei-64-16 ei-128-16" 3m:1200:1
	each "uni-8192 str-13-1" 1m:600:1 1m:2400:1
	each "free-8192 uni-16384 bpe-16384 str-14-1" 4m:2400:1
	each "$small" 4m:9600:1
}

# ---- texts ----

# once NAME COMMAND...: runs the command, which writes to $new, if the file or folder NAME is not there.
once() {
	[ ! -e "$1" ] || return 0
	echo "models.sh: $1 ..." >&2
	final=$1
	new=$1.new
	shift
	rm -rf "$new"
	"$@"
	mv "$new" "$final"
}

# unpacked FILE...: their texts; a NUL ends a document.
unpacked() { for text; do xz -dc "$text" >>"$new"; done; }

# drawn: documents of text-all.nul, evenly over all of them, about CHOOSE bytes.
drawn() {
	tr '\n\0' '\0\n' <text-all.nul >"$new.lines"
	awk -v p="$(awk -v n="$CHOOSE" -v all="$(wc -c <text-all.nul)" 'BEGIN { print n < all ? n / all : 1 }')" \
		'int(NR * p) > int((NR - 1) * p)' "$new.lines" >"$new.some"
	tr '\n\0' '\0\n' <"$new.some" >"$new"
	rm "$new.lines" "$new.some"
}

# half REST: the documents of text-dev.nul whose number has this remainder by 2, from 1, as lines.
half() {
	tr '\n\0' '\0\n' <text-dev.nul >"$new.lines"
	awk -v rest="$1" 'NR % 2 == rest' "$new.lines" >"$new.some"
	tr '\0' '\n' <"$new.some" >"$new"
	rm "$new.lines" "$new.some"
}

# by_lines FILE: its documents by lines.
by_lines() { tr '\0' '\n' <"$1" >"$new"; }

corpus() {
	# shellcheck disable=SC2086 # a list of files
	once text-all.nul unpacked $TRAIN
	once text-all by_lines text-all.nul
	once text-choose.nul drawn
	once text-choose by_lines text-choose.nul
	once text-dev.nul unpacked "$DATA/dev-c4.txt.xz"
	once text-a half 1
	once text-b half 0
}

# ---- tokens: each function makes the folder $new with the streams train, a and b ----

# sentencepiece TYPE V OPTION...: nothing of the text may be lost, so no normalization, spaces as they are, unknown
# characters as bytes.
sentencepiece() {
	mkdir "$new"
	type=$1 v=$2
	shift 2
	spm_train --input=text-choose --model_prefix="$new/sp" --model_type="$type" --vocab_size="$v" --byte_fallback=true \
		--normalization_rule_name=identity --remove_extra_whitespaces=false --max_sentence_length=65536 \
		--num_threads="$THREADS" --minloglevel=1 "$@" >"$new/log" 2>&1 || die "spm_train failed: see $new/log"
	for part in all a b; do
		spm_encode --model="$new/sp.model" --extra_options=eos --output_format=id <"text-$part" >"$new/ids"
		bitpack -q --from=ids --vocab="$v" --text="text-$part" "$new/ids" >"$new/$part"
	done
	rm "$new/ids"
	mv "$new/all" "$new/train"
	piece_texts "$new/sp.vocab" >"$new/texts"
}

# piece_texts VOCAB: prints the texts of SentencePiece's pieces as llm.c has them (nct-formats(5), "Token texts"). The
# first three, of unknown characters and of the ends of texts, have none.
piece_texts() {
	LC_ALL=C awk 'function put32(n,  i) { for (i = 0; i < 4; i++) { printf "%c", n % 256; n = int(n / 256) } }
		function digit(c) { return index("0123456789ABCDEF", c) - 1 }
		{ sub(/\t[^\t]*$/, ""); piece[NR - 1] = $0 }
		END {
			put32(20240328); put32(2); put32(NR); put32(2)
			for (i = 4; i < 256; i++) put32(0)
			for (k = 0; k < NR; k++) {
				s = k < 3 ? "" : piece[k]
				gsub("\342\226\201", " ", s)
				if (s ~ /^<0x[0-9A-F][0-9A-F]>$/)
					printf "%c%c", 1, 16 * digit(substr(s, 4, 1)) + digit(substr(s, 5, 1))
				else
					printf "%c%s", length(s), s
			}
		}' "$1"
}

# windows TEXT V OPTION...: acwin's, by these options, as tokens of V bits.
windows() {
	mkdir -p "$new"
	text=$1 v=$2
	shift 2
	for part in "$text" a b; do
		acwin -q -T "$THREADS" "$@" "text-$part" | bitpack -v "$v" >"$new/$part"
	done
	mv "$new/$text" "$new/train"
}

# strings B COST OPTION...: windows of chosen strings.
strings() {
	mkdir "$new"
	bits=$1 cost=$2
	shift 2
	m1train -q -T "$THREADS" -k strings -b "$bits" -a words --token-cost="$cost" "$@" -0 -o "$new/m1" text-choose.nul
	windows all "$bits" -m "$new/m1"
}

static() {
	mkdir "$new"
	m1train -q -k unigram -o "$new/m1" text-choose
	windows choose "$1" -m "$new/m1" -b 0
}

raw_bytes() {
	mkdir "$new"
	for part in all a b; do bitpack -q --from=raw -v 8 "text-$part" >"$new/$part"; done
	mv "$new/all" "$new/train"
}

# Compressed bytes as ids; --text gets a line with as many bytes as the text has.
gzipped() {
	mkdir "$new"
	for part in choose a b; do
		gzip -9n <"text-$part" >"$new/gz"
		{ od -An -v -tu1 "$new/gz" | tr '\n' ' ' && echo; } >"$new/ids"
		{ head -c -1 "text-$part" | tr '\n' ' ' && echo; } >"$new/line"
		bitpack -q --from=ids --vocab=256 --text="$new/line" "$new/ids" >"$new/$part"
	done
	rm "$new/gz" "$new/ids" "$new/line"
	mv "$new/choose" "$new/train"
}

# tokens KIND: makes its streams in the folder tokens/KIND.
tokens() {
	[ ! -d "tokens/$1" ] || return 0
	# shellcheck disable=SC2046 # a kind's parts
	set -- "$1" $(echo "$1" | tr - ' ')
	case $1 in
	bytes) set -- "$1" raw_bytes ;;
	uni-*) set -- "$1" sentencepiece unigram "$3" ;;
	bpe-*) set -- "$1" sentencepiece bpe "$3" ;;
	free-*) set -- "$1" sentencepiece unigram "$3" --split_by_whitespace=false ;;
	str-*) set -- "$1" strings "$3" "$4" ;;
	word-*) set -- "$1" strings "$3" "$4" --words=1 ;;
	built-in) set -- "$1" windows all 16 ;;
	ac-*) set -- "$1" windows choose "$3" -b 0 ;;
	static-*) set -- "$1" static "$3" ;;
	ei-*) set -- "$1" windows choose "$4" -b "$3" --code=split -a none ${5:+-r "$5"} ;;
	gzip) set -- "$1" gzipped ;;
	*) die "no such tokens: $1" ;;
	esac
	corpus
	mkdir -p tokens
	folder=tokens/$1
	shift
	once "$folder" "$@"
}

# ---- models ----

# column NAME TABLE: of a table with one row.
column() {
	awk -F '\t' -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i } NR == 2 { print $at }' "$2"
}

# size KIND BODY: m2train's -s for it.
size() {
	case $2 in
	1m) echo d=128,layers=4,heads=4,ff=512 ;;
	4m) echo d=256,layers=4,heads=4,ff=1024 ;;
	4m[=+]*)
		# 2 (parameters of the layers + vocabulary * width, if it counts) * tokens / bytes are to be the other kind's
		other=${2#4m?}
		awk -v own="$(density "$1")" -v other="$(density "$other")" -v v="$(vocabulary "$1")" -v w="$(vocabulary "$other")" \
			-v output="$(case $2 in *+*) echo 1 ;; *) echo 0 ;; esac)" 'BEGIN {
			d = 256; layers = 4 # a layer has 4 d d parameters of attention and 3 d ff of the feed-forward part
			want = (layers * (4 * d * d + 3 * d * 1024) + output * w * d) / other * own
			printf "d=%d,layers=%d,heads=4,ff=%d\n", d, layers, ((want - output * v * d) / layers - 4 * d * d) / (3 * d) + 0.5
		}' ;;
	*) echo "$2" ;;
	esac
}

# density KIND, vocabulary KIND: by the tables that run() makes.
density() { column bytes_per_token "tokens/$1/density"; }
vocabulary() { column vocab "tokens/$1/listed"; }

# train ROW: prints m2train's options for a row whose tokens are there.
train() {
	kind=${1%%:*} rest=${1#*:}
	body=${rest%%:*} rest=${rest#*:} compose=--no-compose
	case $body in
	*/compose)
		body=${body%/compose} compose=--compose
		[ ! -f "tokens/$kind/m1" ] || compose="--compose -M tokens/$kind/m1"
		[ ! -f "tokens/$kind/texts" ] || compose="--compose --texts=tokens/$kind/texts"
		;;
	esac
	awk -v per="$(density "$kind")" -v example="$EXAMPLE" -v batch="$BATCH" -v size="$(size "$kind" "$body")" \
		-v steps="${rest%:*}" -v seed="${rest#*:}" -v compose="$compose" 'BEGIN {
		rows = int(batch * per / example + 0.5)
		rows = rows < 1 ? 1 : rows
		printf "-s %s -n %d -B %d -L %d --seed=%d %s\n", size, steps, rows, batch / rows + 0.5, seed, compose
	}'
}

header="row\ttokens_trained\tpasses\tbytes_per_token\tbits_per_byte_a\tbits_per_byte_b\tflops_per_byte\t\
flops_per_byte_with_output\tm1_flops_per_byte\ttrain_flops\toptions\tdate\tprocessor"

run() {
	! grep -qs "^$1	" "$RESULTS" || return 0
	kind=${1%%:*}
	tokens "$kind"
	other=$kind
	case $1 in
	*:4m[=+]*) other=${1#*:4m?} other=${other%%:*} other=${other%/compose} ;;
	esac
	tokens "$other"
	for of in "$kind" "$other"; do
		bpbcalc "tokens/$of/a" >"tokens/$of/density"
		acwin -l "tokens/$of/a" >"tokens/$of/listed"
	done
	options=$(train "$1")
	file=models/$(echo "$1" | tr / .)
	mkdir -p models
	echo "models.sh: $1: m2train $options ..." >&2
	# shellcheck disable=SC2086 # a list of options
	[ -f "$file" ] || m2train -q -T "$THREADS" $options -C "$file.ck" --save-every=100 --log="$file.log" -o "$file" \
		"tokens/$kind/train"
	for half in a b; do
		m2train -q -E -T "$THREADS" -m "$file" "tokens/$kind/$half" >"$file.table"
		bpbcalc "$file.table" >"$file.$half"
	done
	bpbcalc "tokens/$kind/train" >"$file.train"
	positions "$1" "$file.table"
	[ -f "$RESULTS" ] || printf '%b\n' "$header" >"$RESULTS"
	trained=$(echo "$options" | awk '{ for (i = 1; i < NF; i++) x[$i] = $(i + 1); print x["-n"] * x["-B"] * x["-L"] }')
	printf '%s\t%d\t%.2f\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$trained" \
		"$(column tokens "$file.train" | awk -v n="$trained" '{ print n / $1 }')" \
		"$(column bytes_per_token "$file.b")" "$(column m2_bpb "$file.a")" "$(column m2_bpb "$file.b")" \
		"$(column m2_flops_per_byte "$file.b")" "$(column m2_flops_per_byte_with_output "$file.b")" \
		"$(column m1_flops_per_byte "$file.b")" "$(tail -n 1 "$file.log" | awk -F '\t' '{ print $NF }')" "$options" \
		"$(date -u +%Y-%m-%d)" "$(processor)" >>"$RESULTS"
	rm -f "$file" "$file.ck" "$file.ck.prev"
}

# processor: its name, family and model.
processor() {
	awk -F ': ' '/^(model name|cpu family|model)\t/ { printf "%s%s", n++ ? ", " : "", $2 } n == 3 { exit }' /proc/cpuinfo
}

# positions ROW TABLE: adds to positions.tsv the rows of m2train -E for places in a window, if there are several.
positions() {
	{
		printf 'row\tbit_of_window\ttokens\tbits_per_token\taccuracy\n'
		! [ -f "$POSITIONS" ] || awk -F '\t' -v row="$1" 'NR > 1 && $1 != row' "$POSITIONS"
		awk -F '\t' -v row="$1" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
			$1 == "position" {
				line[n++] = row "\t" $at["index"] "\t" $at["tokens"] "\t" $at["bits_per_token"] "\t" $at["accuracy"]
			}
			END { for (i = 0; n > 1 && i < n; i++) print line[i] }' "$2"
	} >"$POSITIONS.new"
	mv "$POSITIONS.new" "$POSITIONS"
}

if [ "${1:-}" = --list ]; then
	rows | while read -r row; do printf '%s\tsh examples/models.sh %s\n' "$row" "$row"; done
	exit
fi
absolute() { case $1 in /*) echo "$1" ;; *) echo "$PWD/$1" ;; esac; }
TRAIN=$(for text in $TRAIN; do absolute "$text"; done)
DATA=$(absolute "$DATA")
RESULTS=$(absolute "$RESULTS")
POSITIONS=$(dirname "$RESULTS")/positions.tsv
mkdir -p "$WORK"
cd "$WORK"
exec 9>lock
flock -n 9 || die "another run works in $WORK"
# shellcheck disable=SC2046 # a list of rows
[ $# -gt 0 ] || set -- $(rows)
for row; do run "$row"; done
