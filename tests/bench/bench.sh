#!/bin/sh
# bench.sh - speeds and sizes of the tools beside gzip, xz, zpaq, 7z and spm_encode, on one text in one run: medians of 5, start-up included.
# usage: bench.sh [TEXT]; without it, the sample. Ratios are to gzip -9 on the same text; absolute times say little on a shared machine.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ $# -gt 0 ]; then cat "$1"; else xz -dc "$here/../../examples/sample.txt.xz"; fi >"$work/text"
cd "$work"
head -c 409600 text >part

# median COMMAND: the median of $runs wall times, in seconds.
runs=5
median() {
	for _ in $(seq $runs); do
		start=$(date +%s.%N)
		sh -c "$1"
		end=$(date +%s.%N)
		echo "$start $end"
	done | awk '{ print $2 - $1 }' | sort -n | sed -n $((runs / 2 + 1))p
}

# row NAME INPUT COMMAND [OUTPUT]: speed over INPUT's size, and OUTPUT's bits per byte of it.
row() {
	bytes=$(wc -c <"$2")
	seconds=$(median "$3")
	bits=-
	[ $# -lt 4 ] || bits=$(awk -v a="$(wc -c <"$4")" -v b="$bytes" 'BEGIN { printf "%.3f", 8 * a / b }')
	[ "$1" != "gzip -9" ] || gzip_speed=$(awk -v s="$seconds" -v b="$bytes" 'BEGIN { print b / s }')
	awk -v n="$1" -v b="$bytes" -v s="$seconds" -v x="$bits" -v g="$gzip_speed" \
		'BEGIN { printf "%-34s %9d %9.3f %12.1f %10.4f %9s\n", n, b, s, b / s / 1000, b / s / g, x }'
}

gzip_speed=1
printf '%-34s %9s %9s %12s %10s %9s\n' command bytes seconds KB/s 'x gzip' bits/byte
row "gzip -9" text "gzip -9 -c text >text.gz" text.gz
row "xz -9" text "xz -9 -c text >text.xz" text.xz
row "acwin -b16" text "acwin -b16 text >w16" w16
row "acwin -b16 -T1" text "acwin -b16 -T1 text >w16"
row "acwin -d (b=16)" text "acwin -d w16 >back"
row "bitpack -v16" w16 "bitpack -v16 w16 >t16"
row "bitpack -u (v=16)" t16 "bitpack -u t16 >back"
row "bitpack -v12" w16 "bitpack -v12 w16 >t12"
# Below the codebook: M1 runs for nearly every byte. One run each: they take long, and what is started up does not matter.
runs=1
for cpu in $(acwin --cpu=list | grep -vx ref); do
	for b in 32 64 0; do
		row "$cpu -b$b -T1" part "acwin --cpu=$cpu -b$b -T1 part >w" w
		row "$cpu -d (b=$b) -T1" part "acwin --cpu=$cpu -d -T1 w >back"
	done
done
runs=5
row "zpaq -m5" part "rm -f a.zpaq; zpaq add a.zpaq part -m5 -t1 >log 2>&1" a.zpaq
row "7z PPMd" part "rm -f a.7z; 7z a -m0=PPMd -mmt=1 a.7z part >log" a.7z
echo
int8

# ---- by the codebook, beside a subword tokenizer ----
# Text enough for start-up not to count; spm_encode, which takes its time, gets a tenth of it.
if [ $# -gt 0 ]; then ln -s text big; else for _ in $(seq 170); do cat text; done >big; fi
head -c $(($(wc -c <big) / 10)) big >tenth
spm_train --input=text --model_prefix=spm --model_type=unigram --vocab_size=32000 --hard_vocab_limit=false \
	--num_threads=1 --max_sentence_length=100000 >spm.log 2>&1

# peer_row NAME INPUT COMMAND: speed, and its ratio to spm_encode's (the first row) and to the row before.
peer_row() {
	bytes=$(wc -c <"$2")
	speed=$(median "$3" | awk -v b="$bytes" '{ print b / $1 }')
	awk -v n="$1" -v b="$bytes" -v s="$speed" -v p="${peer:=$speed}" -v l="${last:=$speed}" \
		'BEGIN { printf "%-34s %9d %9.1f %10.1f %10.2f\n", n, b, s / 1e6, s / p, s / l }'
	last=$speed
}

echo
printf '%-34s %9s %9s %10s %10s\n' command bytes MB/s 'x spm' 'x above'
peer_row "spm_encode, unigram, 1 thread" tenth "spm_encode --model=spm.model --output_format=id tenth >/dev/null"
acwin -o wbig big
bitpack -v16 -o tbig wbig
peer_row "acwin -b16 -T1" big "acwin -b16 -T1 big >/dev/null"
peer_row "acwin -b16 -T2" big "acwin -b16 -T2 big >/dev/null"
peer_row "acwin -b16 -a words -T1" big "acwin -b16 -a words -T1 big >/dev/null"
peer_row "acwin -b16 -a words -T2" big "acwin -b16 -a words -T2 big >/dev/null"
peer_row "acwin -d (b=16) -T1" big "acwin -d -T1 wbig >/dev/null"
peer_row "acwin -d (b=16) -T2" big "acwin -d -T2 wbig >/dev/null"
peer_row "bitpack -v16, bytes of windows" wbig "bitpack -v16 wbig >/dev/null"
peer_row "bitpack -u (v=16), bytes of tokens" tbig "bitpack -u tbig >/dev/null"
printf 'hi' >hi
awk -v s="$(median "acwin hi >/dev/null")" 'BEGIN { printf "acwin on two bytes: %.1f ms\n", s * 1000 }'

echo
echo "m1train, 3m, 8 x 512, 10 steps less 2 steps:"
two=$(median "m1train -q -s 3m -B 8 -L 512 -n 2 --cooldown=0 text -o m")
ten=$(median "m1train -q -s 3m -B 8 -L 512 -n 10 --cooldown=0 text -o m")
awk -v a="$two" -v b="$ten" 'BEGIN { printf "%.0f bytes/s\n", 8 * 4096 / (b - a) }'
