#!/usr/bin/env bats
# m2text.bats - m2gen from plain text to plain text: prompts, every code, whole characters, models that do not fit.
# shellcheck disable=SC2154,SC2086 # bats sets stderr and output; options are to be split

load helpers

# Shared by all tests, only read: an M1 with two codebooks of 10 bits, tokens of both, and models of them.
setup_file() {
  cd "$BATS_FILE_TMPDIR" || return
  sample 60000 >text
  tr '\n' '\0' <text >lines
  quick_model m1
  m1train -q -k strings -b 10 -a words -m m1 -o first text
  m1train -q -k strings -b 10 -a none --codebook=other -m first -o books text
  acwin -0 -m books lines | bitpack >toks
  acwin -0 -m books --codebook=other lines | bitpack >toks.other
  m2train -q $net -n 100 -o m2 toks
  m2train -q $net -n 20 -o m2.other toks.other
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  ln -s "$BATS_FILE_TMPDIR"/{text,lines,toks,toks.other,m1,books,m2,m2.other} .
}

net="-T 1 -s d=32,layers=1,heads=2,ff=64 -B 4 -L 32 --warmup=50"

# by_hand FILE: the text of tokens.
by_hand() { bitpack -u "$1" | acwin -d -m books | tr '\0' '\n'; }

@test "m2gen --text: what bitpack -u and acwin -d make of the tokens, with newlines behind documents" {
  m2gen -m m2 -n 300 >g
  m2gen -m m2 -M books -n 300 --text >out
  by_hand g | cmp - out
  [ "$(wc -c <out)" -gt 300 ]
  m2gen -m m2 -N 8 >g
  m2gen -m m2 -M books -N 8 --text -o out
  by_hand g | cmp - out
  [ "$(wc -l <out)" -eq 8 ]
  m2gen -m m2 -M books -N 8 --text -0 >out
  bitpack -u g | acwin -d -m books | cmp - out
  [ "$(tr -dc '\0' <out | wc -c)" -eq 8 ]
  m2gen -m m2 -M books -n 0 --text >out
  [ ! -s out ]
}

@test "m2gen --text: all codes, and windows of any size; documents end with a newline, whatever separates those of the text" {
  for options in "-b 10 --code=split --eod=alone" "-b 10 --code=best" "-b 24" "-b 12 -r 2" "-b 64 -r 0 -a words"; do
    head -c 2000 text | acwin -m books $options | bitpack -v8 >t
    m2train -q $net -n 2 -o m t
    m2gen -m m -n 60 >g
    m2gen -m m -M books -n 60 --text >out
    by_hand g | tr -d '\n' >want
    tr -d '\n' <out | cmp - want
    [ "$(tr -dc '\n' <out | wc -c)" -ge "$(by_hand g | tr -dc '\n' | wc -c)" ]
  done
  tr '\0' '\n' <lines | head -c 9000 | acwin -D '(?m)^' -m books | bitpack >t
  m2train -q $net -n 60 -o m t
  [ "$(m2gen -m m -M books -N 5 --text -0 | tr -dc '\0' | wc -c)" -eq 5 ]
}

@test "m2gen --prompt: the tokens of acwin --open, by the codebook that the model's fingerprint names" {
  for book in "m2" "m2.other --codebook=other -a none"; do
    set -- $book
    printf 'The three currently' | acwin --open --eod=alone -m books "${@:2}" | bitpack >p
    m2gen -m $1 -n 40 p >want
    m2gen -m $1 -M books -n 40 --prompt='The three currently' >g
    cmp <(bitpack --to=text want) <(bitpack --to=text g)
  done
  for options in "--code=split -b 12" "-b 24 --eod=alone" "-b 16 -r 2 -a words" "-b 10 -a [aeiou]"; do
    head -c 3000 text | acwin -m books $options | bitpack -v8 >t
    m2train -q $net -n 2 -o m t
    case $options in
      *aeiou*) # the pattern is not in the model
        run -1 --separate-stderr m2gen -m m -M books --prompt='The three' -o o
        [ "$stderr" = "m2gen: books: it does not tell the pattern at whose matches the windows end (acwin -a)" ] ;;
      *)
        printf 'The three currently' | acwin --open -m books $options | bitpack -v8 >p
        m2gen -m m -n 40 p >want
        m2gen -m m -M books -n 40 --prompt='The three currently' >g
        cmp <(bitpack --to=text want) <(bitpack --to=text g)
    esac
  done
}

@test "m2gen --prompt --text: from text to text" {
  m2gen -m m2 -M books --prompt='The three currently' --text -n 60 --seed=3 >out
  [ "$(head -c 19 out)" = "The three currently" ]
  [ "$(wc -c <out)" -gt 60 ]
  m2gen -m m2 -M books --prompt='The three currently' --text -N 5 --seed=3 >out
  [ "$(grep -c '^The three currently' out)" -eq 5 ]
  m2gen -m m2 -M books --prompt= --text -n 30 | cmp - <(m2gen -m m2 -M books --text -n 30)
  m2gen -m m2 -M books --prompt="$(head -c 50000 text)" --text -n 1 | head -c 50000 | cmp - <(head -c 50000 text)
}

@test "m2gen --text: characters come whole" {
  needs python3
  awk 'BEGIN { for (i = 0; i < 9000; i++) printf "%s", i % 7 ? "\303\251" : "\342\202\254" }' >euros
  m1train -q -k unigram -o u euros
  acwin -m u -b 10 euros | bitpack -v10 >t
  m2train -q $net -n 60 -o m t
  # What each read gives, which is one write or more, ends as a character does, or with a byte that begins none.
  mkfifo text.pipe
  start sh -c 'm2gen -m m -M u --text -n 10000 >text.pipe'
  python3 -c '
import os
pipe, chunks = os.open("text.pipe", os.O_RDONLY), [] # m2gen begins now
while chunk := os.read(pipe, 1 << 20):
    chunks.append(chunk)
cut = [c for c in chunks[:-1] if c[-1] >= 0xc0 or (len(c) > 1 and c[-2] >= 0xe0 and c[-1] >= 0x80)]
assert len(chunks) > 9 and not cut, (len(chunks), len(cut))
assert b"\xe2\x82\xac" in b"".join(chunks)'
  bitpack -u <(m2gen -m m -n 2000) | acwin -d -m u | cmp - <(m2gen -m m -M u --text -n 2000 | tr -d '\n')
}

@test "m2gen --text: appears while it is made; a signal ends it" {
  mkfifo text.pipe
  start sh -c 'm2gen -m m2 -M books --text -n 1000000000 2>/dev/null >text.pipe'
  head -c 200 text.pipe >out # would wait for ever if nothing came before the end
  await gone
  [ "$(wc -c <out)" = 200 ]
  start m2gen -m m2 -M books --text -n 1000000000 >out
  await has_bytes out 1000
  kill -TERM "$started"
  ends 143
}

@test "m2gen --text: goes to a terminal, and tokens do not" {
  needs script
  run -0 script -qec "m2gen -m m2 -M books --text -n 5 --prompt='The three'" /dev/null
  [[ $output == "The three"* ]]
  run -2 script -qec "m2gen -m m2 -n 5" /dev/null
}

@test "m2gen --text, --prompt: an M1 that does not fit is named, and so is tokens' lack of text" {
  run -1 --separate-stderr m2gen -m m2 --text -o o
  [[ $stderr == "m2gen: m2: its tokens are of M1 "*", not of the built-in one: name its file with -M" ]]
  run -1 --separate-stderr m2gen -m m2 --prompt=x -o o
  [[ $stderr == "m2gen: m2: its tokens are of M1 "*", not of the built-in one: name its file with -M" ]]
  sample 9000 | m1train -q -k unigram -o another
  run -1 --separate-stderr m2gen -m m2 -M another --text -o o
  [[ $stderr == "m2gen: another: M1 "*", but the tokens of m2 are of M1 "* ]]
  run -1 --separate-stderr m2gen -m m2 -M nowhere --text -o o
  [[ $stderr == "m2gen: nowhere: No such file or directory" ]]
  run -3 --separate-stderr m2gen -m m2 -M text --text -o o
  [[ $stderr == "m2gen: text: "* ]]
  run -1 --separate-stderr m2gen -m m2 -M m1 --prompt=x -o o # the same M1, without its codebooks
  [[ $stderr == "m2gen: m1: it does not have the codebook of windows "* ]]
  run -1 --separate-stderr m2gen -m m2 -M m1 --text -o o
  [[ $stderr == "m2gen: "*"by a codebook of best strings, which this M1 does not have" ]]
  bitpack --from=raw text >bytes
  m2train -q $net -n 1 -o m bytes
  run -1 --separate-stderr m2gen -m m --text -o o
  [ "$stderr" = "m2gen: m: its tokens were not made of windows, and have no text here" ]
  [ ! -e o ]
  run -1 sh -c 'm2gen -m m2 -M books --text >/dev/full'
}

@test "m2gen: the built-in M1 needs no -M" {
  acwin -0 lines | bitpack >t
  m2train -q -T 1 -s d=16,layers=1,heads=1,ff=16 -B 2 -L 16 -n 2 -o m t
  m2gen -m m --prompt='The man who sh' --text -n 5 >out
  [ "$(head -c 14 out)" = "The man who sh" ]
}

@test "m2gen --text, --prompt: wrong usage exits 2" {
  for bad in "-0" "-M books" "-M books toks" "--prompt=x -M books toks" "--text=x" "--only-new --text -M books"; do
    run -2 --separate-stderr m2gen -m m2 -o o $bad
    [[ $stderr == "m2gen: "* ]]
  done
  [ ! -e o ]
}
