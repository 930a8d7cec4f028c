# helpers.bash - what the bats files share: a working folder, texts, faults.
bats_require_minimum_version 1.5.0

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
  shopt -s nullglob
}

# The sample novel, or its first N bytes.
sample() { xz -dc "$NCT_ROOT/examples/sample.txt.xz" | head -c "${1:-2000000}"; }

# N bytes that no model expects, the same every time.
noise() { awk -v n="$1" 'BEGIN { x = 1; for (i = 0; i < n; i++) { x = (x * 1103515245 + 12345) % 2147483648; printf "%c", int(x / 65536) % 256 } }' | LC_ALL=C head -c "$1"; }

# in_pieces N FILE: its bytes, none of them NUL, by writes of N or fewer.
in_pieces() {
  local LC_ALL=C piece
  while IFS= read -r -d '' -n "$1" piece || [ -n "$piece" ]; do printf %s "$piece"; done <"$2"
}

# A unigram model of the sample: made and evaluated in no time.
quick_model() { sample 200000 | m1train -q -k unigram >"$1"; }

# flip FILE AT: changes the byte at offset AT.
flip() {
  local byte
  byte=$(od -An -tu1 -j "$2" -N 1 "$1")
  printf "$(printf '\\%03o' $((byte ^ 0x55)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

long_test() { [ -n "${NCT_LONG:-}" ] || skip "long: make check-long"; }

# same_back FILE [ACWIN OPTION...]: FILE comes back identical.
same_back() {
  local file=$1
  shift
  acwin "$@" "$file" >back.windows
  local model=()
  [ -z "${MODEL:-}" ] || model=(-m "$MODEL")
  acwin -d "${model[@]}" back.windows >back.text
  cmp "$file" back.text
}
