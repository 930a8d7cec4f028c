#!/bin/sh
# inspect.sh - a look at tokens with nothing but od, sort, uniq and awk: which are frequent, what they stand for, where they end.
# usage: inspect.sh [TEXT]; without TEXT the sample.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
if [ $# -gt 0 ]; then cat "$1"; else xz -dc "$here/sample.txt.xz"; fi >"$work/text"
cd "$work"
[ -s text ] || { echo "inspect.sh: no text" >&2; exit 1; }

# With 16 bits for both, a window is a token: the number that --show prints is the token's id. Each window decodes to the same
# text wherever it stands, so a list of windows is a dictionary, too.
acwin -b 16 text >windows
bitpack -v 16 windows >toks
acwin -d --show windows >shown # id, tab, text; what is not printable as \xHH, \n, \t, \\; the end of a document as \E
sort -u shown >dictionary
# The texts alone, a character for each byte: what was escaped as a dot, and nothing for the end of a document.
cut -f 2 shown | sed 's/\\\\/./g; s/\\E//; s/\\x[0-9a-f][0-9a-f]/./g; s/\\[nt]/./g' >plain

echo "1. The most frequent tokens: count, id, text"
bitpack --to=raw toks >ids
od -An -v -t u2 -w2 --endian=little ids | tr -d ' ' | sort | uniq -c | sort -k 1,1nr -k 2,2n >counts
awk -F '\t' 'NR == FNR { text[$1] = $2; next } { split($0, c, " "); printf "   %6d %6d  [%s]\n", c[1], c[2], text[c[2]] }' dictionary counts >named
head -n 15 named
awk '{ n += $1; if ($1 == 1) once++ } END { printf "   %d tokens, %d different ones of 65536, %d of them once\n", n, NR, once }' counts

echo
echo "2. How many bytes of text a token has: bytes, tokens, share"
awk '{ print length($0) }' plain | sort -n | uniq -c >lengths
awk 'NR == FNR { all += $1; next } { bar = ""; for (i = $1 / all * 100; i >= 1; i--) bar = bar "#"
	printf "   %4d %8d %5.1f%% %s\n", $2, $1, 100 * $1 / all, bar }' lengths lengths
awk '{ n += $1; b += $1 * $2 } END { printf "   %d bytes in all, %.2f a token\n", b, b / n }' lengths

echo
echo "3. Where tokens end: at the end of a word, or inside one"
# The end of a word: a letter or digit, and none at the start of the next token.
awk 'last ~ /[A-Za-z0-9]$/ { letter++; if (!/^[A-Za-z0-9]/) end++ }
	{ last = $0 }
	END { printf "   of the tokens that end with a letter or digit, %.1f%% end a word\n", letter ? 100 * end / letter : 0 }' plain

# Windows are filled from the left, so another first word moves all the ends after it, until by chance two ends fall together:
# from there on the tokens are the same again.
echo
echo "4. Sentences that differ in their first word: id and text of each window"
for word in Nobody Somebody Everybody; do
	printf '%s had seen the old man walk down to the river before.' $word | acwin -b 16 | acwin -d --show >$word
done
awk -F '\t' '{ if (FNR > rows) rows = FNR; if (FNR == 1) files++; cell[FNR, files] = sprintf("%6d [%s]", $1, $2) }
	END { for (r = 1; r <= rows; r++) for (f = 1; f <= files; f++) printf "   %-26s%s", cell[r, f], f < files ? "" : "\n" }' Nobody Somebody Everybody
for word in Somebody Everybody; do
	awk -F '\t' -v word=$word 'NR == FNR { seen[$1] = 1; next } { n += $1 in seen }
		END { printf "   %s: %d of %d windows occur in the first sentence, too\n", word, n, FNR }' Nobody $word
done
