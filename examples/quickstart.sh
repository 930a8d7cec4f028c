#!/bin/sh
# quickstart.sh - the main path on the sample: text to tokens and back, a codebook, a small token model, its text and bits per byte.
set -eu
: "${STEPS:=1200}" # of training: half a minute on two cores
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
cd "$work"
xz -dc "$here/sample.txt.xz" >text
xz -dc "$here/novels.txt.xz" >novels # two others, NUL between them
echo "The sample: $(wc -c <text) bytes of English (a novel of 1871 that the built-in model has not seen)."
echo
echo "1. Text to 16-bit windows, windows to 16-bit tokens:   acwin text | bitpack >tokens"
acwin text >windows
bitpack windows >tokens
echo "2. And back, byte for byte:   bitpack -u <tokens | acwin -d | cmp - text"
bitpack -u <tokens | acwin -d | cmp - text
echo "   identical"
echo
echo "3. The first tokens below the title, and the text of each (every window decodes on its own):"
acwin -d --show windows | sed -n '37,52{s/^/   /;p;}'
echo
echo "4. Sizes:"
acwin -l windows tokens | cut -f 1,2,4,11-16 |
	awk -F '\t' '{ printf "  "; for (i = 1; i <= NF; i++) printf " %-13s", $i; print "" }'
acwin -l tokens | awk -F '\t' 'NR == 2 { printf "\n   %.2f bytes of text per 16-bit token\n", $16 / $13 }'
echo
echo "5. A codebook of your own: 4,096 strings, tokens of 12 bits, chosen from two other novels in seconds:"
echo "   m1train -k strings -0 -b 12 -a words -o mine novels;  acwin --strings -m mine"
m1train -q -k strings -0 -b 12 -a words -o mine novels
acwin --strings -m mine | awk 'length > 12' | tail -n 3 | sed 's/^/   /'
echo
echo "6. A small token model M2 learns the novels in these tokens, in half a minute:"
echo "   acwin -0 -m mine novels | bitpack >train"
echo "   m2train -M mine -s d=128,layers=2,heads=2,ff=512 -B 8 -L 128 -n $STEPS --warmup=100 train >m2.bin"
acwin -0 -m mine novels | bitpack >train
m2train -M mine -s d=128,layers=2,heads=2,ff=512 -B 8 -L 128 -n "$STEPS" --warmup=100 train >m2.bin
head -c 300000 text | acwin -m mine | bitpack >held-out
echo
echo "7. Text from it:   printf 'The three currently' | acwin --open -m mine | bitpack |"
echo "                   m2gen -m m2.bin -n 80 - | bitpack -u | acwin -d -m mine"
printf 'The three currently' | acwin --open -m mine | bitpack | m2gen -m m2.bin -n 80 - |
	bitpack -u | acwin -d -m mine >made
LC_ALL=C tr -c '[:print:]\n' '?' <made | sed 's/^/   /' # windows can hold any bytes, and a terminal obeys some
echo
echo
echo "8. Bits per byte of the sample's first 300,000 bytes: all tokens alike, each as frequent as in the novels, by M2:"
echo "   m2train -E -m m2.bin held-out | bpbcalc --unigram-from=train --pretty"
m2train -E -m m2.bin held-out | bpbcalc --unigram-from=train --pretty | sed 's/^/   /'
echo
echo "Next: man acwin, man m2train, examples/README.md, or your own text: acwin FILE | bitpack >tokens"
