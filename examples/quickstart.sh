#!/bin/sh
# quickstart.sh - the method's main path on the sample: text -> windows -> tokens -> text, compared byte for byte.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

xz -dc "$here/sample.txt.xz" >text
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
acwin -d --show windows | sed -n '46,61{s/^/   /;p;}'

echo
echo "4. Sizes:"
acwin -l windows tokens | cut -f 1,2,4,11-16 | awk -F '\t' '{ printf "  "; for (i = 1; i <= NF; i++) printf " %-13s", $i; print "" }'
acwin -l tokens | awk -F '\t' 'NR == 2 { printf "\n   %.2f bytes of text per 16-bit token\n", $16 / $13 }'
echo
echo "Next: man acwin, man bitpack, man m1train, or your own text: acwin FILE | bitpack >tokens"
