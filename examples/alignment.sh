#!/bin/sh
# alignment.sh - what it costs to end windows at word boundaries, and what it brings: bytes per token, and how many tokens end at one.
# usage: alignment.sh [TEXT]; without TEXT the sample. OPTIONS= are acwin's for the text, as -0; ALIGN= a REGEX to try besides.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
if [ $# -gt 0 ]; then cat "$1"; else xz -dc "$here/sample.txt.xz"; fi >"$work/text"
cd "$work"
[ -s text ] || { echo "alignment.sh: no text" >&2; exit 1; }

# A window ends inside a word if its last character and the next window's first are of one kind, or if the last one is the space before
# a word. Kinds: letters (all that is not ASCII counts as such, and apostrophes), digits, white space, others.
# shellcheck disable=SC2016 # awk's own fields
inside='function kind(c) { return c ~ /[A-Za-z\047Z]/ ? "letter" : c ~ /[0-9]/ ? "digit" : c ~ /[ \t]/ ? "white" : "other" }
	{ first = kind(substr($0, 1, 1))
	  if (NR > 1 && last != "end") { ends++; if (first == last || space && first != "white") inside++ }
	  c = substr($0, length($0)); space = c == " "; last = c == "E" && /\\E$/ ? "end" : kind(c) }
	END { printf "%.1f", ends ? 100 - 100 * inside / ends : 100 }'

printf 'align\tbytes\ttokens\tbytes_per_token\tat_boundaries_percent\n'
for align in none words ${ALIGN:+"$ALIGN"}; do
	# shellcheck disable=SC2086 # a list of options
	acwin ${OPTIONS:-} -a "$align" text >windows
	acwin -l windows >list
	acwin -d --show windows >shown
	cut -f 2 shown | sed 's/\\n/\t/g; s/\\t/\t/g; s/\\x[89a-f][0-9a-f]/Z/g; s/\\x[0-7][0-9a-f]/;/g; s/\\\\/;/g' >plain
	awk "$inside" plain >share
	align=$align awk -F '\t' -v share="$(cat share)" 'NR == 2 {
		printf "%s\t%d\t%d\t%.4f\t%s\n", ENVIRON["align"], $16, $12, $12 ? $16 / $12 : 0, share }' list
done
