#!/bin/sh
# pipeline.sh - the whole chain: text -> windows -> tokens -> a token model, its bits per byte, and text that it writes.
# usage: pipeline.sh [TEXT [VALIDATION]]; without TEXT the sample; without VALIDATION the last tenth of TEXT is held out.
# From the environment: STEPS of training (100: about two minutes on two cores), SIZE of the model, N tokens to sample,
# PROMPT to continue, THREADS, and KEEP, a new folder where all files stay (otherwise they go).
set -eu
: "${STEPS:=100}" "${SIZE:=d=64,layers=2,heads=2,ff=256}" "${N:=60}" "${PROMPT=The old man looked at me and}" "${THREADS:=$(nproc)}"
here=$(cd "$(dirname "$0")" && pwd)
if [ -n "${KEEP:-}" ]; then
	mkdir "$KEEP" # a new one, so that nothing is overwritten
	work=$(cd "$KEEP" && pwd)
else
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	trap 'exit 1' HUP INT TERM
fi

# The text, cut into what is learned and what is held out.
if [ $# -gt 0 ]; then cat "$1"; else xz -dc "$here/sample.txt.xz"; fi >"$work/text"
if [ $# -gt 1 ]; then cat "$2" >"$work/dev"; fi
cd "$work"
if [ $# -gt 1 ]; then
	cp text train
else
	held=$(($(wc -c <text) / 10))
	head -c -"$held" text >train
	tail -c "$held" text >dev
fi
echo "Text: $(wc -c <train) bytes to learn from, $(wc -c <dev) bytes held out."

# 1. Text -> 16-bit windows -> 16-bit tokens, so that a window is a token. M1 is the one built into the tools.
# (A stream without its end is an error, so a stage that dies is noticed by the next one: no pipe here hides a failure.)
echo
echo "1. acwin -b 16 train | bitpack -v 16 >train.toks, the same for dev, and both back again"
for part in train dev; do
	acwin -T "$THREADS" -b 16 $part | bitpack -v 16 >$part.toks
	bitpack -u $part.toks | acwin -d -T "$THREADS" | cmp - $part
done
acwin -l train.toks dev.toks >list
awk -F '\t' 'NR > 1 { printf "   %s: %d tokens, %d bytes of text: %.2f bytes a token; identical\n", $1, $13, $16, $16 / $13 }' list

# 2. Tokens -> M2: STEPS batches of 8 sequences of 128 tokens.
echo
echo "2. m2train -s $SIZE -n $STEPS -B 8 -L 128 train.toks >m2.bin"
m2train -T "$THREADS" -s "$SIZE" -n "$STEPS" -B 8 -L 128 train.toks >m2.bin

# 3. M2's loss on the text that was held out, as bits per byte of text: those can be compared with any other model's, of
# whatever tokens. Beside it: all windows equally probable (uniform), and each as frequent as in train (unigram).
echo
echo "3. m2train -E -m m2.bin dev.toks | bpbcalc --unigram-from=train.toks --pretty"
m2train -E -T "$THREADS" -m m2.bin dev.toks >dev.tsv
bpbcalc --unigram-from=train.toks --pretty dev.tsv >table
sed 's/^/   /' table

# 4. A prompt -> tokens that M2 puts behind it -> windows -> text. --open: the prompt is a document without an end yet.
# A model this small, trained so briefly, knows which windows are frequent, and little more.
echo
printf '%s\n' "4. printf '%s' '$PROMPT' | acwin --open | bitpack | m2gen -m m2.bin -n $N - | bitpack -u | acwin -d"
printf '%s' "$PROMPT" | acwin --open -b 16 | bitpack -v 16 >prompt.toks
m2gen -T "$THREADS" -m m2.bin -n "$N" prompt.toks >made.toks
bitpack -u made.toks | acwin -d >made
LC_ALL=C tr -c '[:print:]\n' '?' <made | sed 's/^/   /' # windows can hold any bytes, and a terminal obeys some
echo
