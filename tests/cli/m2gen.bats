#!/usr/bin/env bats
# m2gen.bats - samples from M2: seeds, prompts, many documents, streaming, windows of any size, refusals, wrong usage.
# shellcheck disable=SC2154,SC2086 # bats sets stderr and output; options are to be split

load helpers

# Shared by all tests, only read: an M1, tokens, models of them.
setup_file() {
  export MODEL=$BATS_FILE_TMPDIR/m1
  cd "$BATS_FILE_TMPDIR" || return
  sample 60000 >text
  quick_model m1
  acwin -m m1 text | bitpack -v8 >toks
  bitpack --from=raw text >bytes
  m2train -q $net -n 250 -o m2 toks
  m2train -q $net -n 250 -o m2.bytes bytes
  # each document is a word, and each window is two ids
  head -c 20000 text | tr ' ' '\0' | acwin -0 --eod=alone -m m1 | bitpack -v8 >words
  m2train -q $net -n 250 -o m2.words words
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  ln -s "$BATS_FILE_TMPDIR"/{text,toks,bytes,words,m1,m2,m2.bytes,m2.words} .
}

net="-T 1 -s d=32,layers=1,heads=2,ff=64 -B 4 -L 32 --warmup=50"

@test "m2gen: the same seed, the same tokens, for any number of threads; another seed, others" {
  m2gen -T 1 -m m2 -n 100 >a
  m2gen -T 2 -m m2 -n 100 >b
  cmp a b
  m2gen -m m2 -n 100 --seed=2 >c
  run ! cmp -s a c
  [ "$(acwin -l a | cut -f 2-4,13,16 | tail -n 1)" = "tokens	split	16	100	unknown" ]
}

@test "m2gen: tokens become text" {
  m2gen -m m2 -n 200 | bitpack -u | acwin -d -m m1 >out
  [ "$(wc -c <out)" -gt 100 ]
  m2gen -m m2 -n 0 | bitpack -u | acwin -d -m m1 >out
  [ ! -s out ]
}

@test "m2gen: -n is rounded up to whole windows, of any size" {
  m2gen -m m2 -n 7 | bitpack --to=raw | wc -c | grep -qx 8
  for bv in "24 16" "10 4" "32 5" "16 16" "12 1"; do
    set -- $bv
    head -c 4000 text | acwin -b $1 -m m1 | bitpack -v$2 >t
    m2train -q $net -n 2 -o m t
    m2gen -m m -n 9 >g
    bitpack -u g | acwin -d -m m1 >/dev/null
    windows=$(acwin -l g | cut -f 12 | tail -n 1) tokens=$(acwin -l g | cut -f 13 | tail -n 1)
    [ "$tokens" -ge 9 ] && [ $((windows * $1)) -eq $((tokens * $2)) ] && [ "$tokens" -lt $((9 + $1)) ]
  done
}

@test "m2gen: a prompt is continued, and stands before what is new" {
  printf 'The three currently' >prompt
  acwin --open -m m1 prompt | bitpack -v8 >p
  m2gen -m m2 -n 40 p >whole
  m2gen -m m2 -n 40 - <p | cmp - whole
  bitpack -u whole | acwin -d -m m1 >out
  head -c 19 out | cmp - prompt
  [ "$(wc -c <out)" -gt 30 ]
  m2gen -m m2 -n 40 --only-new p | bitpack --to=raw >new
  bitpack --to=raw whole | tail -c 40 | cmp - new
  m2gen -m m2 -n 40 | bitpack --to=raw >none
  run ! cmp -s new none # the prompt has an effect
  acwin -m m1 prompt | bitpack -v8 >closed # a document that has ended: another begins
  m2gen -m m2 -n 40 closed | bitpack -u | acwin -d -m m1 | head -c 19 | cmp - prompt
}

@test "m2gen: a file on standard input that is not read is told" {
  run -0 --separate-stderr m2gen -m m2 -n 4 -o none </dev/null
  [ -z "$stderr" ]
  run -0 --separate-stderr m2gen -m m2 -n 4 -o g <toks
  [ "$stderr" = "m2gen: standard input is a file, but not read: give - as an operand if it is the prompt" ]
  cmp g none
  run -0 --separate-stderr m2gen -q -m m2 -n 4 -o g <toks
  [ -z "$stderr" ]
  : >empty
  run -0 --separate-stderr m2gen -m m2 -n 4 -o g <empty
  [ -z "$stderr" ]
  run -0 --separate-stderr bash -c 'cat toks | m2gen -m m2 -n 4 -o g'
  [ -z "$stderr" ]
  run -0 --separate-stderr bash -c '{ cat >/dev/null; m2gen -m m2 -n 4 -o g; } <toks'
  [ -z "$stderr" ]
}

@test "m2gen: a prompt of many blocks and documents" {
  head -c 3000 text | tr ' ' '\0' | acwin -0 -c 512 -m m1 | bitpack -v8 >p
  m2gen -m m2 -n 10 p p | bitpack --to=raw >out
  cat p p | bitpack --to=raw | cmp - <(head -c -10 out)
}

@test "m2gen: where ends are joined, how many documents were sampled is unknown, until they are decoded" {
  printf 'one\0two\0' | acwin -0 --eod=joined | bitpack >d
  m2train -q -T 1 -s d=32,layers=1,heads=2,ff=64 -B 2 -L 16 -n 60 -o m d
  m2gen -m m -n 12 --temperature=0 >g
  [ "$(acwin -l g | tail -n 1 | cut -f 11,12,13,16,17)" = "$(printf 'unknown\t12\t12\tunknown\tunknown')" ]
  run -0 --separate-stderr bitpack --to=text g
  [ "$(wc -w <<<"$output")" -eq 12 ]
  [ "$stderr" = "bitpack: sampled tokens do not tell where documents end, so lines may hold several" ]
  run -0 --separate-stderr bitpack -q --to=text g
  [ -z "$stderr" ]
  run -0 --separate-stderr bitpack --verbose -u -o w g
  [[ $stderr == *"text_bytes=unknown"* ]]
  [[ $stderr == *"documents=unknown"* ]]
  run -0 --separate-stderr acwin -d --verbose -o text w
  [[ $stderr == *"documents=$(tr -dc '\0' <text | wc -c)"* ]]
  [ "$(tr -dc '\0' <text | wc -c)" -gt 1 ]
  # foreign tokens do not show where documents end, so lines are counted
  printf '1\n2\n3' | bitpack --from=ids --vocab=9 >ids
  [ "$(acwin -l ids | tail -n 1 | cut -f 11,16)" = "$(printf '3\tunknown')" ]
}

@test "m2gen: -N gives so many documents, each the same for any number of them and of threads" {
  m2gen -m m2.words -N 8 --stop >g
  bitpack --to=text g >eight
  [ "$(wc -l <eight)" -eq 8 ]
  [ "$(acwin -l g | tail -n 1 | cut -f 11)" -eq 8 ]
  bitpack -u g | acwin -d -m m1 >out
  [ "$(tr -dc '\0' <out | wc -c)" -eq 8 ]
  [ "$(sort -u eight | wc -l)" -gt 4 ]
  for n in 1 3 150; do # 64 are evaluated side by side, at most
    m2gen -T $((n % 3 + 1)) -m m2.words -N $n | bitpack --to=text >several
    [ "$(wc -l <several)" -eq $n ]
    cmp <(head -n 8 several) <(head -n $n eight)
  done
  [ "$(awk '{ print NF }' several | sort -u | wc -l)" -gt 3 ] # some end while others go on
  m2gen -m m2.words --stop | bitpack --to=text | cmp - <(head -n 1 eight)
  m2gen -m m2.words -N 8 --seed=2 | bitpack --to=text >others
  run ! cmp -s others eight
  run -1 cmp -s <(tail -n +2 eight | head -n 1) <(head -n 1 others) # sample 2 is not sample 1 of the next seed
  m2gen -m m2.words -N 40 --temperature=0 | bitpack --to=text | sort -u | wc -l | grep -qx 1
}

@test "m2gen: -N and --stop end documents; a sample of -n tokens is ended by a window more, or stays open" {
  m2gen -m m2.words -N 30 -n 5 >g
  bitpack --to=text g >out
  [ "$(wc -l <out)" -eq 30 ]
  awk 'NF > 8 || $(NF - 1) != 255 || $NF != 255 { exit 1 } NF == 8 { cut++ } NF < 8 { ended++ } END { exit !(cut && ended) }' out
  bitpack -u g | acwin -t -m m1
  m2gen -m m2.words --stop -n 200 | bitpack --to=text | awk '{ exit !($(NF - 1) == 255 && $NF == 255 && NF < 200) }'
  local ended=0 open=0
  for seed in 1 2 3 4 5 6 7 8; do
    m2gen -m m2.words --stop -n 4 --seed=$seed >g
    case $(acwin -l g | tail -n 1 | cut -f 11,13) in
      "1	"[24]) ended=1 ;;
      "0	4") open=1 ;;
      *) false ;;
    esac
  done
  [ "$ended$open" = 11 ]
  m2gen -m m2.words -n 400 >g # without -N and --stop, documents follow one another
  [ "$(acwin -l g | tail -n 1 | cut -f 13)" -eq 400 ]
  [ "$(acwin -l g | tail -n 1 | cut -f 11)" -gt 5 ]
}

@test "m2gen: with -N the prompt stands before each document; with --only-new before none" {
  printf 'The' | acwin -0 --eod=alone -m m1 | bitpack -v8 >p
  m2gen -m m2.words -N 20 p >whole
  bitpack -u whole | acwin -d -m m1 | tr '\0' '\n' >out
  [ "$(wc -l <out)" -eq 20 ]
  [ "$(grep -ac '^The' out)" -eq 20 ]
  m2gen -m m2.words -N 20 --only-new p | bitpack --to=text >new
  ids=$(bitpack --to=text p)
  bitpack --to=text whole | sed "s/^$ids //" | cmp - new
  m2gen -m m2.words --stop --only-new p | bitpack --to=text | cmp - <(head -n 1 new)
  m2gen -m m2.words -N 20 | bitpack --to=text >none
  run ! cmp -s none new # the prompt has an effect
}

@test "m2gen: -N with windows whose M1 is not reset, and with foreign tokens" {
  head -c 20000 text | tr ' ' '\0' | acwin -0 --eod=alone -r 2 -m m1 | bitpack -v8 >t
  m2train -q $net -n 60 -o m t
  m2gen -m m -N 70 -n 40 >g
  [ "$(bitpack -u g | acwin -d -m m1 | tr -dc '\0' | wc -c)" -eq 70 ]
  m2gen -m m2.bytes -N 3 -n 50 | bitpack --to=text >out
  [ "$(awk '{ print NF }' out)" = "$(printf '50\n50\n50')" ]
  m2gen -m m2.bytes -n 50 | bitpack --to=text | cmp - <(head -n 1 out)
  printf 'The three' | bitpack --from=raw | m2gen -m m2.bytes -N 2 -n 5 - | bitpack --to=text >out
  [ "$(awk '{ print NF, $1, $9 }' out)" = "$(printf '14 84 101\n14 84 101')" ]
}

@test "m2gen: --stop and -N are refused where tokens do not tell documents' ends" {
  for option in --stop "-N 3"; do
    run -2 --separate-stderr m2gen -m m2 $option -o o
    [ "$stderr" = "m2gen: sampling: the model's tokens do not tell where documents end: an end may share a window with text (acwin --eod=joined)" ]
    head -c 4000 text | acwin -b 12 --eod=alone -m m1 | bitpack -v8 >t
    m2train -q $net -n 2 -o m t
    run -2 --separate-stderr m2gen -m m $option -o o
    [ "$stderr" = "m2gen: sampling: the model's tokens do not tell where documents end: their 8 bits do not divide windows of 12" ]
  done
  run -2 --separate-stderr m2gen -m m2.bytes --stop -o o
  [ "$stderr" = "m2gen: sampling: the model's tokens were not made of windows, and none of them ends a document" ]
  run -2 --separate-stderr m2gen -m m2.words -N 3 -n 0 -o o
  [ "$stderr" = "m2gen: -n 0 with -N: a document has at least one token" ]
  [ ! -e o ]
}

@test "m2gen: a signal ends a stream of many documents whole" {
  start m2gen -m m2.words -N 1000000 >out
  await has_bytes out 1000
  kill -TERM "$started"
  ends 143
  bitpack -u out | acwin -t -m m1
}

@test "m2gen: windows whose M1 is not reset: prompt and continuation decode as one" {
  acwin -r 2 -m m1 text | bitpack -v8 >t
  m2train -q $net -n 2 -o m t
  printf 'The three currently' | acwin --open -r 2 -m m1 | bitpack -v8 | m2gen -m m -n 20 - | bitpack -u | acwin -d -m m1 >out
  [ "$(head -c 19 out)" = "The three currently" ]
  run -2 --separate-stderr m2gen -m m -n 20 --only-new t -o o
  [[ $stderr == *"do not decode without the prompt" ]]
}

@test "m2gen: bytes and ids: foreign tokens" {
  printf 'The three' | bitpack --from=raw | m2gen -m m2.bytes -n 50 - >g
  bitpack --to=raw g >out
  [ "$(head -c 9 out)" = "The three" ]
  [ "$(wc -c <out)" = 59 ]
  bitpack --to=text g | awk 'END { exit !(NR == 1 && NF == 59) }' # one document, continued
}

@test "m2gen: samples are better than chance under a model of other text" {
  sample 160000 | tail -c 100000 | acwin -m m1 | bitpack -v8 >held
  m2train -q $net -n 250 -o judge held
  m2gen -m m2 -n 3000 >sampled
  m2gen -m m2 -n 3000 --temperature=1000 >random # all logits alike: uniform tokens
  cost() { m2train -E -m judge "$1" | awk -F'\t' '$1 == "total" { print $7 }'; }
  # seen: 7.2 and 8.9 bits a token; chance alone is 8
  awk -v a="$(cost sampled)" -v b="$(cost random)" 'BEGIN { exit !(a + 0.8 < b) }'
}

@test "m2gen: --temperature=0 and --top-k=1 take the most probable token; --top-p narrows" {
  m2gen -m m2 -n 60 --temperature=0 >a
  m2gen -m m2 -n 60 --top-k=1 --seed=9 >b
  m2gen -m m2 -n 60 --top-p=0.000001 --seed=5 >c
  cmp a b
  cmp a c
  distinct() { bitpack --to=text "$1" | tr ' ' '\n' | sort -u | wc -l; }
  m2gen -m m2 -n 2000 >wide
  m2gen -m m2 -n 2000 --top-k=5 >narrow
  m2gen -m m2 -n 2000 --top-p=0.3 >narrow2
  [ "$(distinct narrow)" -lt "$(distinct wide)" ]
  [ "$(distinct narrow2)" -lt "$(distinct wide)" ]
}

@test "m2gen: --weights: the tokens of each type of weights are the same for any number of threads and samples" {
  m2gen -m m2.words -N 20 >f32
  m2gen -m m2.words -N 20 --weights=f32 | cmp - f32
  for type in bf16 int8; do
    m2gen -m m2.words -N 20 --weights=$type >$type
    run ! cmp -s $type f32
    m2gen -T 1 -m m2.words -N 20 --weights=$type | cmp - $type
    m2gen -T 3 -m m2.words -N 3 --weights=$type | bitpack --to=text | cmp - <(bitpack --to=text $type | head -n 3)
  done
  run ! cmp -s bf16 int8
}

@test "m2gen: --weights: avx2 gives the tokens of ref" {
  m2gen --cpu=list | grep -qx avx2 || skip "this machine has no avx2"
  for type in f32 bf16 int8; do
    m2gen --cpu=ref -m m2.words -N 20 --weights=$type >ref
    m2gen --cpu=avx2 -m m2.words -N 20 --weights=$type | cmp - ref
  done
}

@test "m2gen: text appears while it is made" {
  mkfifo text.pipe
  start sh -c 'm2gen -m m2.bytes -n 1000000000 2>/dev/null | bitpack --to=raw >text.pipe'
  head -c 200 text.pipe >out # would wait for ever if nothing came before the end
  await gone
  [ "$(wc -c <out)" = 200 ]
  start sh -c 'm2gen -m m2 -n 1000000000 | bitpack -u | acwin -d -m m1 >text.pipe'
  head -c 200 text.pipe >out
  await gone
  [ "$(wc -c <out)" = 200 ]
}

@test "m2gen: a signal ends the stream whole" {
  start m2gen -m m2 -n 1000000000 >out
  await has_bytes out 1000
  kill -TERM "$started"
  ends 143
  bitpack -u out | acwin -t -m m1
}

@test "m2gen: a signal ends it at once where nobody reads what it writes" {
  [ -r /proc/self/stat ] || skip "no /proc"
  mkfifo pipe
  exec 8<>pipe # open, and never read
  start m2gen -T 1 -m m2 -n 1000000000 >pipe
  await asleep # the pipe is full
  kill -TERM "$started"
  ends 143
  exec 8>&-
}

@test "m2gen: what does not fit is refused" {
  head -c 3000 text | acwin -b 0 -m m1 | bitpack -v8 >t
  m2train -q $net -n 1 -o m t
  run -3 --separate-stderr m2gen -m m -n 5 -o o
  [[ $stderr == "m2gen: m: its tokens are of an unbroken code"* ]]
  run -1 --separate-stderr m2gen -m m2 -n 5 -o o bytes
  [[ $stderr == "m2gen: bytes: the prompt's tokens have code none, not split as the model's" ]]
  run -1 --separate-stderr m2gen -m m2 -o o nowhere
  [[ $stderr == "m2gen: nowhere: No such file or directory" ]]
  run -1 --separate-stderr m2gen -m nowhere -o o
  [[ $stderr == "m2gen: nowhere: No such file or directory" ]]
  run -3 --separate-stderr m2gen -m m1 -o o
  [[ $stderr == "m2gen: m1: not a token model (M2)" ]]
  cp toks bad
  flip bad 3000
  run -3 --separate-stderr m2gen -m m2 -o o bad
  [[ $stderr == "m2gen: bad: block 0 is damaged"* ]]
  [ ! -e o ]
  run -1 sh -c 'm2gen -m m2 -n 5 >/dev/full'
}

@test "m2gen: wrong usage exits 2" {
  local bad
  for bad in "" "-m m2 -n x" "-m m2 --temperature=-1" "-m m2 --top-k=0" "-m m2 --top-p=0" "-m m2 --top-p=1.5" "-m m2 --seed=x" \
    "-m m2 --only-new" "-m m2.words -N 0" "-m m2.words -N x" "-m m2.words -N 1000001" "-m m2.words --stop=1" "-m m2 --weights=int4" "-m m2 --temperature=0 --top-k=5" "-m m2 --nonsense"; do
    run -2 --separate-stderr m2gen -o o $bad
    [[ $stderr == "m2gen: "* ]]
  done
  [ ! -e o ]
}
