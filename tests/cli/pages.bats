# pages.bats - the examples of every manual page, which are the lines "$ command" under EXAMPLES, run as they are
# printed, and so do the commands in README.md.
load helpers

setup() {
  needs mandoc col
  cd "$BATS_TEST_TMPDIR" || return 1
}

# Makes the only files that examples may assume: a text, its lines, and ids that another tokenizer made of them.
files() {
  sample 20000 >text
  head -n 100 text >lines
  awk '{ for (i = 1; i <= NF; i++) printf "%d ", length($i) * 1000 + i; print "" }' lines >ids
}

# examples PAGE: prints its commands, each on one line, however wide.
examples() {
  mandoc -T ascii -O width=1000 "$1" | col -b | sed -n '/^EXAMPLES$/,/^[A-Z]/ { /^EXAMPLES$/d; s/^[[:space:]]*\$ //p; }'
}

# Shell code that is put before an example. It ends the shell when a command fails in any part of a pipe. SIGPIPE (141)
# is a failure in the last part alone, since a part may stop reading before its input ends.
# shellcheck disable=SC2016 # for the shell that runs the example
strict='set -o pipefail
trap '\''parts=("${PIPESTATUS[@]}")
  for ((i = 0; i < ${#parts[@]}; i++)); do
    ((parts[i] == 0 || (parts[i] == 141 && i < ${#parts[@]} - 1))) || exit 1
  done'\'' ERR
'

# run_examples PAGE: runs them in the page's order, in a new folder, where later ones find what earlier ones wrote.
run_examples() {
  local commands command
  commands=$(examples "$1")
  [ -n "$commands" ] || { echo "$1: no examples"; return 1; }
  rm -rf run && mkdir run && cd run && files || return 1
  while IFS= read -r command; do
    echo "$1: \$ $command"
    bash -c "$strict$command"$'\n:' </dev/null || return 1
  done <<<"$commands"
  cd ..
}

@test "pages: every tool's page has examples, and all of them run" {
  for page in "$NCT_ROOT"/man/*.1; do
    run_examples "$page"
  done
}

@test "pages: the examples of nct(7) run" {
  run_examples "$NCT_ROOT/man/nct.7"
}

@test "pages: the commands that README.md gives for a text of one's own run, with fewer steps of training" {
  needs python3
  # The lines that begin with four blanks, up to the section "The two codes".
  sed -n '/^## Your own text$/,/^## The two codes$/ s/^    //p' "$NCT_ROOT/README.md" >commands
  [ "$(wc -l <commands)" -eq 16 ]
  [ "$(grep -c -- ' -n 300 ' commands)" -eq 1 ]
  sed -i 's/ -n 300 / -n 3 /' commands
  ln -s "$NCT_ROOT/examples" .
  sample 60000 >my.txt
  while IFS= read -r command; do
    echo "README.md: $command"
    bash -c "$strict$command"$'\n:' </dev/null || return 1
  done <commands
  [ "$(acwin -l toks12 | cut -f 3,4,5 | tail -n 1)" = $'best\t12\t4096' ]
}

@test "pages: an example that fails is noticed, in any part of a pipe" {
  page() { printf '.Dd January 1, 2027\n.Dt X 1\n.Os\n.Sh EXAMPLES\n.Dl $ %s\n.Sh SEE ALSO\n.Dl $ false\n' "$1" >x.1; }
  for good in "acwin text | acwin -d | cmp - text" "yes | head -n 1"; do
    page "$good"
    run -0 run_examples x.1
  done
  for bad in "acwin text | cmp - text" "acwin nowhere | cat" "acwin nowhere; true" "false"; do
    page "$bad"
    run ! run_examples x.1
  done
}

# dumped PAGE: its lines "offset, eight bytes" as `od -A d -t x1 -w8` writes them.
dumped() { mandoc -T ascii -O width=1000 "$1" | col -bx | grep -oE '^ *[0-9]+( [0-9a-f]{2}){8}' | awk '{ $1 = sprintf("%07d", $1) } 1'; }

@test "pages: the stream that nct-formats(5) prints is the one that the tools write, and it decodes" {
  needs mandoc col
  run_examples "$NCT_ROOT/man/nct-formats.5"
  dumped "$NCT_ROOT/man/nct-formats.5" >told
  [ "$(wc -l <told)" -eq 28 ]
  od -A d -t x1 -v -w8 run/hi | sed '$d' | cmp - told
  # shellcheck disable=SC2059 # the bytes are the format
  printf "$(cut -c 8- told | tr -d '\n' | sed 's/ /\\x/g')" >stream
  acwin -d stream | cmp - <(printf 'Hi\0')
  printf '3351400\tHi\n16777215\t\\E\n' | cmp - <(acwin -d --show stream)
  # As the page says, tokens have three other bytes in the header, and the same payload.
  bitpack -v 8 stream >tokens
  cmp -l stream tokens | awk '$1 > 136 && $1 <= 160' | cmp - /dev/null
  [ "$(cmp -l stream tokens | awk '$1 <= 64 { printf "%d ", $1 - 1 }')" = "10 13 16 " ]
}

@test "pages: the CRC64 of nct-formats(5) has the check value that it says" {
  needs mandoc col
  # A stream's header ends with the CRC of what is before it. The test computes it with the page's polynomial.
  polynomial=$(mandoc -T ascii -O width=1000 "$NCT_ROOT/man/nct-formats.5" | col -bx | grep -oE 'C96C[0-9A-F]{12}')
  check=$(mandoc -T ascii -O width=1000 "$NCT_ROOT/man/nct-formats.5" | col -bx | grep -oE '995D[0-9A-F]{12}')
  crc() { # of the decimal bytes on standard input
    local crc=-1 byte i
    while read -r byte; do
      crc=$((crc ^ byte))
      for ((i = 0; i < 8; i++)); do crc=$((((crc >> 1) & 0x7fffffffffffffff) ^ (crc & 1 ? 16#$polynomial : 0))); done
    done
    printf '%016X\n' $((~crc))
  }
  bytes() { od -An -v -t u1 -w1; }
  [ "$(printf 123456789 | bytes | crc)" = "$check" ]
  : | acwin >w
  [ "$(head -c 64 w | bytes | crc)" = "$(od -An -t x8 -j 64 -N 8 w | tr -d ' ' | tr a-f A-F)" ]
}
