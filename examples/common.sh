# common.sh - what the measuring scripts share: texts, the model, SentencePiece's pieces, and the comments on top of a table. To be sourced.
# shellcheck shell=sh disable=SC2154
# A caller sets `script`, its own name with what stands before its first operand, and calls begin "$@" first.
# From the environment, for all of them:
#   MODEL    a file for acwin -m (default: the built-in model)
#   TRAIN    files of text, by blanks, that SentencePiece and n-gram models learn from (default: the first text itself)
#   PIECES   a folder where SentencePiece's models stay, and are used again if they are there (default: none is kept)
#   THREADS  for acwin and spm_train (default: one for each processor)
# Texts may be packed by xz. A NUL ends a document.

die() {
	echo "${script##*/}: $*" >&2
	exit 1
}

have() { command -v "$1" >/dev/null; }

# absolute FILE: its name from anywhere.
absolute() { case $1 in /*) printf '%s\n' "$1" ;; *) printf '%s\n' "$PWD/$1" ;; esac; }

# begin TEXT...: makes the folder $work and goes there, with the texts' full names, a line each, in the file `texts`; none: the sample.
begin() {
	: "${THREADS:=$(nproc)}" "${here:?}" "${script:?}"
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	trap 'exit 1' HUP INT TERM
	command=$script
	for text; do command="$command ${text##*/}"; done
	[ $# -gt 0 ] || set -- "$here/sample.txt.xz"
	for text; do absolute "$text"; done >"$work/texts"
	train=
	for text in ${TRAIN:-}; do train="$train $(absolute "$text")"; done
	MODEL=${MODEL:+$(absolute "$MODEL")}
	PIECES=${PIECES:+$(absolute "$PIECES")}
	export MODEL PIECES THREADS
	cd "$work" || exit
	unpack_all <texts
}

# unpack FILE: its text.
unpack() { case $1 in *.xz) xz -dc "$1" ;; *) cat "$1" ;; esac; }

# The texts named on standard input become text1, text2 ...
unpack_all() {
	n=0
	while read -r text; do
		n=$((n + 1))
		unpack "$text" >"text$n"
		[ -s "text$n" ] || die "${text##*/}: no text"
	done
}

# windows ACWIN_OPTION...: acwin with the model.
windows() { acwin ${MODEL:+-m "$MODEL"} -T "$THREADS" "$@"; }

# column NAME: of the one stream that `list`, made by acwin -l, tells of.
column() { awk -F '\t' -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i } NR == 2 { print $at }' list; }

# book ACWIN_OPTION...: the codebook of 16-bit windows as text, in the file `book`; false if the model has none.
book() {
	status=0
	windows --strings "$@" >book 2>book.log || status=$?
	[ $status -eq 0 ] || [ $status -eq 2 ] || { cat book.log >&2; die "acwin --strings failed"; }
	return $status
}

# codes: how this model can choose windows of 16 bits, by blanks.
codes() { if book --code=best; then echo split best; else echo split; fi; }

# drawn BYTES FILE...: about so many bytes of the files' text, blocks of 100 lines drawn evenly over all of it; documents' ends become line ends.
drawn() {
	bytes=$1
	shift
	for text; do unpack "$text"; done >raw
	tr '\0' '\n' <raw >all
	awk -v p="$(awk -v n="$bytes" -v all="$(wc -c <all)" 'BEGIN { print all ? n / all : 0 }')" '
		NR % 100 == 1 { block++; take = p >= 1 || int(block * p) > int((block - 1) * p) } take' all
	rm raw all
}

# ---- SentencePiece ----

# pieces VOCAB: trains unigram pieces on 20 MB of TRAIN, or else of the first text; their file's name, without .model, is in $pieces. No
# normalization, spaces as they are, and unknown characters as bytes, so that nothing of the text is lost; a text too small
# for so many gets fewer.
pieces() {
	pieces=${PIECES:-$work}/sp$1
	[ ! -f "$pieces.model" ] || return 0
	# shellcheck disable=SC2086 # a list of files
	drawn 20000000 ${train:-text1} >sp.text
	spm_train --input=sp.text --model_prefix="sp-$1" --model_type=unigram --vocab_size="$1" --hard_vocab_limit=false \
		--byte_fallback=true --normalization_rule_name=identity --remove_extra_whitespaces=false \
		--max_sentence_length=65536 --num_threads="$THREADS" --minloglevel=1 >sp.log 2>&1 || { cat sp.log >&2; die "spm_train failed"; }
	mkdir -p "${PIECES:-$work}"
	mv "sp-$1.vocab" "$pieces.vocab"
	mv "sp-$1.model" "$pieces.model"
	rm sp.text
}

# ---- the table ----

# heading: the comments on top of a table: what was run, when, on which texts, with which model.
heading() {
	head -c 1000 text1 >heading.text
	windows heading.text >heading.windows
	acwin -l heading.windows >list
	code=$(column code)
	model="$(column m1), windows of 16 bits $code"
	if book; then model="$model, $(cksum <book | sed 's/ .*//') by cksum of acwin --strings"; fi
	name="built in"
	[ -z "$MODEL" ] || name=${MODEL##*/}
	echo "# command: $command"
	echo "# model: $name, fingerprint $model"
	echo "# nct: $(acwin --version | head -n 1)"
	echo "# date: $(date -u +%Y-%m-%d)"
	n=0
	while read -r text; do
		n=$((n + 1))
		echo "# text: ${text##*/}, $(wc -c <"text$n") bytes unpacked, cksum $(cksum <"text$n" | sed 's/ .*//')"
	done <texts
}

# lessons: more comments, on what SentencePiece learns from.
lessons() {
	have spm_train || echo "# no SentencePiece: spm_train is not installed"
	for text in $train; do echo "# learned from: ${text##*/}"; done
	[ -n "$train" ] || echo "# learned from: the first text itself"
}
