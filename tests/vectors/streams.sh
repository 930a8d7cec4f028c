#!/bin/sh
# streams.sh - digests of what the tools write for the sample with the built-in model; streams.sha256 keeps them.
# streams.sh           prints them, each with its command, by the acwin, bitpack and m1train in PATH
# NCT_SHORT=1: without the last three, which take the longest
# Where these change, tokens that users have made no longer match: only a new version of the format may do so.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
cd "$work"
xz -dc "$here/../../examples/sample.txt.xz" >text
xz -dc "$here/../../examples/novels.txt.xz" >novels # two documents, NUL between them
sed 's/^$/\x00/' text | tr -d '\n' >paragraphs      # thousands of them

# digest COMMAND: of its output.
digest() {
	eval "$1" >out
	[ -s out ] || exit 1
	printf '%s  %s\n' "$(sha256sum <out | cut -d ' ' -f 1)" "$1"
}

for code in best split; do
	for align in words none "'(?<=[.!?] )'"; do
		digest "acwin --code=$code --eod=joined -a $align text"
	done
	for options in -0 "-D '^CHAPTER'" '-c 500' '-c 0' --open; do
		digest "acwin --code=$code --eod=joined $options text"
	done
	digest "acwin --code=$code --eod=joined -0 paragraphs"
	digest "acwin --code=$code --eod=alone -0 paragraphs"
	digest "acwin --code=$code --strings"
done
digest 'acwin --codebook=short -0 paragraphs'
digest 'acwin --codebook=short --strings'
digest 'head -c 20000 text | acwin -b 16 -r 2'
digest 'head -c 20000 text | acwin -b 32'
digest 'head -c 20000 paragraphs | acwin -b 32 -r 2 -0 --eod=alone'
digest 'head -c 20000 text | acwin -b 0'
acwin -0 --eod=joined paragraphs >windows
for v in 8 16; do
	digest "bitpack -v $v windows"
done
digest 'head -c 20000 text | acwin -b 24 | bitpack -v 12'
for form in text raw npy; do
	digest "bitpack --to=$form windows"
done
digest 'bitpack --from=raw text'
digest 'acwin -d --show windows'
digest 'acwin -l windows | cut -f 2-'
digest 'head -c 200000 text | m1train -q -k strings -a none -b 10 | acwin --strings -m /dev/stdin -b 10'
[ -z "${NCT_SHORT:-}" ] || exit 0
digest 'm1train -q -k strings -a none -b 12 novels | acwin --strings -m /dev/stdin -b 12'
digest 'm1train -q -k strings -b 12 novels | acwin --strings -m /dev/stdin -b 12'
digest 'm1train -q -k strings -0 -b 16 -a none novels | acwin --strings -m /dev/stdin'
