#!/usr/bin/env bats
# bitpack.bats - windows to tokens and back, ids in and out, damage, wrong usage.
# shellcheck disable=SC2154 # bats sets stderr_lines

load helpers

# Shared by all tests, only read: a text of several blocks and documents, and its windows and tokens.
setup_file() {
  cd "$BATS_FILE_TMPDIR" || return
  seq 1 30000 | tr '\n' ' ' | sed 's/[0-9]*000 /&\n/g' | tr '\n' '\0' >text
  acwin -0 -b 16 text >windows
  bitpack windows >tokens
  printf 'one small text' | acwin -b 16 >small
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  ln -s "$BATS_FILE_TMPDIR"/* .
}

# frames FILE N: the number of bytes that a stream's header and its first N blocks take.
frames() {
  local at=72 i
  for ((i = 0; i < $2; i++)); do
    local dir code
    dir=$(od -An -tu4 -j $((at + 32)) -N 4 "$1") code=$(od -An -tu4 -j $((at + 36)) -N 4 "$1")
    at=$((at + 64 + (dir + 7) / 8 * 8 + (code + 7) / 8 * 8 + 8))
  done
  echo $at
}

# flip FILE AT: writes FILE to standard output, with the byte at offset AT changed.
flip() {
  local byte
  byte=$(od -An -tu1 -j "$2" -N 1 "$1")
  head -c "$2" "$1"
  # shellcheck disable=SC2059
  printf "\\x$(printf %x $((byte ^ 0x55)))"
  tail -c +$(($2 + 2)) "$1"
}

# ---- Windows, tokens, and back ----

@test "bitpack: -u undoes packing, byte for byte, for many b and v" {
  for b in 0 10 13 16 24 100; do
    head -c 5000 text | acwin -0 -b $b >in
    for v in 1 7 8 9 12 16; do
      bitpack -v $v in >packed # not a pipe: a pipe would hide this status
      bitpack -u packed >out
      cmp in out
    done
  done
}

@test "bitpack: the default is 16 bits, long options work, - is stdin" {
  bitpack --vocab-bits=16 windows >a
  cmp a tokens
  bitpack - <windows >b
  cmp b tokens
  bitpack --unpack --output=c tokens
  cmp c windows
  bitpack -o d -- windows
  cmp d tokens
}

@test "bitpack: text comes back through the whole pipeline" {
  acwin -0 text | bitpack -v 11 | bitpack -u | acwin -d >out
  cmp text out
}

@test "bitpack: operands and streams in a row make streams in a row" {
  bitpack windows small windows >a
  cat windows small windows | bitpack >b
  cmp a b
  bitpack -u a >c
  cat windows small windows | cmp - c
}

@test "bitpack: a block is passed on before the next one comes" {
  n=$(frames windows 1)
  feed bitpack -v 16 >out
  head -c "$n" windows >&9
  await has_bytes out "$n" # tokens of 16 bits take as many bytes as the windows
  [ "$(wc -c <out)" -eq "$n" ]
  tail -c +$((n + 1)) windows >&9
  exec 9>&-
  ends 0
  cmp out tokens
}

@test "bitpack: --verbose prints totals, -q silences them, success is silent" {
  run -0 --separate-stderr bitpack -o out windows
  [ -z "$output$stderr" ]
  run -0 --separate-stderr bitpack --verbose -o out windows
  [ -z "$output" ]
  [[ $stderr == *"documents=30"* ]]
  [[ $stderr == *"text_bytes=$(tr -d '\0' <text | wc -c)"* ]]
  [[ $stderr == *"input_bytes=$(wc -c <windows)"* ]]
  n=$(bitpack --to=text tokens | wc -w)
  [[ $stderr == *"tokens=$n"* ]]
  run -0 --separate-stderr bitpack --verbose -q -o out windows
  [ -z "$output$stderr" ]
}

# ---- Exports ----

@test "bitpack: --to=text has a line for each document, and the ids of --to=raw" {
  bitpack --to=text tokens >lines
  [ "$(wc -l <lines)" -eq 30 ]
  tr ' ' '\n' <lines >ids
  bitpack --to=raw tokens | od -An -v -w2 -tu2 | tr -d ' ' | cmp - ids
  bitpack -v 8 --to=raw windows | od -An -v -w1 -tu1 | tr -d ' ' >ids8
  bitpack -v 8 --to=text windows | tr ' ' '\n' | cmp - ids8
}

@test "bitpack: exports of windows are those of their tokens" {
  for to in text raw npy; do
    bitpack -v 13 windows >t
    bitpack --to=$to t >a
    bitpack -v 13 --to=$to windows >b
    cmp a b
    bitpack -v 13 --to=$to t >c
    cmp a c
  done
}

@test "bitpack: ids that mean different things are not written in a row" {
  acwin -b 24 text >wide
  bitpack -v 16 wide >more
  bitpack --from=ids --vocab=65536 <(echo 1 2) >foreign
  for to in text raw npy; do
    run -3 --separate-stderr bitpack --to=$to -o out tokens more
    [ "$stderr" = "bitpack: more: code split, not best as before, byte 19" ]
    run -3 --separate-stderr bitpack -v 16 --to=$to -o out windows wide
    [ "$stderr" = "bitpack: wide: code split, not best as before, byte 19" ]
    run -3 --separate-stderr bitpack --to=$to -o out foreign tokens
    [ "$stderr" = "bitpack: tokens: code best, not none as before, byte 19" ]
    bitpack --to=$to -o one tokens windows # the same ids, twice
    bitpack --to=$to tokens tokens | cmp - one
  done
  [ ! -e out ]
}

@test "bitpack: an unfinished document still gets its newline" {
  printf 'a prompt' | acwin --open >open
  bitpack --to=text open >line
  [ "$(wc -l <line)" -eq 1 ]
}

@test "bitpack: --to=npy through a pipe uses TMPDIR, and names the folder where that fails" {
  run -1 --separate-stderr env TMPDIR=nowhere bash -o pipefail -c 'bitpack --to=npy tokens | cat'
  [ "$stderr" = "bitpack: temporary file in nowhere: No such file or directory" ]
  run -1 --separate-stderr env TMPDIR=. bash -o pipefail -c 'trap "" XFSZ; ulimit -f 1; bitpack --to=npy tokens | cat'
  [ "$stderr" = "bitpack: temporary file in .: File too large" ]
  mkdir here
  TMPDIR=here bitpack --to=npy tokens | cat >npy
  bitpack --to=npy tokens >there
  cmp npy there
  [ -z "$(ls here)" ]
}

@test "bitpack: --to=npy is the same through a pipe, into a file, into -o and into an appended file" {
  bitpack --to=npy tokens >a
  bitpack --to=npy tokens | cat >b
  bitpack --to=npy -o c tokens
  printf 'before' >d
  bitpack --to=npy tokens >>d
  cmp a b
  cmp a c
  tail -c +7 d | cmp a -
  [ "$(head -c 10 a | od -An -tx1 | tr -d ' ')" = 934e554d5059010076""00 ]
  n=$(bitpack --to=raw tokens | wc -c)
  [ "$(head -c 128 a | tail -c +11)" = "$(printf "%-117s" "{'descr': '<u2', 'fortran_order': False, 'shape': ($((n / 2)),), }")" ]
  bitpack --to=raw tokens | cmp - <(tail -c +129 a)
  bitpack -v 8 --to=npy windows | head -c 30 | grep -aq "'descr': '|u1'"
}

# ---- Imports ----

@test "bitpack: --from=ids and --to=text are inverse" {
  printf '1 2 3\n\n31999 0\n7\n' >ids
  bitpack --from=ids --vocab=32000 ids >t
  bitpack --to=text t | cmp - ids
  printf '1 2 3\n\n31999 0' >first
  printf '7\n' | bitpack --from=ids --vocab=32000 first - | cmp - t
  run -3 --separate-stderr bitpack -u t
  [[ $stderr == "bitpack: t: tokens not made from windows, byte 19" ]]
  run -3 --separate-stderr bitpack -v 16 --to=text t
  [[ $stderr == "bitpack: t: tokens not made from windows, byte 19" ]]
}

@test "bitpack: --text counts the text's bytes" {
  printf '5 6\n\n7\n' >ids
  printf 'five six\n\nseven\n' >lines
  run -0 --separate-stderr bitpack --verbose --from=ids --vocab=10 --text=lines -o t ids
  [[ $stderr == *"text_bytes=16"* ]]
  [[ $stderr == *"documents=3"* ]]
  [[ $stderr == *"tokens=3"* ]]
  bitpack --from=ids --vocab=10 --text=- ids <lines | cmp - t
  run -2 --separate-stderr bitpack --from=ids --vocab=10 --text=- <lines
  [ "$stderr" = "bitpack: --text=-: standard input is read already" ]
  run -2 bitpack --from=ids --vocab=10 --text=- ids - <lines
}

@test "bitpack: wrong ids and texts are errors with line and column" {
  printf '1 2\n3 x4\n' >word
  printf '1 2\n\n  3 10\n' >large
  printf '1\n2\n' >two
  printf 'a\n' >one
  printf 'a\nb\nc\n' >three
  run -3 --separate-stderr bitpack --from=ids --vocab=10 word
  [[ $stderr == "bitpack: word: not an id, line 2, column 3" ]]
  run -3 --separate-stderr bitpack --from=ids --vocab=10 -o out two large
  [[ $stderr == "bitpack: large: an id outside the vocabulary of 10, line 3, column 5" ]]
  [ ! -e out ]
  run -3 --separate-stderr bitpack --from=ids --vocab=10 --text=one two
  [[ $stderr == "bitpack: two: the text has no line 2, line 2" ]]
  run -3 --separate-stderr bitpack --from=ids --vocab=10 --text=three two
  [[ $stderr == "bitpack: two: the text goes on with line 3, line 3" ]]
  run -1 --separate-stderr bitpack --from=ids --vocab=10 --text=none two
  [[ $stderr == "bitpack: none: No such file or directory" ]]
  run -1 --separate-stderr bitpack --from=ids --vocab=10 --text=/ two
  [[ $stderr == "bitpack: /: Is a directory" ]]
}

@test "bitpack: --from=raw makes every byte a token, every operand a document" {
  bitpack --from=raw text small >t
  bitpack --from=raw -v 8 text small | cmp - t
  cat text small >both
  bitpack --to=raw t | cmp - both
  [ "$(bitpack --to=text t | wc -l)" -eq 2 ]
  run -0 --separate-stderr bitpack --verbose --from=raw -o t text
  [[ $stderr == *"text_bytes=$(wc -c <text)"* ]]
}

# ---- Damage ----

@test "bitpack: an empty stream exits 3, says where, writes nothing" {
  : >nothing
  for how in -u --to=text --to=raw --to=npy --keep-going -v9; do
    run -3 --separate-stderr bitpack $how <nothing
    [ -z "$output" ]
    [[ $stderr == "bitpack: -: stream ends early, byte 0" ]]
  done
}

@test "bitpack: what is no stream, or of the wrong kind, exits 3" {
  run -3 --separate-stderr bitpack text
  [[ $stderr == "bitpack: text: not an nct stream, byte 0" ]]
  [ -z "$output" ]
  run -3 --separate-stderr bitpack tokens
  [[ $stderr == "bitpack: tokens: a token stream, not windows, byte 10" ]]
  run -3 --separate-stderr bitpack -u windows
  [[ $stderr == "bitpack: windows: a window stream, not tokens, byte 10" ]]
  run -3 --separate-stderr bitpack -v 12 --to=text tokens
  [[ $stderr == "bitpack: tokens: tokens of 16 bits, not 12, byte 16" ]]
  bitpack -v 8 windows >narrow
  run -3 --separate-stderr bitpack --to=raw -o out tokens narrow
  [[ $stderr == "bitpack: narrow: vocabulary 256, not 65536 as before, byte 12" ]]
  cat windows <(echo more) >trailing
  run -3 --separate-stderr bitpack -o out trailing
  [[ $stderr == "bitpack: trailing: not an nct stream, byte $(wc -c <windows)" ]]
}

# unpack_bad HEX...: unpacks a damaged stream, given byte by byte. Sets `says` to its only line of error, and checks the
# status and that `out` is a prefix of the good output.
unpack_bad() {
  local bytes status=0
  printf -v bytes '\\x%s' "$@"
  printf '%b' "${bytes:-}" >bad
  bitpack -u bad >out 2>err || status=$?
  [ $status -eq 3 ]
  mapfile -t lines <err
  [ ${#lines[@]} -eq 1 ]
  says=${lines[0]}
  [[ "$(cmp out small 2>&1)" == "cmp: EOF on out"* ]]
}

@test "bitpack: a wrong byte anywhere exits 3 with one line; what was written is a prefix" {
  bitpack -v 12 small >packed
  read -ra hex <<<"$(od -An -v -tx1 packed | tr -d '\n')"
  for ((i = 0; i < ${#hex[@]}; i += NCT_LONG ? 1 : 7)); do
    bad=("${hex[@]}")
    printf -v 'bad[i]' %02x $((0x${hex[i]} ^ 1 << i % 8))
    unpack_bad "${bad[@]}"
    [[ $says =~ ^bitpack:\ bad:\ .*,\ byte\ [0-9]+$ ]]
  done
}

@test "bitpack: a cut anywhere exits 3 with one line; what was written is a prefix" {
  bitpack -v 12 small >packed
  read -ra hex <<<"$(od -An -v -tx1 packed | tr -d '\n')"
  for ((i = 1; i < ${#hex[@]}; i += NCT_LONG ? 1 : 7)); do
    unpack_bad "${hex[@]:0:i}"
    [[ $says == "bitpack: bad: stream ends early, "*"byte $i" ]]
  done
}

@test "bitpack: --keep-going delivers all but the bad block, and says what is lost" {
  from=$(frames tokens 1) to=$(frames tokens 2)
  flip tokens $((from + 100)) >bad
  start=$(od -An -tu8 -j $((from + 16)) -N 8 tokens) length=$(od -An -tu8 -j $((from + 24)) -N 8 tokens)
  run -3 --separate-stderr bitpack -u --keep-going -o kept bad
  [[ $stderr == "bitpack: bad: block 1 is damaged (payload CRC), byte $from, bytes $from to $((to - 1)) skipped, text bytes $((start)) to $((start + length - 1)) missing" ]]
  # What is left is a good stream, and its documents are the text's own.
  bitpack kept >again
  acwin -d kept | tr '\0' '\n' >lines
  tr '\0' '\n' <text >all
  [ "$(wc -l <lines)" -gt 10 ]
  [ "$(grep -cvxFf all lines)" -eq 0 ]
  [ "$(wc -c <lines)" -lt "$(wc -c <all)" ]
  # Without --keep-going, -o leaves nothing.
  run -3 --separate-stderr bitpack -u -o none bad
  [[ $stderr == "bitpack: bad: block 1 is damaged (payload CRC), byte $from" ]]
  [ ! -e none ]
}

@test "bitpack: --keep-going goes on with the next stream and the next operand" {
  flip small 20 >header
  : >empty
  run -3 --separate-stderr bitpack --keep-going -o out empty header small
  [ "${#stderr_lines[@]}" -eq 2 ]
  bitpack small | cmp - out
  cat header small >two
  run -3 --separate-stderr bitpack --keep-going -o out two
  [[ $stderr == "bitpack: two: stream header is damaged (CRC), byte 0, bytes 0 to $(($(wc -c <small) - 1)) skipped" ]]
  bitpack small | cmp - out
}

# ---- Failures ----

@test "bitpack: files that are not there, or not files, exit 1" {
  run -1 --separate-stderr bitpack none
  [[ $stderr == "bitpack: none: No such file or directory" ]]
  run -1 --separate-stderr bitpack /
  [[ $stderr == "bitpack: /: Is a directory" ]]
  run -1 --separate-stderr bitpack -o none/out windows
  [[ $stderr == "bitpack: none/out: No such file or directory" ]]
}

@test "bitpack: a failed write is never a success" {
  for how in -v16 --to=text --to=raw --to=npy; do
    run -1 sh -c "bitpack $how windows >/dev/full"
    [[ $output == "bitpack: -: cannot write: No space left on device" ]]
    run -1 sh -c "bitpack $how windows >&-"
    [[ $output == "bitpack: -: "* ]]
  done
  run -1 sh -c 'bitpack -u tokens >/dev/full'
  run -1 sh -c 'bitpack --from=raw text >/dev/full'
  run -1 sh -c 'echo 1 | bitpack --from=ids --vocab=2 >/dev/full'
  run -1 sh -c 'echo 1 | bitpack --from=ids --vocab=2 >&-'
}

@test "bitpack: a reader that goes away ends it quietly" {
  run bash -c 'bitpack --from=raw /dev/zero | head -c 100 >first; echo "${PIPESTATUS[@]}"'
  [ "$output" = "141 0" ]
}

@test "bitpack: binary output does not go to a terminal, text does" {
  run -2 script -qec "bitpack windows" /dev/null
  [[ $output == *"refusing to write binary data to a terminal"* ]]
  run -0 script -qec "bitpack --to=text small" /dev/null
}

# ---- Usage ----

@test "bitpack: wrong usage exits 2 with one line" {
  for how in "-v 0" "-v 17" "-v 1x" "-v" "-u -v 8" "-u --to=text" "-u --from=windows" "--to=json" "--from=text" \
    "--from=ids" "--from=ids --vocab=1" "--from=ids --vocab=65537" "--from=ids --vocab=10 -v 8" "--vocab=10" "--text=text" \
    "--from=raw -v 16" "--from=raw --vocab=256" "--from=raw --to=text" "--from=ids --vocab=9 --keep-going" \
    "-T 2" "--cpu=ref" "-x" "--frobnicate"; do
    # shellcheck disable=SC2086
    run -2 --separate-stderr bitpack $how windows </dev/null
    [ -z "$output" ]
    [ "${#stderr_lines[@]}" -eq 1 ]
  done
}

@test "bitpack: --help lists every option of the page, --version says nct" {
  run -0 --separate-stderr bitpack --help
  [ -z "$stderr" ]
  for o in -v -u --to --from --vocab --text --keep-going --output --quiet --verbose --help --version; do
    [[ $output == *"$o"* ]]
  done
  [[ $output != *--threads* ]]
  run -0 bitpack -V
  [[ ${lines[0]} == "bitpack (nct) "* ]]
}

@test "bitpack: standard input may be named more than once" {
  printf 'text' | acwin >w
  bitpack w >toks
  bitpack - - <w | cmp - toks
}
