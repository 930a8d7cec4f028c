# stacks.bats - ids to other training stacks and back: bitpack --to, --from --like, --documents and --split, and acwin
# --strings.
load helpers

setup_file() {
  PYTHON=$(python3 -c 'import sys; print(sys.executable)' 2>/dev/null) || PYTHON=
  export PYTHON PYTHONDONTWRITEBYTECODE=1
  cd "$BATS_FILE_TMPDIR" || return 1
  { sample 80000 | tr '\n' ' ' | sed 's/  /\x00/g'; printf '\0\0\0x\0'; } >text # empty documents, too
  acwin -0 text >windows
  bitpack windows >k
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
  shopt -s nullglob
  cp "$BATS_FILE_TMPDIR"/{text,windows,k} .
}

layouts() { "$PYTHON" "$NCT_ROOT/tests/second/layouts.py" "$@"; }
needs_python() { [ -n "$PYTHON" ] || skip "no python3"; }

@test "stacks: every layout, read by its description alone, has the ids and documents of --to=text" {
  needs_python
  for v in 16 8; do
    bitpack -v $v --to=text windows >want
    bitpack -v $v --to=raw --index=i -o raw windows
    bitpack -v $v --to=raw --u16 --index=j -o wide windows
    bitpack -v $v --to=npy --index=l windows >npy
    bitpack -v $v --to=megatron -o p windows
    layouts raw raw $((v / 8)) i + raw wide 2 j + npy npy l + megatron p | cmp - <(cat want want want want)
    bitpack -v $v --to=llmc --index=i -o bin windows
    bitpack -v $v --to=llmc windows | cmp - bin
    tail -c +1025 bin >ids
    if [ $v = 16 ]; then eod=65535; else eod=255,255; fi
    layouts llmc bin $eod + raw ids 2 i >got
    n=$(wc -l <want)
    head -n "$n" got | sed -E "s/^(${eod/,/ })( ?)(.*)/\3\2\1/" | cmp - want # llm.c puts EOD before a document
    [ "$(wc -l <got)" -eq $((2 * n)) ]
  done
}

@test "stacks: no document, one that is left open, and every id" {
  needs_python
  acwin -0 </dev/null | bitpack >none
  for form in raw npy llmc; do bitpack --to=$form --index=i -o $form none; [ ! -s i ]; done
  bitpack --to=megatron -o p none
  [ -z "$(layouts llmc llmc 65535 + raw raw 2 i + megatron p)" ]
  printf 'one\0two' | acwin -0 | bitpack >open
  bitpack --to=text open >want
  bitpack --to=megatron -o p open
  bitpack --to=raw --index=i -o raw open
  layouts megatron p + raw raw 2 i | cmp - <(cat want want)
  bitpack --to=llmc open >bin
  [ "$(layouts llmc bin 65535)" = "$(awk '{ sub(/ 65535$/, ""); print "65535", $0 }' want)" ]
  seq 0 65535 | bitpack --live --from=ids --like=k >all
  bitpack --to=raw --index=i -o raw all
  bitpack --to=megatron -o p all
  layouts raw raw 2 i + megatron p | tr ' ' '\n' | cmp - <(seq 0 65535; seq 0 65535)
}

@test "stacks: what has no token for a document's end is refused, and no file appears" {
  acwin -0 --eod=joined text >joined
  printf '1 2\n' | bitpack --from=ids --vocab=9 >foreign
  refused() { # STREAM WHY OPTION...
    local stream=$1 why=$2
    shift 2
    for form in "--to=llmc -o out" "--to=megatron -o p" "--to=raw --index=i -o out" "--to=npy --index=i -o out"; do
      # shellcheck disable=SC2086 # options
      run -3 --separate-stderr bitpack "$@" $form "$stream"
      [ "$stderr" = "bitpack: $stream: no token ends documents: $why" ]
      [ "$(echo out* p.* i)" = i ] && [ ! -e i ] # the globs match no file
    done
  }
  refused joined "their ends are joined to text (acwin --eod=alone), byte 18"
  refused foreign "tokens not made from windows, byte 19"
  refused windows "windows of 16 bits are not whole tokens of 13, byte 16" -v 13
}

@test "stacks: both of Megatron's files appear, or none; what was there stays" {
  echo old >p.bin
  echo old >p.idx
  head -c 3000 k >cut
  run -3 --separate-stderr bitpack --to=megatron -o p cut
  [ "$(cat p.bin p.idx)" = "$(printf 'old\nold')" ]
  bitpack --to=megatron -o p k
  [ "$(wc -c <p.bin)" -gt 1000 ]
  mkdir q.idx
  run -1 --separate-stderr bitpack --to=megatron -o q k
  [ "$stderr" = "bitpack: q.idx: Is a directory" ]
  [ ! -e q.bin ]
  cp k p.idx
  run -1 --separate-stderr bitpack --to=megatron -o p p.idx
  [[ $stderr == "bitpack: p.idx: -o would overwrite a file that is read: operand p.idx" ]]
  cmp k p.idx
  run -1 --separate-stderr bitpack --to=raw --index=i -o i k
  [[ $stderr == "bitpack: i: "*"would overwrite what is written by"* ]]
}

@test "stacks: llm.c's files hold no more than 2^31 - 1 tokens" {
  long_test
  [ "$(df --output=avail -B 1000000 . | tail -n 1)" -gt 9000 ] || skip "not 9 GB free"
  sample 1900000 >t
  for _ in 1 2 3 4; do cat t t; done >t8 # 2^21 windows and more
  acwin t8 >w
  n=$(acwin -l w | tail -n 1 | cut -f 12)
  TMPDIR=$PWD run -3 --separate-stderr bitpack -v 1 --to=llmc -o out $(yes w | head -n $((134217728 / n + 1)))
  [ "$stderr" = "bitpack: w: more than 2147483647 tokens, which is all that llm.c's files hold" ]
  [ ! -e out ]
}

@test "stacks: ids come back: whole streams of 16-bit windows byte for byte, from every form" {
  for v in 16 8 4; do
    bitpack -v $v windows >k
    bitpack --to=text k | bitpack --from=ids --like=k | cmp - k
    bitpack --to=text k | tr ' ' '\n' | bitpack --from=ids --like=k | cmp - k
    for form in raw npy; do bitpack --to=$form k | bitpack --from=$form --like=k | cmp - k; done
    bitpack --to=raw --u16 k | bitpack --from=raw --u16 --like=k | cmp - k
    bitpack --to=llmc k | bitpack --from=llmc --like=k | cmp - k
    # --like=STREAM reads the header alone; a stream of windows will do, too
    bitpack --to=text k | bitpack --from=ids --like=<(head -c 72 k) | cmp - k
    bitpack --to=text k | bitpack -v $v --from=ids --like=windows | cmp - k
  done
  in_pieces 3 <(bitpack --to=text k | head -c 20000) | bitpack --from=ids --like=k | bitpack -u | acwin -d |
    cmp - <(bitpack --to=text k | head -c 20000 | bitpack --from=ids --like=k | bitpack -u | acwin -d)
}

@test "stacks: ids come back whatever v, chunks, separators, codes and ends are" {
  for o in "-0 -c 1000" "-0 -c 70000" "-0 -c 7" "--open -c 5000" "-D ^CHAPTER" "-0 --code=split -c 333 --eod=joined" \
    "-0 --code=split --eod=alone" "-0 --eod=joined -c 64"; do
    for v in 16 13 7; do
      # shellcheck disable=SC2086 # options
      acwin $o text | bitpack -v $v >k
      bitpack --to=text k | bitpack --from=ids --like=k | cmp - k || { echo "$o, v = $v"; return 1; }
    done
  done
  acwin -0 -c 0 text | bitpack >k
  bitpack --to=raw k | bitpack --from=raw --like=k | cmp - k
}

@test "stacks: ids come back as the same text where no codebook is at hand, or another model's" {
  quick_model m1
  head -c 10000 text >t
  for b in 24 40; do
    acwin -0 -m m1 -b $b t | bitpack -v 8 >k2
    run -0 --separate-stderr bash -c "bitpack --to=text k2 | bitpack --from=ids --like=k2 >back"
    [ "$stderr" = "bitpack: text bytes are unknown: their codebook is not at hand (see -m)" ]
    bitpack -u back | acwin -d -m m1 | cmp - t
    bitpack --to=raw k2 | bitpack -q --live --from=raw --like=k2 | bitpack -u | acwin -d -m m1 | cmp - t
  done
  acwin -0 -m m1 --no-codebook -b 16 t | bitpack >k2
  bitpack --to=text k2 | bitpack -m m1 --from=ids --like=k2 | cmp - k2
  run -1 --separate-stderr bitpack -m m1 --from=ids --like=k </dev/null
  [[ $stderr == "bitpack: k: written with M1 "* ]]
}

@test "stacks: wrong ids, windows that are not whole, and STREAMs that will not do" {
  back() { bitpack --from=ids "$@"; }
  fails() { # STATUS TEXT IDS OPTION...
    local status=$1 text=$2 ids=$3
    shift 3
    run "-$status" --separate-stderr bash -c 'printf "$1" | bitpack --from="${@:2}" >/dev/null' - "$ids" "$@"
    [ "$stderr" = "bitpack: $text" ] || { echo "$stderr"; return 1; }
  }
  bitpack -v 8 windows >k8
  fails 3 "-: an id outside the vocabulary of 65536, line 1, column 3" '1 65536 ' ids --like=k
  fails 3 "-: not an id, line 2, column 1" '1 2\nx' ids --like=k
  fails 3 "-: the last window is not whole, id 3" '1 2 3\n' ids --like=k8
  fails 3 "-: the last window is not whole, id 3" '\001\002\003' raw --like=k8
  fails 3 "-: ends early, id 2" '\001\002\003' raw --like=k
  fails 3 "-: not a NumPy array, byte 0" '0123456789012' npy --like=k
  fails 3 "-: ends within its header, byte 4" '0123' npy --like=k
  fails 3 "-: ends within its header, byte 5" '01234' llmc --like=k
  acwin -0 --eod=joined text | bitpack >joined
  fails 3 "joined: no token ends its documents, as in llm.c's files" '' llmc --like=joined
  joint=$(acwin --strings | grep -m 1 -F '\E' | cut -f 1)
  fails 3 "-: a string that ends with a document's end, where such ends are alone (see --live), id 2" "0\n$joint\n" ids --like=k
  printf '0\n%s\n65535\n' "$joint" | back --live --like=k | bitpack -u | acwin -d | tr -dc '\0' | wc -c | grep -x 3 # string 0 is a NUL
  printf '1 2\n' | bitpack --from=ids --vocab=9 >foreign
  fails 3 "foreign: tokens not made from windows, byte 19" '1' ids --like=foreign
  acwin -b 0 <<<text >unbroken
  fails 3 "unbroken: an unbroken code, whose symbols only the encoder can count, byte 19" '1' ids --like=unbroken
  fails 3 "text: not an nct stream, byte 0" '1' ids --like=text
  fails 1 "nowhere: No such file or directory" '1' ids --like=nowhere
  fails 3 "k8: tokens of 8 bits, not 16, byte 16" '1' ids -v 16 --like=k8
  acwin -0 -b 24 --eod=alone text | bitpack -v 16 >k24
  [ "$(printf '1 2 3\n' | bitpack -q --from=ids --live --like=k24 | acwin -l | tail -n 1 | cut -f 12)" = 2 ]
  run -3 --separate-stderr bitpack --from=ids --like=k24 </dev/null
  [[ $stderr == "bitpack: k24: tokens of 16 bits of windows of 24: "*", without their codebook (-m) (sampled ids have none: see --live)" ]]
  sample 30000 | m1train -q -k strings -b 12 -o m12
  acwin -0 -m m12 text | bitpack -v 16 >k12 # its padding may hold a whole window
  run -3 --separate-stderr bitpack --from=ids -m m12 --like=k12 </dev/null
  [[ $stderr == "bitpack: k12: tokens of 16 bits of windows of 12: "*", as tokens may end with a whole window of padding ("* ]]
  acwin -0 -c 0 text | bitpack -v 13 >k0
  run -3 --separate-stderr bitpack --from=ids --like=k0 </dev/null
  [[ $stderr == "bitpack: k0: tokens of 13 bits of windows of 16: "*", as chunks have no end, or too late a one ("* ]]
}

@test "stacks: NumPy's arrays of other integers and shapes are read" {
  needs_python
  npy() { "$PYTHON" -c "
import struct, sys
text = (\"{'descr': '$1', 'fortran_order': False, 'shape': $2, }\").ljust(117) + '\n'
ids = [5, 258, 65535, 65, 66, 65535]
sys.stdout.buffer.write(b'\x93NUMPY\1\0' + struct.pack('<H', len(text)) + text.encode() + struct.pack('<6$3', *ids))"; }
  want="5 258 65535
65 66 65535"
  for form in "<i8 (6,) q" "<u8 (2,3) Q" "<i4 (3,2) i" "<u4 (6,) I" "<u2 (1,6) H"; do
    # shellcheck disable=SC2086 # three words
    [ "$(npy $form | bitpack --from=npy --live --like=k | bitpack --to=text)" = "$want" ]
  done
  run -3 --separate-stderr bash -c "$(declare -f npy); npy '<f4' '(6,)' f | bitpack --from=npy --live --like=k"
  [[ $stderr == "bitpack: -: not an array of little-endian integers in C's order, byte 10" ]]
  for bad in "'<i2' '(1,)' h" "'<i8' '(1,)' q"; do
    run -3 --separate-stderr bash -c "PYTHON=$PYTHON; $PYTHON - $bad <<'END' | bitpack --from=npy --live --like=k
import struct, sys
text = (\"{'descr': '%s', 'fortran_order': False, 'shape': %s, }\" % tuple(sys.argv[1:3])).ljust(117) + '\\n'
sys.stdout.buffer.write(b'\x93NUMPY\1\0' + struct.pack('<H', len(text)) + text.encode() + struct.pack('<' + sys.argv[3], -1))
END"
    [[ $stderr == "bitpack: -: an id outside the vocabulary of 65536, id 1" ]]
  done
  run -3 --separate-stderr bash -c "$(declare -f npy); npy '<i8' '(6' q | bitpack --from=npy --live --like=k >out"
  [[ $stderr == "bitpack: -: an array without a good shape, byte 10" ]]
  run -3 --separate-stderr bash -c "$(declare -f npy); npy '<i8' '(5,)' q | bitpack --from=npy --live --like=k >out"
  [[ $stderr == "bitpack: -: goes on behind the 5 ids that its header tells" ]]
  run -3 --separate-stderr bash -c "$(declare -f npy); npy '<i8' '(7,)' q | bitpack --from=npy --live --like=k >out"
  [[ $stderr == "bitpack: -: ends early, id 7" ]]
}

@test "stacks: --live writes each window as soon as it is whole" {
  feed sh -c 'bitpack --live --from=ids --like=k | bitpack -u | acwin -d >out'
  printf '%s\n' "$(acwin --strings | awk -F '\t' '$2 == "one" { print $1 }')" >&9
  await has_bytes out 3
  printf '%s ' "$(acwin --strings | awk -F '\t' '$2 == " two" { print $1 }')" >&9
  await has_bytes out 7
  exec 9>&-
  ends 0
  [ "$(cat out)" = "one two" ]
}

@test "stacks: a model's own samples come back as they went" {
  m2train -q -T 1 -s d=32,layers=1,heads=2,ff=64 -B 2 -L 32 -n 20 -o m2 k
  m2gen -m m2 -n 300 >g
  bitpack -u g | acwin -d >want
  bitpack --to=text g | tr ' ' '\n' | bitpack --live --from=ids --like=k | bitpack -u | acwin -d | cmp - want
}

@test "stacks: --documents takes those of a list, with their text bytes" {
  bitpack --documents=1- k | cmp - k
  bitpack --documents=1- windows | cmp - k
  bitpack --documents=2,4-6,9- k >some
  tr '\0' '\n' <text | sed -n '2p;4,6p;9,$p' | tr '\n' '\0' >want
  bitpack -u some | acwin -d | cmp - want
  [ "$(acwin -l some | tail -n 1 | cut -f 11,16)" = "$(tr -dc '\0' <want | wc -c)"$'\t'"$(tr -d '\0' <want | wc -c)" ]
  bitpack --documents=3 --rest=others -o some k k
  bitpack -u some | acwin -d | cmp - <(tr '\0' '\n' <text | sed -n 3p | tr '\n' '\0')
  n=$(tr -dc '\0' <text | wc -c)
  [ "$(acwin -l others | awk -F '\t' 'NR > 1 { n += $11 } END { print n }')" = $((2 * n - 1)) ]
  run -0 --separate-stderr bash -c 'cat k k | bitpack --verbose --documents=1- 2>&1 >/dev/null | grep -E "^(text_bytes|tokens|windows)"'
  n2=$(acwin -l k | tail -n 1 | cut -f 12)
  [ "$output" = "text_bytes=$((2 * $(tr -d '\0' <text | wc -c)))"$'\n'"windows=$((2 * n2))"$'\n'"tokens=$((2 * n2))" ]
  run -0 --separate-stderr bitpack --documents=100000- -o some k
  [ "$stderr" = "bitpack: none of the documents was picked" ]
  run -0 --separate-stderr bitpack --documents=1- --rest=others -o some k
  [ "$stderr" = "bitpack: all documents were picked: none is left for others" ]
  [ "$(acwin -l others | tail -n 1 | cut -f 13)" = 0 ]
  run -0 --separate-stderr bitpack --documents=2- --rest=others -o some k
  [ -z "$stderr" ]
  # Documents are numbered across streams, and an open document counts.
  printf 'one\0two' | acwin -0 | bitpack >open
  bitpack --documents=2-3 open open | bitpack -u | acwin -d | cmp - <(printf 'twoone\0')
  for list in 0 3-2 x 1, 1--2 "" 1-2-3; do
    run -2 --separate-stderr bitpack --documents="$list" k
    [ "$stderr" = "bitpack: --documents: '$list' is no list of numbers and ranges from 1, as 1-1000,2000-" ]
  done
}

@test "stacks: --split parts documents by their numbers alone" {
  bitpack --split=0.7 --seed=3 -o a --rest=b k
  n=$(tr -dc '\0' <text | wc -c)
  of() { acwin -l "$1" | tail -n 1 | cut -f 11; }
  [ $(($(of a) + $(of b))) -eq "$n" ]
  [ "$(of a)" -gt $((n / 2)) ]
  [ "$(of b)" -gt 0 ]
  cat windows | bitpack --split=0.7 --seed=3 | cmp - a
  in_pieces 7 <(base64 -w 0 k) | base64 -d | bitpack --split=0.7 --seed=3 | cmp - a
  bitpack --split=0.7 k | cmp -s - a && return 1
  [ "$(bitpack --split=1 k | acwin -l | tail -n 1 | cut -f 11)" = "$n" ]
  [ "$(bitpack --split=0 k | acwin -l | tail -n 1 | cut -f 11)" = 0 ]
  # each document is whole, and in one of the two
  { bitpack -u a | acwin -d; bitpack -u b | acwin -d; } | tr '\0' '\n' | sort | cmp - <(tr '\0' '\n' <text | sort)
  m2train -q -T 1 -s d=32,layers=1,heads=2,ff=64 -B 2 -L 32 -n 3 -e b -o m2 a
  [ "$(m2train -m m2 -E -T 1 b | awk -F '\t' '$1 == "total" { print $4 }')" = "$(acwin -l b | tail -n 1 | cut -f 16)" ]
}

@test "stacks: without the codebook text bytes are unknown, and a note says so" {
  quick_model m1
  head -c 3000 text | acwin -0 -m m1 -b 24 --eod=alone | bitpack -v 8 >k24
  run -0 --separate-stderr bitpack --documents=1-3 -o some k24
  [ "$stderr" = "bitpack: text bytes are unknown: their codebook is not at hand (see -m)" ]
  [ "$(acwin -l some | tail -n 1 | cut -f 11,16)" = "3"$'\t'"unknown" ]
  bitpack -u some | acwin -d -m m1 | cmp - <(tr '\0' '\n' <text | head -n 3 | tr '\n' '\0')
}

@test "stacks: options that would have no effect exit 2" {
  while read -r options; do
    # shellcheck disable=SC2086 # options
    run -2 --separate-stderr bitpack $options k
    [ "${#stderr_lines[@]}" -eq 1 ] || { echo "$options: $stderr"; return 1; }
  done <<'END'
--like=k
--from=ids --like=- -
--live --from=ids
--from=npy
--from=llmc
--from=ids --like=k --vocab=9
--from=ids --like=k --to=raw
--from=ids --like=k --split=0.5
-m k
--live -m k --from=ids --like=k
--u16
--u16 --to=text
--index=i
--index=i --to=text
--to=megatron
--to=megatron -o -
--documents=1 --split=0.5
--documents=1 --to=raw
--seed=2
--rest=r
--split=1.5
-u --documents=1
END
}

@test "stacks: token texts for llm.c and as JSON" {
  needs_python
  acwin --strings >lines
  acwin --strings=llmc >bin
  acwin --strings=json >json
  [ "$(acwin --strings=lines | cmp - lines && echo same)" = same ]
  layouts tokens bin >hex
  "$PYTHON" - lines hex json <<'END'
import json, re, sys
def unescape(text):
    text = re.sub(r"\\(x[0-9a-f]{2}|.)", lambda m: {"n": "\n", "t": "\t", "\\": "\\", "E": "<|endoftext|>"}.get(
        m.group(1)) or chr(int(m.group(1)[1:], 16)), text)
    return text.encode("latin-1")
want = [unescape(line.rstrip("\n").split("\t")[1]) for line in open(sys.argv[1])]
hexes = [line.split() for line in open(sys.argv[2])]
assert [bytes.fromhex(h[1]) for h in hexes] == want
# GPT-2's alphabet, as its own code makes it
shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
alphabet, n = {b: chr(b) for b in shown}, 0
for b in range(256):
    if b not in alphabet:
        alphabet[b] = chr(256 + n)
        n += 1
def spelled(text):
    end = b"<|endoftext|>"
    body = text[:-len(end)] if text.endswith(end) else text
    return "".join(alphabet[b] for b in body) + ("<|endoftext|>" if body != text else "")
table = json.load(open(sys.argv[3], encoding="utf-8"))
assert list(table.values()) == list(range(len(want))) and list(table) == [spelled(text) for text in want]
END
}

@test "stacks: a model made for windows of 13 bits works with no further option" {
  sample 60000 | m1train -q -k strings -b 13 -a words -o my.m1
  acwin -m my.m1 -0 text >w
  [ "$(acwin -l w | tail -n 1 | cut -f 3,4,19,20)" = "$(printf 'best\t13\twords\talone')" ]
  bitpack w >k13
  [ "$(acwin -l k13 | tail -n 1 | cut -f 5)" = 8192 ]
  m2train -q -T 1 -s d=32,layers=1,heads=2,ff=64 -B 2 -L 32 -n 3 -o m2 k13
  m2gen -m m2 -n 30 | bitpack -u | acwin -d -m my.m1 >out
  [ -s out ]
  bitpack --to=text k13 | bitpack -m my.m1 --from=ids --like=k13 | cmp - k13
}

@test "stacks: the built-in model's second codebook, by name: more tokens, which every tool takes back" {
  tr '\0' ' ' <text >t
  acwin t >w
  acwin --codebook=short t >s
  [ $((100 * $(acwin -l s | tail -n 1 | cut -f 12))) -gt $((110 * $(acwin -l w | tail -n 1 | cut -f 12))) ]
  cat w s | acwin -d | cmp - <(cat t t)
  bitpack s >k
  bitpack -u k | acwin -d | cmp - t
  bitpack --to=raw k | bitpack --from=raw --like=k | cmp - k
  cmp <(acwin --strings --codebook=short | cut -f 1) <(seq 0 65535)
  run -2 --separate-stderr acwin --codebook=absent t
  [ "$stderr" = "acwin: --codebook: the model has none with the name 'absent'" ]
}

@test "stacks: two codebooks of the same bits in one model, by name; decoding takes the right one" {
  sample 30000 >t
  m1train -q -k strings -b 11 -a words -o one t
  m1train -q -k strings -b 11 -a none --codebook=dense -m one -o two t
  acwin -m two t >w
  acwin -m one t | cmp - w
  acwin -m two --codebook=dense t >d
  cmp -s d w && return 1
  [ "$(acwin -l d | tail -n 1 | cut -f 19)" = none ] # as this codebook was chosen, not as the other
  for f in w d; do acwin -d -m two $f | cmp - t; done
  cat w d | acwin -d -m two | cmp - <(cat t t)
  run -1 --separate-stderr acwin -d -m one d
  [[ $stderr == "acwin: d: written with another codebook: its windows are "*", these are "*" (see -m)" ]]
  acwin -m two --strings --codebook=dense >strings
  acwin -m two --strings | cmp -s - strings && return 1
  run -2 --separate-stderr acwin -m two --codebook=thin t
  [ "$stderr" = "acwin: --codebook: the model has none with the name 'thin'" ]
  run -2 --separate-stderr acwin -m two --codebook=dense --code=split t
  run -2 --separate-stderr m1train -k unigram --codebook=x t
  run -2 --separate-stderr m1train -k strings -b 11 --codebook=No t
  # The name alone selects a codebook of 12 bits. m1train replaces a codebook of the same name.
  m1train -q -k strings -b 12 --codebook=wide -m two -o three t
  [ "$(acwin -m three --codebook=wide t | acwin -l | tail -n 1 | cut -f 4)" = 12 ]
  m1train -q -k strings -b 11 -a words --codebook=dense -m two -o four t
  acwin -m four --codebook=dense t >f
  acwin -d -m four f | cmp - t
  [ "$(acwin -l f | tail -n 1 | cut -f 19)" = words ]
  acwin -m four --compile -b 10 >five # other codebooks stay
  acwin -m five --codebook=dense t | cmp - f
}

@test "stacks: a model whose codebook is packed wrongly is damaged input, and is named" {
  needs_python
  sample 20000 >t
  m1train -q -k strings -b 10 -o m t
  "$PYTHON" - <<'END' # the last base of the codebook becomes that of the root
import json, struct
data = bytearray(open("m", "rb").read())
size = struct.unpack_from("<Q", data)[0]
begin, end = json.loads(data[8:8 + size])["best10.base"]["data_offsets"]
data[8 + size + end - 4:8 + size + end] = bytes(4)
open("bad", "wb").write(data)
END
  run -3 --separate-stderr acwin -m bad t
  [ "$stderr" = "acwin: bad: the codebook of 10 bits is packed wrongly" ]
}

# page_has LINE: nct(7), which is in $page, gives this command.
page_has() { [[ $page == *"$1"* ]] || { echo "nct(7) has no: $1"; return 1; }; }

@test "stacks: the commands of nct(7), with other tools: text in, tokens out, and back" {
  needs mandoc col jq shuf
  page=$(mandoc -T ascii -O width=1000 "$NCT_ROOT/man/nct.7" | col -b)
  tr '\0' '\n' <text | sed '/^$/d' | head -n 40 | tee lines | tr '\n' '\0' >documents
  jq -R -c '{text: .}' lines | gzip >c4.json.gz
  command="zcat c4.json.gz | jq -j '.text,\"\\u0000\"' | acwin -0 | bitpack >tokens"
  page_has "$command"
  bash -c "$command"
  bitpack -u tokens | acwin -d | cmp - documents
  mkdir files
  split -a 3 -l 1 --additional-suffix=.txt lines files/x
  command="find . -name '*.txt' -print0 | xargs -0 acwin | bitpack >tokens"
  page_has "$command"
  bash -c "$command"
  bitpack -u tokens | acwin -d | sort | cmp - <(sort lines)
  [ "$(acwin -l tokens | tail -n 1 | cut -f 11)" = "$(wc -l <lines)" ]
  command='shuf -z documents | acwin -0 | bitpack >tokens'
  page_has "$command"
  bash -c "$command"
  bitpack -u tokens | acwin -d | tr '\0' '\n' | sort | cmp - <(sort lines)
  page_has 'bitpack --split=0.99 -o train --rest=val tokens'
  bitpack --split=0.99 -o train --rest=val tokens
  for command in 'bitpack --to=raw --u16 -o train.bin train' 'bitpack --to=llmc -o train.bin train' \
    'bitpack --to=megatron -o corpus train' 'bitpack --to=raw --index=train.ds.index -o train.ds train' \
    'bitpack --to=npy -o train.npy train' 'bitpack --to=text train'; do
    page_has "$command"
    bash -c "$command >out"
  done
  cmp <(tail -c +1025 train.bin | head -c 2) <(printf '\377\377') # llm.c puts EOD before a document
  printf 'print(61391)\nprint(43361)\nprint(65535)\n' >sample.py
  command='python3 sample.py | bitpack --live --from=ids --like=val | bitpack -u | acwin -d'
  page_has "$command"
  needs_python
  [ "$(bash -c "$command" | tr '\0' '\n')" = "one two" ]
}
