#!/usr/bin/env bats
# ranks.bats - one run on several processes by MPI: the same losses, shares, failures, a rank that is lost.
# shellcheck disable=SC2154,SC2086 # bats sets stderr and output; options are to be split

load helpers

setup_file() {
  cd "$BATS_FILE_TMPDIR" || return
  sample 60000 | bitpack --from=raw >toks
  sample 90000 | tail -c 30000 | bitpack --from=raw >held
  m2train -q $net -n 40 --log=log -o model toks
}

setup() {
  [ -e "$NCT_BIN/nct-mpi.so" ] || skip "built without OpenMPI"
  needs mpirun
  [ -z "${NCT_SAN:-}" ] || skip "sanitizers: OpenMPI keeps memory to its end"
  cd "$BATS_TEST_TMPDIR" || return
  ln -s "$BATS_FILE_TMPDIR"/{toks,held} .
  reference=$BATS_FILE_TMPDIR
}

# The row ref computes in floats. In bf16, a difference in the last digit of a float would grow by rounding.
net="-T 1 --cpu=ref -s d=32,layers=1,heads=2,ff=64 -B 8 -L 32 -e held --eval-every=20"
# A rank that waits gives up its core, since other tests run on the same cores.
mpi="mpirun --oversubscribe --allow-run-as-root --bind-to none --mca mpi_yield_when_idle 1"
ranks() { $mpi -n "$@" 2>"$BATS_TEST_TMPDIR/err"; }

# a_rank: the id of an m2train process that runs in this test's folder.
a_rank() {
  local p
  for p in /proc/[0-9]*; do
    [ "$(cat "$p/comm" 2>/dev/null)" != m2train ] || [ "$(readlink "$p/cwd")" != "$PWD" ] || { echo "${p#/proc/}"; return; }
  done
  return 1
}

# mpirun starts ranks in process groups of their own, which end_all cannot kill. On SIGTERM, mpirun ends them.
teardown() {
  for started in $(running); do kill -TERM "$started" && await gone; done
  end_all
}

# near A B: the losses of two logs agree, though floats were added in another order. The first loss agrees to its last
# printed digit. The others agree to 0.002 bits/byte, as rounding spreads in 40 steps.
near() {
  paste "$1" "$2" | awk -F'\t' 'NR == 1 { next } { d = $3 - $8; e = $4 - $9 }
    d > 0.002 || d < -0.002 || e > 0.002 || e < -0.002 || (NR == 2 && (d > 0.000002 || d < -0.000002)) { bad = 1 }
    END { exit bad || NR != 41 }'
}

# Ranks add in another order. So a few integers of M1 differ, a few windows begin elsewhere, and examples differ.
@test "ranks: training for windows, which rank 0 finds and all take" {
  sample 60000 >text
  local aware="m1train -q -T 1 --cpu=ref -s d=32,layers=1,heads=2,ff=64 -B 8 -L 32 -n 12 -b 16 -a words --no-codebook text"
  $aware --log=log -o model
  ranks 2 $aware --log=log2 -o two -C ckpt --save-every=8
  paste log log2 | awk -F'\t' 'NR > 1 { most = NR < 8 ? 0.0001 : 0.5; bad = bad || $3 - $8 > most || $8 - $3 > most } END { exit bad || NR != 13 }'
  mv ckpt.prev ckpt
  ranks 2 $aware --log=log2 -o again -C ckpt
  cmp two again
}

@test "ranks: two and four ranks have the losses of one, and the same bits whenever they are run" {
  ranks 2 m2train -q $net -n 40 --log=log2 -o two toks
  ranks 2 m2train -q $net -n 40 --log=again -o too toks
  cmp log2 again
  cmp two too
  near "$reference/log" log2
  ranks 4 m2train -q $net -n 40 --log=log4 -o four toks
  near "$reference/log" log4
}

# texts EOD: a file of 256 texts, each a byte, of which one stands for the end of documents. It begins with 0134d7c8.
texts() {
  LC_ALL=C awk -v eod="$1" 'BEGIN { printf "%c%c%c%c%c%c%c%c%c%c%c%c%c", 200, 215, 52, 1, 2, 0, 0, 0, 0, 1, 0, 0, eod
    for (i = 13; i < 1024; i++) printf "%c", 0; for (i = 0; i < 256; i++) printf "%c%c", 1, i }'
}

@test "ranks: texts that one rank lacks, or that are not those of rank 0, end the run" {
  local each
  each="exec m2train $net --texts=texts.\$OMPI_COMM_WORLD_RANK -n 40 -o two toks"
  texts 101 >texts.0
  run ! timeout 60 $mpi -n 2 sh -c "$each"
  [[ $output == *"m2train: texts.1: No such file or directory"* ]]
  mv texts.0 texts.1
  run ! timeout 60 $mpi -n 2 sh -c "$each"
  [[ $output == *"m2train: texts.0: No such file or directory"* ]]
  texts 100 >texts.0
  run ! timeout 60 $mpi -n 2 sh -c "$each"
  [[ $output == *"m2train: texts.0: the ranks have different texts of tokens"* ]]
  head -c 1100 texts.0 >texts.1
  run ! timeout 60 $mpi -n 2 sh -c "$each"
  [[ $output == *"m2train: texts.1: ends at byte 1100, within its texts"* ]]
  acwin --strings=llmc -o texts.1
  run ! timeout 60 $mpi -n 2 sh -c "$each"
  [[ $output == *"m2train: "*", on another rank"* ]]
  [ ! -e two ]
}

@test "ranks: tokens that share parts of their texts" {
  texts 0 >texts
  m2train -q $net --texts=texts -n 40 --log=log -o model toks
  ranks 2 m2train -q $net --texts=texts -n 40 --log=log2 -o two toks
  near log log2
  run ! cmp -s log "$reference/log"
}

@test "ranks: one rank under a launcher is the same as none" {
  ranks 1 m2train -q $net -n 40 --log=log -o model toks
  cmp log "$reference/log"
  cmp model "$reference/model"
}

@test "ranks: stopping and going on gives the same bits" {
  ranks 2 m2train -q $net -n 40 --log=whole -C a -o one toks
  ranks 2 m2train -q $net -n 15 --cooldown=8 --log=parts -C b -o x toks
  ranks 2 m2train -q $net -n 40 --log=parts -C b -o y toks
  near "$reference/log" whole
  [ "$(wc -l <parts)" = 41 ]
  ranks 2 m2train -q $net -n 40 --cooldown=8 --log=p -C c --save-every=15 -o z toks
  ranks 2 m2train -q $net -n 40 --cooldown=8 --log=q -C d --save-every=15 -o w toks
  cp c.prev d # the state of step 30
  ranks 2 m2train -q $net -n 40 --cooldown=8 --log=q -C d -o w toks
  cmp z w
  cmp p q
}

@test "ranks: a model on standard output passes through the launcher unchanged, and not to a terminal" {
  ranks 2 m2train -q $net -n 5 -o m toks
  ranks 2 m2train -q $net -n 5 toks | cmp - m
  run script -qec "$mpi -n 2 m2train -q $net -n 5 toks" /dev/null
  [ "$status" -ne 0 ]
  [[ $output == *"m2train: refusing to write binary data to a terminal"* ]]
}

@test "ranks: -E prints its table once, whole, as without a launcher" {
  m2train -q -E -T 1 --cpu=ref -m "$reference/model" held >table
  grep -q ^token table
  ranks 2 m2train -q -E -T 1 --cpu=ref -m "$reference/model" <held | cmp - table
  ranks 2 m2train -q -E -T 1 --cpu=ref -m "$reference/model" -o out2 held
  cmp out2 table
}

@test "ranks: m1train, too" {
  sample 30000 >text
  m1train -q -T 1 --cpu=ref -s d=32,layers=1,heads=2,ff=64 -B 4 -L 32 -n 10 --log=log1 -o one text
  ranks 2 m1train -q -T 1 --cpu=ref -s d=32,layers=1,heads=2,ff=64 -B 4 -L 32 -n 10 --log=log2 -o two text
  paste log1 log2 | awk -F'\t' 'NR > 1 && ($3 - $8 > 0.0001 || $8 - $3 > 0.0001) { bad = 1 } END { exit bad || NR != 11 }'
  head -c 2000 text | acwin -m two | acwin -d -m two | cmp - <(head -c 2000 text)
}

@test "ranks: rows that cannot be shared out, standard input: refused, once and in one line" {
  run -2 ranks 3 m2train $net -n 5 -o m toks
  [ "$(grep -c '^m2train:' err)" = 1 ]
  grep -qx 'm2train: training: 8 rows of a batch cannot be shared out evenly to 3 ranks' err
  run -2 ranks 2 m2train $net -n 5 -o m <toks
  grep -qx 'm2train: standard input reaches one rank alone: name files' err
  [ ! -e m ]
}

@test "ranks: a rank that is lost ends the run, and its checkpoint is good" {
  [ -r /proc/self/comm ] || skip "no /proc"
  local status=0
  start $mpi -n 2 m2train -q $net -n 10000000 --log=log -C ckpt --save-every=5 -o m toks 2>err
  await has_lines log 30
  kill -KILL "$(a_rank)"
  await gone
  wait "$started" || status=$?
  [ "$status" -ne 0 ]
  [ -s err ] # the launcher names the rank
  [ ! -e m ]
  m2train --verbose $net -n 1 -C ckpt -o m toks 2>said
  grep -q '^resumed_step=[0-9]*[05]$' said
}

@test "ranks: without the plug-in, a launcher is told so" {
  mkdir elsewhere
  cp "$NCT_BIN/m2train" elsewhere
  run -1 --separate-stderr env OMPI_COMM_WORLD_SIZE=2 elsewhere/m2train $net -n 1 -o m toks
  [[ $stderr == "m2train: nct-mpi.so: not there (built without OpenMPI), and without it ranks cannot train together" ]]
}
