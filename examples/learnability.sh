#!/bin/sh
# learnability.sh - how well counts predict tokens: unigram and bigram models in bits per byte of text, for kinds of windows and of pieces, as TSV.
# usage: learnability.sh [TEXT]; without TEXT the sample. common.sh tells what MODEL, TRAIN, PIECES and THREADS mean; BYTES (10000000): so
# many of TRAIN are counted, drawn evenly; AHEAD (1000000): so many of TEXT's are predicted; VOCABS (32000 65536) of SentencePiece, where
# spm_train is installed. Without TRAIN the text's last tenth is held out (but SentencePiece learns its pieces from all of it).
#
# Documents' ends are line ends here, for all kinds alike. The columns: tokens, their kind; code and align as acwin has them;
# bytes_per_token of the predicted text; unigram and bigram, bits per byte by the models of ngram.awk.
set -eu
: "${BYTES:=10000000}" "${AHEAD:=1000000}" "${VOCABS:=32000 65536}"
here=$(cd "$(dirname "$0")" && pwd)
script="sh examples/learnability.sh"
# shellcheck source=examples/common.sh disable=SC1091 # named from here, not from where it is checked
. "$here/common.sh"
begin "$@"
if [ -n "$train" ]; then
	# shellcheck disable=SC2086 # a list of files
	drawn "$BYTES" $train >counted
	head -c "$AHEAD" text1 | tr '\0' '\n' >predicted
else
	tr '\0' '\n' <text1 >all
	tenth=$(($(wc -c <all) / 10))
	tail -c $tenth all | head -c "$AHEAD" >predicted
	head -c -$tenth all >most
	drawn "$BYTES" most >counted
fi
for part in counted predicted; do # a line's end at each part's, for SentencePiece
	[ "$(tail -c 1 $part | od -An -tu1 | tr -d ' ')" = 10 ] || echo >>$part
done
bytes=$(wc -c <predicted)

# row KIND CODE ALIGN VOCAB: from the files counted.ids and predicted.ids, with tokens by blanks.
row() {
	for part in counted predicted; do tr ' ' '\n' <$part.ids | sed '/^$/d' >$part.tokens; done
	awk -v vocab="$4" -v bytes="$bytes" -f "$here/ngram.awk" counted.tokens predicted.tokens >models
	printf '%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" \
		"$(awk -v b="$bytes" -v n="$(wc -l <predicted.tokens)" 'BEGIN { printf "%.4f", b / n }')" "$(cat models)"
}

heading
echo "# BYTES=$BYTES AHEAD=$AHEAD; counted: $(wc -c <counted) bytes; predicted: $bytes bytes"
lessons
printf 'tokens\tcode\talign\tbytes_per_token\tunigram\tbigram\n'
codes=$(codes)
for code in $codes; do
	for align in none words; do
		for part in counted predicted; do
			windows --code="$code" -a $align $part >stream
			bitpack -v 16 stream >toks
			bitpack --to=text toks >$part.ids
		done
		row "windows of 16 bits" "$code" "$align" 65536
	done
done
if have spm_train; then
	for vocab in $VOCABS; do
		pieces "$vocab"
		for part in counted predicted; do
			spm_encode --model="$pieces.model" --extra_options=eos --output_format=id <$part >$part.ids
		done
		row "SentencePiece $(wc -l <"$pieces.vocab")" - - "$(wc -l <"$pieces.vocab")"
	done
fi
