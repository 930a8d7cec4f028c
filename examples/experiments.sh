#!/bin/sh
# experiments.sh - what `make experiments` runs: all the measuring scripts, their tables kept as TSV files.
# DATA: a folder with texts, dev-*.txt.xz to measure on and, if they are there, train-wiki.txt.xz, train-tech.txt.xz and
# train-novels.txt.xz, for SentencePiece and n-gram models to learn from; documents end with NUL bytes. Without DATA the sample serves.
# RESULTS: where the files go (results/ beside this script). What common.sh and the scripts take from the environment, they take from here.
# Tables of one text are of the first by name. No file is there before it is whole.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
: "${RESULTS:=$here/results}" "${DATA:=}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
PIECES=${PIECES:-$work/pieces}
export PIECES
set --
if [ -n "$DATA" ]; then
	for text in "$DATA"/dev-*.txt.xz; do
		[ -f "$text" ] || { echo "experiments.sh: $DATA: no dev-*.txt.xz" >&2; exit 1; }
		set -- "$@" "$text"
	done
	if [ -z "${TRAIN:-}" ]; then
		for text in wiki tech novels; do
			text=$DATA/train-$text.txt.xz
			[ ! -f "$text" ] || TRAIN="${TRAIN:-} $text"
		done
		export TRAIN="${TRAIN:-}"
	fi
fi

# table NAME TEXT...: the table of NAME.sh.
table() {
	name=$1
	shift
	echo "$name ..." >&2
	sh "$here/$name.sh" "$@" >"$work/$name.tsv"
	mkdir -p "$RESULTS"
	mv "$work/$name.tsv" "$RESULTS/$name.tsv"
}

table tokens ${1:+"$1"}
table ratio "$@"
table stability # of the sample, whose sentences are whole
table learnability ${1:+"$1"}
