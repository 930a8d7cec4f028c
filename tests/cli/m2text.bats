#!/usr/bin/env bats
# m2text.bats - m2gen from plain text to plain text: prompts, healing, every code, whole characters, misfits.
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

# by_hand FILE: the text of tokens, by bitpack and acwin.
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
    m2gen -m $1 -M books -n 40 --prompt='The three currently' --no-heal >g
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
        m2gen -m m -M books -n 40 --prompt='The three currently' --no-heal >g
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

# strings_of ID...: the text of these tokens.
strings_of() { tr ' ' '\n' <<<"$*" | bitpack --from=ids --like=toks | bitpack -u | acwin -d -m books | tr '\0' '\n'; }

@test "m2gen: a prompt is healed: its last token may become another, and the text stays" {
  printf 'The three currently sh' | acwin --open -m books | bitpack >p
  kept=$(bitpack --to=text p | sed 's/ [0-9]*$//')
  taken=$(bitpack --to=text p | sed 's/.* //')
  m2gen -m m2 -M books -N 60 --temperature=2 --prompt='The three currently sh' >g
  [ "$(by_hand g | grep -c '^The three currently sh')" -eq 60 ]
  bitpack --to=text g >ids
  [ "$(grep -c "^$kept " ids)" -eq 60 ]
  [ "$(grep -c "^$kept $taken " ids)" -lt 60 ] # others extend its text, or are a prefix of it
  m2gen -m m2 -M books -N 60 --temperature=2 p | cmp - g # a prompt of tokens is healed as one of text is
  m2gen -T 1 -m m2 -M books -N 9 --temperature=2 p | bitpack --to=text | cmp - <(head -n 9 ids)
  m2gen -m m2 -M books -N 60 --temperature=2 --heal p | cmp - g
  m2gen -m m2 -M books --temperature=2 p --text | cmp - <(m2gen -m m2 -M books --temperature=2 p | bitpack -u | acwin -d -m books | tr '\0' '\n')
  m2gen -m m2 -N 60 --temperature=2 p | bitpack --to=text >unhealed
  [ "$(grep -c "^$kept $taken " unhealed)" -eq 60 ] # without -M, the strings are unknown and nothing is healed
  m2gen -m m2 -M books -N 60 --temperature=2 --prompt='The three currently sh' --no-heal | bitpack --to=text | cmp - unhealed
}

@test "m2gen: a healed prompt may take several tokens, whichever they are" {
  m2gen -m m2 -M books -N 300 --temperature=1000 --prompt='The three' -n 6 >g # all that fit are equally probable
  [ "$(by_hand g | grep -ac '^The three')" -eq 300 ]
  bitpack --to=text g | cut -d ' ' -f 1-3 | sort -u | wc -l >ways
  [ "$(cat ways)" -gt 20 ]
}

@test "m2gen --only-new with a healed prompt: from the first token that has more than the prompt" {
  m2gen -m m2 -M books -N 40 --temperature=30 --prompt='The three currently' -n 9 | bitpack --to=text >whole
  m2gen -m m2 -M books -N 40 --temperature=30 --prompt='The three currently' -n 9 --only-new | bitpack --to=text >new
  [ "$(wc -l <new)" -eq 40 ]
  while IFS= read -r -u 3 all && IFS= read -r -u 4 rest; do
    [[ $all == *" $rest" ]]
    before=$(strings_of ${all% "$rest"}) with_first=$(strings_of ${all% "$rest"} ${rest%% *}; echo .)
    [[ "The three currently" == "$before"* ]]
    [[ "$with_first" == "The three currently"?* ]]
  done 3<whole 4<new
  [ "$(awk '{ print NF }' new | sort -u | wc -l)" -gt 1 ]
  m2gen -m m2 -M books -N 50 --temperature=1000 --prompt='The three' -n 1 --only-new | bitpack --to=text >one
  [ "$(wc -l <one)" -eq 50 ]
  awk 'NF > 2 || NF == 0 { exit 1 }' one # -n counts tokens with new text; then 1023 (EOD) ends the document
  m2gen -m m2 -M books -N 50 --temperature=1000 --prompt='The three' -n 1 --text | grep -ac '^The three' | grep -qx 50
  m2gen -m m2 -M books --prompt='The three' -n 0 --text | cmp - <(printf 'The three')
}

@test "m2gen: what cannot be healed stays as it is, and --heal says why" {
  printf 'The three\0' | acwin -0 -m books | bitpack >closed
  m2gen -m m2 -M books closed | cmp - <(m2gen -m m2 closed)
  printf 'T' | acwin --open -m books | bitpack >one # a stream of one window
  m2gen -m m2 -M books -N 20 --temperature=2 closed one >g
  [ "$(by_hand g | grep -c '^T')" -eq 40 ]
  m2gen -m m2 -M books --temperature=2 one --text | head -c 1 | grep -qx T
  m2gen -m m2 -M books closed closed one one --text | head -n 3 | tail -n 1 | grep '^TT'
  for options in "-b 10 --eod=alone -v5" "-b 10 -r 2 -v10" "-b 12 --code=split -v12"; do
    head -c 3000 text | acwin -m books ${options%-v*} | bitpack -v${options#*-v} >t
    m2train -q $net -n 2 -o m t
    m2gen -m m -M books -n 20 t | cmp - <(m2gen -m m -n 20 t)
    run -2 --separate-stderr m2gen -m m -M books --heal -o o t
    case $options in
      *v12) [ "$stderr" = "m2gen: sampling: M1 has no codebook of the model's windows, so that no prompt can be healed" ] ;;
      *) [ "$stderr" = "m2gen: sampling: the model's tokens are not whole windows that M1 is reset before, so that no prompt can be healed" ] ;;
    esac
  done
  acwin --compile -b 12 -m m1 -o compiled
  head -c 3000 text | acwin -m compiled --code=split -b 12 | bitpack -v12 >t
  m2train -q $net -n 20 -o m t
  for seed in 1 2 3 4 5; do
    m2gen -m m -M compiled --temperature=1000 --seed=$seed --prompt='The three' --text -n 9 >out
    [ "$(head -c 9 out)" = "The three" ]
  done
}

@test "m2gen --text: characters come whole" {
  needs python3
  awk 'BEGIN { for (i = 0; i < 9000; i++) printf "%s", i % 7 ? "\303\251" : "\342\202\254" }' >euros
  m1train -q -k unigram -o u euros
  acwin -m u -b 10 euros | bitpack -v10 >t
  m2train -q $net -n 60 -o m t
  # Each read returns one write, or several. No character may begin in one read and end in the next.
  mkfifo text.pipe
  start sh -c 'm2gen -m m -M u --text -n 10000 >text.pipe'
  python3 -c '
import os
pipe, chunks = os.open("text.pipe", os.O_RDONLY), [] # m2gen begins now
while chunk := os.read(pipe, 1 << 20):
    chunks.append(chunk)
def whole(c):
    try: return len(c.decode()) == 1
    except UnicodeDecodeError: return False
cut = sum(whole(a[-i:] + b[:j]) for a, b in zip(chunks, chunks[1:]) for i in (1, 2, 3) for j in (1, 2, 3))
assert len(chunks) > 9 and cut == 0, (len(chunks), cut)
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
  [[ $stderr == "m2gen: "*"by a codebook of best strings, which this M1 does not have (see -m)" ]]
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
  for bad in "-0" "-M books" "--prompt=x -M books toks" "--text=x" "--only-new --text -M books" \
    "--heal" "--no-heal" "--heal -M books" "--heal --no-heal -M books toks" "-M books --no-heal toks"; do
    run -2 --separate-stderr m2gen -m m2 -o o $bad
    [[ $stderr == "m2gen: "* ]]
  done
  [ ! -e o ]
}
