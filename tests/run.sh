#!/bin/sh
# run.sh - runs every test file (unit programs, bats files, lint), one on each processor, and prints the verdict.
# NCT_BUILD and NCT_BIN are where the Makefile built. With NCT_LONG=1 the long tests run, too. The last line is
# "N passed, N failed". The exit status is 0 only if none failed. A test is skipped if something that it needs is
# missing, and its line says what. Only bats must be there.
set -u
cd "$(dirname "$0")/.." || exit 1
root=$PWD
: "${NCT_BUILD:=build}" "${NCT_BIN:=bin}"
case $NCT_BUILD in /*) ;; *) NCT_BUILD=$root/$NCT_BUILD ;; esac
case $NCT_BIN in /*) ;; *) NCT_BIN=$root/$NCT_BIN ;; esac
export PATH="$NCT_BIN:$PATH" NCT_ROOT="$root" NCT_BIN NCT_BUILD
logs=$NCT_BUILD/test-logs

# left_by JOB: kills the processes that JOB has started and that still run, and prints their commands. A test must wait
# for what it starts, or kill it. A killed process takes a moment to end, so it has NCT_PATIENCE seconds for that.
left_by() {
	for _ in $(seq "${NCT_PATIENCE:-60}"); do
		left=$(grep -lszxF "NCT_JOB=$1" /proc/[0-9]*/environ 2>/dev/null | cut -d / -f 3)
		[ -n "$left" ] || return
		sleep 1
	done
	for p in $left; do
		tr '\0' ' ' 2>/dev/null <"/proc/$p/cmdline" && kill -KILL "$p" 2>/dev/null
	done
}

# run_one FILE: runs a test file. Its output, which is TAP, goes to the logs.
run_one() {
	name=$(basename "$1")
	start=$(date +%s)
	case $1 in
	*.bats) set -- env NCT_JOB="$name.$$" bats --tap "$1" ;;
	*.sh) set -- env NCT_JOB="$name.$$" sh "$1" --tap ;;
	*) set -- env NCT_JOB="$name.$$" CMOCKA_MESSAGE_OUTPUT=TAP "$1" ;;
	esac
	"$@" >"$logs/$name.tap" 2>"$logs/$name.err"
	status=$?
	left=$(left_by "$name.$$")
	[ -z "$left" ] || echo "not ok - $name left running: $left" >>"$logs/$name.tap"
	sed -i 's/^not ok \(.*# SKIP\)/ok \1/' "$logs/$name.tap" # cmocka's way to write a skipped test
	if [ $status -ne 0 ] && ! grep -q '^not ok' "$logs/$name.tap"; then
		echo "not ok - $name ended with status $status" >>"$logs/$name.tap"
	fi
	if grep -q '^not ok' "$logs/$name.tap"; then result=FAILED; else result=ok; fi
	echo "$result $name, $(($(date +%s) - start)) s"
}
if [ "${1:-}" = --one ]; then
	run_one "$2"
	exit 0
fi
rm -rf "$logs"
mkdir -p "$logs"
command -v bats >/dev/null || { echo "run.sh: no bats: it is in the Debian package bats" >&2; exit 1; }
{
	for source in tests/unit/test_*.c; do
		program=$(basename "$source" .c)
		if [ -x "$NCT_BUILD/tests/$program" ]; then
			echo "$NCT_BUILD/tests/$program"
		else
			echo "ok - $program # skip it is not built, which takes cmocka" >>"$logs/unbuilt.tap"
		fi
	done
	[ -n "${NCT_SAN:-}" ] || echo tests/lint/lint.sh
	ls tests/cli/*.bats
} >"$logs/jobs"
# The longest first, so that none runs alone at the end.
longest='(acwin|examples|ranks|aware|best|m1train|bitpack|bpbcalc|suite|exact|m2train|make|pages).bats$|lint.sh$|test_(align|codebook)$'
{ grep -E "$longest" "$logs/jobs"; grep -vE "$longest" "$logs/jobs"; } | xargs -P "$(nproc)" -n 1 sh tests/run.sh --one

cat "$logs"/*.tap >"$logs/all"
passed=$(grep '^ok' "$logs/all" | grep -cvi '# skip')
skipped=$(grep '^ok' "$logs/all" | grep -ci '# skip')
failed=$(grep -c '^not ok' "$logs/all")
if [ "$failed" -gt 0 ]; then
	for f in "$logs"/*.tap; do
		grep -q '^not ok' "$f" || continue
		echo "== ${f##*/}"
		grep -A 12 '^not ok' "$f" | head -60
		head -20 "${f%.tap}.err"
	done
fi
if [ "$skipped" -gt 0 ]; then
	echo "$passed passed, $failed failed, $skipped skipped"
else
	echo "$passed passed, $failed failed"
fi
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
