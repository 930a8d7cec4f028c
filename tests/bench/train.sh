#!/bin/sh
# train.sh - training speed beside PyTorch's, on the same model and batch in one run, and where the time of our steps goes.
# usage: train.sh [STEPS [THREADS]]; 3 steps by default, on all cores. Ours and theirs take turns; other load on the machine hurts both.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
steps=${1:-3} threads=${2:-$(nproc)}
python=/usr/bin/python3 # Debian's, which python3-torch is for
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
torch=
if "$python" -c 'import torch' 2>/dev/null; then torch=1; else echo "no PyTorch to compare with: package python3-torch is not installed"; fi

# A text for m1train, and tokens of V ids for m2train: what they are does not matter for speed.
xz -dc "$here/../../examples/sample.txt.xz" >"$work/sample"
for _ in 1 2 3 4 5 6 7 8; do cat "$work/sample"; done >"$work/text"
tokens() {
	awk -v v="$1" 'BEGIN { srand(1); for (d = 0; d < 60; d++) { for (i = 0; i < 4000; i++) printf "%d ", int(v ^ rand()) - 1; print "" } }' |
		bitpack --from=ids --vocab="$1"
}

# value KEY FILE: of the last line KEY=VALUE of what --verbose printed.
value() { sed -n "s/.*\\b$1=\\([0-9.]*\\).*/\\1/p" "$2" | tail -1; }

# row NAME SIZE VOCABULARY ROWS LENGTH TORCH TOOL INPUT
row() {
	"$7" --verbose -T "$threads" -s "$2" -B "$4" -L "$5" -n "$steps" --cooldown=0 "$8" -o "$work/model" 2>"$work/said"
	all=$(value seconds_all "$work/said")
	ours=$(awk -v n="$steps" -v b="$4" -v l="$5" -v s="$all" 'BEGIN { printf "%.0f", n * b * l / s }')
	printf '\n%s, %s x %s, %s threads: %s tokens/s\n' "$1" "$4" "$5" "$threads" "$ours"
	for part in forward attention loss backward weight_gradients packing optimiser input; do
		awk -v p="$part" -v s="$(value "seconds_$part" "$work/said")" -v a="$all" 'BEGIN { printf "  %-18s %8.3f s %5.1f%%\n", p, s, 100 * s / a }'
	done
	awk -v s="$(value thread_seconds_products "$work/said")" -v t="$threads" -v a="$all" \
		'BEGIN { printf "  of it, in products with weights %5.1f%%\n", 100 * s / t / a }'
	[ -n "$torch" ] || return 0
	best=0
	for how in $6; do # ROWS:PRECISION
		rate=$("$python" "$here/torch_train.py" "$2" "$3" "${how%:*}" "$5" 2 "$threads" "${how#*:}") || continue
		echo "  PyTorch ${how#*:}, ${how%:*} x $5: $rate tokens/s"
		best=$(awk -v a="$best" -v b="$rate" 'BEGIN { print (a > b ? a : b) }')
	done
	awk -v a="$ours" -v b="$best" 'BEGIN { if (b > 0) printf "  ratio to the best: %.2f\n", a / b }'
}

row "3m, vocabulary 257" 3m 257 16 1024 "4:bf16 16:bf16 2:fp32" m1train "$work/text"
tokens 65536 >"$work/t16"
row "25m, vocabulary 65,536" 25m 65536 16 512 "2:bf16 8:bf16 2:fp32" m2train "$work/t16"
tokens 32000 >"$work/t32k"
row "25m, vocabulary 32,000" 25m 32000 16 512 "2:bf16 8:bf16 2:fp32" m2train "$work/t32k"
