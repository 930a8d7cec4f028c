#!/usr/bin/env bats
# examples.bats - the scripts under examples/ on small texts: what they print is right, and no stage fails unseen.
load helpers

setup() {
  [ -z "${NCT_SAN:-}" ] || skip "sanitizers: the tools have tests of their own"
  cd "$BATS_TEST_TMPDIR" || return 1
  shopt -s nullglob
}

# small COMMAND...: runs it with small models and few steps of training.
small() { env THREADS=2 SIZE=d=32,layers=1,heads=1,ff=64 STEPS=2 "$@"; }
example() { sh "$NCT_ROOT/examples/$1.sh" "${@:2}"; }

# field NAME COLUMN FILE: a cell of the aligned table in FILE, by the row's name, whose blanks are written as _, and the
# column's. An empty NAME is the first row. Columns are two or more blanks apart.
field() {
  sed 's/^ *//; s/   */\t/g' "$3" | awk -F '\t' -v row="$1" -v name="$2" '{ key = $1; gsub(/ /, "_", key) }
    !at { for (i = 1; i <= NF; i++) if ($i == name) at = i; next }
    at && (row == "" || key == row) { print $at; exit }'
}

# holds CONDITION [NAME=VALUE...]: fails if CONDITION is false. awk evaluates it, with fractions.
holds() {
  local args=() a
  for a in "${@:2}"; do args+=(-v "$a"); done
  awk "${args[@]}" "BEGIN { exit !($1) }" || { echo "not so: $*"; return 1; }
}

# stand_in TOOL DIR: puts a TOOL into DIR that writes half of its output and fails.
# shellcheck disable=SC2016 # for the shell that runs it
stand_in() {
  mkdir -p "$2"
  printf '#!/bin/sh\n"%s" "$@" >"%s/half" || exit\nhead -c "$(($(wc -c <"%s/half") / 2))" "%s/half"\nexit 1\n' \
    "$(command -v "$1")" "$PWD/$2" "$PWD/$2" "$PWD/$2" >"$2/$1"
  chmod +x "$2/$1"
}

# ---- pipeline.sh ----

@test "pipeline.sh: there and back, a model, its table, and text behind the prompt" {
  sample 20000 >text
  small N=20 PROMPT='The three currently' KEEP=kept sh "$NCT_ROOT/examples/pipeline.sh" text >out
  cat kept/train kept/dev | cmp - text
  [ "$(wc -c <kept/dev)" -eq 2000 ]
  bitpack -u kept/train.toks | acwin -d | cmp - kept/train
  [ "$(field '' bytes kept/table)" = 2000 ]
  [ "$(field '' tokens kept/table)" = "$(bitpack --to=text kept/dev.toks | wc -w)" ]
  [ "$(field '' unigram kept/table)" = held-out ]
  # Two steps have taught it hardly anything: it guesses about as well as chance.
  holds 'm > 0.8 * u && m < 1.2 * u' "m=$(field '' m2_bpb kept/table)" "u=$(field '' uniform_bpb kept/table)"
  grep -qF "$(field '' m2_bpb kept/table)" out
  bitpack --to=raw kept/prompt.toks >prompt
  bitpack --to=raw kept/made.toks >made
  [ "$(wc -c <made)" -eq $(($(wc -c <prompt) + 2 * 20)) ]
  cmp -n "$(wc -c <prompt)" prompt made
  [[ "$(tr -d '\0' <kept/made)" == 'The three currently'* ]]
  grep -qF 'The three currently' <(tail -n +"$(grep -n '^4' out | cut -d : -f 1)" out | tail -n +2)
}

@test "pipeline.sh: a text to measure on may be given; nothing stays behind" {
  sample 9000 | head -c 6000 >text
  sample 9000 | tail -c 3000 >other
  mkdir tmp
  small STEPS=1 TMPDIR="$PWD/tmp" N=0 sh "$NCT_ROOT/examples/pipeline.sh" text other >out
  grep -qx 'Text: 6000 bytes to learn from, 3000 bytes held out.' out
  sed -n '/^ *bytes  /,$p' out >table
  [ "$(field '' bytes table)" = 3000 ]
  [ -z "$(echo tmp/*)" ]
}

@test "pipeline.sh: a stage that fails halfway fails it all" {
  sample 3000 >text
  for tool in acwin bitpack m2train bpbcalc m2gen; do
    stand_in $tool "without-$tool"
    run small STEPS=1 N=5 PATH="$PWD/without-$tool:$PATH" sh "$NCT_ROOT/examples/pipeline.sh" text
    [ "$status" -ne 0 ] || { echo "$tool: $output"; false; }
    [[ $output != *'4. '* || $tool == m2gen ]] # later stages do not run
  done
  run small SIZE=nonsense sh "$NCT_ROOT/examples/pipeline.sh" text
  [ "$status" -eq 2 ]
  run ! --separate-stderr env KEEP=. sh "$NCT_ROOT/examples/pipeline.sh" text # would overwrite the text
  [ "$(wc -c <text)" -eq 3000 ]
  run -1 example pipeline nowhere
  [[ $output == *nowhere* ]]
}

# ---- baselines.sh ----

@test "baselines.sh: the same text by six kinds of tokens, counted right" {
  needs spm_train spm_encode spm_decode
  sample 50000 >text
  STEPS=0 VOCAB=1000 THREADS=2 KEEP=kept example baselines text >out
  cat kept/train kept/dev >both
  cmp -n 49999 text both # but for a last newline
  bytes=$(wc -c <kept/dev)
  [ "$(sed 's/^ *//; s/   */\t/g' out | awk -F '\t' 'NF > 1 { print $1 }' | tr '\n' '|')" = \
    'kind|bytes|SentencePiece|gzip -9|xz -9|b=16 v=8|b=16 v=16|' ]
  for kind in bytes SentencePiece gzip_-9 xz_-9 b=16_v=8 b=16_v=16; do
    [ "$(field $kind bytes out)" = "$bytes" ]
    [ "$(field $kind m2_bpb out)" = - ]
    holds 'int(b / t * 10000 + 0.5) == int(r * 10000 + 0.5)' "b=$bytes" "t=$(field $kind tokens out)" "r=$(field $kind bytes_per_token out)"
    holds 'g > 1 && g < 1.03 * u' "g=$(field $kind unigram_bpb out)" "u=$(field $kind uniform_bpb out)"
  done
  [ "$(field bytes tokens out)" = "$bytes" ]
  [ "$(field bytes uniform_bpb out)" = 8.0000 ]
  # For a compressor, tokens counts the bytes of its output, and bytes counts those of the text.
  [ "$(field gzip_-9 tokens out)" -eq "$(gzip -9n <kept/dev | wc -c)" ]
  [ "$(field xz_-9 tokens out)" -eq "$(xz -9 <kept/dev | wc -c)" ]
  # The same windows, cut in halves or not.
  [ "$(field b=16_v=8 tokens out)" -eq $((2 * $(field b=16_v=16 tokens out))) ]
  [ "$(field b=16_v=8 uniform_bpb out)" = "$(field b=16_v=16 uniform_bpb out)" ]
}

@test "baselines.sh: SentencePiece codes every byte, each newline by a token" {
  needs spm_train spm_encode spm_decode
  { printf '  two  blanks, a tab\t, \xe2\x82\xac, \xf0\x9f\x90\x9f\n\n'; sample 60000; } >text
  sample 80000 | tail -c 5000 | tr -d '\n' >other # one line, without its newline
  STEPS=0 VOCAB=800 THREADS=2 KEEP=kept example baselines text other >out
  [ "$(field SentencePiece bytes out)" -eq $(($(wc -c <other) + 1)) ]
  holds 'r > 2 && r < 6' "r=$(field SentencePiece bytes_per_token out)"
  [ "$(tr ' ' '\n' <kept/train.ids | grep -cx 2)" -eq "$(wc -l <kept/train)" ]
  spm_decode --model=kept/sp.model --input_format=id <kept/train.ids | cmp - kept/train
  [ "$(wc -w <kept/dev.ids)" -eq "$(field SentencePiece tokens out)" ]
  # SentencePiece does not give back bytes that are not UTF-8. Then the script fails.
  printf 'caf\xe9\n' >>text
  run -1 --separate-stderr env STEPS=0 VOCAB=800 sh "$NCT_ROOT/examples/baselines.sh" text other
  # shellcheck disable=SC2154 # bats sets it
  [[ $stderr == *'SentencePiece does not give the train text back'* ]]
  [ -z "$output" ]
}

@test "baselines.sh: a token model for each kind" {
  needs spm_train spm_encode spm_decode
  sample 10000 >text
  VOCAB=500 small sh "$NCT_ROOT/examples/baselines.sh" text >out
  for kind in bytes SentencePiece gzip_-9 xz_-9 b=16_v=8 b=16_v=16; do
    holds 'm > 0.5 * u && m < 1.2 * u' "m=$(field $kind m2_bpb out)" "u=$(field $kind uniform_bpb out)"
    holds 'f > 0' "f=$(field $kind m2_flops_per_byte out)"
  done
}

@test "baselines.sh: a stage that fails halfway fails it all; what is missing is named" {
  needs spm_train spm_encode spm_decode
  sample 10000 >text
  for tool in spm_train spm_encode gzip xz acwin bitpack bpbcalc; do
    stand_in $tool "without-$tool"
    run ! --separate-stderr env STEPS=0 VOCAB=500 PATH="$PWD/without-$tool:$PATH" sh "$NCT_ROOT/examples/baselines.sh" text
    [ -z "$output" ] || { echo "$tool: $output"; false; }
  done
  mkdir some
  ln -s /usr/bin/* some
  rm some/spm_train
  run -1 env PATH="$PWD/some" sh "$NCT_ROOT/examples/baselines.sh" text
  [ "$output" = "baselines.sh: no spm_train: it is in the Debian package sentencepiece" ]
  head -n 3 text >short
  run -1 env STEPS=0 sh "$NCT_ROOT/examples/baselines.sh" short
  [[ $output == *'less than ten lines'* ]]
}

# ---- inspect.sh ----

@test "inspect.sh: counts, lengths and windows agree with the tools" {
  { sample 30000; printf 'a\\E\\\\n \t \x01 \xc3\xa9'; } >text # escapes, and what looks like them
  example inspect text >out
  acwin text | bitpack >toks
  bitpack --to=text toks | tr ' ' '\n' | sed '/^$/d' | sort | uniq -c | sort -k 1,1nr -k 2,2n | head -n 15 | awk '{ print $1, $2 }' >want
  sed -n '/^1\./,/^$/p' out | sed -n '2,16p' | awk '{ print $1, $2 }' | cmp - want
  top=$(sed -n '2{s/.*\[\(.*\)\]$/\1/;p;}' out)
  [ "$(acwin text | acwin -d --show | grep -m 1 "^$(sed -n '1s/.* //p' want)"$'\t' | cut -f 2)" = "$top" ]
  grep -q "^   $(bitpack --to=text toks | wc -w) tokens, " out
  grep -q "^   $(wc -c <text) bytes in all, " out
  [ "$(sed -n '/^4\./,$p' out | sed '1d; /windows occur/d' | cut -c 1-29 | sed -n 's/.*\[\(.*\)\].*/\1/p' | tr -d '\n')" = \
    'Nobody had seen the old man walk down to the river before.\E' ]
  [ "$(grep -c 'windows occur' out)" -eq 2 ]
}

@test "inspect.sh: a stage that fails fails it all" {
  sample 3000 >text
  for tool in acwin bitpack; do
    stand_in $tool "without-$tool"
    run ! env PATH="$PWD/without-$tool:$PATH" sh "$NCT_ROOT/examples/inspect.sh" text
  done
  : >empty
  run -1 example inspect empty
  [ "$output" = "inspect.sh: no text" ]
  run -1 example inspect nowhere
}

@test "examples: quickstart.sh goes from text to a model's text and a table" {
  mkdir examples
  cp "$NCT_ROOT"/examples/{quickstart.sh,sample.txt.xz,novels.txt.xz} examples
  if [ -z "${NCT_LONG:-}" ]; then # parts of the novels
    xz -dc examples/novels.txt.xz >novels
    { head -c 200000 novels; printf '\0'; tail -c 100000 novels; } | xz -1 >examples/novels.txt.xz
  fi
  STEPS=3 sh examples/quickstart.sh >out
  grep -q '^   identical$' out
  grep -q '^   The three currently' out
  tail -n 3 out | awk '$1 == 300000 { exit !($4 > 2 && $5 < $4 && $6 > 2 && $6 < 5) }' # uniform, unigram, M2
  grep -q '^ *300000 ' out
}

# ---- alignment.sh ----

@test "alignment.sh: counts agree with the tools; more tokens end at boundaries when they are to" {
  sample 20000 >text
  ALIGN='\b' example alignment text >out
  [ "$(cut -f 1 out | tr '\n' ' ')" = 'align none words \b ' ]
  [ "$(cut -f 2 out | sort -u | tr '\n' ' ')" = '20000 bytes ' ]
  [ "$(awk -F '\t' '$1 == "words" { print $3 }' out)" = "$(acwin -a words text | acwin -l | cut -f 12 | tail -n 1)" ]
  awk -F '\t' '$1 == "none" { n = $5 } $1 == "words" { w = $5 } END { exit !(n < w && w > 75 && w <= 100) }' out
  OPTIONS=--code=split example alignment text >out
  awk -F '\t' '$1 == "none" { n = $5 } $1 == "words" { w = $5 } END { exit !(n < 30 && w > 55 && w <= 100) }' out
  printf 'ab cd\0' >nul
  [ "$(OPTIONS=-0 example alignment nul | cut -f 2 | tail -n 1)" = 5 ]
}

@test "alignment.sh: a stage that fails fails it all" {
  sample 3000 >text
  stand_in acwin without-acwin
  run ! env PATH="$PWD/without-acwin:$PATH" sh "$NCT_ROOT/examples/alignment.sh" text
  : >empty
  run -1 example alignment empty
  [ "$output" = "alignment.sh: no text" ]
}

# ---- the measuring scripts: tables with comments on top ----

# measuring_model: makes the model `strings` fast, with a best codebook of 16 bits, and `text`, of 40,000 bytes.
measuring_model() {
  sample 150000 >learned
  sample 250000 | tail -c 40000 >text
  local kept=$BATS_FILE_TMPDIR/strings # shared with the other tests
  if [ ! -e "$kept" ]; then
    m1train -q -T 2 -k unigram -o counts learned
    m1train -q -T 2 -k strings -b 16 -a words -m counts -o "$kept" learned
  fi
  cp "$kept" strings
}

# cell FILE COLUMN [NAME=VALUE...]: the cell in COLUMN of the first row whose columns NAME have these values.
cell() {
  local at=$2 a args=()
  for a in "${@:3}"; do args+=("$a"); done
  printf '%s\n' "${args[@]}" | awk -F '\t' -v want="$at" 'NR == FNR { k = index($0, "="); if (k) need[substr($0, 1, k - 1)] = substr($0, k + 1); next }
    /^#/ { next } !head { for (i = 1; i <= NF; i++) name[$i] = i; head = 1; next }
    { for (n in need) if ($name[n] != need[n]) next; print $name[want]; exit }' - "$1"
}

# headed FILE: its comments say how it was made, and name no folders.
headed() {
  for what in command model nct date text; do grep -q "^# $what: ." "$1" || { echo "$1: no $what"; return 1; }; done
  run ! grep -n '/\(tmp\|home\)' "$1"
}

@test "ratio.sh: counts and ratios agree with the tools, for all kinds of tokens" {
  needs spm_train spm_encode spm_decode
  measuring_model
  printf 'one line\n\ntwo\0three\0' >>text
  xz -k text
  MODEL=strings FIRST=2000 VOCABS=500 THREADS=2 example ratio text.xz >out
  headed out
  windows() { acwin -0 -m strings "$@" | acwin -l | tail -n 1 | cut -f "$column"; }
  for code in best split; do
    for align in none words; do
      column=12
      [ "$(cell out number code=$code align=$align 'tokens=windows of 16 bits')" = "$(windows --code=$code -a $align text)" ]
    done
  done
  [ "$(cell out align default=yes)" = words ]
  [ "$(cell out code default=yes)" = best ]
  head -c 2000 text >first
  column=15
  for bits in 24 32 64 128; do
    holds 'r - 16 * 2000 / c < 0.0001 && 16 * 2000 / c - r < 0.0001' "r=$(cell out bytes_per_16_bits "tokens=windows of $bits bits")" \
      "c=$(windows -b $bits -a none first)"
  done
  holds 'r - c / 2000 < 0.0001 && c / 2000 - r < 0.0001' "r=$(cell out bits_per_byte code=unbroken)" "c=$(windows -b 0 first)"
  [ "$(cell out bytes 'tokens=xz -9e')" -eq "$(tr -d '\0' <text | wc -c)" ]
  # `all` has a token </s> for each end of a line or document; `bare` has none.
  all=$(cell out number 'tokens=SentencePiece 500') bare=$(cell out number 'tokens=SentencePiece 500 within lines')
  [ $((all - bare)) -eq "$(tr '\0' '\n' <text | wc -l)" ]
  holds 'b < 95 && n < b && b > n + 20' "b=$(cell out at_boundaries_percent code=split align=words)" "n=$(cell out at_boundaries_percent code=split align=none)"
}

@test "stability.sh: what a changed word changes" {
  needs spm_train spm_encode spm_decode
  long_test
  measuring_model
  MODEL=strings VOCABS=500 THREADS=2 example stability learned >out
  headed out
  [ "$(grep -cv '^#' out)" -eq 6 ]
  for code in split best; do
    # Aligned windows begin where words do. So few tokens change besides those of the changed word.
    holds 'w < n' "w=$(cell out mean_of_rest code=$code align=words)" "n=$(cell out mean_of_rest code=split align=none)"
  done
  [ "$(cell out mean_of_rest 'tokens=SentencePiece 500')" = 0.00 ]
  holds 'n > 10 && n < 80' "n=$(cell out tokens_of_text 'tokens=SentencePiece 500')"
}

@test "stability.sh: edit distances are right" {
  # The distance of kitten and sitting is 3, or 2 without the prefix, which is the first letter. The third text is one
  # other token. Its distances are 6 and 7, or 5 and 6. The fourth text is of another sentence, so it has none.
  spelt() { sed 's/./&:1 /g' <<<"$1"; }
  { printf '1\t1\t%s\n' "$(spelt kitten)"; printf '1\t1\t%s\n' "$(spelt sitting)"; } >pair
  [ "$(awk -f "$NCT_ROOT/examples/distances.awk" pair)" = $'6.5\t3\t3.00\t2\t2.00' ]
  { cat pair; printf '1\t0\tx:9\n2\t0\tx:9\n'; } >more
  [ "$(awk -f "$NCT_ROOT/examples/distances.awk" more)" = $'3.8\t6\t5.33\t5\t4.33' ]
}

@test "tokens.sh: the most frequent tokens, with their counts and texts" {
  measuring_model
  printf 'a\\b\0' >>text
  MODEL=strings TOP=0 example tokens text >out
  headed out
  acwin -0 -m strings text >windows
  acwin -d --show -m strings windows | LC_ALL=C sort | uniq -c | awk '{ n = $1; sub(/^ *[0-9]+ /, ""); print n "\t" $0 }' | sort -k 1,1nr -k 2,2n >want
  sed '/^#/d; /^count/d' out | cmp - want
  MODEL=strings TOP=3 example tokens text | sed '/^#/d; /^count/d' | cmp - <(head -n 3 want)
  m1train -q -k unigram --no-codebook -o bare text
  run -1 --separate-stderr env MODEL=bare sh "$NCT_ROOT/examples/tokens.sh" text
  [ "$stderr" = "tokens.sh: the model has no codebook of 16 bits: acwin --compile makes one" ]
}

@test "learnability.sh: what counts predict, by models that are right" {
  needs spm_train spm_encode spm_decode
  measuring_model
  MODEL=strings VOCABS=500 THREADS=2 BYTES=150000 TRAIN=learned example learnability text >out
  headed out
  grep -qx '# learned from: learned' out
  [ "$(grep -cv '^#' out)" -eq 6 ]
  for code in split best; do
    holds 'b < u && u < 16 / r' "u=$(cell out unigram code=$code align=words)" "b=$(cell out bigram code=$code align=words)" \
      "r=$(cell out bytes_per_token code=$code align=words)"
  done
  # Counts of 1 1 2 predict 1 2 3, which is 3 bytes of text, in a vocabulary of 4. P(1) = (2 - d) / 3 + 2 d / 12,
  # P(2) = (1 - d) / 3 + 2 d / 12, P(3) = 2 d / 12. After 1, the counts have 1 once and 2 once.
  printf '1\n1\n2\n' >train
  printf '1\n2\n3\n' >test
  awk 'BEGIN { d = 0.75; low = 2 * d / 12; one = (2 - d) / 3 + low; two = (1 - d) / 3 + low
    printf "%.4f\t%.4f\n", -log(one * two * low) / log(2) / 3, -log(one * ((1 - d) / 2 + d * 2 / 2 * two) * low) / log(2) / 3 }' >want
  awk -v vocab=4 -v bytes=3 -f "$NCT_ROOT/examples/ngram.awk" train test | cmp - want
  VOCABS=500 example learnability text >held-out
  grep -q '^# BYTES=10000000 AHEAD=1000000; counted: 36...* bytes; predicted: 4...* bytes$' held-out
}

@test "ids_to_text.py: bare ids become the text again, bytes of all kinds and ends of documents" {
  needs python3
  { sample 20000; printf '\\E\\\\E\\x41\\n\t\r\n'; printf "$(printf '\\x%02x' {0..255})"; } >text
  acwin --strings >strings
  acwin text | bitpack --to=raw >ids
  python3 "$NCT_ROOT/examples/ids_to_text.py" strings ids | cmp - text
  { tr -d '\0' <text; printf '\0\0last\0'; } >documents
  acwin -0 documents | bitpack --to=raw >ids
  python3 "$NCT_ROOT/examples/ids_to_text.py" -0 strings ids | cmp - documents
  run -1 --separate-stderr python3 "$NCT_ROOT/examples/ids_to_text.py" strings
  [ "$stderr" = "usage: ids_to_text.py [-0] STRINGS IDS >TEXT" ]
}

@test "models.sh: rows are listed, trained and measured; each once; none if a stage fails" {
  needs spm_train spm_encode
  mkdir data
  sample 200000 | tr '\n' '\0' | xz >data/train.txt.xz
  sample 300000 | tail -c 30000 | tr '\n' '\0' | xz >data/dev-c4.txt.xz
  [ "$(example models --list | awk -F '\t' '$2 != "sh examples/models.sh " $1' | wc -l)" -eq 0 ]
  [ "$(example models --list | cut -f 1 | sort | uniq -d | wc -l)" -eq 0 ]
  example models --list | cut -f 1 | sort >listed
  tail -n +2 "$NCT_ROOT/examples/results/models.tsv" | cut -f 1 | sort | comm -23 - listed >unlisted
  [ ! -s unlisted ]
  body=d=32,layers=1,heads=2,ff=64
  models() { DATA=data TRAIN=data/train.txt.xz WORK=work RESULTS=table EXAMPLE=100 BATCH=200 THREADS=2 example models "$@"; }
  # column_of NAME ROW: of the table.
  column_of() { awk -F '\t' -v name="$1" -v row="$2" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i } $1 == row { print $at[name] }' table; }
  rows="uni-400:$body:3:1 uni-400:$body/compose:3:1 str-10-4:$body:3:1 str-10-4:$body/compose:3:1 word-10-0:$body:3:2"
  rows="$rows built-in:$body:2:1 built-in:$body/compose:2:1"
  rows="$rows bytes:$body:2:1 gzip:$body:2:1 static-8:$body:2:1 ei-16-8:$body:2:1"
  [ -z "${NCT_LONG:-}" ] || rows="$rows bpe-400:$body:2:1 free-400:$body:2:1 ac-16:$body:2:1 ei-32-8:$body:2:1 ei-16-8-2:$body:2:1" # M1 is slow
  [ -z "${NCT_LONG:-}" ] || rows="$rows uni-400:4m:2:1 str-10-4:4m=uni-400:2:1 str-10-4:4m+uni-400:2:1"
  [ -z "${NCT_LONG:-}" ] || rows="$rows str-10-4:4m+uni-400/compose:2:1"
  # shellcheck disable=SC2086 # a list
  models $rows
  [ "$(tail -n +2 table | cut -f 1)" = "$(tr ' ' '\n' <<<"$rows")" ]
  awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
    { a = $at["bits_per_byte_a"]; b = $at["bits_per_byte_b"]; if (!(a > 1 && a < 20 && b / a > 0.9 && b / a < 1.1)) exit 1
      if ($at["tokens_trained"] < 350 || $at["flops_per_byte"] <= 0 || $at["train_flops"] <= 0) exit 1 }' table
  # Rows that ask for equal operations have them within 1%.
  awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
    function off(a, b) { return a / b > 1.01 || b / a > 1.01 }
    $1 ~ /^uni-400:4m:/ { want = $at["flops_per_byte"]; output = $at["flops_per_byte_with_output"] }
    $1 ~ /:4m=/ && off($at["flops_per_byte"], want) || $1 ~ /:4m[+]/ && off($at["flops_per_byte_with_output"], output) { print; bad = 1 }
    END { exit bad }' table
  # Windows of two tokens have two places, which the second half's windows have each once.
  [ "$(head -n 1 positions.tsv)" = "$(printf 'row\tbit_of_window\ttokens\tbits_per_token\taccuracy')" ]
  [ "$(awk -F '\t' '$1 ~ /^ei-16-8:/ { print $2 }' positions.tsv | tr '\n' ' ')" = "0 8 " ]
  [ "$(awk -F '\t' '$1 ~ /^ei-16-8:/ { print 2 * $3 }' positions.tsv | uniq)" = "$(bpbcalc work/tokens/ei-16-8/b | cut -f 2 | tail -n 1)" ]
  awk -F '\t' 'NR > 1 && ($1 ~ /^(uni|str|bytes)/ || !($4 > 1 && $4 < 30) || !($5 >= 0 && $5 < 1)) { print; exit 1 }' positions.tsv
  before=$(cksum <table) places=$(cksum <positions.tsv)
  models "uni-400:$body:3:1"
  [ "$(cksum <table) $(cksum <positions.tsv)" = "$before $places" ]
  run -1 models nonsense:$body:3:1
  # Tokens are those of the row's own kind, too, where the other kind of equal operations is made for it.
  rm -r work
  models static-8:4m=bytes:2:1
  [ "$(column_of bytes_per_token 'static-8:4m=bytes:2:1')" = "$(column_of bytes_per_token "static-8:$body:2:1")" ]
  run -1 --separate-stderr flock work/lock env DATA=data TRAIN=data/train.txt.xz WORK=work RESULTS=table \
    sh "$NCT_ROOT/examples/models.sh" "bytes:$body:5:1"
  [ "$stderr" = "models.sh: another run works in work" ]
  for tool in xz acwin bitpack m2train; do
    [ -n "${NCT_LONG:-}" ] || [ $tool = acwin ] || continue
    stand_in $tool "without-$tool"
    rm -rf work table
    run ! env PATH="$PWD/without-$tool:$PATH" DATA=data TRAIN=data/train.txt.xz WORK=work RESULTS=table EXAMPLE=100 BATCH=200 \
      sh "$NCT_ROOT/examples/models.sh" "str-10-4:$body:3:1"
    [ ! -e table ]
  done
}

@test "pictures.sh: each kind is a point, the mean of its seeds; each panel has its own" {
  needs gnuplot
  { printf 'row\tbytes_per_token\tbits_per_byte_b\tflops_per_byte_with_output\ttrain_flops\n'
    printf 'uni-8192:4m:600:1\t3.75\t2.0\t3000000\t9e13\nuni-8192:4m:600:2\t3.75\t2.2\t3000000\t9e13\n'
    printf 'str-13-1:4m/compose:600:1\t4.1\t2.08\t3100000\t9e13\nstr-13-1:4m=uni-8192:1200:1\t4.1\t2.05\t3000000\t18e13\n'
    printf 'str-16-1:4m:600:1\t5.9\t2.1\t7000000\t3e14\nbuilt-in:4m:600:1\t6\t2.2\t7000000\t3e14\n'
    printf 'ei-32-8:3m:1200:1\t2\t2.3\t7000000\t3e14\ngzip:3m:1200:1\t2\t3.3\t7000000\t3e14\n'; } >table
  example pictures table folder 2>err
  [ ! -s err ]
  for file in density flops training; do
    [ "$(grep -c '>uni-8192<' folder/$file.svg)" -eq 1 ]
    grep -q '>str-13-1<' folder/$file.svg
    grep -q '>parts shared<' folder/$file.svg
    grep -q '>str-13-1, wider by layers<' folder/$file.svg
  done
  run ! grep '>0.000<' folder/*.svg # axes begin where points do
  grep -q '>8192 tokens, 600 steps<' folder/density.svg
  [ "$(grep -o '>[0-9]* tokens, [0-9]* steps<' folder/flops.svg | tr -d '<>')" = "8192 tokens, 600 steps
8192 tokens, 1200 steps
65536 tokens, 600 steps
256 tokens, 1200 steps" ]
  grep -q '>8192 tokens<' folder/training.svg
  [ ! -e folder/positions.svg ]
  { printf 'row\tbit_of_window\ttokens\tbits_per_token\taccuracy\n'
    printf 'ei-32-8:3m:1200:1\t%d\t100\t7.0\t0.%d\n' 0 30 8 20 16 10 24 11
    printf 'ei-16-8:3m:1200:1\t%d\t100\t7.0\t0.%d\n' 0 35 8 15
    printf 'ei-32-16:3m:1200:1\t%d\t100\t7.0\t0.%d\n' 0 25 16 11
    printf 'ei-64-8:3m:1200:2\t%d\t100\t7.0\t0.%d\n' 0 25 16 11; } >positions.tsv
  example pictures table folder 2>err
  [ ! -s err ]
  [ "$(grep -o '>[0-9]* tokens<' folder/positions.svg | tr -d '<>')" = "256 tokens
65536 tokens" ]
  [ "$(sed -n 's/.*<text>\(ei-.*\)<.*/\1/p' folder/positions.svg | tr '\n' ' ')" = "ei-32-8 ei-16-8 ei-32-16 " ]
  [ "$(grep -o '>0\.[0-9]*<' folder/positions.svg | sort -u | tail -n 1)" = ">0.35<" ]
  stand_in gnuplot broken
  run -1 env PATH="$PWD/broken:$PATH" sh "$NCT_ROOT/examples/pictures.sh" table other
  [ ! -e other/density.svg ]
  stand_in awk without-awk
  run -1 env PATH="$PWD/without-awk:$PATH" sh "$NCT_ROOT/examples/pictures.sh" table other
  [ ! -e other/density.svg ]
}

@test "experiments.sh: all tables of a folder's texts, none before it is whole" {
  long_test
  needs spm_train spm_encode spm_decode
  measuring_model
  mkdir data
  xz -c text >data/dev-a.txt.xz
  head -c 20000 learned | xz >data/dev-b.txt.xz
  xz -c learned >data/train-wiki.txt.xz
  MODEL=strings FIRST=1000 VOCABS=500 THREADS=2 DATA=data RESULTS=results example experiments
  for table in ratio stability tokens learnability; do headed results/$table.tsv; done
  [ "$(sed '/^#/d; s/\t.*//' results/ratio.tsv | sort -u | tr '\n' ' ')" = 'dev-a.txt.xz dev-b.txt.xz text ' ]
  grep -qx '# learned from: train-wiki.txt.xz' results/learnability.tsv
  for tool in acwin bitpack spm_train spm_encode xz; do
    stand_in $tool "without-$tool"
    rm -rf results
    run ! env PATH="$PWD/without-$tool:$PATH" MODEL=strings FIRST=1000 VOCABS=500 THREADS=2 DATA=data RESULTS=results sh "$NCT_ROOT/examples/experiments.sh"
    [ ! -e results/learnability.tsv ]
  done
  run -1 env DATA=results sh "$NCT_ROOT/examples/experiments.sh"
  [[ $output == *'no dev-*.txt.xz' ]]
}
