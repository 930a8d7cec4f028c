#!/bin/sh
# tokens.sh - the most frequent tokens of a text, and what each stands for, as TSV: its count, its number, its text.
# usage: tokens.sh [TEXT]; without TEXT the sample. common.sh tells what MODEL and THREADS mean; TOP (100): so many tokens, 0: all that occur.
# Tokens are windows of 16 bits as acwin makes them without options; texts are written as acwin --show does.
set -eu
: "${TOP:=100}"
here=$(cd "$(dirname "$0")" && pwd)
script="sh examples/tokens.sh"
# shellcheck source=examples/common.sh disable=SC1091 # named from here, not from where it is checked
. "$here/common.sh"
begin "$@"

windows -0 text1 >stream
acwin -l stream >list
book || die "the model has no codebook of 16 bits: acwin --compile makes one"
bitpack -v 16 stream >toks
bitpack --to=text toks >ids
tr ' ' '\n' <ids | sed '/^$/d' | LC_ALL=C sort | uniq -c >counts
awk 'NR == FNR { n[$2] = $1; next } { id = $0; sub(/\t.*/, "", id); if (id in n) print n[id] "\t" $0 }' counts book >named
sort -k 1,1nr -k 2,2n named >sorted
heading
awk '{ n += $1; once += $1 == 1 } END { printf "# %d tokens, %d different ones, %d of them once\n", n, NR, once }' counts
printf 'count\ttoken\ttext\n'
if [ "$TOP" -gt 0 ]; then head -n "$TOP" sorted; else cat sorted; fi
