# second.bats - the tools against nct_second.py, written from nct-formats(5) alone: the same text, bits and refusals.
load helpers

# python3 may be a slow wrapper, so PYTHON is the interpreter itself.
setup_file() {
  PYTHON=$(python3 -c 'import sys; print(sys.executable)' 2>/dev/null) || PYTHON=
  export PYTHON PYTHONDONTWRITEBYTECODE=1
}

second() { "$PYTHON" "$NCT_ROOT/tests/second/nct_second.py" "$@"; }
vectors() { echo "$NCT_ROOT/tests/vectors"; }
built_in() { echo "$NCT_ROOT/lib/m1/m1-default.safetensors"; }

long_second() {
  long_test
  [ -n "$PYTHON" ] || skip "no python3"
}

# tiny_model: m1-tiny with codebooks of 10 bits of both codes, in the file tiny.
tiny_model() {
  sample 12000 | m1train -q -k strings -m "$(vectors)/m1-tiny.safetensors" -b 10 -a words >tiny.best
  acwin --compile -m tiny.best -b 10 >tiny
}

# both MODEL OPTION...: acwin and the second implementation make the same stream, which is left in the file windows, and
# decode it to the same text, which is left in text.
both() {
  local model=$1
  shift
  acwin -m "$model" "$@" >windows
  second encode -m "$model" "$@" | cmp - windows
  acwin -d -m "$model" windows >text
  second decode -m "$model" windows | cmp - text
}

# Documents of all sorts: empty, open, bytes that are no text, characters of many kinds at which words begin and end.
odd_documents() {
  printf 'one\0\0two words and 5 more\0\0\0'
  printf "L'\303\251t\303\251\302\240\342\200\231s  x\n\n\r\n12a\364\220\200\200b\355\240\200c"
  printf '\303 d\300\200\302\205\343\200\200e '
  printf "\303\251\314\201'x' _-_ \t y\360\237\230\200 last"
}

@test "second: M1's frequencies in the vectors, and the golden streams, both ways" {
  long_second
  for m in tiny small limits; do
    second eval -m "$(vectors)/m1-$m.safetensors" <"$(vectors)/m1-$m.freq" | cmp - "$(vectors)/m1-$m.freq"
  done
  cp "$(vectors)"/golden* .
  for b in 0 24 32 48 64 128; do
    second decode -m "$(vectors)/m1-tiny.safetensors" golden-$b.nct | cmp - golden.txt
    second encode -0 -m "$(vectors)/m1-tiny.safetensors" -b $b -c 500 golden.txt | cmp - golden-$b.nct
  done
}

@test "second: windows of many sizes, by evaluating M1, aligned and not, with resets" {
  long_second
  sample 1000 >in
  for o in "-b 10 -a words -r 1" "-b 10 -a none -r 3" "-b 16 -a none -r 0" "-b 24 -a words -r 3" \
    "-b 64 -a words -r 0" "-b 64 -a none -r 1" "-b 128 -a none -r 3" "-b 128 -a words -r 1"; do
    # shellcheck disable=SC2086 # options
    both "$(vectors)/m1-tiny.safetensors" $o -c 300 in
    cmp in text
  done
  both "$(vectors)/m1-tiny.safetensors" -b 40 -r 2 -c 0 -a '(?<=[,.]) |\n' in
  both "$(vectors)/m1-small.safetensors" -b 30 -r 1 -c 100 -a none in
  both "$(vectors)/m1-limits.safetensors" -b 30 -r 0 -c 100 -a words in
}

@test "second: codebooks of both codes, the split one compiled, and windows by them" {
  long_second
  tiny_model
  sample 12000 >in
  second model -m tiny
  for code in split best; do
    acwin --strings -m tiny -b 10 --code=$code >strings
    second strings -m tiny -b 10 --code $code | cmp - strings
    [ $code = best ] || second strings -m tiny -b 10 --no-codebook | cmp - strings
    for a in none words '[aeiou]'; do
      both tiny -b 10 -c 1000 -a "$a" --code $code in
      cmp in text
    done
  done
  acwin -m tiny -b 10 -c 1000 -a words --code split in >windows
  second decode -m tiny --no-codebook windows | cmp - in
}

@test "second: words and numbers of any length" {
  long_second
  tiny_model
  "$PYTHON" -c 'print("one " + "a" * 150000 + " b " + " " * 70000 + "x" + "1" * 70000 + ".," * 40000 + "end")' >in
  for code in split best; do
    both tiny -b 10 -c 0 -a words --code $code in
    cmp in text
  done
}

@test "second: documents of all kinds" {
  long_second
  tiny_model
  odd_documents >odd
  : >empty
  for o in "-a none -c 3 --code split" "-a words -c 7 --code best"; do
    # shellcheck disable=SC2086 # options
    {
      both tiny -b 10 $o -0 odd
      both tiny -b 10 $o odd empty odd
      both tiny -b 10 $o -D '[a-z]' odd
      both tiny -b 10 $o --open odd odd
      both tiny -b 10 $o empty
    }
  done
  both tiny -b 10 -c 3 --code split --eod alone -a words -0 odd
  both tiny -b 10 -c 7 --code best --eod joined -a words -0 odd
  both "$(vectors)/m1-tiny.safetensors" -b 30 -r 3 -c 50 -a words --eod alone -0 odd
  both "$(vectors)/m1-tiny.safetensors" -b 30 -r 3 -c 50 -a words -0 odd
  both "$(vectors)/m1-tiny.safetensors" -b 0 -c 3 -0 odd
  both "$(vectors)/m1-tiny.safetensors" -b 0 -c 0 odd empty odd
}

@test "second: the built-in model: its codebooks, and the stream of the page's example" {
  long_second
  sample 150000 >in
  second model -m "$(built_in)"
  for code in split best; do
    acwin --strings --code=$code >strings
    second strings -m "$(built_in)" -b 16 --code $code | cmp - strings
    both "$(built_in)" -b 16 -a words --code $code in
    cmp in text
  done
  acwin --strings --codebook=short >strings
  second strings -m "$(built_in)" -b 16 --code best --codebook short | cmp - strings
  both "$(built_in)" -b 16 -a words --code best --codebook short in
  cmp in text
  printf 'Hi\0' >hi
  both "$(built_in)" -0 -b 24 -c 16384 -a none hi
}

@test "second: tokens of many sizes and their ids, and streams in a row" {
  long_second
  tiny_model
  odd_documents >odd
  sample 3000 >>odd
  for b in 0 10 24; do
    acwin -m tiny -0 -b $b -c 200 -a none --code=split odd >windows
    for v in 1 8 12 13 16; do
      bitpack -v $v windows >tokens
      second pack -v $v windows | cmp - tokens
      second unpack tokens | cmp - windows
      second decode -m tiny tokens | cmp - odd
      bitpack --to=text tokens >ids
      second ids tokens | cmp - ids
      bitpack --to=raw tokens >raw
      second raw tokens | cmp - raw
    done
    cat windows >>row.windows
    cat tokens >>row.tokens
    cat odd >>row.text
  done
  second decode -m tiny row.windows | cmp - row.text
  second unpack row.tokens | cmp - row.windows
  bitpack -u row.tokens | cmp - row.windows
}

@test "second: what a model has sampled, whose text is unknown" {
  long_second
  tiny_model
  sample 5000 | tr '\n' '\0' >in
  for o in "-b 10 -r 1" "-b 10 -r 3" "-b 24 -r 0"; do
    for v in 8 12; do
      # shellcheck disable=SC2086 # options
      acwin -m tiny -0 $o -a none -c 300 --code=split in | bitpack -v $v >tokens
      m2train -q -T 1 -s d=16,layers=1,heads=1,ff=16 -n 2 -B 2 -L 32 -o m2 tokens
      m2gen -T 1 -m m2 -n 400 >sampled
      bitpack -u sampled >windows
      second unpack sampled | cmp - windows
      acwin -d -m tiny windows >text
      second decode -m tiny sampled | cmp - text
      bitpack --to=text sampled >ids
      second ids sampled | cmp - ids
    done
  done
  [ "$(tr -cd '\0' <text | wc -c)" -gt 0 ] # some text has EOD inside a chunk
}

@test "second: foreign tokens, with their text and without" {
  long_second
  printf '1 2 3\n\n299\n4\n' >ids
  printf 'a b c\n\nlong line\nd\n' >lines
  for o in "--vocab=300" "--vocab=300 --text=lines" "--vocab=65536 --text=lines"; do
    # shellcheck disable=SC2086 # options
    {
      bitpack --from=ids $o ids >tokens
      second foreign $o ids | cmp - tokens
    }
    second ids tokens | cmp - ids
    bitpack --to=text tokens | cmp - ids
  done
  sample 100000 >raw
  bitpack --from=raw raw >tokens
  second raw tokens | cmp - raw
  yes '' | head -n 70000 >many
  bitpack --from=ids --vocab=2 many >tokens
  second foreign --vocab 2 many | cmp - tokens
  second ids tokens | cmp - many
}

@test "second: chunks so long that they are cut into parts" {
  long_second
  quick_model uni
  acwin --compile -m uni -b 10 >model
  seq 200000 >in # more symbols than a part may have, and nearly as many windows
  both model -b 10 -a none -c 0 in
  [ "$(acwin -l windows | cut -f 10 | tail -1)" -gt 1 ]
  cmp in text
  both model -b 0 -c 0 in
  [ "$(acwin -l windows | cut -f 10 | tail -1)" -gt 1 ]
  cmp in text
  seq -s ' ' 1 65535 >line
  for _ in $(seq 12); do tr '\n' ' ' <line; done >ids
  echo 1 >>ids
  bitpack --from=ids --vocab=65536 ids >tokens
  second foreign --vocab 65536 ids | cmp - tokens
  bitpack --to=text tokens >out
  second ids tokens | cmp - out
}

@test "second: what is damaged, with CRCs that fit and with others, and what no writer makes" {
  long_second
  tiny_model
  "$PYTHON" "$NCT_ROOT/tests/second/crafted.py" tiny 1 50
}
