#!/bin/sh
# train.sh - measures training beside PyTorch and beside oneDNN's products, on the same model in one run, and where
# our time goes.
# usage: train.sh [ROUNDS [THREADS...]]; by default 3 rounds, on 1 thread and on all cores: 12 minutes on two idle
# cores.
# Tokens/s are medians: ours of the rounds, PyTorch's of three steps at each batch size. If other work is on the
# machine, look at CPU seconds with 1 thread. Products of oneDNN are measured if products.c's program is on the PATH,
# as with `make bench`.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
rounds=${1:-3}
[ $# -eq 0 ] || shift
cores=$(nproc)
if [ $# -eq 0 ] && [ "$cores" -gt 1 ]; then set -- 1 "$cores"; elif [ $# -eq 0 ]; then set -- 1; fi
python=/usr/bin/python3 # Debian's, which python3-torch is for
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
torch=
if "$python" -c 'import torch' 2>/dev/null; then torch=1; else echo "no PyTorch to compare with: package python3-torch is not installed"; fi
: >"$work/products"
if command -v products >"$work/where"; then OMP_NUM_THREADS=1 products | tee "$work/products"; fi

# tokens VOCABULARY: writes a stream of random tokens, the same every time.
tokens() {
	awk -v v="$1" 'BEGIN { srand(1); for (d = 0; d < 60; d++) { for (i = 0; i < 4000; i++) printf "%d ", int(v ^ rand()) - 1; print "" } }' |
		bitpack --from=ids --vocab="$1"
}

# value KEY FILE: the value of the last line KEY=VALUE in the output of --verbose.
value() { sed -n "s/.*\\b$1=\\([0-9.]*\\).*/\\1/p" "$2" | tail -1; }

# median: of numbers, one on each line.
median() { sort -n | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'; }

# cpu: processor seconds of all commands so far, in $work/cpu.
cpu() {
	times >"$work/times"
	tail -1 "$work/times" | awk '{ for (i = 1; i <= 2; i++) { split($i, p, /[ms]/); s += 60 * p[1] + p[2] } printf "%.2f\n", s }' >"$work/cpu"
}

# train STEPS THREADS: trains. The output of --verbose goes to $work/said, CPU seconds to $work/took.
train() {
	cpu
	before=$(cat "$work/cpu")
	m2train --verbose -T "$2" -s "$size" -B "$batch" -L "$length" -n "$1" --cooldown=0 "$work/tokens" -o "$work/model" 2>"$work/said"
	cpu
	awk -v a="$before" '{ print $1 - a }' "$work/cpu" >"$work/took"
}

# ours STEPS THREADS: sets `wall` and `busy`, tokens per second by the clock and per CPU second, and prints where the
# time went.
ours() {
	: >"$work/starts"
	for _ in 1 2 3; do # a run without steps, whose time is subtracted: the shortest of three
		train 0 "$2"
		cat "$work/took" >>"$work/starts"
	done
	start=$(sort -n "$work/starts" | head -n 1)
	: >"$work/walls"
	: >"$work/busys"
	for _ in $(seq "$rounds"); do
		train "$1" "$2"
		value seconds_all "$work/said" >>"$work/walls"
		awk -v s="$start" '{ print $1 - s }' "$work/took" >>"$work/busys"
	done
	wall=$(median <"$work/walls" | awk -v n="$1" -v t="$((batch * length))" '{ printf "%.1f", n * t / $1 }')
	busy=$(median <"$work/busys" | awk -v n="$1" -v t="$((batch * length))" '{ printf "%.1f", n * t / $1 }')
	printf '\n%s, %s x %s, -T%s: %s tokens/s, %s a CPU second, %s of peak\n' "$name" "$batch" "$length" "$2" "$wall" "$busy" \
		"$(value share_of_peak "$work/said")"
	for part in forward attention loss backward weight_gradients packing optimiser input; do
		awk -v p="$part" -v s="$(value "seconds_$part" "$work/said")" -v a="$(value seconds_all "$work/said")" \
			'BEGIN { printf "  %-18s %8.3f s %5.1f%%\n", p, s, 100 * s / a }'
	done
	awk -v s="$(value thread_seconds_products "$work/said")" -v t="$2" -v a="$(value seconds_all "$work/said")" \
		'BEGIN { printf "  of it, in products with weights %5.1f%%\n", 100 * s / t / a }'
}

# beside_products: the ratio of our FLOP/s on 1 thread to those of oneDNN on the model's shapes.
beside_products() {
	rate=$(awk -v m="$size" '$1 == m && $2 == "all" { print $4 }' "$work/products")
	[ -n "$rate" ] || return 0
	share=$(awk -v s="$(value thread_seconds_products "$work/said")" -v a="$(value seconds_all "$work/said")" 'BEGIN { print s / a }')
	awk -v size="$size" -v v="$vocabulary" -v t="$length" -v busy="$busy" -v peer="$rate" -v share="$share" 'BEGIN {
		C = size == "3m" ? 256 : 512; L = size == "3m" ? 3 : 6; F = 4 * C
		weights = 6 * (L * C * (4 * C + 3 * F) + C * v)
		all = weights + 14 * L * C * (t + 1) / 2
		inside = weights * busy / share * 1e-9
		over = all * busy * 1e-9
		printf "  GFLOP/s by CPU seconds: %.0f within products with weights, %.0f over all; oneDNN in bf16 %.0f: %.0f%%, %.0f%%\n",
			inside, over, peer, 100 * inside / peer, 100 * over / peer
	}'
}

# peer THREADS: measures PyTorch at each batch size, and prints our ratios to the best.
peer() {
	: >"$work/peer"
	for how in $peers; do # ROWS:PRECISION
		rate=$("$python" "$here/torch_train.py" "$size" "$vocabulary" "${how%:*}" "$length" 3 "$1" "${how#*:}") || continue
		echo "  PyTorch ${how#*:}, ${how%:*} x $length: ${rate% *} tokens/s, ${rate#* } a CPU second"
		echo "$rate" >>"$work/peer"
	done
	awk -v a="$wall" -v b="$busy" '$1 > w { w = $1 } $2 > c { c = $2 }
		END { if (NR > 0) printf "  ratio to the best: %.2f, by CPU seconds %.2f\n", a / w, b / c }' "$work/peer"
}

# row NAME SIZE VOCABULARY ROWS LENGTH STEPS PEERS THREADS...
row() {
	name=$1 size=$2 vocabulary=$3 batch=$4 length=$5 steps=$6 peers=$7
	shift 7
	tokens "$vocabulary" >"$work/tokens"
	first=
	for threads in "$@"; do
		ours "$steps" "$threads"
		[ "$threads" -ne 1 ] || beside_products
		[ -z "$torch" ] || peer "$threads"
		[ -z "$first" ] || awk -v a="$first" -v b="$wall" -v t="$threads" 'BEGIN { printf "  %s threads over the first: %.2f\n", t, b / a }'
		[ -n "$first" ] || first=$wall
	done
}

row "3m, vocabulary 257" 3m 257 16 1024 4 "4:bf16 16:bf16 2:fp32" "$@"
row "25m, vocabulary 65,536" 25m 65536 16 512 1 "2:bf16 8:bf16 2:fp32" "$@"
row "25m, vocabulary 32,000" 25m 32000 16 512 1 "2:bf16 8:bf16 2:fp32" "$@"
