# acwin.bats - text to windows and back: every way of coding, every kind of text, every fault.
load helpers

@test "acwin: the sample comes back byte for byte, by file and by pipe" {
  sample >text
  same_back text
  acwin <text | cmp - back.windows
  acwin -d <back.windows | cmp - text
}

# sizes FROM TO: sets `sizes` to the window sizes to test. The long tests take all of them. Other tests take those at
# which the coding changes, and a few between.
sizes() {
  local b
  sizes=
  for ((b = $1; b <= $2; b++)); do
    case $b in
    $1 | $2 | 16 | 20 | 21 | 32 | 33 | 63 | 64 | 65) ;;
    *) [ -n "${NCT_LONG:-}" ] || [ $((b % 21)) -eq 13 ] || continue ;;
    esac
    sizes+=" $b"
  done
}

@test "acwin: window sizes from 10 to 128 bits, and unbroken (unigram model)" {
  quick_model m
  MODEL=m
  sample 3000 >text
  sizes 10 128
  for b in 0 $sizes; do same_back text -m m -b "$b" || { echo "b=$b"; false; }; done
}

@test "acwin: window sizes with the built-in model" {
  sample 3000 >text
  for b in 0 13 24 64; do same_back text -b "$b" || { echo "b=$b"; false; }; done
}

@test "acwin: 20 KB at every size named in the manual, with the built-in model" {
  long_test
  sample 20000 >text
  for b in 0 10 13 24 32 64 128; do same_back text -b "$b" || { echo "b=$b"; false; }; done
}

@test "acwin: any bytes: empty, one byte, NULs, broken UTF-8, noise, no last newline" {
  : >empty
  printf 'x' >one
  head -c 10000 /dev/zero >nuls
  printf '\xff\xfe\xc3\x28\xed\xa0\x80\x80 caf\xc3' >broken
  noise 100000 >noise
  printf 'no newline at the end' >line
  for f in empty one nuls broken noise line; do
    same_back $f
    same_back $f -0
  done
  quick_model m
  MODEL=m
  for f in empty one nuls broken line; do same_back $f -m m -b 0 && same_back $f -m m -b 77 -r 0; done
}

@test "acwin: a megabyte of noise, and one letter ten million times" {
  quick_model m
  MODEL=m
  head -c 1000000 /dev/urandom >noise
  same_back noise -m m
  if [ -n "${NCT_LONG:-}" ]; then n=10000000; else n=1000000; fi
  head -c $n /dev/zero | tr '\0' a >letters
  same_back letters -m m
}

@test "acwin: empty input gives a stream without blocks, and nothing back" {
  : >empty
  acwin empty >w
  acwin -l w | awk -F '\t' 'NR == 2 && $10 == 0 && $16 == 0 { ok = 1 } END { exit !ok }'
  run acwin -d w
  [ "$status" -eq 0 ] && [ -z "$output" ]
}

@test "acwin -0: NULs come back, empty documents too, an open last document stays open" {
  printf 'one\0two\0\0\0three\0' >closed
  printf 'one\0two\0\0\0three' >open
  printf '\0' >nul
  quick_model m
  for f in closed open nul; do
    for b in 16 0 40; do
      acwin -0 -m m -b $b $f | acwin -d -m m | cmp - $f
    done
  done
  acwin -0 -m m closed | acwin -l | awk -F '\t' 'NR == 2 { exit !($11 == 5 && $16 == 11) }' # the NULs are not text
}

@test "acwin -0: operands join as under cat" {
  printf 'one\0tw' >a
  printf 'o\0three\0' >b
  quick_model m
  acwin -0 -m m a b >w
  cat a b | acwin -0 -m m | cmp - w
}

@test "acwin: operands are documents, their text comes back joined" {
  printf 'one' >a
  printf 'two' >b
  quick_model m
  acwin -m m a b >w
  [ "$(acwin -d -m m w)" = onetwo ]
  acwin -l w | awk -F '\t' 'NR == 2 { exit !($11 == 2) }'
}

@test "acwin -D: a document starts at each match; the text is kept" {
  printf 'Chapter 1\nabc\nChapter 2\ndef\nChapter 3' >t
  quick_model m
  acwin -m m -D '^Chapter' t >w
  acwin -d -m m w | cmp - t
  acwin -l w | awk -F '\t' 'NR == 2 { exit !($11 == 3) }' # a match at the first byte begins no second document
  acwin -m m -D '(?=Chapter)' t | acwin -l | awk -F '\t' 'NR == 2 { exit !($11 == 3) }'
  acwin -m m -D '\z' t | acwin -l | awk -F '\t' 'NR == 2 { exit !($11 == 1) }' # nor does one at the end
  acwin -m m -D '(?<=\n)' t | acwin -l | awk -F '\t' 'NR == 2 { exit !($11 == 5) }'
}

@test "acwin -l: names with tabs, newlines and backslashes stay one field" {
  echo text | acwin >"$(printf 'a\tb\nc\\d')"
  acwin -l a* >rows
  [ "$(wc -l <rows)" -eq 2 ]
  [ "$(tail -n 1 rows | cut -f 1,2)" = "$(printf 'a\\tb\\nc\\\\d\twindows')" ]
}

@test "acwin: what begins as a packed file does is coded, with a note" {
  echo some text >text
  gzip -n <text >t.gz
  for how in -b16 -b24; do
    run -0 --separate-stderr acwin $how -o w t.gz
    [ "$stderr" = "acwin: t.gz: begins as a .gz file does, and is coded byte by byte (gzip -dc unpacks it)" ]
    acwin -d w | cmp - t.gz
    run -0 --separate-stderr acwin $how -q -o w t.gz
    [ -z "$stderr" ]
  done
  acwin text >w
  for how in "" -0 "-D x"; do
    run -0 --separate-stderr bash -c "cat w | acwin $how text - t.gz >ww"
    [ "${#stderr_lines[@]}" -eq 2 ]
    [ "${stderr_lines[0]}" = "acwin: -: begins as a window stream does, and is coded byte by byte (acwin -d makes text of it)" ]
    [[ ${stderr_lines[1]} == "acwin: t.gz: begins as a .gz file does"* ]]
  done
}

@test "acwin: text that the model does not fit is told, on a terminal or with --verbose; English never is" {
  local said="bytes per token of 16 bits: the model does not fit this text; m1train -k strings makes a codebook for it in minutes"
  sample 20000 | LC_ALL=C tr '\0-\177' '\200-\377' >other # bytes of no text that the model knows
  run -0 --separate-stderr acwin --verbose -o w other
  [[ $stderr == *$'\nacwin: 1.'??" $said"$'\n'* ]]
  run -0 --separate-stderr acwin -o w other
  [ -z "$stderr" ]
  run -0 script -qec "acwin -o w other" /dev/null
  [[ $output == *"acwin: 1."??" $said"* ]]
  run -0 script -qec "acwin -q -o w other" /dev/null
  [ -z "$output" ]
  for i in {1..40}; do # German: fewer bytes per token than English, but not few
    echo "Nichts ist schwerer und nichts erfordert mehr Charakter, als sich in offenem Gegensatz zu seiner Zeit zu befinden und laut zu sagen: nein."
  done >german
  run -0 --separate-stderr acwin --verbose -o w german
  [[ $stderr == *"acwin: 2."??" $said"* ]]
  head -c 4095 other >few
  run -0 --separate-stderr acwin --verbose -o w few
  [[ $stderr != *"does not fit"* ]]
  sample 20000 >text
  quick_model m
  for how in "" "-a none" -b10 "-m m" "-b20 -m m" --code=split ${NCT_LONG:+-b12 -b20 "-b10 -m m"}; do
    run -0 --separate-stderr acwin --verbose $how -o w text
    [[ $stderr == *bits_per_byte* && $stderr != *"does not fit"* ]]
  done
}

@test "an empty pattern is refused: it would match everywhere" {
  echo text >t
  run -2 --separate-stderr acwin -D '' t
  [ "$stderr" = "acwin: -D: an empty pattern matches everywhere" ]
  run -2 --separate-stderr acwin -a '' t
  [ "$stderr" = "acwin: -a: alignment: an empty pattern matches everywhere" ]
  run -2 --separate-stderr m1train -k unigram -D '' -o m t
  [ "$stderr" = "m1train: -D: an empty pattern matches everywhere" ]
  run -2 --separate-stderr m1train -k strings -a '' -o m t
  [ "$stderr" = "m1train: -a: alignment: an empty pattern matches everywhere" ]
  sample 3000 >long
  run -2 --separate-stderr m1train -s d=32,layers=1,heads=2,ff=64 -B 2 -L 64 -n 2 -b 16 -a '' -o m long
  [ "$stderr" = "m1train: -a: alignment: an empty pattern matches everywhere" ]
  [ ! -e m ]
}

@test "acwin -D: documents do not depend on how the input is read" {
  sample 300000 >text
  quick_model m
  acwin -m m -D '^CHAPTER|(?<=\.\n\n)"' text >w
  in_pieces 1000 text | acwin -m m -D '^CHAPTER|(?<=\.\n\n)"' | cmp - w
  acwin -d -m m w | cmp - text
  [ "$(acwin -l w | awk -F '\t' 'NR == 2 { print $11 }')" -gt 10 ]
}

@test "acwin -D: more text than its buffer holds, with thousands of documents" {
  quick_model m
  seq 3000 | sed 's/.*/CHAPTER &/; s/$/\n/' | sed 's/^$/the quick brown fox jumps over it/' >short
  for _ in $(seq 30); do cat short; done >text
  acwin -m m -D '^CHAPTER' text >w
  [ "$(acwin -l w | awk -F '\t' 'NR == 2 { print $11, $16 }')" = "90000 $(wc -c <text)" ]
  acwin -d -m m w | cmp - text
}

@test "acwin: closed standard files are failures, and never part of the output" {
  quick_model m
  echo text >t
  run -1 sh -c 'acwin -m m -o o <&-'
  [[ $output == "acwin: -: "* ]]
  acwin -m m t >w
  run -1 sh -c 'acwin -m m -d -o o <&-'
  [ ! -e o ]
  acwin -m m --verbose -o o t 2>&-
  cmp o w
}

@test "acwin: chunks of any size, resets of any number" {
  quick_model m
  MODEL=m
  sample 5000 >text
  for c in 1 7 1000 5000 5001 0; do same_back text -m m -c $c; done
  for r in 0 1 2 3 100; do
    for b in 12 33; do same_back text -m m -b $b -r $r -c 900; done
  done
  same_back text -m m -b 0 -c 0
}

@test "acwin: a chunk longer than a block is cut into parts, and comes back" {
  quick_model m
  MODEL=m
  head -c 1500000 /dev/urandom >noise
  same_back noise -m m -c 0
  acwin -l back.windows | awk -F '\t' 'NR == 2 { exit !($10 == int(($12 + 720719) / 720720)) }' # a block for each part
  same_back noise -m m -c 0 -b 0
  head -c 1000000 noise >less
  same_back less -m m -c 0 -r 0 -b 10
}

@test "acwin: the same bytes for every number of threads and every row of kernels" {
  sample 40000 >text
  acwin -T1 text >one
  acwin -T2 text | cmp - one
  acwin -T5 -c 1000 text >five
  acwin -T1 -c 1000 text | cmp - five
  acwin -d -T3 five | cmp - text
  head -c 300 text >short
  acwin --code=split short >split
  for cpu in $(acwin --cpu=list); do
    acwin --cpu="$cpu" --no-codebook short | cmp - split
    for b in 14 48 0; do acwin --cpu="$cpu" -b $b short | sha256sum; done | sha256sum
  done >sums
  [ "$(sort -u sums | wc -l)" -eq 1 ]
}

@test "acwin --compile: the codebook and M1 write the same stream, whatever the size (unigram model)" {
  sample 200000 | m1train -q -k unigram --no-codebook >m
  { sample $((NCT_LONG ? 300000 : 60000)); noise 5000; printf 'a\0\0b'; } >text
  sizes 10 20
  for b in $sizes; do
    acwin --compile -b "$b" -m m -o "m$b"
    acwin -m m -b "$b" -0 text >general
    acwin -m "m$b" -b "$b" -0 -T1 text | cmp - general
    acwin -m "m$b" -b "$b" -0 -T2 text | cmp - general
    acwin -m "m$b" -b "$b" -0 --no-codebook text | cmp - general
    acwin -m "m$b" -d general | cmp - text
    acwin -m "m$b" -b "$b" -c 1000 --open text | cmp - <(acwin -m m -b "$b" -c 1000 --open text)
    acwin -m "m$b" -d --show general | cmp - <(acwin -m "m$b" -d --show --no-codebook general)
  done
}

@test "acwin: the built-in model's codebook writes what M1 does" {
  if [ -n "${NCT_LONG:-}" ]; then sample >text; else sample 100000 >text; fi
  acwin --no-codebook text >general
  acwin --code=split text | cmp - general
  acwin -d general | cmp - text
  acwin -d --no-codebook general | cmp - text
  for b in ${NCT_LONG:+10 12 14 18 20}; do
    acwin --compile -b "$b" -o m
    acwin -m m -b "$b" --code=split text | cmp - <(acwin -b "$b" --no-codebook text)
  done
}

@test "acwin --compile: made again it is the same file; several sizes in one; said what was done" {
  quick_model m
  acwin --compile -m m | cmp - m # 16 bits, which m1train has compiled
  acwin --compile -T1 -m m -b 10 -o m10 --verbose 2>said
  grep -qx 'strings=1024' said && grep -q '^seconds=' said
  acwin --compile -m m10 -b 11 | acwin --compile -m /dev/stdin -b 10 >both
  [ "$(wc -c <both)" -gt "$(wc -c <m10)" ]
  printf 'text' | acwin -m both -b 11 | acwin -d -m m | cmp - <(printf 'text')
}

@test "acwin: a damaged codebook is refused" {
  quick_model m
  size=$(wc -c <m) # the codebook is at the end: depths, then symbols
  cp m bad
  flip bad $((size - 60000))
  run -3 acwin -m bad m
  [[ $output == "acwin: bad: codebook of 16 bits: "* ]]
  cp m bad
  flip bad $((size - 200000))
  run -3 acwin -m bad m
  [[ $output == "acwin: bad: codebook of 16 bits: a string "*", number "* ]]
  sed 's/"split16":"[0-9a-f]*"/"split16":"0123456789abcdef"/' m >bad
  run -3 acwin -d -m bad m
  [[ $output =~ ^"acwin: bad: codebook of 16 bits (split): the fingerprint is "[0-9a-f]{16}", not the one in the metadata"$ ]]
}

# ends [FILE]: prints the text of each window as a line, with escapes. Windows that end a document are left out.
ends() { acwin -d --show "$@" | cut -f 2 | sed '/\\E$/d; s/\\n/;/g'; }

@test "acwin -a words: windows end where words do, and come back; the header says so, the code is the same" {
  printf 'The unquestionable truth, in 1871: nobody knew; everybody did.\n' >t
  acwin -a words t >w
  acwin -d w | cmp - t
  [ "$(acwin -d --show w | cut -f 2 | tr -d '\n')" = 'The unquestionable truth, in 1871: nobody knew; everybody did.\n\E' ]
  [ "$(acwin -l w | cut -f 19 | tail -n 1)" = words ]
  acwin t | cmp - w # the built-in model's default
  [ "$(acwin -a none t | acwin -l | cut -f 19 | tail -n 1)" = none ]
  sample 50000 >text
  # A space belongs to the word behind it.
  [ "$(acwin -a none --code=split text | ends | grep -c '[a-z] $')" -gt 100 ]
  [ "$(acwin -a words --code=split text | ends | grep -c '[a-z] $')" -eq 0 ]
  [ "$(acwin -a words text | ends | grep -c '[a-z] $')" -eq 0 ]
  bitpack w | bitpack -u | cmp - w
}

@test "acwin -a: a pattern; words is one of them" {
  sample 30000 >text
  words="[ ]?(?:[\p{L}\p{M}]['’]?)+|[ ]?\p{N}+|[ ]?[^\s\p{L}\p{M}\p{N}]+|\s+"
  for b in 16 24; do
    [ $b = 16 ] || { head -c 5000 text >few && mv few text; } # M1 is slow
    acwin -b $b -a words text | acwin -d --show >one
    acwin -b $b -a "$words" text >w
    acwin -d --show w | cmp - one
    acwin -d w | cmp - text
    [ "$(acwin -l w | cut -f 19 | tail -n 1)" = regex ]
  done
  sample 30000 >text
  [ "$(acwin -a none text | ends | grep -c 'o.*[^o]$')" -gt 100 ]
  # The last window ends with the text.
  [ "$(acwin -a '(?<=o)' --code=split text | ends | sed '$d' | grep -c 'o.*[^o]$')" -eq 0 ]
  acwin -a '(?:words)' text | acwin -d | cmp - text
}

@test "acwin -a: no boundary before a byte that is not UTF-8, though the pattern matches nothing at all there" {
  printf 'he\xff' | acwin -a 'x*' | acwin -d --show >got
  printf '%s\n' h e '\xff' '\E' | cmp - <(cut -f 2 got)
}

@test "acwin -a: the same stream by file and pipe, by any number of threads, with and without codebook" {
  sample 300000 >text
  head -c 30000 text >part # M1 is slow
  for a in words '\w+|\W'; do
    for c in 0 1000 ${NCT_LONG:+1048576}; do
      acwin -T1 -c $c -a "$a" --code=split text >w
      acwin -T3 -c $c -a "$a" --code=split text | cmp - w
      [ -z "${NCT_LONG:-}" ] || acwin -T2 -c $c --no-codebook -a "$a" text | cmp - w
      acwin -T2 -c $c --no-codebook -a "$a" part | cmp - <(acwin -c $c -a "$a" --code=split part)
      acwin -T1 -c $c -a "$a" text >w
      acwin -T3 -c $c -a "$a" text | cmp - w
      in_pieces 3000 text | acwin -c $c -a "$a" | cmp - w
      acwin -d w | cmp - text
    done
  done
  for _ in $(seq 30); do cat text; done >long # several batches
  acwin -T1 long >w
  acwin -T3 long | cmp - w
  acwin -T2 -c 1000000 long | acwin -d -T3 | cmp - long
}

@test "acwin -a: every size of window, every number of resets, documents of all kinds (unigram model)" {
  quick_model m
  MODEL=m
  { sample 6000; noise 1000; printf '\0\0caf\xc3'; } >text
  for b in 10 13 20 24 64 128; do
    for r in 0 2 ${NCT_LONG:+1 5}; do same_back text -m m -b $b -r $r -c 1500 -a words || { echo "b=$b r=$r"; false; }; done
  done
  for r in 1 5; do same_back text -m m -b 20 -r $r -c 1500 -a words || { echo "r=$r"; false; }; done
  same_back text -m m -0 -a words
  same_back text -m m -D '^[A-Z]' -a '\b'
  same_back text -m m -0 -a words -b 40 -r 3
  : >empty
  same_back empty -m m -a words
}

@test "acwin -a: wrong usage is told" {
  echo text >t
  run -2 acwin -a '(' t
  [[ $output == "acwin: -a: alignment: pattern '(': "*", at offset 1" ]]
  run -2 acwin -D x -a '[' t
  [[ $output == "acwin: -a: "* ]]
  run -2 acwin -D '[' -a x t
  [[ $output == "acwin: -D: "* ]]
  run -2 acwin -b 0 -a words t
  [[ $output == *"-a with -b 0"* ]]
  acwin -b 0 -a none t | acwin -d | cmp - t
  run -2 acwin -a words -a none t
  run -2 acwin -d -a words t
  [[ $output == *"-a goes with encoding; a stream says so itself"* ]]
  run -2 acwin -l -a words t
  run -2 acwin -a
}

@test "acwin --open: the last document has no EOD" {
  quick_model m
  printf 'The three currently' >t
  acwin -m m --open t | acwin -l | awk -F '\t' 'NR == 2 { exit !($11 == 0) }'
  acwin -m m t | acwin -l | awk -F '\t' 'NR == 2 { exit !($11 == 1) }'
  : >empty # no document, so it cannot be the last one
  acwin -m m --open t empty | acwin -l | awk -F '\t' 'NR == 2 { exit !($11 == 0) }'
  acwin -m m --open empty t empty empty | acwin -d -m m | cmp - t
  acwin -m m --open t | acwin -d -m m | cmp - t
}

@test "acwin: concatenated streams decode to the concatenated text" {
  quick_model m
  sample 3000 >a
  noise 2000 >b
  { acwin -m m a; acwin -m m -b 40 -r 3 b; acwin -m m -b 0 a; } >w
  cat a b a >both
  acwin -d -m m w | cmp - both
  acwin -d -m m -- w w | cmp - <(cat both both)
  [ "$(acwin -l w | wc -l)" -eq 4 ]
  : >empty
  run -3 acwin -d -m m -o got --keep-going empty w
  cmp got both
}

@test "acwin -d --show: a line per window, with its value and its text" {
  quick_model m
  printf 'a\tb\\\n\x80' >t
  acwin -m m t >w
  acwin -d -m m --show w >lines
  [ "$(wc -l <lines)" -eq "$(acwin -l w | awk -F '\t' 'NR == 2 { print $12 }')" ]
  [ "$(cut -f 2 lines | tr -d '\n')" = 'a\tb\\\n\x80\E' ]
  acwin -m m t | bitpack --to=text | tr ' ' '\n' | cmp - <(cut -f 1 lines)
  # The first document is empty.
  [ "$(printf '\0a\0' | acwin -m m -0 -b 29 | acwin -d -m m --show | cut -f 2 | tr -d '\n')" = '\Ea\E' ]
  run -3 --separate-stderr sh -c 'acwin -m m -b 0 t | acwin -d -m m --show'
  [ "$stderr" = "acwin: -: an unbroken code, which has no windows to show" ]
}

@test "acwin -t: tests without writing" {
  sample 2000 | acwin >w
  run acwin -t w
  [ "$status" -eq 0 ] && [ -z "$output" ]
  flip w 500
  run -3 acwin -t w
}

@test "acwin -o: the file appears only when complete" {
  sample 2000 >t
  acwin -o w t
  acwin -d -o back w
  cmp back t
  run -1 acwin -o x missing
  [ "$output" = "acwin: missing: No such file or directory" ]
  for n in 1 4; do # after text of one batch, and of several
    sample >long
    for _ in $(seq 2 $n); do sample; done >>long
    run -1 acwin -T 3 -o x long missing
    [ "$output" = "acwin: missing: No such file or directory" ]
  done
  head -c 300 w >cut
  run -3 acwin -d -o x cut
  [ ! -e x ]
  [ -z "$(echo x.*)" ]
}

@test "acwin -o: a pipe is written to, never replaced; a folder is refused" {
  quick_model m
  mkfifo pipe
  start cat pipe >got
  echo text | acwin -m m -o pipe
  ends 0
  [ -p pipe ]
  [ "$(acwin -d -m m got)" = text ]
  mkdir folder
  run -1 acwin -m m -o folder got
  [ "$output" = "acwin: folder: Is a directory" ]
}

@test "acwin -o: a signal leaves no temporary file" {
  opened() { [ -n "$(echo out.*)" ]; }
  quick_model m
  feed acwin -m m -o out # its input does not end
  await opened
  kill -TERM "$started"
  ends 143
  [ -z "$(echo out.*)" ] && [ ! -e out ]
}

@test "acwin: another model, or other windows, are named" {
  quick_model m
  sample 5000 | tr 'a-z' 'b-za' | m1train -q -k unigram >other
  printf 'text' | acwin -m m >w
  run -1 --separate-stderr acwin -d -m other w
  [[ $stderr =~ ^"acwin: w: written with M1 "[0-9a-f]{16}", this is M1 "[0-9a-f]{16}" (see -m)"$ ]]
  [ -z "$output" ]
}

@test "acwin: a token stream, a text, a model given for a stream, a stream given for a model" {
  quick_model m
  printf 'text' | acwin | bitpack >toks
  run -3 --separate-stderr acwin -d toks
  [[ $stderr == "acwin: toks: a token stream, not windows (bitpack -u makes windows of it), byte 10" ]]
  printf 'just some text, long enough to be a header of something, if it were one at all, which it is not' >plain
  run -3 --separate-stderr acwin -d plain
  [ "$stderr" = "acwin: plain: not an nct stream, byte 0" ]
  run -3 --separate-stderr acwin -d m
  [ "$stderr" = "acwin: m: not an nct stream, byte 0" ]
  run -3 --separate-stderr acwin -m toks plain
  [[ $stderr == "acwin: toks: "* ]]
  [ -z "$output" ]
  run -1 --separate-stderr acwin -m missing plain
  [ "$stderr" = "acwin: missing: No such file or directory" ]
}

@test "acwin -d: a stream cut anywhere exits 3 with one line, and gives back a prefix" {
  quick_model m
  sample 900 >t
  acwin -m m -c 100 t >w
  n=$(wc -c <w)
  for at in $(seq 0 $((NCT_LONG ? 29 : 61)) "$n"); do
    [ "$at" -lt "$n" ] || break
    head -c "$at" w >cut
    if [ $((at % 2)) -eq 0 ]; then book=(); else book=(--no-codebook); fi
    run -3 --separate-stderr acwin -d -m m "${book[@]}" cut
    [ "${#stderr_lines[@]}" -eq 1 ]
    [[ $stderr == "acwin: cut: "*byte* ]]
  done
  : >cut
  run -3 --separate-stderr acwin -d -m m cut
  [ "$stderr" = "acwin: cut: stream ends early, byte 0" ]
}

@test "acwin -d: a flipped byte anywhere is never taken for good" {
  quick_model m
  sample 300 >t
  acwin -m m t >w
  read -ra hex <<<"$(od -An -v -tx1 w | tr -d '\n')"
  for ((at = 0; at < ${#hex[@]}; at += NCT_LONG ? 3 : 17)); do
    bad=("${hex[@]}")
    printf -v 'bad[at]' %02x $((0x${hex[at]} ^ 0x55))
    printf -v bad '\\x%s' "${bad[@]}"
    # shellcheck disable=SC2059,SC2128 # the format is the bytes
    printf "$bad" >bad
    status=0
    if [ $((at % 2)) -eq 0 ]; then book=(); else book=(--no-codebook); fi
    acwin -d -m m "${book[@]}" bad >out 2>err || status=$?
    [ "$status" -eq 3 ] || [ "$status" -eq 1 ] || { echo "byte $at: status $status"; false; }
    mapfile -t said <err
    [ "${#said[@]}" -eq 1 ]
    [ ! -s out ] || cmp -n "$(wc -c <out)" out t
  done
}

@test "acwin -d --keep-going: one bad block costs that block" {
  quick_model m
  sample 400000 >t
  acwin -m m -c 20000 t >w # a block for each 80,000 bytes
  [ "$(acwin -l w | awk -F '\t' 'NR == 2 { print $10 }')" -eq 5 ]
  cp w bad
  flip bad $(($(wc -c <w) / 2))
  run -3 --separate-stderr acwin -d -m m bad # without --keep-going, only what comes before is written
  [[ $stderr == "acwin: bad: block 2 "*byte* ]]
  acwin -d -m m bad >out 2>err || true
  cmp -n 160000 out t
  [ "$(wc -c <out)" -eq 160000 ]
  acwin -d -m m --no-codebook bad 2>err | cmp - out
  for book in --threads=2 --no-codebook; do
    status=0
    acwin -d -m m "$book" --keep-going bad >out 2>err || status=$?
    [ "$status" -eq 3 ]
    { head -c 160000 t; tail -c +240001 t; } | cmp - out
    grep -q 'block 2' err
  done
  run -3 --separate-stderr acwin -l bad
  [[ ${stderr_lines[0]} == "acwin: bad: block 2 is damaged (payload CRC), byte "* && $(cut -f 18 <<<"${lines[1]}") == cut ]]
  run -3 --separate-stderr acwin -l --keep-going bad
  [[ ${stderr_lines[0]} == "acwin: bad: block 2 is damaged (payload CRC), byte "* && $(cut -f 18 <<<"${lines[1]}") == damaged ]]
  [ "$(cut -f 10 <<<"${lines[1]}")" -eq 4 ]
}

@test "acwin -d --keep-going: documents stay apart where the end of one is lost" {
  quick_model m
  for i in 1 2 3 4; do
    yes "$i" | tr -d '\n' | head -c 100000
    printf '\0'
  done >t
  acwin -m m -0 -c 20000 t >w
  flip w $(($(wc -c <w) / 2))
  for book in --threads=2 --no-codebook; do
    run -3 --separate-stderr acwin -d -m m "$book" --keep-going -o out w
    [ "$(tr -d '\0' <out | wc -c)" -lt 400000 ]
    [ "$(tr '\0' '\n' <out | grep -cxE '1+|2+|3+|4+')" -eq "$(tr '\0' '\n' <out | wc -l)" ]
  done
  run -3 --separate-stderr acwin -d -m m --show --keep-going -o shown w # lines of --show need no NUL to stay apart
  [ -s shown ] && [ "$(tr -dc '\0' <shown | wc -c)" -eq 0 ]
}

@test "acwin: a full disk and a closed stdout are failures" {
  sample 200000 >t
  run -1 sh -c 'acwin t >/dev/full'
  [[ $output == *"No space left on device"* ]]
  run -1 sh -c 'acwin t >&-'
  acwin t >w
  run -1 sh -c 'acwin -d w >/dev/full'
  [[ $output == *"No space left on device"* ]]
  run -1 sh -c 'acwin -d w >&-'
}

@test "acwin: a broken pipe kills quietly" {
  sample >t
  run bash -c 'set -o pipefail; acwin -T1 t | head -c 10 >/dev/null; exit "${PIPESTATUS[0]}"'
  [ "$status" -eq 141 ]
  [ -z "$output" ]
}

@test "acwin: wrong usage exits 2 with one line" {
  for args in "-b 9" "-b 129" "-b x" "-c -1" "-r 1x" "-T 0" "-d -t" "-d -b 16" "-d -0" "-0 -D x" "-D (" "--open -0" "-b 0 -r 1" \
    "--compile -b 21" "--compile -b 0" "--compile -c 9" "--compile -d" "--compile x" "--compile --no-codebook" "-l --no-codebook" \
    "--keep-going" "--show" "--cpu=none" "-x" "--nonsense" "-m" "-d --open" "-0 -0" "-t -o x" "-l -o x" "-l -m x" "--code=best --no-codebook"; do
    # shellcheck disable=SC2086
    run acwin $args </dev/null
    [ "$status" -eq 2 ] || { echo "$args: $status"; false; }
    [ "${#lines[@]}" -eq 1 ] && [[ $output == "acwin: "* ]] || { echo "$args: $output"; false; }
  done
}

@test "acwin: memory does not grow with the input" {
  quick_model m
  local mb=$((NCT_LONG ? 400 : 30))
  # Sanitizers reserve so much address space that a limit on it says nothing.
  if [ -n "${NCT_SAN:-}" ]; then ulimit=:; else ulimit='ulimit -v 260000'; fi
  yes abcdefghi | tr -d '\n' | head -c ${mb}000000 >text
  cat text | (eval "$ulimit"; acwin -m m -T1) >w
  (eval "$ulimit"; acwin -m m -T1 -d w) | cmp - text
  [ -n "${NCT_LONG:-}" ] || { head -c 1000000 text >some && mv some text; acwin -m m text >w; } # M1 is slow
  cat text | (eval "$ulimit"; acwin -m m -T1 --no-codebook) | cmp - w
  (eval "$ulimit"; acwin -m m -T1 -d --no-codebook w) | cmp - text
  head -c $((NCT_LONG ? 3000000 : 1000000)) text >some
  (eval "$ulimit"; acwin -m m -T1 -c 0 -b 128 some) | (eval "$ulimit"; acwin -m m -T1 -d) | cmp - some
}

@test "acwin: output appears before the input ends" {
  quick_model m
  feed acwin -m m -T1 -c 65536 >w
  for _ in 1 2 3; do sample 1200000 >&9; done
  await has_bytes w 200000
}

@test "acwin -0: documents behind others, longer than a batch, and the last in one" {
  for _ in $(seq 17); do sample | tr -d '\0'; done >long
  { printf 'a\0b\0'; cat long; printf '\0c\0'; } >docs
  acwin -T1 -0 -c 0 docs >w
  acwin -d w | cmp - docs
  acwin -T5 -0 -c 0 docs | cmp - w
  sample 3000 | tr '\n' ' ' | fold -b -w 47 | head -n 20 | tr '\n' '\0' >docs
  acwin -0 docs | acwin -d --show >together
  while IFS= read -r -d '' doc; do printf '%s\0' "$doc" | acwin -0 | acwin -d --show; done <docs >alone
  cmp alone together
}

@test "acwin: what is whole comes out, and a failure ends it all, while the input waits" {
  sample 100000 | tr -d '\0' >text
  for _ in $(seq 40); do cat text; done >long
  acwin -c 65536 long | head -c -64 >blocks # all but the trailer
  for t in 1 3; do
    feed acwin -0 -c 0 -a none -T $t >"windows$t"
    cat text >&9
    await asleep
    head -c 1 /dev/zero >&9 # the document's end, by a write of its own
    await has_bytes "windows$t" 30000
    end_all
    feed acwin -d -T $t >"text$t"
    cat blocks >&9
    await has_bytes "text$t" "$(wc -c <long)"
    end_all
    cmp "text$t" long
    feed acwin -d -T $t >/dev/full 2>"message$t"
    cat blocks >&9 || true # it may have ended before it has read all
    ends 1
    [[ $(cat "message$t") == "acwin: -: cannot write"* ]]
  done
}

@test "acwin: --help, --version and --cpu=list" {
  run acwin --help
  [ "$status" -eq 0 ] && [[ $output == "usage: acwin"* ]]
  run acwin -V
  [ "$status" -eq 0 ] && [[ ${lines[0]} == "acwin (nct) "* ]]
  run acwin --cpu=list
  [ "${lines[-1]}" = ref ]
}

# nonblocking COMMAND: runs it with standard input and output that do not block.
nonblocking() {
  dd iflag=nonblock oflag=nonblock count=0 status=none
  "$@"
}

# slow: copies its input. The shell reads the first 100 lines byte by byte, so the pipe before it fills up.
slow() {
  local i
  for ((i = 0; i < 100; i++)); do
    IFS= read -r line
    printf '%s\n' "$line"
  done
  cat
}

@test "all tools: where standard input or output does not block, they wait" {
  sample | head -n 120 >text
  in_pieces 8 text | nonblocking acwin | cat >w
  acwin text | cmp - w
  sample | head -n 3000 >long # more than a pipe holds
  acwin long | nonblocking acwin -d | slow | cmp - long
  cat w | nonblocking bitpack | nonblocking bitpack --to=text | nonblocking bitpack --from=ids --vocab=65536 | cat >toks
  bitpack w | bitpack --to=text | bitpack --from=ids --vocab=65536 | cmp - toks
  in_pieces 8 text | nonblocking m1train -k unigram | cat >m
  m1train -k unigram text | cmp - m
  in_pieces 8 text | nonblocking bitpack --from=raw | nonblocking bpbcalc | cat >table
  bitpack --from=raw text | bpbcalc | cmp - table
  : >empty
  acwin empty >w
  for _ in 1 2 3 4 5 6 7 8 9 10; do cat w w >ww && mv ww w; done
  acwin -l w >rows
  [ "$(wc -c <rows)" -gt 70000 ]
  nonblocking acwin -l w </dev/null | slow | cmp - rows
}
