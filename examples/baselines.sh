#!/bin/sh
# baselines.sh - one text as other tokens, too: bytes, SentencePiece, gzip and xz beside windows, in one table.
# usage: baselines.sh [TEXT [VALIDATION]]; without TEXT the sample; without VALIDATION the last tenth of TEXT's lines is held out.
# From the environment: STEPS of training a token model on each kind (100: a few minutes on two cores; 0: no models, the
# statistics alone, in seconds), SIZE of the models, VOCAB of SentencePiece (at most), THREADS, and KEEP, a new folder where all
# files stay (otherwise they go).
set -eu
: "${STEPS:=100}" "${SIZE:=d=64,layers=2,heads=2,ff=256}" "${VOCAB:=8000}" "${THREADS:=$(nproc)}"
here=$(cd "$(dirname "$0")" && pwd)

die() {
	echo "baselines.sh: $*" >&2
	exit 1
}

for need in spm_train:sentencepiece gzip:gzip xz:xz-utils; do
	command -v "${need%:*}" >/dev/null || die "no ${need%:*}: it is in the Debian package ${need#*:}"
done
if [ -n "${KEEP:-}" ]; then
	mkdir "$KEEP" # a new one, so that nothing is overwritten
	work=$(cd "$KEEP" && pwd)
else
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	trap 'exit 1' HUP INT TERM
fi

# ---- the text ----

if [ $# -gt 0 ]; then cat "$1"; else xz -dc "$here/sample.txt.xz"; fi >"$work/text"
if [ $# -gt 1 ]; then cat "$2" >"$work/dev"; fi
cd "$work"
if [ $# -gt 1 ]; then
	cp text train
else
	lines=$(wc -l <text)
	[ "$lines" -ge 10 ] || die "less than ten lines: give a VALIDATION text, too"
	head -n -$((lines / 10)) text >train
	tail -n $((lines / 10)) text >dev
fi
# SentencePiece works by the line: a last line without its newline gets one, for all kinds of tokens alike.
for part in train dev; do
	[ "$(tail -c 1 $part | od -An -tu1 | tr -d ' ')" = 10 ] || echo >>$part
done

# ---- tokens: each function makes the token stream $2 of the text $1 ----

bytes() { bitpack --from=raw -v 8 "$1" >"$2"; }

windows16() { acwin -b 16 -T "$THREADS" "$1" | bitpack -v 16 >"$2"; }

windows8() { acwin -b 16 -T "$THREADS" "$1" | bitpack -v 8 >"$2"; }

# The newlines are bytes of the text, but SentencePiece takes them off before it codes a line. So that its tokens tell all that
# the bytes tell, each line's tokens end with </s> (extra_options=eos), which stands for the newline.
sentencepiece() {
	spm_encode --model=sp.model --extra_options=eos --output_format=id <"$1" >"$1.ids"
	spm_decode --model=sp.model --input_format=id <"$1.ids" | cmp -s - "$1" ||
		die "SentencePiece does not give the $1 text back (is it UTF-8?): its row would be for another text"
	bitpack --from=ids --vocab="$(wc -l <sp.vocab)" --text="$1" "$1.ids" >"$2"
}

# packed TEXT TOKENS FILE: the bytes of FILE, what a compressor made of TEXT, as tokens. --from=raw would count FILE's own bytes as
# the text; but the tokens stand for TEXT, and bits per byte are for its bytes. So the bytes go in as ids, all on one line, and
# --text gets one line of as many bytes as TEXT has; what they are does not matter there, only their number.
packed() {
	{ od -An -v -tu1 "$3" | tr '\n' ' ' && echo; } >"$3.ids"
	{ head -c -1 "$1" | tr '\n' ' ' && echo; } >"$1.line"
	bitpack --from=ids --vocab=256 --text="$1.line" "$3.ids" >"$2"
}

gzip9() {
	gzip -9n <"$1" >"$1.gz"
	packed "$1" "$2" "$1.gz"
}

xz9() {
	xz -9 <"$1" >"$1.xz"
	packed "$1" "$2" "$1.xz"
}

# ---- what is learned from train: SentencePiece's pieces, the unigram counts, and, with STEPS, a model M2 ----

# Nothing may be lost: no normalization, spaces as they are, and unknown characters as their bytes.
echo "SentencePiece is trained ..." >&2
spm_train --input=train --model_prefix=sp --model_type=unigram --vocab_size="$VOCAB" --hard_vocab_limit=false \
	--byte_fallback=true --normalization_rule_name=identity --remove_extra_whitespaces=false \
	--max_sentence_length=65536 --num_threads="$THREADS" --minloglevel=1 >sp.log 2>&1 || { cat sp.log >&2; die "spm_train failed"; }

# measure KIND NAME: the row of the table; all M2s see the same number of tokens (so not of bytes), and no tokens share parts.
measure() {
	echo "$2 ..." >&2
	"$1" train "$1.train"
	"$1" dev "$1.dev"
	what=$1.dev
	if [ "$STEPS" -gt 0 ]; then
		m2train --no-compose -T "$THREADS" -s "$SIZE" -n "$STEPS" -B 8 -L 128 "$1.train" >"$1.m2"
		m2train -E -T "$THREADS" -m "$1.m2" "$1.dev" >"$1.tsv"
		what=$1.tsv
	fi
	bpbcalc --unigram-from="$1.train" "$what" >row
	sed "1s/^/kind\t/; 2s/^/$2\t/" row >>table # the header, too: it is dropped below
}

: >table
measure bytes 'bytes'
measure sentencepiece 'SentencePiece'
measure gzip9 'gzip -9'
measure xz9 'xz -9'
measure windows8 'b=16 v=8'
measure windows16 'b=16 v=16'

# The table, aligned, its header once, without bpbcalc's last column: the names of the files.
echo
awk -F '\t' 'NR > 1 && $1 == "kind" { next }
	{ rows++; for (i = 1; i < NF; i++) { c = cell[rows, i] = $i == "" ? "-" : $i; if (length(c) > width[i]) width[i] = length(c) } }
	END { for (r = 1; r <= rows; r++) for (i = 1; i < NF; i++) printf "%*s%s", i == 1 ? -width[i] : width[i], cell[r, i], i < NF - 1 ? "  " : "\n" }' table
