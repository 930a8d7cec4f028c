# helpers.bash - what the bats files share: a working folder, texts, faults, programs that run beside the test.
bats_require_minimum_version 1.5.0

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
  shopt -s nullglob
}

teardown() { end_all; }

# The sample novel, or its first N bytes.
sample() { xz -dc "$NCT_ROOT/examples/sample.txt.xz" | head -c "${1:-2000000}"; }

# N pseudo-random bytes, the same every time.
noise() { awk -v n="$1" 'BEGIN { x = 1; for (i = 0; i < n; i++) { x = (x * 1103515245 + 12345) % 2147483648; printf "%c", int(x / 65536) % 256 } }' | LC_ALL=C head -c "$1"; }

# in_pieces N FILE: copies FILE to standard output by writes of N bytes or fewer.
in_pieces() { dd if="$2" bs="$1" status=none; }

# quick_model FILE: makes a unigram model of the sample, which is trained and evaluated fast.
quick_model() {
  local kept=$BATS_FILE_TMPDIR/quick_model # shared with the bats file's other tests
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

# needs PROGRAM...: skips the test if one is missing.
needs() {
  local program
  for program; do command -v "$program" >/dev/null || skip "no $program"; done
}

long_test() { [ -n "${NCT_LONG:-}" ] || skip "long: make check-long"; }

# same_back FILE [ACWIN OPTION...]: encodes and decodes FILE, and compares. The stream is left in back.windows.
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

# Tests wait for conditions, never for a fixed time. The deadline only ends tests that fail. It is so long that no busy
# machine reaches it.
deadline=600 # seconds

# start COMMAND [ARGUMENT...]: runs a program, not a shell function, in the background and without input. $started is
# its process id. The program leads a process group of its own, so end_all also ends what it starts.
start() { launch "$@" </dev/null; }

# feed COMMAND [ARGUMENT...]: as start, but the program reads what the test writes to descriptor 9. `exec 9>&-` ends its
# input. Each call makes a new FIFO. Descriptor 8 opens it for reading and writing first, so that no open() blocks. No
# other program holds an end of it.
feed() {
  rm -f feed.pipe
  mkfifo feed.pipe
  exec 8<>feed.pipe 9>feed.pipe
  launch "$@" <feed.pipe
  exec 8>&-
}

launch() {
  set -m
  "$@" 3>&- 8>&- 9>&- & # bats waits until nobody has 3 open
  set +m
  started=$!
  trap 'exit 143' TERM HUP # so that teardown runs
}

# The process ids of what was started and still runs. The id of a process that has ended may belong to another one, so
# it must not get a signal.
running() { jobs -pr; }

# Kills all that was started and waits for it.
end_all() {
  local group
  for group in $(running); do
    kill -KILL -- "-$group" 2>/dev/null || true
    wait "$group" 2>/dev/null || true
  done
}

# await COMMAND [ARGUMENT...]: waits until the command succeeds. Fails if the program started last ends first.
await() {
  local end=$((SECONDS + deadline)) ended=
  until "$@"; do
    [ -z "$ended" ] || { echo "it ended without: $*"; return 1; }
    ((SECONDS < end)) || { echo "not within $deadline seconds: $*"; return 1; }
    if gone; then ended=1; else sleep 0.02; fi
  done
}

# ends STATUS: waits until the program started last has ended, and checks its status. (`run wait` would not do: it runs
# in a subshell, which has no children.)
ends() {
  local status=0
  await gone
  wait "$started" || status=$?
  [ "$status" -eq "$1" ] || { echo "status $status, not $1"; return 1; }
}

# ended PID: no such process runs. A zombie counts as ended, since process 1 of some systems is slow to reap it.
ended() {
  local stat
  { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 0
  [[ ${stat##*) } == Z* ]]
}

# group_ended PGID: all processes of a group have ended.
group_ended() {
  cat /proc/[0-9]*/stat 2>/dev/null | sed 's/.*) //' | awk -v group="$1" '$3 == group && $1 != "Z" { found = 1 } END { exit found }'
}

# Conditions for await. In a subshell, `jobs` shows what ran when the subshell began, so gone() also asks ended().
gone() { [[ $'\n'$(running)$'\n' != *$'\n'$started$'\n'* ]] || ended "$started"; }
has_bytes() { [ -e "$1" ] && [ "$(wc -c <"$1")" -ge "$2" ]; } # FILE N
has_lines() { [ -e "$1" ] && [ "$(wc -l <"$1")" -ge "$2" ]; } # FILE N

# The program has begun, and all of its threads sleep. If it writes to a file, they wait for input.
asleep() {
  [ "$(cat "/proc/$started/comm")" != bash ] || return 1
  [ "$(cat "/proc/$started/task/"*/stat 2>/dev/null | sed 's/.*) //; s/ .*//' | sort -u)" = S ]
}

# limited COMMAND [ARGUMENT...]: ends it at the deadline, with status 124, if a fault makes it run for ever.
limited() { timeout "$deadline" "$@"; }
