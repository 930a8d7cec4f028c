#!/usr/bin/env bats
# m1train.bats - training from any kind of input, stopping and going on, checkpoints, unigram models, wrong usage.
# shellcheck disable=SC2154,SC2086 # bats sets stderr and output; options are to be split

load helpers

# Shared by all tests, only read: a text, a run of 160 steps without a break, its log and its checkpoint.
setup_file() {
  cd "$BATS_FILE_TMPDIR" || return
  seq 2000 | awk '{ printf "%d bottles of beer on the wall, take %d down%c", $1, $1 % 7, $1 % 50 ? "\n" : "\0" }' >text
  again
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  ln -s "$BATS_FILE_TMPDIR"/text .
  reference=$BATS_FILE_TMPDIR
}

# A net that trains in no time, and the run of setup_file.
net="-0 -T 1 -s d=32,layers=1,heads=2,ff=64 -B 4 -L 32"
kept="-C ckpt --save-every=20 --log=log -e text --eval-every=80 -o model text"
whole="$net -n 160 $kept"
# The learning rates of such a run do not depend on its length. So a test can stop a run of hours, and then let it go on
# to a step of its choice.
steady="$net --warmup=1000 --cooldown=0"

small() { m1train -q $net "$@"; }
again() { m1train -q $whole "$@"; }

# The model, checkpoint and log here equal those of setup_file's run, byte for byte.
same_as_unbroken() {
  cmp model "$reference/model"
  cmp ckpt "$reference/ckpt"
  cmp log "$reference/log"
}

# flip FILE AT: changes a bit of the byte at offset AT.
flip() {
  local byte
  byte=$(od -An -tu1 -j "$2" -N 1 "$1")
  # shellcheck disable=SC2059 # the format is the byte
  printf "$(printf '\\%03o' $((byte ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# interrupt SIGNAL STATUS: starts a run of hours here, and ends it once its log has 30 lines or more.
interrupt() {
  start m1train -q $steady -n 10000000 $kept 2>err
  await has_lines log 30
  kill "-$1" "$started"
  ends "$2"
}

# goes_on: resumes the interrupted run, past its next checkpoints. That gives the same bytes as a run without a break.
goes_on() {
  local steps=$(($(wc -l <log) + 50)) file
  mkdir unbroken
  (cd unbroken && ln -s ../text . && m1train -q $steady -n $steps $kept)
  m1train -q $steady -n $steps $kept
  for file in model ckpt log; do cmp $file unbroken/$file; done
}

@test "m1train: the same bytes with one thread and with two" {
  again -T 2
  same_as_unbroken
}

@test "m1train: another seed, another model" {
  small -n 5 -o a text
  small -n 5 -o b --seed=2 text
  run ! cmp -s a b
}

@test "m1train: the model codes text, and was measured as acwin codes it" {
  run --separate-stderr m1train --verbose $net -n 0 -C "$reference/ckpt" -e text -o model text
  [[ $stderr == *float_bits_per_byte=* ]]
  bits=$(sed -n 's/^integer_bits_per_byte=//p' <<<"$stderr")
  coded=$(acwin -0 -b 0 -m model text | wc -c)
  awk -v bits="$bits" -v coded="$coded" -v text="$(tr -d '\0' <text | wc -c)" \
    'BEGIN { exit !(bits > 0.1 && bits < 3 && coded * 8 / text < bits + 0.2) }'
  acwin -0 -m model text | acwin -d -m model | cmp - text
}

@test "m1train: training lowers the cost" {
  awk -F'\t' 'NR == 2 { first = $3 } END { exit !(NR == 161 && $1 == 160 && $3 < first - 2 && $4 != "" && $4 < first - 2) }' "$reference/log"
  awk -F'\t' '$4 != "" && NR > 1 { print $1 }' "$reference/log" | diff - <(printf '80\n160\n')
}

@test "m1train: .xz, .gz, .zst, files joined by cat and standard input are the text they hold" {
  small -n 3 -o want text
  xz -k <text >text.xz
  gzip -n <text >text.gz
  zstd -qc <text >text.zst
  small -n 3 -o got text.xz
  cmp got want
  small -n 3 -o got <text.gz
  cmp got want
  small -n 3 <text >got
  cmp got want
  head -c 30000 text >one
  tail -c +30001 text >two
  cat <(gzip <one) <(gzip <two) | small -n 3 -o got
  cmp got want
  cat <(xz <one) <(xz <two) | small -n 3 -o got -
  cmp got want
  small -n 3 -o got text.zst
  cmp got want
  { printf '\x5f\x2a\x4d\x18\x03\0\0\0abc'; zstd -qc <one; zstd -qc </dev/null; zstd -q --long=30 -c <two; printf '\x50\x2a\x4d\x18\0\0\0\0'; } >frames
  small -n 3 -o got frames # some frames are to be skipped, one is empty, one has a large window
  cmp got want
  small -n 3 <frames >got
  cmp got want
  small -n 3 -o got one two # under -0, operands follow each other as under cat
  cmp got want
  head -c 3000000 /dev/zero | tr '\0' a >letters
  m1train -q -k unigram -o want letters
  zstd -qc letters | m1train -q -k unigram -o got # the packed text fits into one buffer, the text does not
  cmp got want
}

@test "m1train: zeros behind a .gz file are padding, as for gzip(1); what follows them is not" {
  small -n 1 -o want text
  { gzip -n <text; head -c 100000 /dev/zero; } >padded.gz
  small -n 1 -o got padded.gz
  cmp got want
  small -n 1 <padded.gz >got
  cmp got want
  { cat padded.gz; gzip -n <text; } >more.gz
  run -3 --separate-stderr small -n 1 -o model more.gz
  [[ $stderr == "m1train: more.gz: .gz data is damaged, byte "* ]]
}

# refused FILE WHAT: m1train refuses FILE with the message WHAT, by name and on standard input, and writes nothing. With
# --plain it takes FILE.
refused() {
  run -3 --separate-stderr m1train -k unigram -o model "$1"
  [ "$stderr" = "m1train: $1: $2" ]
  run -3 --separate-stderr m1train -k unigram -o model <"$1"
  [ "$stderr" = "m1train: -: $2" ]
  run -3 --separate-stderr m1train -k unigram -e "$1" -o model text
  [ "$stderr" = "m1train: $1: $2" ]
  [ ! -e model ]
  run -0 --separate-stderr m1train -q -k unigram --plain -o model "$1"
  [ -z "$stderr" ]
  rm model
}

@test "m1train: other packed files, streams and models are no text, and refused by what they begin with" {
  printf 'BZh91AY&SY\1\2\3' >b
  refused b "a .bz2 file, not text (bzip2 -dc unpacks it; --plain takes its bytes)"
  printf 'PK\3\4\24\0\0' >z
  refused z "a .zip file, not text (unzip -p unpacks it; --plain takes its bytes)"
  printf '7z\xbc\xaf\x27\x1c\0\4' >7
  refused 7 "a .7z file, not text (7z x -so unpacks it; --plain takes its bytes)"
  printf '\x04\x22\x4d\x18d@\xa7' >l
  refused l "an .lz4 file, not text (lz4 -dc unpacks it; --plain takes its bytes)"
  printf 'PAR1\x15\x04' >p
  refused p "a Parquet file, not text (--plain takes its bytes)"
  acwin text >w
  refused w "a window stream, not text (acwin -d makes text of it; --plain takes its bytes)"
  bitpack w >t
  refused t "a token stream, not text (bitpack -u and acwin -d make text of it; --plain takes its bytes)"
  refused "$reference/model" "a safetensors file, such as models are, not text (--plain takes its bytes)"
  refused "$reference/ckpt" "a safetensors file, such as models are, not text (--plain takes its bytes)"
  gzip -n <t >t.gz # what is packed must be text, too
  run -3 --separate-stderr m1train -k unigram -o model t.gz
  [ "$stderr" = "m1train: t.gz: holds a token stream, not text" ]
  for word in 'PK is a name' 'BZh is not' 'PAR1 for the course' '7zip' 'Rar! he said' 'LZIP' '(\xb5'; do # text all the same
    # shellcheck disable=SC2059 # bytes are written as escapes
    printf "$word" >word
    m1train -q -k unigram -o model word
  done
}

@test "m1train: --plain takes compressed files as they are" {
  gzip -n <text >text.gz
  small -n 1 --plain -o plain text.gz
  small -n 1 -o unpacked text.gz
  run ! cmp -s plain unpacked
  run --separate-stderr m1train --verbose -k unigram --plain -o model text.gz
  [[ $stderr == "text_bytes=$(wc -c <text.gz) text_documents=1" ]]
}

@test "m1train: documents by operand and by NUL" {
  run --separate-stderr m1train --verbose -k unigram -o model text text
  [[ $stderr == "text_bytes=$((2 * $(wc -c <text))) text_documents=2" ]]
  run --separate-stderr m1train --verbose -0 -k unigram -o model text text
  [[ $stderr == "text_bytes=$((2 * $(tr -d '\0' <text | wc -c))) text_documents=80" ]]
  run --separate-stderr m1train --verbose -D '^[0-9]*00 ' -k unigram -o model text text
  [[ $stderr == "text_bytes=$((2 * $(wc -c <text))) text_documents=41" ]]
  tr '\0' '\n' <text >lines
  sed '1!s/^[0-9]*00 /\x0&/' lines >nuls
  printf '\0' >>nuls
  m1train -q -D '^[0-9]*00 ' -k unigram -o a lines
  m1train -q -0 -k unigram -o b nuls
  cmp a b
}

@test "m1train: damaged and cut input exits 3 and says where" {
  gzip -n <text >text.gz
  xz <text >text.xz
  zstd -qc <text >text.zst # with a checksum
  for f in text.gz text.xz text.zst; do
    head -c 1000 $f >part
    run -3 --separate-stderr small -n 1 -o model part
    [[ $stderr == "m1train: part: .${f##*.} data ends early, byte 1000" ]]
    flip $f 600
    run -3 --separate-stderr small -n 1 -o model $f
    [[ $stderr == "m1train: $f: .${f##*.} data is damaged, byte "* ]]
  done
  printf junk >>text.gz
  run -3 small -n 1 -o model text.gz
  [ ! -e model ]
}

@test "m1train: an empty text exits 3 and is named" {
  run -3 --separate-stderr small -n 1 -o model /dev/null
  [ "$stderr" = "m1train: /dev/null: no text to train on" ]
  for kind in transformer unigram strings; do
    : >none
    run -3 --separate-stderr m1train -k $kind -e none -o model text
    [ "$stderr" = "m1train: none: no text to evaluate on" ]
    run -3 --separate-stderr m1train -k $kind -o model none none
    [ "$stderr" = "m1train: operands: no text to train on" ]
  done
  [ ! -e model ]
}

@test "m1train: a run stopped by SIGTERM is saved, ends by the signal, and goes on to the same bytes" {
  interrupt TERM 143
  [ ! -s err ] # -q
  [ ! -e model ]
  m1train --verbose $net -n 0 -C ckpt -o early text 2>said
  # The log has a header and a row for each step. The last row is missing if the run stopped in that step's evaluation.
  lines=$(wc -l <log)
  grep -qxE "resumed_step=($((lines - 1))|$lines)" said
  goes_on
}

@test "m1train: a run that was killed goes on from its last checkpoint to the same bytes" {
  interrupt KILL 137
  printf '123\t0.1\t1' >>log # cut in the middle of a line
  goes_on
}

@test "m1train: a message says that a run was stopped, and how to go on" {
  start m1train $net -n 10000000 --log=log -C ckpt -o model text 2>err
  await has_lines log 3
  kill -TERM "$started"
  ends 143
  grep -qx 'm1train: stopped after step [0-9]*, saved in ckpt; the same command goes on from there' err
  rm ckpt* log
  start m1train $net -n 10000000 --log=log -o model text 2>err
  await has_lines log 3
  kill -TERM "$started"
  ends 143
  grep -qx 'm1train: stopped after step [0-9]*; nothing was saved (see -C)' err
  run ls model*
  [ "$status" -ne 0 ] # no temporary file either
}

@test "m1train: a damaged checkpoint is passed over for the one before it, with a message" {
  cp "$reference"/ckpt* "$reference"/log .
  flip ckpt 3000
  m1train $whole 2>err
  grep -qx 'm1train: ckpt: damaged: CRC of its tensors; going on from the one before it, step 140' err
  same_as_unbroken
  head -c 2000 ckpt >part
  cp part ckpt
  cp part ckpt.prev
  run -3 --separate-stderr again
  [[ $stderr == "m1train: ckpt: "* ]]
}

@test "m1train: a checkpoint made with other options is refused, and the difference named" {
  cp "$reference"/ckpt* .
  run -1 --separate-stderr again --seed=7
  [[ $stderr == "m1train: ckpt: made with seed 1, not 7" ]]
  run -1 --separate-stderr again -B 5
  [[ $stderr == *"made with rows 4, not 5" ]]
  run -1 --separate-stderr again -s d=32,layers=2,heads=2,ff=64
  [[ $stderr == *"made with size d=32,layers=1,heads=2,ff=64,reach=32, not d=32,layers=2,heads=2,ff=64,reach=32" ]]
  printf x >>text.other
  cat text >>text.other
  run -1 --separate-stderr small -n 160 -C ckpt -o model text.other
  [[ $stderr == *"made with text CRC "* ]]
  rm ckpt
  run -1 --separate-stderr again
  [[ $stderr == *"ckpt: missing, but ckpt.prev is there: rename it to go on from it, or remove it" ]]
  [ ! -e model ]
}

@test "m1train: a model comes from a checkpoint without training, and more steps may follow" {
  cp "$reference"/ckpt .
  small -n 0 -C ckpt -e text -o model text
  cmp ckpt "$reference/ckpt"
  small -n 170 -C ckpt --log=log -o longer text
  [ "$(sed -n '2p;$p' log | cut -f 1 | tr '\n' ' ')" = "161 170 " ]
}

@test "m1train: a run that bursts stops at that step with status 1 and leaves the checkpoint" {
  cp "$reference"/ckpt .
  run -1 --separate-stderr small -n 400 --lr=1e30 -C ckpt -o model text
  [[ $stderr == "m1train: training: step 1"[6-9][0-9]": "*"not"*"finite"* ]]
  cmp ckpt "$reference/ckpt"
  [ ! -e model ]
}

@test "m1train: what cannot fit in memory is refused before it starts" {
  run -1 --separate-stderr m1train -0 -s 2b -B 1048576 -o model text
  [[ $stderr == "m1train: training: needs "*" GB of memory, and this machine has "* ]]
}

@test "m1train: --accumulate makes steps of more batches, --log-timing adds columns" {
  small -n 4 --accumulate=3 --log=log --log-timing -o model text
  [ "$(head -n 1 log | tr '\t' ' ')" = "step lr train_bits_per_byte eval_bits_per_byte bytes_per_second seconds train_flops" ]
  awk -F'\t' 'NF != 7 { exit 1 }' log
  small -n 4 -B 12 --log=log -o wide text # the same examples in one batch: the same costs but for rounding
  small -n 4 --accumulate=3 --log=log3 -o model text
  paste log log3 | awk -F'\t' 'NR > 1 && ($3 - $8 > 0.001 || $8 - $3 > 0.001 || $5 != $10) { exit 1 }'
}

@test "m1train: the codebook is left out on demand, and acwin adds the same" {
  seq 30000 >text
  m1train -q -s d=16,layers=1,heads=2,ff=16 -n 5 -B 2 -L 32 --cooldown=0 -o with text
  m1train -q -s d=16,layers=1,heads=2,ff=16 -n 5 -B 2 -L 32 --cooldown=0 --no-codebook -o without text
  [ $(($(wc -c <with) - $(wc -c <without))) -gt 262144 ]
  acwin --compile -m without >made
  cmp <(acwin -m with text) <(acwin -m without text)
  cmp <(acwin -m made text) <(acwin -m without text)
  [ "$(grep -ao '"split16":"[0-9a-f]*"' with)" = "$(grep -ao '"split16":"[0-9a-f]*"' made)" ]
}

@test "m1train: unigram frequencies are those of the text" {
  printf aaab >few
  m1train -q -k unigram --no-codebook -o model few
  # freq follows the 8 bytes of length and the header; a: 3/5, b: 1/5, EOD: 1/5 of 2^20 - 257, each plus 1
  at=$((8 + $(od -An -tu8 -N 8 model)))
  od -An -v -w4 -tu4 -j "$at" model >freq
  [ "$(sed -n 99p freq)" -eq $((1 + (1048576 - 257) / 5)) ]
  [ "$(sed -n 257p freq)" -eq $((1 + (1048576 - 257) / 5)) ]
  awk '{ sum += $1 } END { exit !(NR == 257 && sum == 1048576) }' freq
  m1train -k unigram -e few -o model few 2>err
  bits=$(awk 'NR == 98 { a = $1 } NR == 99 { b = $1 } NR == 257 { e = $1 } END { printf "%.4f", -(3 * log(a) + log(b) + log(e) - 5 * log(1048576)) / log(2) / 4 }' freq)
  grep -qx "m1train: validation: $bits bits/byte" err
}

@test "m1train: notes say where a model comes from, without paths and dates" {
  header=$(tail -c +9 "$reference/model" | head -c "$(od -An -tu8 -N 8 "$reference/model" | tr -d ' ')")
  [[ $header == *'"note.steps":"160"'* ]]
  [[ $header == *'"note.seed":"1"'* ]]
  [[ $header =~ '"note.integer_bits_per_byte":"'[0-2][.][0-9]{4}'"' ]]
  [[ $header != */* && $header != *"$(date +%Y)-"* ]]
}

@test "m1train: wrong usage exits 2" {
  local bad
  for bad in "-k bigram" "-s 4m" "-s d=30,layers=1,heads=4,ff=8" "-n -1" "-n x" "-B 0" "-L 1" "--lr=0" "--lr=x" "--z-loss=-1" "--accumulate=0" \
    "--nonsense" "-k unigram -n 5" "-k unigram -C ckpt" "--log-timing" "--eval-every=5" "--save-every=5" "-e - -" "--cpu=none" "-0 -D x" "-D ("; do
    run -2 --separate-stderr m1train -o model $bad <text
    [[ $stderr == "m1train: "* ]]
  done
  [ ! -e model ]
}

@test "m1train: failures to read and to write exit 1" {
  run -1 --separate-stderr m1train -k unigram nowhere -o model
  [[ $stderr == "m1train: nowhere: No such file or directory" ]]
  run -1 --separate-stderr m1train -k unigram -e nowhere -o model text
  [[ $stderr == "m1train: nowhere: No such file or directory" ]]
  run -1 sh -c 'm1train -k unigram text >&-'
  run -1 --separate-stderr sh -c 'm1train -k unigram text >/dev/full'
  [ "$stderr" = "m1train: -: cannot write: No space left on device" ]
  run -1 --separate-stderr small -n 1 -C none/ckpt -o model text
  [ "$stderr" = "m1train: none/ckpt: No such file or directory" ]
  run -1 --separate-stderr small -n 1 --log=none/log -o model text
  [ "$stderr" = "m1train: none/log: No such file or directory" ]
  run -1 --separate-stderr env TMPDIR="$PWD/none" m1train -k unigram -o model text
  [ "$stderr" = "m1train: temporary file in $PWD/none: No such file or directory" ]
  run -1 --separate-stderr env TMPDIR=. bash -c 'trap "" XFSZ; ulimit -f 1; m1train -k unigram -o model text'
  [ "$stderr" = "m1train: temporary file in .: File too large" ]
  run -1 --separate-stderr env TMPDIR=. bash -c 'trap "" XFSZ; ulimit -f 1; m1train -k unigram -o model <text'
  [ "$stderr" = "m1train: temporary file in .: File too large" ]
}

@test "m1train: a validation text without a byte, a text too short, a model that is no file" {
  printf '\0' >nul
  seq 100 >text
  run -3 m1train -q -0 -k unigram -e nul -o u text
  [ ! -e u ]
  printf hello >short
  run -3 m1train -q -L 2 -n 3 -B 1 -s d=8,layers=1,heads=1,ff=8 -T1 -o m short
  [ "${#lines[@]}" -eq 1 ]
  run -3 limited acwin -m /dev/zero text
}
