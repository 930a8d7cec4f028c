# eod.bats - where documents end: in a window of its own (alone), or in that of the text before it (joined).
load helpers

# Documents of words, of one byte, of none, and one that is longer than a chunk of 100 bytes.
documents() {
  printf 'one\0two words\0\0\0x\0'
  sample 400 | tr '\n' ' '
  printf '\0and an end.\0'
}

# ends BITS FILE [MODEL]: counts the documents of a stream, and the windows whose bits are all 1 and whose text is EOD.
ends() { acwin -d --show ${3+-m "$3"} "$2" | awk -F '\t' -v b="$1" '
  /\\E$/ { n++; if ($2 == "\\E" && $1 == last) alone++ } BEGIN { last = 2 ^ b - 1 } END { print n + 0, alone + 0 }'; }

@test "eod: alone under every code, alignment and chunk, it is the last window of its document and nothing else is" {
  documents >t
  for o in "--code=best -a words" "--code=best -a none -c 100" "--code=split -a words -c 100" "--code=split -a none" \
    "--code=split --no-codebook -a words" "--code=split -r 2 -a none -c 100" "--code=split -r 0 -a words"; do
    # shellcheck disable=SC2086 # options
    acwin -0 --eod=alone $o t >alone
    acwin -d alone | cmp - t
    [ "$(ends 16 alone)" = "7 7" ] || { echo "$o: $(ends 16 alone)"; return 1; }
    [ "$(acwin -l alone | tail -n 1 | cut -f 11,20)" = "$(printf '7\talone')" ]
    # shellcheck disable=SC2086 # options
    acwin -0 --eod=joined $o t >joined
    acwin -d joined | cmp - t
    [ "$(acwin -l joined | tail -n 1 | cut -f 11,20)" = "$(printf '7\tjoined')" ]
    cmp -s alone joined && return 1
  done
  acwin -0 --eod=joined --code=split t >joined
  [ "$(ends 16 joined)" != "7 7" ] # some share a window with text
}

@test "eod: alone, windows of more than 20 bits and of other sizes" {
  quick_model m1
  documents >t
  for o in "-b 10" "-b 21 -r 2" "-b 24 -a words" "-b 32 -r 0" "-b 50 -a words -r 3"; do
    # shellcheck disable=SC2086 # options
    acwin -0 --eod=alone -m m1 $o t >w
    acwin -d -m m1 w | cmp - t
    b=${o#-b }
    [ "$(ends "${b%% *}" w m1)" = "7 7" ] || { echo "$o: $(ends "${b%% *}" w m1)"; return 1; }
  done
  acwin -0 --eod=alone -m m1 -b 128 t | acwin -d -m m1 --show | grep -c '^0xffffffffffffffffffffffffffffffff	\\E$' | grep -x 7
}

@test "eod: alone, the same stream with and without a codebook, by any number of threads, from pieces" {
  documents >t
  acwin -0 --code=split --eod=alone -c 100 t >w
  acwin -0 --no-codebook --eod=alone -c 100 -T 2 t | cmp - w
  acwin -0 --eod=alone -T1 t >w
  acwin -0 -T3 t | cmp - w
  cat t | acwin -0 | cmp - w
}

@test "eod: the default is alone for chosen strings, joined for split ones and unbroken codes" {
  printf 'one\0' >t
  eod() { acwin -l "$1" | tail -n 1 | cut -f 20; }
  acwin -0 t >w
  [ "$(eod w)" = alone ]
  bitpack w >k
  [ "$(eod k)" = alone ]
  bitpack -u k | cmp - w
  for o in --code=split --no-codebook "-b 0" "-b 16 -r 2"; do
    # shellcheck disable=SC2086 # options
    acwin -0 $o t >w
    [ "$(eod w)" = joined ]
  done
  run -2 --separate-stderr acwin -b 0 --eod=alone t
  [ "$stderr" = "acwin: --eod=alone with -b 0: an unbroken code has no windows" ]
  run -2 --separate-stderr acwin --eod=apart t
  [ "$stderr" = "acwin: --eod: 'apart' is neither alone nor joined" ]
  run -2 --separate-stderr acwin -d --eod=alone t
  [ "$stderr" = "acwin: --eod goes with encoding; a stream says so itself" ]
  [ "$(printf '1 2\n' | bitpack --from=ids --vocab=9 | acwin -l | tail -n 1 | cut -f 20)" = none ]
}

@test "eod: a document left open has none" {
  printf 'one\0two' | acwin -0 >w
  [ "$(ends 16 w)" = "1 1" ]
  printf 'one' | acwin --open >w
  [ "$(ends 16 w)" = "0 0" ]
}

@test "eod: streams with ends alone and with ends joined do not mix" {
  printf 'one\0' | acwin -0 | bitpack >a
  printf 'one\0' | acwin -0 --eod=joined | bitpack >j
  run -3 --separate-stderr bitpack --to=text a j
  [ "$stderr" = "bitpack: j: documents' ends joined, not alone as before, byte 18" ]
  run -1 --separate-stderr m2train -q -s d=32,layers=1,heads=2,ff=64 -B 2 -L 4 -n 1 -o m a j
  [ "$stderr" = "m2train: j: other tokens than before: documents' ends joined, not alone" ]
}

@test "eod: sampled documents are counted, and each has its line, whatever b and v are" {
  quick_model m1
  printf 'one\0two\0' >t
  for s in "16 16" "16 8" "16 13" "13 16" "48 16" "10 4"; do
    b=${s% *}
    acwin -0 -m m1 --eod=alone -b "$b" t | bitpack -v "${s#* }" >k
    m2train -q -T 1 -s d=32,layers=1,heads=2,ff=64 -B 2 -L 16 -n 60 -o m k
    m2gen -m m -n 40 --temperature=0.5 >g
    bitpack -u g >w
    n=$(acwin -d -m m1 w | tr -dc '\0' | wc -c)
    [ "$n" -gt 1 ]
    for f in g w; do
      [ "$(acwin -l "$f" | tail -n 1 | cut -f 11,16)" = "$n"$'\t'unknown ] || { echo "$s: $n"; acwin -l "$f"; return 1; }
    done
    # tokens after the last document's end are a line, too
    run -0 --separate-stderr bitpack --to=text g
    [ -z "$stderr" ]
    [ "${#lines[@]}" -ge "$n" ]
    [ "${#lines[@]}" -le $((n + 1)) ]
  done
}

@test "eod: a prompt's documents and those sampled behind it make one stream" {
  printf 'one\0two\0' | acwin -0 | bitpack >k
  m2train -q -T 1 -s d=32,layers=1,heads=2,ff=64 -B 2 -L 16 -n 60 -o m k
  printf 'one\0tw' | acwin -0 | bitpack >p
  m2gen -m m -n 12 --temperature=0 p >g
  bitpack -u g | acwin -d >text
  [ "$(acwin -l g | tail -n 1 | cut -f 11)" -eq "$(tr -dc '\0' <text | wc -c)" ]
  head -c 6 text | cmp - <(printf 'one\0tw')
}
