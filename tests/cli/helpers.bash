# helpers.bash - what the bats files share: a working folder, texts, faults, programs that run beside the test.
bats_require_minimum_version 1.5.0

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
  shopt -s nullglob
}

teardown() { end_all; }

# The sample novel, or its first N bytes.
sample() { xz -dc "$NCT_ROOT/examples/sample.txt.xz" | head -c "${1:-2000000}"; }

# N bytes that no model expects, the same every time.
noise() { awk -v n="$1" 'BEGIN { x = 1; for (i = 0; i < n; i++) { x = (x * 1103515245 + 12345) % 2147483648; printf "%c", int(x / 65536) % 256 } }' | LC_ALL=C head -c "$1"; }

# in_pieces N FILE: its bytes, by writes of N or fewer.
in_pieces() { dd if="$2" bs="$1" status=none; }

# A unigram model of the sample: made and evaluated in no time.
quick_model() {
  local kept=$BATS_FILE_TMPDIR/quick_model # for the file's other tests
  [ -e "$kept" ] || { sample 200000 | m1train -q -k unigram >"$kept.part" && mv "$kept.part" "$kept"; }
  cp "$kept" "$1"
}

# flip FILE AT: changes the byte at offset AT.
flip() {
  local byte
  byte=$(od -An -tu1 -j "$2" -N 1 "$1")
  printf -v byte '\\%03o' $((byte ^ 0x55))
  # shellcheck disable=SC2059 # the format is the byte
  printf "$byte" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# needs PROGRAM...: the test is skipped where one is missing.
needs() {
  local program
  for program; do command -v "$program" >/dev/null || skip "no $program"; done
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

# ---- programs that run beside the test ----

# A test waits until a condition holds, never for a time. Deadlines only end tests that fail: no busy machine comes near them.
deadline=600 # seconds

# start COMMAND [ARGUMENT...]: runs a program (no function) in the background, with no input; its number is in $started. It is the
# first of a process group, so that end_all ends what it has started, too.
start() { launch "$@" </dev/null; }

# feed COMMAND [ARGUMENT...]: start, but its standard input is what this shell's programs write to descriptor 9, until `exec 9>&-`.
# Each call makes a FIFO of its own, and opens it for both first: so no open waits, and no other program holds an end of it.
feed() {
  rm -f feed.pipe
  mkfifo feed.pipe
  exec 8<>feed.pipe 9>feed.pipe
  launch "$@" <feed.pipe
  exec 8>&-
}

launch() {
  set -m
  "$@" 3>&- 8>&- 9>&- & # 3 is what bats waits for
  set +m
  started=$!
  trap 'exit 143' TERM HUP # by way of teardown
}

# The numbers of what was started and still runs. One that has ended may be another process's by now, so it is never sent a signal.
running() { jobs -pr; }

# Kills all that was started and waits for it.
end_all() {
  local group
  for group in $(running); do
    kill -KILL -- "-$group" 2>/dev/null || true
    wait "$group" 2>/dev/null || true
  done
}

# await COMMAND [ARGUMENT...]: waits until the command succeeds. Fails if what was started last ends before.
await() {
  local end=$((SECONDS + deadline)) ended=
  until "$@"; do
    [ -z "$ended" ] || { echo "it ended without: $*"; return 1; }
    ((SECONDS < end)) || { echo "not within $deadline seconds: $*"; return 1; }
    if gone; then ended=1; else sleep 0.02; fi
  done
}

# ends STATUS: waits until what was started last has ended, with that status. (`run wait` would do so in a subshell, which has no children.)
ends() {
  local status=0
  await gone
  wait "$started" || status=$?
  [ "$status" -eq "$1" ] || { echo "status $status, not $1"; return 1; }
}

# ended NUMBER: no such process runs. One that has ended counts, even if nobody has asked for its status yet: some systems' first
# process is late with that.
ended() {
  local stat
  { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 0
  [[ ${stat##*) } == Z* ]]
}

# group_ended NUMBER: the same of all processes of a group.
group_ended() {
  cat /proc/[0-9]*/stat 2>/dev/null | sed 's/.*) //' | awk -v group="$1" '$3 == group && $1 != "Z" { found = 1 } END { exit found }'
}

# Conditions.
gone() { [[ $'\n'$(running)$'\n' != *$'\n'$started$'\n'* ]] || ended "$started"; } # a subshell's jobs stay as they were when it began
has_bytes() { [ -e "$1" ] && [ "$(wc -c <"$1")" -ge "$2" ]; } # FILE N
has_lines() { [ -e "$1" ] && [ "$(wc -l <"$1")" -ge "$2" ]; } # FILE N

# The program has begun, and all of its threads wait for something: for input that has not come, where it writes to a file.
asleep() {
  [ "$(cat "/proc/$started/comm")" != bash ] || return 1
  [ "$(cat "/proc/$started/task/"*/stat 2>/dev/null | sed 's/.*) //; s/ .*//' | sort -u)" = S ]
}

# limited COMMAND [ARGUMENT...]: ends it at the deadline, with status 124: for a fault that would make it run for ever.
limited() { timeout "$deadline" "$@"; }
