#!/bin/sh
# run.sh - runs the fuzz targets, one after the other, each for its share of the time.
# usage: run.sh BUILD TESTS SECONDS TARGET...; exit status 1 if a target found a fault.
# TESTS has the unit programs that write seeds. Each target begins with the committed corpus, its seeds and files of
# tests/vectors.
# New inputs are kept in BUILD/found/TARGET, and inputs that failed as BUILD/TARGET-*.
set -eu
cd "$(dirname "$0")/../.."
build=$1 tests=$2 seconds=$3
shift 3
share=$((seconds / $#)) failed=0

for t in "$@"; do
	seeds=$build/seeds/$t found=$build/found/$t
	rm -rf "$seeds"
	mkdir -p "$seeds" "$found" "tests/fuzz/corpus/$t"
	[ ! -x "$tests/test_fuzz_$t" ] || "$tests/test_fuzz_$t" "$seeds/"
	case $t in
	m1) cp tests/vectors/m1-*.safetensors "$seeds" ;;
	stream) cp tests/vectors/golden-*.nct "$seeds" ;;
	esac
	case $t in
	m1) max=20480 ;;
	*) max=2048 ;;
	esac
	echo "fuzz_$t: $share seconds"
	env -i PATH="$PATH" "$build/fuzz_$t" -max_total_time="$share" -max_len=$max -timeout=600 -rss_limit_mb=2048 -use_value_profile=1 -print_final_stats=1 \
		-artifact_prefix="$build/$t-" "$found" "$seeds" "tests/fuzz/corpus/$t" >"$build/fuzz_$t.log" 2>&1 || failed=1
	grep -aE 'stat::|SUMMARY|Test unit written|^fuzz:' "$build/fuzz_$t.log" || failed=1
done
exit $failed
