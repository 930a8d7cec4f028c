# torch.bats - examples/python/m2.py, M2 in PyTorch, against m2train and m2gen: losses, logits, files, training, ranks.
# shellcheck disable=SC2154,SC2086 # bats sets stderr; options are to be split
load helpers

# Shared by all tests, only read: a text, its tokens as a stream and as bare ids, and the model and checkpoint of a run
# of m2train.
setup_file() {
  [ -n "${NCT_LONG:-}" ] || return 0
  for python in /usr/bin/python3 python3; do
    "$python" -c 'import torch' 2>/dev/null && PYTHON=$python && break
  done
  export PYTHON PYTHONDONTWRITEBYTECODE=1 OMP_NUM_THREADS=1
  cd "$BATS_FILE_TMPDIR" || return
  sample 40000 >text
  acwin text | bitpack -v8 >toks
  bitpack --to=npy -o toks.npy toks
  bitpack --to=raw -o toks.raw toks
  m2train -q -T 1 --cpu=ref $net -n 30 -C ckpt -o model toks
}

setup() {
  long_test
  [ -n "${PYTHON:-}" ] || skip "no python3-torch"
  cd "$BATS_TEST_TMPDIR" || return
  ln -s "$BATS_FILE_TMPDIR"/{text,toks,toks.npy,toks.raw,ckpt,model} .
}

net="-s d=32,layers=2,heads=4,ff=48,reach=20 -B 4 -L 64"
m2() { "$PYTHON" "$NCT_ROOT/examples/python/m2.py" "$@"; }
evaluate() { m2train -E -T 1 --cpu=ref -m "$@"; }
learn() { m2 train -T 1 $net --like=toks "$@"; }

# texts: a file `texts` for the tokens of toks: many words, some of them with a space or a capital letter.
texts() {
  LC_ALL=C awk 'BEGIN {
    printf "%c%c%c%c%c%c%c%c%c%c%c%c%c", 200, 215, 52, 1, 2, 0, 0, 0, 0, 1, 0, 0, 255
    for (i = 13; i < 1024; i++) printf "%c", 0
    for (i = 0; i < 256; i++) {
      word = sprintf("%s%c%c%s", i % 3 ? "" : " ", 97 + i % 7 - 32 * (i % 5 == 0), 97 + i % 11, i % 2 ? "ing" : "er the")
      printf "%c%s", length(word), word
    }
  }' >texts
}

# bits TABLE: bits per token of all tokens.
bits() { awk -F '\t' '$1 == "total" { print $7 }' "$1"; }

# close TABLE TABLE: the tables are the same but for rounding: 1e-5 nats in a mean, one token in accuracy.
close() {
  awk -F '\t' '
    function off(a, b) { return a > b ? a - b : b - a }
    NR == FNR { row[FNR] = $0; n = FNR; next }
    { split(row[FNR], want, "\t"); rows++ }
    FNR > 1 && $1 != "token" {
      bad = off($6, want[6]) > 1e-5 || off($7, want[7]) > 1.5e-5 || off($5, want[5]) > 1e-5 * $3 + 1e-4 || off($8, want[8]) * $3 > 1.01
      for (i = 5; i <= 8; i++) want[i] = $i = ""
    }
    { for (i = 1; i <= NF; i++) if ($i "" != want[i] "") bad = 1 }
    bad { print "row " FNR ": " $0 "; not: " row[FNR]; exit }
    END { exit bad || rows != n || n < 2 }' "$1" "$2"
}

@test "torch: the table of m2train -E, for tokens of all kinds" {
  head -c 6000 text >part # `ref` is slow
  acwin part | bitpack >t16
  acwin -b 24 part | bitpack -v 12 >t12
  acwin -b 0 part | bitpack -v 8 >unbroken
  bitpack --from=raw part >bytes
  awk '{ for (i = 1; i <= NF; i++) printf "%d ", length($i) * 10 + i % 10; print "" }' part >ids
  bitpack --from=ids --vocab=300 ids >foreign
  cat toks toks >twice
  for t in t16 t12 unbroken bytes foreign; do
    m2train -q -T 1 $net -n 2 -o m $t
    evaluate m $t >want
    m2 eval m $t >out
    close want out
  done
  evaluate model twice -L 50 -B 3 >want
  m2 eval model twice -L 50 -B 3 >out
  close want out
}

@test "torch: the table of m2train -E, for models of many sizes" {
  head -c 6000 text | acwin | bitpack -v8 >part # `ref` is slow
  while read -r size length; do
    m2train -q -T 1 -s "$size" -n 3 -B 2 -L "$length" -o m part
    evaluate m part >want
    m2 eval m part >out
    close want out
  done <<'END'
3m 128
d=8,layers=1,heads=1,ff=1 16
d=24,layers=1,heads=3,ff=40,reach=1 40
d=24,layers=5,heads=2,ff=8,reach=130 200
d=16,layers=2,heads=16,ff=100,reach=1024 1100
END
  # sizes by name are those of nct(7)
  sed -n 's/^\.It \([0-9a-z]*\) Ta \([0-9]*\) Ta \([0-9]*\) Ta \([0-9]*\) Ta \([0-9]*\) Ta .*/\1 \2 \3 \4 \5/p' "$NCT_ROOT/man/nct.7" >want
  [ "$(wc -l <want)" -eq 5 ]
  PYTHONPATH=$NCT_ROOT/examples/python "$PYTHON" -c '
from m2_files import NAMED
for name, sizes in NAMED.items():
    print(name, *sizes)' | cmp - want
}

@test "torch: bare ids give the same losses as the stream, and have no text" {
  m2 eval model toks >stream
  for form in npy raw; do
    m2 eval model toks.$form >out
    [ "$(sed -n 2p out)" = "$(awk -F '\t' -v OFS='\t' 'NR == 2 { $4 = ""; print }' stream)" ]
    grep ^token out | cmp - <(grep ^token stream)
  done
}

# At each place, the net gives the loss of one target: log Z less its logit. So 97 rows have the same inputs, and each
# has another target at all places. Their losses give the log-probabilities of all tokens at each place.
@test "torch: all logits, within 1e-4 of the net's in floats" {
  [ -e "$NCT_BUILD/tests/libnct-all.so" ] || skip "the unit programs are not built"
  awk '{ for (i = 1; i <= NF; i++) printf "%d ", (length($i) * 10 + i) % 97; print "" }' text >ids
  bitpack --from=ids --vocab=97 ids >t
  for size in d=32,layers=3,heads=4,ff=48,reach=20 d=40,layers=2,heads=2,ff=64; do
    m2train -q -T 1 --cpu=ref -s $size -B 4 -L 160 -n 40 -o m t
    PYTHONPATH=$NCT_ROOT/examples/python "$PYTHON" - m t "$NCT_BUILD/tests/libnct-all.so" <<'END'
import ctypes, sys
import numpy as np, torch
from m2 import M2, batch
from m2_files import SIZES, read_model, read_tokens, shapes
s, length, header, tensors, _ = read_model(sys.argv[1])
V = s["vocabulary"]
inputs, _ = batch(read_tokens(sys.argv[2], header)[0], [3], length, V, "t")
with torch.no_grad():
    net = M2(s, tensors)
    whole, _ = net(inputs)
    parts, past = [], None
    for at in range(0, length, 7):
        logits, past = net(inputs[:, at:at + 7], past)
        parts.append(logits)
assert (torch.cat(parts, 1) - whole).abs().max() < 1e-4  # in pieces, too
mine = torch.log_softmax(whole[0].double(), -1).numpy()

lib = ctypes.CDLL(sys.argv[3])
class Shape(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint32) for name in "vocab inputs width heads layers inner reach parts".split()]
class Batch(ctypes.Structure):
    _fields_ = [("rows", ctypes.c_size_t), ("length", ctypes.c_size_t)] + [
        (name, ctypes.c_void_p) for name in ("input", "target", "first")]
shape = Shape(V, V + 1, *(s[name] for name in SIZES[1:]), 0)
c = ctypes.c_void_p()
assert lib.nct_net_new_forward(ctypes.byref(c), ctypes.byref(shape), ctypes.c_size_t(V), ctypes.c_size_t(length), 1, b"ref", None) == 0
lib.nct_net_params.restype = ctypes.c_void_p
block = np.concatenate([tensors[name].ravel() for name in shapes(s)]).astype("f4")
ctypes.memmove(lib.nct_net_params(c), block.ctypes.data, block.nbytes)
ids = np.ascontiguousarray(np.tile(inputs.numpy().astype("u4"), (V, 1)))
target = np.ascontiguousarray(np.repeat(np.arange(V, dtype="u4"), length))
each = np.zeros((V, length), "f4")
nats, count = ctypes.c_double(), ctypes.c_uint64()
b = Batch(V, length, ids.ctypes.data, target.ctypes.data, None)
assert lib.nct_net_forward(c, ctypes.byref(b), ctypes.byref(nats), ctypes.byref(count), each.ctypes.data_as(ctypes.c_void_p), None) == 0
worst = np.abs(-each.T - mine).max()
assert count.value == V * length and mine.std() > 0.3 and worst < 1e-4, worst
END
  done
}

@test "torch: files come back as they were: models, and both kinds of checkpoints" {
  m2 convert model out
  cmp model out
  evaluate model toks >want
  m2 eval --like=toks ckpt toks >out
  close want out
  m2 convert --like=toks ckpt out
  evaluate out toks | cmp - want
  learn -n 0 --from=ckpt -C mine -o out toks.npy # parameters that m2train has trained
  evaluate out toks | cmp - want
  # With evaluations, the parameters of the best one become the model.
  m2train -q -T 1 --cpu=ref $net -n 40 -e toks --eval-every=20 -C best.ckpt --warmup=1 --lr=3 -o best toks
  evaluate best toks >want
  m2 eval best.ckpt toks >out
  close want out
  learn -n 3 -C mine -o m toks.raw
  m2 convert mine out
  evaluate m toks >want
  evaluate out toks | cmp - want
  m2 eval mine toks >out
  close want out
}

@test "torch: what it trains, m2train and m2gen take, and tokens of all forms give the same bytes" {
  learn -n 80 --lr=0.01 --report=10 -o out toks.npy 2>err
  [ "$(wc -l <err)" -eq 8 ]
  for form in toks toks.raw; do
    learn -n 80 --lr=0.01 --report=1000 -o other $form
    cmp out other
  done
  learn -n 80 --lr=0.01 --recompute -o other toks
  cmp out other
  learn -n 0 -o untrained toks
  for m in out untrained; do
    evaluate $m toks >$m.want
    m2 eval $m toks >$m.table
    close $m.want $m.table
  done
  awk -v a="$(bits untrained.want)" -v b="$(bits out.want)" 'BEGIN { print a, b; exit !(b < a - 1 && b < 7.9) }'
  m2gen -T 1 -m out -n 20 | bitpack -u | acwin -d >sampled
  [ -s sampled ]
  learn -n 10 --dtype=bf16 -o half toks
  evaluate half toks >table
  awk -v a="$(bits untrained.want)" -v b="$(bits table)" 'BEGIN { print a, b; exit !(b < a) }'
}

# refused STATUS MESSAGE ARGUMENT...: m2.py fails so, and prints nothing else.
refused() {
  local status=$1 want=$2
  shift 2
  run "-$status" --separate-stderr m2 "$@"
  [[ "$stderr" == "m2.py: "$want ]] || { echo "says '$stderr'"; return 1; }
  [ -z "$output" ]
}

# killed STEPS EVERY OPTION...: a run with these options and checkpoints that was killed ends as one that was not.
killed() {
  local options="-n $1 --save-every=$2"
  shift 2
  rm -f c out again
  learn $options -C unbroken.ckpt -o unbroken "$@"
  start "$PYTHON" "$NCT_ROOT/examples/python/m2.py" train -T 1 $net --like=toks $options -C c -o out "$@" 2>err
  await [ -e c ]
  kill -KILL "$started"
  ends 137
  [ ! -e out ]
  learn $options -C c -o out "$@" 2>err
  grep -qx "m2.py: going on from step [1-9][0-9]* of c" err
  cmp out unbroken
  cmp c unbroken.ckpt
  learn $options -C c -o again "$@" 2>err # a run that is complete becomes a model at once
  [[ $(cat err) == "m2.py: c is at step "*": no more are made" ]]
  cmp again unbroken
  m2 convert ${TEXTS:-} c again
  cmp again unbroken
  rm unbroken.ckpt
}

@test "torch: a run that was killed goes on from its checkpoint to the same bytes" {
  killed 300 10 toks.npy
  texts
  TEXTS=--texts=texts killed 300 10 --texts=texts toks.npy
}

@test "torch: a run that is told to stop saves its last step, and goes on to the same bytes" {
  learn -n 300 -C unbroken.ckpt -o unbroken toks.npy
  local signal status
  for signal in INT:130 TERM:143; do
    status=${signal#*:} signal=${signal%:*}
    rm -f c out
    start "$PYTHON" "$NCT_ROOT/examples/python/m2.py" train -T 1 $net --like=toks -n 300 --report=1 -C c -o out toks.npy 2>err
    await grep -q '^step=' err
    kill -s $signal "$started"
    ends $status
    [ ! -e out ]
    [[ $(tail -n 1 err) == "m2.py: stopped after step "*", saved in c; the same command goes on from there" ]]
    learn -n 300 -C c -o out toks.npy
    cmp out unbroken
  done
}

@test "torch: no file that is read is written to; a link and a file's permissions stay" {
  learn -n 2 -C mine -o m toks
  texts
  local before
  before=$(cat mine m toks.npy toks texts | cksum)
  refused 1 "mine: the output would overwrite the model, mine" convert mine mine
  ln -s mine link
  ln mine hard
  refused 1 "link: the output would overwrite the model, mine" convert mine link
  refused 1 "hard: the output would overwrite the model, mine" convert mine hard
  refused 1 "toks.npy: the output would overwrite the tokens, toks.npy" train $net --like=toks -n 1 -o toks.npy toks.npy
  refused 1 "toks: -C would overwrite --like, toks" train $net --like=toks -n 1 -C toks -o x toks.npy
  refused 1 "texts: the output would overwrite --texts, texts" train $net --texts=texts -n 1 -o texts toks
  refused 1 "m: -C would overwrite --from, m" train $net --from=m -n 1 -C m -o x toks
  refused 1 "x: the output would overwrite -C, x" train $net -n 1 -C x -o x toks
  refused 1 "absent/x: the output: there is no folder *" convert mine absent/x
  [ "$(cat mine m toks.npy toks texts | cksum)" = "$before" ]
  echo old >target
  chmod 640 target
  ln -s target to
  m2 convert mine to
  [ -L to ]
  cmp target m
  [ "$(stat -c %a target)" = 640 ]
  m2 convert mine /dev/stdout | cat >piped
  cmp piped m
  "$PYTHON" -c 'import sys, torch; sys.exit(torch.cuda.is_available())' || return 0
  refused 1 "--device=cuda: PyTorch finds no GPU" eval --device=cuda m toks
}

# meet: two ranks that are started now find each other.
meet() {
  MASTER_PORT=$("$PYTHON" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  export MASTER_PORT MASTER_ADDR=127.0.0.1 WORLD_SIZE=2
}

@test "torch: ranks with other texts, or another number of tokens, are refused by all" {
  texts
  sed 's/er the/er thy/' texts >others
  head -c 20000 text | acwin | bitpack -v8 | bitpack --to=npy -o fewer.npy
  local second
  for second in "--texts=others toks.npy" "toks.npy" "--texts=texts fewer.npy"; do
    meet
    RANK=1 start timeout 600 "$PYTHON" "$NCT_ROOT/examples/python/m2.py" train -T 1 $net --like=toks -n 2 -o m $second 2>other.err
    RANK=0 run -1 --separate-stderr limited "$PYTHON" "$NCT_ROOT/examples/python/m2.py" train -T 1 $net --like=toks -n 2 \
      --texts=texts -o m toks.npy
    ends 1
    [[ $stderr == *"m2.py: the ranks have read different tokens or texts, or have other options"* ]]
    grep -q "^m2.py: the ranks have read different tokens or texts" other.err
    [ ! -e m ]
  done
  unset WORLD_SIZE
}

# Two processes sum gradients in another order than one does: losses differ by less than 1e-4 bits after 30 steps.
@test "torch: two ranks train as one does, with several batches in a step, and go on from a checkpoint" {
  texts
  run="--texts=texts --accumulate=2 -n 30 --lr=0.01 --report=1"
  learn $run -o one toks.npy 2>one.err
  for part in 1 2; do
    meet
    RANK=1 start timeout 600 "$PYTHON" "$NCT_ROOT/examples/python/m2.py" train -T 1 $net --like=toks $run -C c -o two toks.npy 2>other.err
    RANK=0 limited "$PYTHON" "$NCT_ROOT/examples/python/m2.py" train -T 1 $net --like=toks $run -C c -o two toks.npy 2>two.$part
    ends 0
    [ $part = 2 ] || cp two first
  done
  [ "$(wc -l <two.1) $(wc -c <other.err)" = "30 0" ]
  [ "$(cat two.2)" = "m2.py: c is at step 30: no more are made" ]
  cmp first two
  paste -d ' ' one.err two.1 | sed 's/[a-z_]*=//g' | awk '{ d = $3 - $7; n++; if ($1 != $5 || d > 1e-4 || d < -1e-4) bad = 1 } END { exit bad || n != 30 }'
  unset WORLD_SIZE
  evaluate one toks >want
  evaluate two toks >out
  awk -v a="$(bits want)" -v b="$(bits out)" 'BEGIN { d = a - b; exit !(d < 1e-4 && d > -1e-4) }'
}

@test "torch: sampled ids become a stream; the most probable ones are m2gen's; a document's end stops" {
  m2gen -T 1 --cpu=ref -m model -n 100 --temperature=0 | bitpack --to=text | tr ' ' '\n' >want
  m2 generate --temperature=0 -n 100 model | cmp - want
  head -c 3000 text | acwin --open | bitpack -v8 >prompt
  m2gen -T 1 --cpu=ref -m model -n 50 --temperature=0 --only-new prompt | bitpack --to=text | tr ' ' '\n' >want
  m2 generate --temperature=0 -n 50 model prompt | cmp - want
  m2 generate -n 33 --seed=5 model >ids
  [ "$(wc -l <ids)" -eq 34 ] # whole windows, of two tokens
  m2 generate -n 33 --seed=5 model | cmp - ids
  m2 generate -n 33 --seed=6 model | cmp -s - ids && return 1
  m2 generate -n 100000 model 2>err | head -n 3 >first # head ends it, and it prints no error
  [ "$(wc -l <first) $(wc -c <err)" = "3 0" ]
  bitpack --from=ids --like=toks ids | bitpack --to=text | tr ' ' '\n' | cmp - ids
  [ "$(m2 generate --top-k=1 -n 20 model)" = "$(m2 generate --temperature=0 -n 20 model)" ]
  [ "$(m2 generate --top-p=0.0001 -n 20 model)" = "$(m2 generate --temperature=0 -n 20 model)" ]
  yes one | head -n 3000 | tr '\n' '\0' | acwin -0 | bitpack -v8 >short
  m2train -q -T 1 $net -n 60 -o m short
  m2 generate -n 1000 --stop m >ids
  [ "$(wc -l <ids)" -lt 1000 ]
  paste -d ' ' - - <ids | grep -nx '255 255' | cut -d : -f 1 >ends
  [ "$(cat ends)" -eq $(($(wc -l <ids) / 2)) ]
}

@test "torch: what is damaged or does not fit is refused, and named" {
  learn -n 2 -C mine -o m toks
  for f in model ckpt mine; do
    cp $f bad
    flip bad $(($(wc -c <bad) - 5))
    refused 3 "bad: *" eval --like=toks bad toks
    head -c 5000 $f >bad
    refused 3 "bad: *" eval --like=toks bad toks
  done
  # A header of the right form with metadata of another kind.
  local meta
  for meta in '[1]' '"x"' '{"parts":5}' '{"format":["nct-m2-1"]}'; do
    { printf '%b' "$(printf '\\x%02x\\0\\0\\0\\0\\0\\0\\0' $((18 + ${#meta})))"; printf '{"__metadata__":%s }' "$meta"; } >bad
    refused 3 "bad: not a safetensors file: metadata that is not text" eval bad toks
  done
  { printf '\100\15\3\0\0\0\0\0'; "$PYTHON" -c 'print(end="{\"a\":" * 33344)'; } >bad
  refused 3 "bad: not a safetensors file" eval bad toks
  sed 's/"seed":"1"/"seed":"2"/' ckpt >bad
  refused 3 "bad: damaged: CRC of its options" eval bad toks
  : >empty
  refused 3 "empty: not a safetensors file" eval empty toks
  cp toks bad
  flip bad 200
  refused 3 "bad: damaged or cut, byte 136" eval model bad
  head -c 9000 toks >bad
  refused 3 "bad: damaged or cut, byte *" eval model bad
  acwin text >windows
  refused 3 "windows: windows, not tokens (see bitpack)" eval model windows
  texts
  m2train -q -T 1 $net -n 1 --texts=texts -C composed -o x toks
  rm x
  refused 1 "composed: its tokens share parts: --texts=FILE has to name their texts" convert --like=toks composed x
  refused 2 "model: its tokens share no parts that --texts could tell of" eval --texts=texts model toks
  refused 1 "mine: made with parts none, not *" train $net --texts=texts -C mine -o x toks
  sed 's/er the/er thy/' texts >others
  refused 1 "composed: its tokens share parts of other texts" eval --texts=others composed toks
  head -c 3000 texts >bad
  refused 3 "bad: not a file of token texts" train $net --texts=bad -o x toks
  acwin text | bitpack >t16
  refused 1 "texts: texts of 256 tokens, not 65536" train $net --texts=texts -o x t16
  acwin --strings=llmc --codebook=short -o short
  refused 1 "short: texts of the codebook *, but the tokens are of windows *" train $net --texts=short -o x t16
  refused 1 "t16: its ids mean something else than those before" eval model t16
  refused 1 "ckpt: a vocabulary of 256, not 65536 as the tokens have" eval ckpt t16
  refused 1 "toks.raw: not a token stream: what its ids mean has to be told by --like" train -o x toks.raw
  refused 1 "ckpt: has no stream's header: say --like" convert ckpt x
  refused 1 "ckpt: not a checkpoint of m2.py's; --from=ckpt begins with its parameters" train $net -C ckpt -o x toks
  refused 1 "mine: made with rows 4, not 8" train $net -B 8 -C mine -o x toks
  refused 1 "nowhere: No such file or directory" eval nowhere toks
  refused 2 "'d=30,layers=1,heads=4,ff=1' is no size" train -s d=30,layers=1,heads=4,ff=1 -o x toks
  bitpack --from=ids --vocab=300 <<<"1 2 299" >t
  bitpack --to=npy -o big.npy t
  bitpack --from=ids --vocab=299 <<<"1 2" >like
  refused 3 "big.npy: id 299 is not below the vocabulary, 299" train $net --like=like -n 1 -o x big.npy
  m1train -q -T 1 -s d=16,layers=1,heads=1,ff=16 -n 1 -B 2 -L 32 -C m1.ckpt -o m1 text
  refused 3 "m1.ckpt: a checkpoint of m1train's" eval m1.ckpt toks
  refused 3 "m1: *" eval m1 toks
  [ ! -e x ]
  local usage
  for usage in "eval -B 0 model toks" "eval -L -1 model toks" "train -o x --report 0 toks" "generate --top-k 0 model"; do
    run -2 --separate-stderr m2 $usage
    [[ $stderr == *": invalid positive value: "* ]]
  done
}

@test "torch: tokens that share parts: rows, gradients, files, and m2train's checkpoints" {
  texts
  m2train -q -T 1 --cpu=ref $net -n 3 --texts=texts -C composed -o sums toks
  evaluate sums toks >want
  m2 convert --like=toks --texts=texts composed out
  evaluate out toks | cmp - want
  m2 eval --texts=texts composed toks >table
  close want table
  learn -n 0 --from=composed --texts=texts -o out toks # own rows and those of parts
  evaluate out toks | cmp - want
  learn -n 0 --from=sums --texts=texts -o out toks # sums, and parts of zeros
  evaluate out toks | cmp - want
  learn -n 30 --lr=0.01 --texts=texts -C mine -o m toks
  evaluate m toks >want
  m2 convert --texts=texts mine out
  evaluate out toks | cmp - want
  m2 eval --texts=texts mine toks >table
  close want table
  PYTHONPATH=$NCT_ROOT/examples/python "$PYTHON" - <<'END'
import numpy, torch
from m2 import M2
from m2_files import composed, read_model, read_pairs
pairs = read_pairs('texts')
s, _, _, tensors, _ = read_model('mine', pairs, compose=False)
shared, alone = M2(s, tensors, pairs), M2(s, composed(tensors, pairs))
ids = torch.arange(256).reshape(4, 64)
for net in shared, alone:
    logits, _ = net(ids)
    logits.pow(2).mean().backward()
    net.logits = logits.detach()
assert (shared.logits - alone.logits).abs().max() < 1e-4 and shared.logits.std() > 0.1
# A part's gradient is the sum of those of its tokens' rows, which have theirs as if each were alone.
for i, name in enumerate(('embed', 'head')):
    rows = alone.get_parameter(name).grad[0]
    assert torch.allclose(shared.get_parameter(name).grad[0], rows, rtol=1e-3, atol=1e-7)
    want = torch.zeros(shared.parts.shape[1:]).index_add_(
        0, torch.from_numpy(pairs[:, 1].astype('i8')), rows[torch.from_numpy(pairs[:, 0].astype('i8'))])
    assert torch.allclose(shared.parts.grad[i], want, rtol=1e-3, atol=1e-7) and want.std() > 1e-6
END
}

@test "torch: the page's lines for tokens that share parts make the rows that m2train makes" {
  acwin text | bitpack >t16
  acwin --strings=llmc -o texts
  m2train -q -T 1 --cpu=ref $net -n 3 --texts=texts -C composed -o sums t16
  "$PYTHON" "$NCT_ROOT/examples/python/parts.py" texts >pairs
  awk '/^With V tokens/ { on = 1 } on && /^    / { print substr($0, 5) }' "$NCT_ROOT/examples/python/README.md" >page.py
  [ "$(wc -l <page.py)" -eq 3 ]
  PYTHONPATH=$NCT_ROOT/examples/python "$PYTHON" -W error - <<'END'
import numpy, torch
from m2_files import read_safetensors
V, C = 65536, 32
state, sums = read_safetensors('composed')[1], read_safetensors('sums')[1]
for i, name in enumerate(('embed', 'head')):
    own = torch.from_numpy(numpy.array(state[name]).reshape(-1, C)[:V])
    exec(open('page.py').read())
    assert abs(parts.std().item() / own.std().item() - 0.5) < 0.01
    parts = torch.from_numpy(numpy.array(state['parts']).reshape(2, -1, C)[i])
    rows = own + torch.sparse.mm(has, parts)
    assert torch.allclose(rows, torch.from_numpy(numpy.array(sums[name]).reshape(-1, C)[:V]), atol=1e-5)
END
}
