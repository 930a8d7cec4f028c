#!/bin/sh
# ratio.sh - how much text a token holds: windows of all kinds, SentencePiece's pieces and compressors on the same texts, as TSV.
# usage: ratio.sh [TEXT...]; without TEXT the sample. common.sh tells what MODEL, TRAIN, PIECES and THREADS mean; FIRST (300000): so
# many bytes of each text serve for what evaluates M1 at every byte (windows above 20 bits, unbroken codes); VOCABS (32000 65536) of
# SentencePiece, where spm_train is installed.
#
# The columns: text; tokens, their kind; code and align as acwin has them; default: yes where these are what acwin does without
# options; bytes of text, without documents' ends; tokens, for windows of more bits windows; bytes_per_token; bytes_per_16_bits;
# bits_per_byte, counting 16 bits for each of 65,536 tokens and fewer for fewer; at_boundaries_percent, of boundaries.awk.
set -eu
: "${FIRST:=300000}" "${VOCABS:=32000 65536}"
here=$(cd "$(dirname "$0")" && pwd)
script="sh examples/ratio.sh"
# shellcheck source=examples/common.sh disable=SC1091 # named from here, not from where it is checked
. "$here/common.sh"
begin "$@"

# row KIND CODE ALIGN DEFAULT BYTES TOKENS BITS_PER_TOKEN BOUNDARIES: with BITS_PER_TOKEN 0, TOKENS are bits.
row() {
	awk -v OFS='\t' -v text="$name" -v kind="$1" -v code="$2" -v align="$3" -v standard="$4" -v bytes="$5" -v n="$6" -v bits="$7" -v at="$8" '
		function per(a, b) { return b ? sprintf("%.4f", a / b) : "-" }
		BEGIN { all = bits ? n * bits : n
			print text, kind, code, align, standard, bytes, bits ? n : "-", bits ? per(bytes, n) : "-", per(bytes * 16, all), per(all, bytes), at }'
}

# Windows of 16 bits, of both codes and both alignments.
narrow() {
	windows -0 "$1" >stream
	acwin -l stream >list
	standard="$(column code) $(column align)"
	codes=$(codes)
	for code in $codes; do
		OPTIONS="-0 -T $THREADS --code=$code" sh "$here/alignment.sh" "$1" >aligned
		while IFS='	' read -r align bytes tokens _ at; do
			mark=-
			[ "$code $align" != "$standard" ] || mark=yes
			[ "$align" = align ] || row "windows of 16 bits" "$code" "$align" $mark "$bytes" "$tokens" 16 "$at"
		done <aligned
	done
}

# Wide windows, and none.
wide() {
	for bits in 24 32 64 128; do
		windows -0 -b $bits -a none "$1" >stream
		acwin -l stream >list
		row "windows of $bits bits" split none - "$(column text_bytes)" "$(column windows)" $bits -
	done
	windows -0 -b 0 "$1" >stream
	acwin -l stream >list
	row "one code for each 10240 bytes" unbroken - - "$(column text_bytes)" "$(column code_bits)" 0 -
}

# SentencePiece works by the line, and a document's end is one here. So that its tokens tell all that the bytes tell, each line's end
# with </s>, which stands for the line's end; in the second row line ends count neither as bytes nor as tokens.
sentencepiece() {
	bytes=$(tr -d '\0' <"$1" | wc -c)
	tr '\0' '\n' <"$1" >lines
	[ "$(tail -c 1 lines | od -An -tu1 | tr -d ' ')" = 10 ] || echo >>lines
	for vocab in $VOCABS; do
		pieces "$vocab"
		size=$(wc -l <"$pieces.vocab")
		bits=$(awk -v n="$size" 'BEGIN { print log(n) / log(2) }')
		for ends in eos none; do
			options=--extra_options=eos kind="SentencePiece $size"
			[ $ends = eos ] || options='' kind="$kind within lines" bytes=$(tr -d '\n' <lines | wc -c)
			# shellcheck disable=SC2086 # an option or none
			spm_encode --model="$pieces.model" $options --output_format=piece <lines >encoded
			tr ' ' '\n' <encoded | sed '/^$/d; s/<0x[0-7].>/;/g; s/<0x..>/Z/g; s/^<\/s>$/\t/; s/▁/ /g' >pieces
			LC_ALL=C tr '\200-\377' 'Z' <pieces >plain
			row "$kind" - - - "$bytes" "$(wc -l <plain)" "$bits" "$(awk -f "$here/boundaries.awk" plain)"
		done
		bytes=$(tr -d '\0' <"$1" | wc -c)
	done
}

# compressor NAME FILE TEXT
compressor() { row "$1" - - - "$(tr -d '\0' <"$3" | wc -c)" $((8 * $(wc -c <"$2"))) 0 -; }

heading
echo "# FIRST=$FIRST bytes of a text for windows above 20 bits and unbroken codes"
lessons
printf 'text\ttokens\tcode\talign\tdefault\tbytes\tnumber\tbytes_per_token\tbytes_per_16_bits\tbits_per_byte\tat_boundaries_percent\n'
n=0
while read -r text <&3; do
	n=$((n + 1)) name=${text##*/} text=$work/text$n
	narrow "$text"
	head -c "$FIRST" "$text" >first
	wide first
	if have spm_train; then sentencepiece "$text"; fi
	xz -9e <"$text" >packed
	compressor "xz -9e" packed "$text"
	if have zpaq; then
		rm -f packed.zpaq
		zpaq add packed.zpaq "$text" -m5 -threads 1 >zpaq.log 2>&1 || { cat zpaq.log >&2; die "zpaq failed"; }
		compressor "zpaq -m5" packed.zpaq "$text"
	fi
done 3<texts
