#!/bin/sh
# run.sh - runs every test (unit programs, bats files, lint), two at a time, and ends with "N passed, N failed".
# NCT_BUILD, NCT_BIN: where the Makefile built; NCT_LONG=1: the long tests, too. Exit status 0 only if none failed.
set -u
cd "$(dirname "$0")/.." || exit 1
root=$PWD
: "${NCT_BUILD:=build}" "${NCT_BIN:=bin}"
case $NCT_BIN in /*) ;; *) NCT_BIN=$root/$NCT_BIN ;; esac
export PATH="$NCT_BIN:$PATH" NCT_ROOT="$root" NCT_BIN NCT_BUILD
logs=$root/$NCT_BUILD/test-logs

# One job a line: a TAP-speaking command for each test file.
run_one() {
	name=$(basename "$1")
	start=$(date +%s)
	case $1 in
	*.bats) bats --tap "$1" ;;
	*.sh) sh "$1" --tap ;;
	*) CMOCKA_MESSAGE_OUTPUT=TAP "$1" ;;
	esac >"$logs/$name.tap" 2>"$logs/$name.err"
	status=$?
	sed -i 's/^not ok \(.*# SKIP\)/ok \1/' "$logs/$name.tap" # cmocka's way to say it
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
{
	find "$NCT_BUILD/tests" -name 'test_*' ! -name '*.d' | sort
	[ -n "${NCT_SAN:-}" ] || echo tests/lint/lint.sh
	ls tests/cli/*.bats
} | xargs -P "$(nproc)" -n 1 sh "$0" --one

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
