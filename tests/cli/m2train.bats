#!/usr/bin/env bats
# m2train.bats - training on any tokens, stopping and going on, checkpoints, evaluation, refusals, wrong usage.
# shellcheck disable=SC2154,SC2086 # bats sets stderr and output; options are to be split

load helpers

# Shared by all tests, only read: tokens, and a run of 120 steps without a break, its log and its checkpoint.
setup_file() {
  export MODEL=$BATS_FILE_TMPDIR/m1
  cd "$BATS_FILE_TMPDIR" || return
  sample 60000 >text
  sample 90000 | tail -c 30000 >other
  quick_model m1
  acwin -m m1 text | bitpack -v8 >toks
  acwin -m m1 other | bitpack -v8 >held
  again
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  ln -s "$BATS_FILE_TMPDIR"/{text,toks,held} .
  reference=$BATS_FILE_TMPDIR
}

net="-T 1 -s d=32,layers=1,heads=2,ff=64 -B 4 -L 32"
kept="-C ckpt --save-every=20 --log=log -e held --eval-every=40 -o model toks"
whole="$net -n 120 $kept"
# The learning rates of such a run do not depend on its length. So a test can stop a run of hours, and then let it go on
# to a step of its choice.
steady="$net --warmup=1000 --cooldown=0"
small() { m2train -q $net "$@"; }
again() { m2train -q $whole "$@"; }

same_as_unbroken() {
  cmp model "$reference/model"
  cmp ckpt "$reference/ckpt"
  cmp log "$reference/log"
}

# cell TABLE ROW COLUMN: a cell of an evaluation table. ROW is the row's first field, with a colon and the index if it
# has one. COLUMN is the column's name.
cell() {
  awk -F '\t' -v row="$2" -v column="$3" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == column) at = i; next }
    ($2 == "" ? $1 : $1 ":" $2) == row { print $at; exit }' "$1"
}

@test "m2train: the same bytes with one thread and with two" {
  again -T 2
  same_as_unbroken
}

@test "m2train: training lowers the cost, and the log has a row a step" {
  [ "$(head -n 1 log "$reference/log" 2>/dev/null | grep step | tr '\t' ' ')" = "step lr train_bits_per_byte eval_bits_per_byte train_flops" ]
  awk -F'\t' 'NR == 2 { first = $3 } END { exit !(NR == 121 && $1 == 120 && $3 < first - 0.3 && $4 != "") }' "$reference/log"
  awk -F'\t' '$4 != "" && NR > 1 { print $1 }' "$reference/log" | diff - <(printf '40\n80\n120\n')
}

# A step has 4 * 32 tokens. A token takes 6 operations for each of 10,400 parameters, which a test below counts, and for
# each of 256 * 32 in the output layer.
@test "m2train: the log counts FLOPs, and a log of before that column gets it when it is continued" {
  awk -F '\t' 'NR > 1 && $5 + 0 != NR - 1 { exit 1 }' <(awk -F '\t' -v OFS='\t' -v each=$((6 * (10400 + 8192) * 128)) '{ $5 /= each; print }' "$reference/log")
  for cut in 0 1; do
    mkdir $cut
    cp "$reference"/{ckpt,log} $cut
    ln -s ../{toks,held} $cut
    [ $cut = 0 ] || cut -f 1-4 "$reference/log" >$cut/log
    (cd $cut && m2train -q $net -n 140 $kept)
  done
  cmp 0/log 1/log
  [ "$(tail -n 1 0/log | cut -f 5)" = "$(awk 'BEGIN { printf "%.9g", 140 * 6 * 18592 * 128 }')" ]
  cut -f 1-3 "$reference/log" >1/log # columns that no version wrote
  cp "$reference/ckpt" 1
  cd 1
  run -3 --separate-stderr m2train -q $net -n 140 $kept
  [[ $stderr == *"log: not a log with these columns, so it cannot be continued" ]]
}

@test "m2train: a run that was killed goes on from its last checkpoint to the same bytes" {
  local steps file
  start m2train -q $steady -n 10000000 $kept 2>err
  await has_lines log 50
  kill -KILL "$started"
  ends 137
  [ ! -e model ]
  steps=$(($(wc -l <log) + 50))
  mkdir unbroken
  (cd unbroken && ln -s ../{toks,held} . && m2train -q $steady -n $steps $kept)
  m2train -q $steady -n $steps $kept
  for file in model ckpt log; do cmp $file unbroken/$file; done
}

@test "m2train: a run stopped by a signal is saved, says how to go on, and goes on" {
  start m2train $net -n 10000000 -C c --log=l -o m toks 2>err
  await has_lines l 5
  kill -TERM "$started" # not INT, which is ignored where the tests themselves run in the background
  ends 143
  grep -qx 'm2train: stopped after step [0-9]*, saved in c; the same command goes on from there' err
  [ ! -e m ]
  m2train --verbose $net -n 1 -C c -o m toks 2>err
  grep -qx "resumed_step=$(($(wc -l <l) - 1))" err
}

@test "m2train: what is kept is the best evaluation, and evaluating it says the same" {
  m2train -E -m "$reference/model" held >table
  awk -F'\t' 'NR > 1 && $4 != "" && (best == "" || $4 < best) { best = $4 } END { print best }' "$reference/log" >best
  bits=$(awk -v n="$(cell table total nats)" -v b="$(cell table total text_bytes)" 'BEGIN { printf "%.6f", n / log(2) / b }')
  # The run evaluated all of `held`, too.
  awk -v a="$bits" -v b="$(cat best)" 'BEGIN { exit !(a - b < 0.0001 && b - a < 0.0001) }'
}

@test "m2train: the evaluation's table: totals, places in the window, counts" {
  m2train -E -m "$reference/model" held >table
  [ "$(cell table total tokens)" = "$(bitpack --to=raw held | wc -c)" ]
  [ "$(cell table total text_bytes)" = "$(acwin -l held | cut -f 16 | tail -n 1)" ]
  [ "$(cell table total vocabulary) $(cell table total token_bits) $(cell table total window_bits) $(cell table total resets) $(cell table total code)" = "256 8 16 1 split" ]
  [ "$(cell table total m2_output_parameters)" = $((256 * 32)) ]
  [ "$(cell table total m2_parameters)" = $((4 * 32 * 32 + 3 * 32 * 64 + 3 * 32 + 2 * 32)) ] # q k v proj; gate up down; norms; bias
  [ "$(cell table position:0 tokens)" = "$(cell table position:8 tokens)" ]
  awk -F'\t' '$1 == "position" { t += $3; n += $5; a += $3 * $8 } $1 == "total" { T = $3; N = $5; A = $3 * $8 }
    END { exit !(t == T && n - N < 0.01 && N - n < 0.01 && a - A < 1 && A - a < 1) }' table
  bitpack --to=text held | tr ' ' '\n' | grep . | sort -n | uniq -c | awk '{ print $2 "\t" $1 }' >want
  awk -F'\t' '$1 == "token" { print $2 "\t" $3 }' table | cmp - want
  bpbcalc table | awk -F'\t' 'NR == 2 { exit !($6 > 1 && $6 < $4 && $5 < $4) }' # M2 and unigram beat uniform
}

@test "m2train: --weights: what fewer bits cost is measured, and is little" {
  for type in f32 bf16 int8; do m2train -E --cpu=ref -m "$reference/model" --weights=$type held | sed -n 2p | cut -f 7 >$type; done
  m2train -E --cpu=ref -m "$reference/model" held | sed -n 2p | cut -f 7 | cmp - f32
  for type in bf16 int8; do
    run ! cmp -s $type f32
    awk -v a="$(cat f32)" -v b="$(cat $type)" 'BEGIN { exit !(b < 1.005 * a && b > 0.995 * a) }'
  done
}

@test "m2train: the same table for any batch, thread count and way in" {
  m2train -E -T 1 -m "$reference/model" held >one
  m2train -E -T 2 -m "$reference/model" <held >two
  cmp one two
  m2train -E -B 3 -m "$reference/model" held | awk -F'\t' '$1 == "total" { print $7 }' >three
  awk -v a="$(cell one total bits_per_token)" -v b="$(cat three)" 'BEGIN { exit !(a - b < 1e-4 && b - a < 1e-4) }' # rounding alone
  m2train -E -L 64 -m "$reference/model" held >long
  run ! cmp -s one long
}

@test "m2train: foreign tokens train; without text they have bits per token, and no bits per byte" {
  awk 'BEGIN { for (i = 0; i < 300; i++) { for (j = 0; j < 20; j++) printf "%d ", (i + j) % 300; print "" } }' >ids
  bitpack --from=ids --vocab=300 ids >foreign
  m2train --verbose $net -n 3 -e foreign --log=log -o m foreign 2>err
  grep -q 'eval_bits_per_token=' err
  run ! grep -q per_byte err
  [ "$(head -n 1 log | tr '\t' ' ')" = "step lr train_bits_per_token eval_bits_per_token train_flops" ]
  m2train -E -m m foreign >table
  [ "$(cell table total tokens):$(cell table total text_bytes)" = 6000: ]
  run -3 --separate-stderr bpbcalc table
  [[ $stderr == *"text bytes are not known"* ]]
  awk '{ print "twenty words or so" }' ids >lines
  bitpack --from=ids --vocab=300 --text=lines ids >known
  for both in "foreign known" "known foreign"; do # if either has no text bytes, nothing is per byte
    set -- $both
    m2train --verbose $net -n 3 -e "$1" --log=log -C "ckpt.$1" -o m "$2" 2>err
    grep -q 'eval_bits_per_token=' err
    run ! grep -q per_byte err
    run ! grep -q per_byte log
    run ! grep -q bits_per_byte m
  done
  cp ckpt.foreign c
  run -1 --separate-stderr small -n 6 -e known -C c -o m known # best bits per token and per byte do not compare
  [[ $stderr == *"made with validation CRC "*", bits per token, not CRC "*", bits per byte" ]]
  m2train -E -m m known >table
  [ "$(cell table total text_bytes)" = "$(wc -c <lines)" ]
}

@test "m2train: bytes, and 16-bit tokens" {
  head -c 3000 text | bitpack --from=raw >bytes
  small -n 2 -o m bytes
  [ "$(m2train -E -m m bytes | cut -f 9,13 | sed -n 2p)" = "256	none" ]
  head -c 3000 text | acwin -m "$MODEL" | bitpack -v16 >wide
  small -n 2 -o m wide
  [ "$(m2train -E -m m wide | cut -f 9,13 | sed -n 2p)" = "65536	split" ]
}

@test "m2train: files joined by cat and operands one after another are the same tokens" {
  small -n 3 -o want toks held
  cat toks held | small -n 3 -o got
  cmp want got
  mkfifo pipe
  start sh -c 'cat toks held >pipe'
  small -n 3 -o got pipe
  ends 0
  cmp want got
}

@test "m2train: a small text is learnt by heart" {
  head -c 2000 text | bitpack --from=raw >bytes
  m2train -q -T 1 -s d=64,layers=2,heads=2,ff=128 -B 4 -L 200 -n 500 --warmup=100 -o m bytes
  m2train -E -m m bytes | bpbcalc | awk -F'\t' 'NR == 2 { print $6; exit !($6 < 0.1) }'
}

@test "m2train: tokens of other models, windows, damage: refused" {
  head -c 3000 text | acwin -b 24 -m "$MODEL" | bitpack -v8 >other
  run -1 --separate-stderr small -n 1 -o m toks other
  [[ $stderr == "m2train: other: other tokens than before: window bits 24, not 16" ]]
  run -1 --separate-stderr small -n 1 -o m -e other toks
  [[ $stderr == "m2train: other: the tokens to evaluate on have window bits 24, not 16" ]]
  run -1 --separate-stderr m2train -E -m "$reference/model" other
  [[ $stderr == "m2train: other: the tokens have window bits 24, not 16 as the model's" ]]
  head -c 3000 text | acwin -m "$MODEL" >windows
  run -3 --separate-stderr small -n 1 -o m windows
  [[ $stderr == "m2train: windows: windows, not tokens (see bitpack)" ]]
  cp toks bad
  flip bad 3000
  run -3 --separate-stderr small -n 1 -o m bad
  [[ $stderr == "m2train: bad: block 0 is damaged"* ]]
  head -c 5000 toks >cut
  run -3 --separate-stderr small -n 1 -o m cut
  [[ $stderr == "m2train: cut: stream ends early, block 0, byte 5000" ]]
  run -3 --separate-stderr small -n 1 -o m text
  [[ $stderr == "m2train: text: not an nct stream, byte 0" ]]
  run -3 --separate-stderr small -n 1 -o m /dev/null
  [[ $stderr == "m2train: /dev/null: stream ends early, byte 0" ]]
  printf '' | bitpack --from=ids --vocab=9 >none
  run -3 --separate-stderr small -n 1 -o m none
  [ "$stderr" = "m2train: none: no tokens to train on" ]
  run -3 --separate-stderr small -n 1 -o m -e none toks
  [ "$stderr" = "m2train: none: no tokens to evaluate on" ]
  run -3 --separate-stderr m2train -E -m "$MODEL" held
  [[ $stderr == "m2train: $MODEL: not a token model (M2)" ]]
  cp "$reference/model" bad
  flip bad 9000
  run -3 --separate-stderr m2train -E -m bad held
  [[ $stderr == "m2train: bad: the fingerprint is "* ]]
  head -c 9000 "$reference/model" >bad
  run -3 m2train -q -E -m bad held
  [ ! -e m ]
}

@test "m2train: a file that grows while it is read is refused, and what is not mapped never touched" {
  needs "${NCT_CC:-cc}"
  # A library whose mmap() maps a file, and then appends another stream to it.
  cat >growing.c <<'END'
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
void *mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset) {
  void *p = (void *)syscall(SYS_mmap, at, n, protection, flags, fd, offset);
  if (fd >= 0 && flags == MAP_SHARED && system("LD_PRELOAD= cat toks >>grows") != 0) abort();
  return p;
}
END
  "${NCT_CC:-cc}" -shared -fPIC -o growing.so growing.c
  cat toks >grows
  run -3 --separate-stderr env ASAN_OPTIONS=verify_asan_link_order=0 LD_PRELOAD="$PWD/growing.so" m2train -q $net -n 0 -o m grows
  [ "$stderr" = "m2train: grows: the file grows while it is read, byte $(wc -c <toks)" ]
  [ ! -e m ]
  cmp <(cat toks toks) grows
}

@test "m2train: a checkpoint made with other options is refused, and the difference named" {
  cp "$reference"/ckpt* .
  run -1 --separate-stderr again --seed=7
  [[ $stderr == "m2train: ckpt: made with seed 1, not 7" ]]
  run -1 --separate-stderr small -n 120 -C ckpt -o model toks
  [[ $stderr == *"made with validation CRC "*", not none" ]]
  run -1 --separate-stderr small -n 120 -C ckpt -e held -o model held
  [[ $stderr == *"made with examples "* ]]
  [ ! -e model ]
}

@test "m2train: a damaged checkpoint is passed over for the one before it, with a message" {
  cp "$reference"/ckpt* "$reference"/log .
  flip ckpt 3000
  m2train $whole 2>err
  grep -qx 'm2train: ckpt: damaged: CRC of its tensors; going on from the one before it, step 100' err
  same_as_unbroken
}

@test "m2train: a run that bursts stops at that step, names what burst, and leaves the checkpoint" {
  cp "$reference"/ckpt .
  run -1 --separate-stderr small -n 400 --lr=1e30 -C ckpt -e held -o model toks
  [[ $stderr == "m2train: training: step 12"[0-9]": "*"not"*"finite"* ]]
  cmp ckpt "$reference/ckpt"
  [ ! -e model ]
}

@test "m2train: what cannot fit in memory is refused before it starts, and what is needed is said" {
  run -1 --separate-stderr m2train -s 2b -B 1048576 -o model toks
  [[ $stderr == "m2train: training: needs "*" GB of memory, and this machine has "* ]]
  m2train --verbose $net -n 0 -o m toks 2>err
  grep -qx 'memory_bytes=[0-9]*' err
}

# Peak and products are timed one after the other, and other processes may slow either. So the share may exceed 1.
@test "m2train: --verbose says what the products' peak is, and which share of it was reached" {
  m2train --verbose $net -n 3 --log=l -o m toks 2>err
  awk -F= '$1 == "peak_gflops" { n++; ok = $2 > 0 } END { exit !(n == 1 && ok) }' err
  grep 'step=3 ' err | tr ' ' '\n' | awk -F= '$1 == "share_of_peak" { n++; ok = $2 ~ /^[0-9]+[.][0-9]+$/ } END { exit !(n == 1 && ok) }'
  ! grep -q peak l
}

@test "m2train: --compose: the same bytes for any threads; another model than without; any tool reads it" {
  m1train -q -k strings -b 11 -a words -o strings text
  acwin -b 11 -m strings text | bitpack >words
  acwin -b 11 -m strings <(sample 90000 | tail -c 30000) | bitpack >ahead
  composed="$net -n 40 -e ahead --eval-every=20 -M strings"
  m2train -q $composed -o whole words
  m2train -q $composed -T 3 -o threads words
  cmp whole threads
  m2train -q $net -n 40 -e ahead --eval-every=20 --no-compose -o plain words
  run ! cmp -s whole plain
  [ "$(wc -c <whole)" -eq "$(wc -c <plain)" ]
  m2train -E -m whole ahead | bpbcalc >table
  m2gen -m whole -n 8 --seed=1 | bitpack -u | acwin -d -m strings >/dev/null
  # The trainer prints the bits/byte of the model that it keeps. Evaluating the model file gives the same.
  m2train --verbose $composed -o again words 2>err
  awk -v said="$(sed -n 's/.*eval_bits_per_byte=//p' err | tail -n 1)" -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "m2_bpb") at = i }
    NR == 2 { exit !(sqrt(($at - said) ^ 2) < 2e-4) }' table
}

@test "m2train: --compose: what is the default; texts from a file" {
  local o
  head -c 5000 text | acwin | bitpack >built-in
  m2train -q $net -n 2 --no-compose -o apart built-in
  for o in "" --compose; do
    m2train $net -n 2 $o -o shared built-in 2>err
    [ ! -s err ]
    run ! cmp -s shared apart
  done
  m2train -q $net -n 2 -o other toks # split windows have no texts
  m2train -q $net -n 2 --no-compose -o apart toks
  cmp other apart
  m1train -q -k strings -b 11 -a words -o strings text
  acwin -b 11 -m strings text | bitpack >words
  m2train -q $net -n 2 --no-compose -o apart words
  run -0 --separate-stderr m2train $net -n 2 -o other words
  [ "$stderr" = "m2train: each token learns alone: -M FILE, the M1 of the tokens, would let them share what is learned" ]
  cmp other apart
  m2train -q $net -n 2 -M strings -o shared words
  acwin --strings=llmc -b 11 -m strings -o texts
  m2train -q $net -n 2 --texts=texts -o other words
  cmp other shared
  bitpack --to=text words | bitpack --from=ids --vocab=2048 >foreign
  m2train -q $net -n 2 --compose --texts=texts -o shared foreign
  m2train -q $net -n 2 -o apart foreign
  run ! cmp -s shared apart
  # No two of these four texts share a part: a letter, a number, another character, none.
  { head -c 8 texts; printf '\4\0\0\0\3\0\0\0'; head -c 1024 texts | tail -c +17; printf '\1a\0011\1(\0'; } >different
  echo 0 1 2 3 0 1 2 | bitpack --from=ids --vocab=4 >four
  run -0 --separate-stderr m2train $net -n 2 --texts=different -o shared four
  [ "$stderr" = "m2train: each token learns alone: no two texts share a part" ]
  m2train -q $net -n 2 -o apart four
  cmp shared apart
}

@test "m2train: --compose: a run goes on from its checkpoint, but not with other parts or without" {
  m1train -q -k strings -b 11 -a words -o strings text
  acwin -b 11 -m strings text | bitpack >words
  composed="$steady -M strings"
  start m2train -q $composed -n 1000000 --save-every=5 -C ck --log=l -o model words
  await has_lines l 12
  kill -TERM "$started"
  ends 143
  step=$(tail -n 1 l | cut -f 1)
  run -1 --separate-stderr m2train -q $steady -n $((step + 5)) -C ck -o model words
  [[ $stderr == *"made with parts "*", not (none)" ]]
  { acwin --strings=llmc -b 11 -m strings | head -c -16 && printf '\1x\15<|endoftext|>'; } >texts # another before the last
  run -1 --separate-stderr m2train -q $steady -n $((step + 5)) --texts=texts -C ck -o model words
  [[ $stderr == *"made with parts "*", not "* ]]
  m2train -q $composed -n $((step + 5)) -C ck -o model words
  m2train -q $composed -n $((step + 5)) -o whole words
  cmp model whole
  # Fewer steps than the run has had: the model is that of all of them.
  run -0 --separate-stderr m2train $composed -n 3 -C ck -o model words
  [ "$stderr" = "m2train: ck: is at step $((step + 5)) already: the model is made of that" ]
  cmp model whole
}

@test "m2train: --compose: tokens without texts, another M1, bad texts, and uses without effect are refused" {
  local bad
  run -3 --separate-stderr m2train $net -n 2 --compose -M "$MODEL" toks
  [[ $stderr == "m2train: $MODEL: the tokens are not windows of chosen strings"* ]]
  head -c 5000 text | acwin | bitpack >words
  run -1 --separate-stderr m2train $net -n 2 --compose -M "$MODEL" words
  [[ $stderr == "m2train: $MODEL: M1 "*", but the tokens are of M1 "* ]]
  run -1 m2train $net -n 2 --compose -M absent words
  run -3 m2train $net -n 2 -M "$MODEL" toks
  acwin --strings=llmc -o texts
  run -1 --separate-stderr m2train $net -n 2 --texts=texts toks
  [ "$stderr" = "m2train: texts: texts of 65536 tokens, but the streams' vocabulary is 256" ]
  acwin --strings=llmc --codebook=short -o other.texts
  run -1 --separate-stderr m2train $net -n 2 --texts=other.texts words
  [[ $stderr =~ ^"m2train: other.texts: texts of the codebook "[0-9a-f]{16}", but the tokens are of windows "[0-9a-f]{16}$ ]]
  bitpack --to=text words | bitpack --from=ids --vocab=65536 >foreign # of which nothing is known
  m2train -q $net -n 2 --texts=other.texts -o x foreign
  rm x
  run -3 --separate-stderr m2train $net -n 2 --texts=text toks
  [ "$stderr" = "m2train: text: not a file of token texts (see acwin --strings=llmc)" ]
  run -3 --separate-stderr m2train $net -n 2 --texts=<(head -c 2000 texts) words
  [[ $stderr == *": ends at byte 2000, within its texts" ]]
  run -1 --separate-stderr m2train $net -n 2 --texts=absent words
  [ "$stderr" = "m2train: absent: No such file or directory" ]
  for bad in "-M m1 --no-compose" "--texts=texts --no-compose" "-M m1 --texts=texts" "-E -m model --compose" \
    "-E -m model --no-compose" "-E -m model -M m1" "-E -m model --texts=texts"; do
    run -2 m2train $net -n 2 $bad toks
  done
  run -1 --separate-stderr m2train $net -n 2 --texts=texts -o texts words
  [ "$stderr" = "m2train: texts: -o would overwrite a file that is read: --texts texts" ]
}

@test "m2train: the model file has notes without paths and dates" {
  header=$(tail -c +9 "$reference/model" | head -c "$(od -An -tu8 -N 8 "$reference/model" | tr -d ' ')")
  [[ $header == *'"note.steps":"120"'* && $header == *'"note.bits_per_byte":"'[0-9]* ]]
  [[ $header != */* && $header != *"$(date +%Y)-"* ]]
}

@test "m2train: wrong usage exits 2" {
  local bad
  for bad in "-s 4m" "-n x" "-B 0" "-L 1" "--lr=0" "--log-timing" "--eval-every=5" "--save-every=5" "-e - -" "--cpu=none" \
    "-E" "-m model" "-E -m m -n 5" "-E -m m -e held" "-E -m m -C c" "--weights=bf16" \
    "-E -m m --weights=x" "--nonsense"; do
    run -2 --separate-stderr m2train -o model $bad <toks
    [[ $stderr == "m2train: "* ]]
  done
  [ ! -e model ]
}

@test "m2train: -q says nothing, --verbose or not" {
  run --separate-stderr m2train -q --verbose $net -n 1 -e held -o m toks
  [ "$status:$output$stderr" = 0: ]
}

@test "m2train: failures to read and to write exit 1" {
  run -1 --separate-stderr small -n 1 -o m nowhere
  [[ $stderr == "m2train: nowhere: No such file or directory" ]]
  run -1 --separate-stderr small -n 1 -o m -e nowhere toks
  [[ $stderr == "m2train: nowhere: No such file or directory" ]]
  run -1 --separate-stderr m2train -E -m nowhere toks
  [[ $stderr == "m2train: nowhere: No such file or directory" ]]
  run -1 --separate-stderr sh -c "m2train -q $net -n 1 toks >/dev/full"
  [ "$stderr" = "m2train: -: cannot write: No space left on device" ]
  run -1 --separate-stderr small -n 1 --log=/dev/full -o m toks
  [ "$stderr" = "m2train: /dev/full: No space left on device" ]
  # An output that cannot be written to is an error before training begins. This run would take days.
  run -1 --separate-stderr limited sh -c "m2train -q $net -n 100000000 toks >&-"
  [ "$stderr" = "m2train: -: Bad file descriptor" ]
  head -c 3000 text | acwin -b 24 -m "$MODEL" | bitpack -v8 >other # the evaluation would refuse it
  run -1 --separate-stderr m2train -E -m "$reference/model" -o none/table other
  [ "$stderr" = "m2train: none/table: No such file or directory" ]
  run -1 sh -c "m2train -q -E -m $reference/model held >/dev/full"
  run -1 --separate-stderr small -n 1 -C none/ckpt -o m toks
  [ "$stderr" = "m2train: none/ckpt: No such file or directory" ]
  run -1 --separate-stderr env TMPDIR="$PWD/none" m2train -q $net -n 1 -o m <toks
  [ "$stderr" = "m2train: temporary file in $PWD/none: No such file or directory" ]
  run -1 --separate-stderr env TMPDIR=. bash -c 'trap "" XFSZ; ulimit -f 1; m2train -q -s 3m -n 1 -o m' <toks
  [ "$stderr" = "m2train: temporary file in .: File too large" ]
}
