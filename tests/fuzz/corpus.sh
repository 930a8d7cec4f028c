#!/bin/sh
# corpus.sh - chooses the committed corpus anew from what `make fuzz` has kept: for every edge the smallest input that
# reaches it.
# usage: corpus.sh BUILD [TARGET...]
# Each target keeps at most 40 KB, m1 125 KB. The largest inputs are dropped.
set -eu
cd "$(dirname "$0")/../.."
build=$1
shift
[ $# -gt 0 ] || set -- m1 stream table texts decode encode

for t in "$@"; do
	all=$build/all/$t corpus=tests/fuzz/corpus/$t
	case $t in
	m1) most=125000 ;;
	*) most=40000 ;;
	esac
	rm -rf "$all"
	mkdir -p "$all" "$corpus"
	find "$build/found/$t" "$build/seeds/$t" "$corpus" -type f -size -12k -exec cp {} "$all" \;
	rm -f "$corpus"/*
	env -i PATH="$PATH" "$build/fuzz_$t" -merge=1 -use_value_profile=0 -use_counters=0 -timeout=600 -rss_limit_mb=2048 "$corpus" "$all" >"$build/merge_$t.log" 2>&1
	find "$corpus" -type f -printf '%s %p\n' | sort -n | awk -v most=$most '(sum += $1) > most { print $2 }' | xargs -r rm
	echo "$t: $(find "$corpus" -type f | wc -l) files, $(cat "$corpus"/* | wc -c) bytes"
done
