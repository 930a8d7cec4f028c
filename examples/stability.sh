#!/bin/sh
# stability.sh - what another first word changes in a sentence's tokens: edit distances, for windows and for SentencePiece's pieces, as TSV.
# usage: stability.sh [TEXT]; without TEXT the sample. common.sh tells what MODEL, TRAIN, PIECES and THREADS mean; VOCABS (32000 65536)
# of SentencePiece, where spm_train is installed.
#
# A dozen words are put before each of a dozen sentences of the text, drawn evenly from those of 80 to 160 ASCII characters. For each
# sentence, the tokenizations of all pairs of the twelve are compared: 792 edit distances. The columns: tokens, their kind; code and align as acwin has
# them; tokens of a text on average; median and mean of the distances; the same where tokens that end within the first word do
# not count: a tokenizer that looks back no further than a word has 0 there.
set -eu
: "${VOCABS:=32000 65536}"
here=$(cd "$(dirname "$0")" && pwd)
script="sh examples/stability.sh"
# shellcheck source=examples/common.sh disable=SC1091 # named from here, not from where it is checked
. "$here/common.sh"
begin "$@"
words="So Then Now Perhaps Yesterday Indeed However Nevertheless Somebody Therefore Unfortunately Meanwhile"

# Sentences: paragraphs' lines are joined and cut behind each full stop.
tr '\0' '\n' <text1 | LC_ALL=C awk 'BEGIN { RS = "" }
	{ gsub(/[ \t\r\n]+/, " "); n = split($0, s, /\. /); for (i = 2; i < n; i++) # the first and the last may be cut
	  if (length(s[i]) >= 79 && length(s[i]) < 160 && s[i] ~ /^[A-Z][A-Za-z ,;\047-]+$/) print s[i] "." }' >all
count=$(wc -l <all)
[ "$count" -ge 12 ] || die "fewer than 12 sentences that serve"
awk -v n="$count" 'int(NR * 12 / n) > int((NR - 1) * 12 / n)' all >sentences

# The texts, a line each, and what is known of each: its sentence's number and its first word's length.
awk -v words="$words" '{ n = split(words, w, " "); for (i = 1; i <= n; i++) { print w[i] " " $0; printf "%d\t%d\n", NR, length(w[i]) >"known" } }' sentences >lines
tr '\n' '\0' <lines >documents

# row KIND CODE ALIGN: from the file `tokens`, a line of id:length for each text.
row() {
	paste known tokens >pasted
	awk -f "$here/distances.awk" pasted >distances
	printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$(cat distances)"
}

heading
echo "# $(wc -l <sentences) sentences of the first text; words before each: $words"
lessons
printf 'tokens\tcode\talign\ttokens_of_text\tmedian\tmean\tmedian_of_rest\tmean_of_rest\n'
codes=$(codes)
for code in $codes; do
	for align in none words; do
		windows -0 --code="$code" -a $align documents >stream
		windows -d --show stream >shown
		# None of these texts has anything that is escaped but the end of each.
		awk -F '\t' '{ end = sub(/\\E$/, "", $2); printf "%s:%d%s", $1, length($2), end ? "\n" : " " }' shown >tokens
		row "windows of 16 bits" "$code" "$align"
	done
done
if have spm_train; then
	for vocab in $VOCABS; do
		pieces "$vocab"
		spm_encode --model="$pieces.model" --output_format=piece <lines >encoded
		# The first piece begins with a space that is none of the text's.
		sed 's/▁/_/g' encoded | awk '{ for (i = 1; i <= NF; i++) { p = $i; gsub(/<0x..>/, "?", p); printf "%s:%d%s", $i, length(p) - (i == 1), i < NF ? " " : "\n" } }' >tokens
		row "SentencePiece $(wc -l <"$pieces.vocab")" - -
	done
fi
