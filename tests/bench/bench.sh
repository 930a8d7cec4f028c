#!/bin/sh
# bench.sh - measures the codec beside spm_encode, gzip, xz, zpaq and 7z, on one text in one run.
# usage: bench.sh [TEXT]; without TEXT, the sample, repeated to 200 MB where the codec is fast.
# Start-up is included. Output goes to /dev/null or to a file in a temporary folder.
# Times are medians of $runs, by the clock and of the processor (user and system). Other work on the machine changes
# the latter less, so speeds of single threads go by it. Important ratios are of commands that run in turn, $turns
# times each.
# A program that is not installed shows as -.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
if [ $# -gt 0 ]; then cat "$1"; else xz -dc "$here/../../examples/sample.txt.xz"; fi >"$work/text"
cd "$work"
head -c 1048576 text >part # 64 chunks of 16,384 bytes, and 25
head -c 409600 text >few
if [ $# -gt 0 ]; then ln -s text big; else for _ in $(seq 170); do cat text; done >big; fi
head -c $(($(wc -c <big) / 10)) big >tenth

# once COMMAND: prints its seconds by the clock and of the processor, as measured by bash.
once() {
	LC_ALL=C bash -ec "TIMEFORMAT='%3R %3U %3S'
		time { $1; }" 2>said || { cat said >&2; return 1; }
	tail -n 1 said | awk '{ print $1, ($2 + $3 > 0 ? $2 + $3 : 0.0005) }'
}

# median FILE FIELD
median() { cut -d ' ' -f "$2" "$1" | sort -n | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'; }

# measure COMMAND: sets wall and cpu, in seconds: medians of $runs.
measure() {
	for _ in $(seq $runs); do once "$1"; done >spent
	wall=$(median spent 1)
	cpu=$(median spent 2)
}

# paired A B: runs the commands in turn. Sets wall and cpu, the ratios of A's time to B's: medians of $turns.
turns=9
paired() {
	for _ in $(seq $turns); do echo "$(once "$1") $(once "$2")"; done | awk '{ print $1 / $3, $2 / $4 }' >spent
	wall=$(median spent 1)
	cpu=$(median spent 2)
}

heading() { printf '\n%-34s %10s %9s %9s %10s %9s %9s\n' "$1" bytes "wall s" "CPU s" "$2/CPU s" "$3" bits/byte; }

# row NAME TOOL UNIT INPUT COMMAND [OUTPUT]: prints the speed in UNITs of INPUT's bytes per second, its ratio to
# $peer, and OUTPUT's bits per byte of INPUT. Sets speed, wall and cpu.
row() {
	name=$1 tool=$2 unit=$3 bytes=$(wc -c <"$4")
	speed=
	if ! command -v "$tool" >/dev/null; then
		printf '%-34s %10d %9s %9s %10s %9s %9s\n' "$name" "$bytes" - - - - -
		return
	fi
	measure "$5"
	bits=-
	[ $# -lt 6 ] || bits=$(awk -v a="$(wc -c <"$6")" -v b="$bytes" 'BEGIN { printf "%.3f", 8 * a / b }')
	speed=$(awk -v b="$bytes" -v s="$cpu" -v u="$unit" 'BEGIN { print b / s / u }')
	awk -v n="$name" -v b="$bytes" -v w="$wall" -v c="$cpu" -v s="$speed" -v p="${peer:-}" -v x="$bits" \
		'BEGIN { printf "%-34s %10d %9.3f %9.3f %10.1f %9s %9s\n", n, b, w, c, s, p == "" ? "-" : sprintf("%.2f", s / p), x }'
}

# aim WHAT VALUE UNIT WANTED: adds a line to `aims`, which is printed at the end. VALUE may be empty.
aims=
aim() { aims="$aims$(printf '%-48s %8s %-4s wanted: %s' "$1" "${2:--}" "$3" "$4")
"; }
round2() { printf %.2f "$1"; }

awk -F '[ \t]*: ' '$1 == "model name" { name = $2 } $1 == "cpu family" { family = $2 } $1 == "model" { model = $2 } $1 == "flags" {
	n = split($2, f, " ")
	for (i = 1; i <= n; i++) if (f[i] ~ /^(avx2|avx512f|avx512_vnni|avx512_bf16|amx_tile)$/) has = has " " f[i]
	exit } END { print "processor: " name ", family " family ", model " model ":" has }' /proc/cpuinfo

# ---- windows by codebook, beside a subword tokenizer and gzip, which get a tenth of the text, as they are slower ----
runs=5
peer=
if command -v spm_train >/dev/null; then
	spm_train --input=text --model_prefix=spm --model_type=unigram --vocab_size=32000 --hard_vocab_limit=false \
		--num_threads=1 --max_sentence_length=100000 >spm.log 2>&1
fi
heading "windows of 16 bits, by tables" MB "x spm"
row "spm_encode, unigram 32k" spm_encode 1e6 tenth "spm_encode --model=spm.model --output_format=id tenth >/dev/null"
peer=$speed
acwin -o wbig big
bitpack -v16 -o tbig wbig
row "acwin -b16 -T1" acwin 1e6 big "acwin -b16 -T1 big >/dev/null"
row "acwin -b16 -T2" acwin 1e6 big "acwin -b16 -T2 big >/dev/null"
row "acwin -b16 -a none -T1" acwin 1e6 big "acwin -b16 -a none -T1 big >/dev/null"
for align in none words; do
	row "acwin --code=split -a $align -T1" acwin 1e6 big "acwin --code=split -a $align -T1 big >/dev/null"
done
row "acwin -d -T1" acwin 1e6 big "acwin -d -T1 wbig >/dev/null" wbig
row "acwin -d -T2" acwin 1e6 big "acwin -d -T2 wbig >/dev/null"
row "bitpack -v16, of its input" bitpack 1e6 wbig "bitpack -v16 wbig >/dev/null"
pack=$speed
row "bitpack -u (v=16), of its input" bitpack 1e6 tbig "bitpack -u tbig >/dev/null"
unpack=$speed
row "bitpack -v12, of its input" bitpack 1e6 wbig "bitpack -v12 wbig >/dev/null"
gzip -c tenth >tenth.gz
row "gzip" gzip 1e6 tenth "gzip -c tenth >/dev/null" tenth.gz
row "gzip -d" gzip 1e6 tenth "gzip -dc tenth.gz >/dev/null"
if command -v spm_encode >/dev/null; then
	ten="tenth tenth tenth tenth tenth tenth tenth tenth tenth tenth"
	paired "spm_encode --model=spm.model --output_format=id tenth >/dev/null" "acwin -b16 -T1 $ten >/dev/null"
	aim "acwin -b16 over spm_encode" "$(awk -v x="$cpu" 'BEGIN { printf "%.1f", 10 * x }')" times 30
fi
paired "acwin -b16 -T1 big >/dev/null" "acwin -d -T1 wbig >/dev/null"
aim "acwin -d over acwin -b16" "$(round2 "$cpu")" times 2
paired "acwin -b16 -a none -T1 big >/dev/null" "acwin -b16 -a words -T1 big >/dev/null"
aim "acwin -b16, at words, over -a none" "$(round2 "$cpu")" times 0.7
aim "bitpack -v16" "$(printf %.0f "$pack")" MB/s 600
aim "bitpack -u" "$(printf %.0f "$unpack")" MB/s 600
paired "acwin -b16 -T1 big >/dev/null" "acwin -b16 -T2 big >/dev/null"
aim "two threads over one by the clock, acwin -b16" "$(round2 "$wall")" times 1.8
paired "acwin -b16 -T1 big >/dev/null" "acwin -b16 -T1 big >/dev/null & acwin -b16 -T1 big >/dev/null; wait"
aim "two processes side by side over one, acwin -b16" "$(awk -v x="$wall" 'BEGIN { printf "%.2f", 2 * x }')" times -
paired "acwin -d -T1 wbig >/dev/null" "acwin -d -T2 wbig >/dev/null"
aim "two threads over one by the clock, acwin -d" "$(round2 "$wall")" times 1.8
printf 'hi' >hi
measure "for i in 1 2 3 4 5 6 7 8 9 10; do acwin hi >/dev/null; done"
aim "acwin on two bytes, by the clock" "$(awk -v s="$wall" 'BEGIN { printf "%.1f", s * 100 }')" ms "20 at most"
aim "acwin on two bytes, of the processor" "$(awk -v s="$cpu" 'BEGIN { printf "%.1f", s * 100 }')" ms "20 at most"

# ---- the same text as documents of several sizes, which end with NUL, beside one document ----
# gather BYTES: joins lines of standard input into documents of at least BYTES bytes. The last one may be shorter.
gather() {
	LC_ALL=C awk -v most="$1" '{ printf("%s%s", (n > 0 ? "\n" : ""), $0); n += length($0) + 1 }
		n >= most { printf("%c", 0); n = 0 } END { if (n > 0) printf("%c", 0) }'
}
tr '\000' '\n' <big | gather 2000 >pages
tr '\000' '\n' <big | LC_ALL=C grep -a . | tr '\n' '\000' >lines
tr '\000' '\n' <big | LC_ALL=C grep -a . | LC_ALL=C fold -s -w 35 | tr '\n' '\000' >pieces
peer=
heading "as documents, -0 -T1" MB ""
for d in pages lines pieces; do
	count=$(tr -dc '\000' <$d | wc -c)
	row "$d: $count, of $(($(wc -c <$d) / count)) bytes" acwin 1e6 $d "acwin -0 -T1 $d >/dev/null"
	acwin -0 -o windows $d
	row "the same, -d, of its input" acwin 1e6 windows "acwin -d -T1 windows >/dev/null"
done
if command -v python3 >/dev/null; then # the codec in memory
	head -c 50000000 pages >few.pages
	echo
	PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$here/../../examples/python python3 "$here/memory.py" few.pages
fi
if command -v node >/dev/null; then # the tokenizers of npm: see peers.cjs
	head -c 20000000 pages >few.pages # they are slow
	echo
	node "$here/peers.cjs" few.pages
fi
for d in "pages 0.95" "lines 0.8" "pieces 0.5"; do
	# shellcheck disable=SC2086 # two words
	set -- $d
	paired "acwin -T1 big >/dev/null" "acwin -0 -T1 $1 >/dev/null"
	cpu=$(awk -v r="$cpu" -v a="$(wc -c <"$1")" -v b="$(wc -c <big)" 'BEGIN { print r * a / b }')
	aim "acwin -0, $1, over one document, by bytes" "$(round2 "$cpu")" times "$2"
done
for c in "avx2 0.7" "ref 0.4"; do
	# shellcheck disable=SC2086 # two words
	set -- $c
	if acwin --cpu=list | grep -qx "$1"; then
		paired "acwin -T1 big >/dev/null" "acwin --cpu=$1 -T1 big >/dev/null"
		aim "acwin --cpu=$1 over the fastest row" "$(round2 "$cpu")" times "$2"
	fi
done

# ---- where M1 runs at nearly every byte, beside strong compressors; one run each, as start-up does not matter ----
runs=1
peer=
heading "of 1 MiB, or 400 KB, M1 running" KB "x zpaq"
row "zpaq -m5 -t1" zpaq 1000 part "rm -f a.zpaq; zpaq add a.zpaq part -m5 -t1 >log 2>&1" a.zpaq
peer=$speed
row "7z PPMd -mmt=1" 7z 1000 part "rm -f a.7z; 7z a -m0=PPMd -mmt=1 a.7z part >log" a.7z
row "gzip -9" gzip 1000 part "gzip -9 -c part >a.gz" a.gz
row "xz -9" xz 1000 part "xz -9 -c part >a.xz" a.xz
in=part # the input of the fastest row; others get less
for isa in $(acwin --cpu=list | grep -vx ref); do
	case $isa in
	amx) wanted="150 100 300 - 40 10" ;;
	avx512vnni) wanted="60 45 90 - 20 8" ;;
	avx2) wanted="10 8 18 - 5 4" ;;
	*) wanted="- - - - - -" ;;
	esac
	# shellcheck disable=SC2086 # a list
	set -- $wanted
	for b in 64 32 0; do
		row "$isa -b$b -a none -T1" acwin 1000 $in "acwin --cpu=$isa -b$b -a none -T1 $in >w" w
		aim "$isa: encode b=$b" "$(printf %.0f "$speed")" KB/s "$1"
		row "$isa -d (b=$b) -T1" acwin 1000 $in "acwin --cpu=$isa -d -T1 w >/dev/null"
		aim "$isa: decode b=$b" "$(printf %.0f "$speed")" KB/s "$2"
		shift 2
	done
	in=few
done

echo
int8
printf '\nratios, and speeds by seconds of the processor where nothing else is said\n%s' "$aims"
