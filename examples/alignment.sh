#!/bin/sh
# alignment.sh - what it costs to end windows at word boundaries, and what it brings: bytes per token, and how many tokens end at one.
# usage: alignment.sh [TEXT]; without TEXT the sample. OPTIONS= are acwin's for the text, as -0; ALIGN= a REGEX to try besides;
# MODEL= a file for acwin -m (default: the built-in model). What a boundary is, boundaries.awk says.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
case ${MODEL:-/} in /*) ;; *) MODEL=$PWD/$MODEL ;; esac
if [ $# -gt 0 ]; then cat "$1"; else xz -dc "$here/sample.txt.xz"; fi >"$work/text"
cd "$work"
[ -s text ] || { echo "alignment.sh: no text" >&2; exit 1; }

printf 'align\tbytes\ttokens\tbytes_per_token\tat_boundaries_percent\n'
for align in none words ${ALIGN:+"$ALIGN"}; do
	# shellcheck disable=SC2086 # a list of options
	acwin ${MODEL:+-m "$MODEL"} ${OPTIONS:-} -a "$align" text >windows
	acwin -l windows >list
	acwin -d --show ${MODEL:+-m "$MODEL"} windows >shown
	cut -f 2 shown | sed 's/\\n/\t/g; s/\\t/\t/g; s/\\x[89a-f][0-9a-f]/Z/g; s/\\x[0-7][0-9a-f]/;/g; s/\\\\/;/g' >plain
	awk -f "$here/boundaries.awk" plain >share
	align=$align awk -F '\t' -v share="$(cat share)" 'NR == 2 {
		printf "%s\t%d\t%d\t%.4f\t%s\n", ENVIRON["align"], $16, $12, $12 ? $16 / $12 : 0, share }' list
done
