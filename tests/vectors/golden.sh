#!/bin/sh
# golden.sh - makes the golden-* streams of this folder again, or compares what acwin makes with them.
# golden.sh make       writes golden-B.nct for each B and golden.sha256; acwin is the one in PATH
# golden.sh check ...  encodes with each row of kernels, with 1 and 2 threads, and decodes
# Words after `check` go before each call of acwin: the name of an emulator, say.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mode=$1
shift
acwin=$(command -v "${ACWIN:-acwin}")
encode() { "$@" -0 -m "$here/m1-tiny.safetensors" -c 500 "$here/golden.txt"; }

cd "$here"
for b in 0 24 32 48 64 128; do
	case $mode in
	make) encode "$acwin" -b $b >golden-$b.nct ;;
	check)
		for cpu in $("$@" "$acwin" --cpu=list); do
			for t in 1 2; do
				encode "$@" "$acwin" -b $b -T $t --cpu="$cpu" | cmp - golden-$b.nct
				"$@" "$acwin" -d -m m1-tiny.safetensors -T $t --cpu="$cpu" golden-$b.nct | cmp - golden.txt
			done
		done
		;;
	esac
done
case $mode in
make) sha256sum golden.txt golden-*.nct >golden.sha256 ;;
check) sha256sum --quiet -c golden.sha256 ;;
esac
