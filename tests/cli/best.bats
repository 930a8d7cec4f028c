# best.bats - codebooks of chosen strings: m1train -k strings, acwin --code.
# shellcheck disable=SC2154 # bats sets stderr and output
load helpers

# Shared by all tests, only read: a text to choose strings for, another one, and a model with strings of 12 bits.
setup_file() {
  cd "$BATS_FILE_TMPDIR" || return
  sample 400000 >text
  sample 500000 | tail -c 100000 >other
  m1train -q -T 1 -k unigram -o unigram text
  m1train -q -k strings -b 12 -a words -m unigram -o model text
  m1train -q -k strings -b 12 -a none -m unigram -o anywhere text
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  ln -s "$BATS_FILE_TMPDIR"/{text,other,unigram,model,anywhere} .
}

# windows [ACWIN OPTION...]: the number of windows that `other` takes.
windows() { acwin -T 1 --verbose -b 12 "$@" other 2>&1 >/dev/null | sed -n 's/^windows=//p'; }

@test "m1train -k strings: windows of them hold a fifth more than those that M1 makes, wherever they end" {
  acwin --compile -b 12 -o split
  [ $((120 * $(windows -m model))) -lt $((100 * $(windows -m split -a words))) ]
  [ $((120 * $(windows -m anywhere))) -lt $((100 * $(windows -m split -a none))) ]
  [ "$(windows -m model)" -lt "$(windows -m anywhere -a words)" ]

}

@test "m1train -k strings: the same file again, whatever the threads; and that of another text, another one" {
  m1train -q -T 3 -k strings -b 12 -m unigram -o again text # -a words is the default
  cmp model again
  m1train -q -k strings -b 12 -a words -m model -o twice text # replaces the codebook in `model`
  cmp model twice
  m1train -q -k strings -b 12 -a words -m unigram -o differs other
  run ! cmp -s model differs
  tr '\n' '\0' <text >documents
  for options in "-a words --token-cost=4" "-a none --token-cost=1" "-a [^a-z]" "-a words --token-cost=inf"; do
    # shellcheck disable=SC2086 # a list of options
    for threads in 1 2 5; do m1train -q -T $threads -0 -k strings -b 11 $options -m unigram -o by$threads documents; done
    cmp by1 by2
    cmp by1 by5
  done
}

@test "m1train -k strings: the window count that it tells is that of acwin" {
  run -0 --separate-stderr m1train -k strings -b 12 -a words -m unigram -e other -o again text
  [ "$stderr" = "m1train: validation: $(awk -v n="$(windows -m model)" 'BEGIN { printf "%.4f", 100000 / n }') bytes per window, $(sed 's/.*window, //' <<<"$stderr")" ]
  [[ $stderr =~ ", "[6-9][0-9].[0-9]"% of them end at a boundary"$ ]]
  run -0 --separate-stderr m1train --verbose -k strings -a none -b 10 --rounds=2 -m unigram -o again text
  [ "$(grep -c '^windows=[0-9]* bytes_per_window=[0-9.]* at_boundaries=1.0000$' <<<"$stderr")" -eq 6 ] # three first rounds, two, and the text by the last one's strings
  for cost in 0 1 inf; do
    m1train --verbose -k strings -b 12 --token-cost=$cost -m unigram -o again text 2>err
    acwin -c 0 --verbose -b 12 -m again text 2>&1 >/dev/null | grep -qx "$(grep '^windows=' err | tail -n 1 | cut -d ' ' -f 1)"
  done
}

@test "m1train -k strings: it says so if the text is too short for so many strings" {
  head -c 20000 text >few
  run -0 --separate-stderr m1train -k strings -b 14 -m unigram -o again few
  [[ $stderr =~ ^"m1train: no window of the text begins with "1[0-9]{4}" of the 16384 strings: fewer bits (-b) or more text would do better"$ ]]
  run -0 --separate-stderr m1train -k strings -b 10 -m unigram -o again text
  [ -z "$stderr" ]
  run -0 --separate-stderr m1train -q -k strings -b 14 -m unigram -o again few
  [ -z "$stderr" ]
}

# notes MODEL: the keys of its notes on chosen strings.
notes() { head -c 20000 "$1" | grep -ao '"note.best[^"]*"' | sort; }

@test "m1train -k strings: notes on strings that are replaced go; those on others stay" {
  m1train -q -k strings -b 12 -a none -m unigram -o one text
  [[ $(notes one) == *'"note.best12.rounds"'* ]]
  m1train -q -k strings -b 12 -m one -o two text
  [ "$(notes two)" = "$(notes model)" ]
  [[ $(notes two) != *rounds* ]]
  m1train -q -k strings -b 12 --codebook=other -m one -o three text
  [[ $(notes three) == *'"note.best12.rounds"'*'"note.best12/other.token_cost"'* ]]
}

# spanning MODEL WORDS: the number of its strings that have at least WORDS words of lower-case letters.
spanning() { acwin --strings -b 12 -m "$1" | cut -f 2 | grep -cE "([a-z]+ ){$(($2 - 1))}[a-z]" || :; }

@test "m1train -k strings --token-cost: from strings of one word to few tokens; the same for any threads; 1 by default" {
  for cost in 0 2 20; do
    m1train -q -T 1 -k strings -b 12 -a words --token-cost=$cost -m unigram -o "cost$cost" text
    acwin -b 12 -m "cost$cost" other | acwin -d -m "cost$cost" | cmp - other
    [ "$(acwin --strings -b 12 -m "cost$cost" | cut -f 2 | sort -u | wc -l)" -eq 4096 ]
  done
  [ "$(spanning cost0 2)" -eq 0 ]
  [ "$(spanning cost2 2)" -gt 50 ]
  [ "$(spanning cost20 2)" -gt "$(spanning cost2 2)" ]
  [ "$(windows -m cost0)" -gt "$(windows -m cost2)" ]
  [ "$(windows -m cost2)" -gt "$(windows -m cost20)" ]
  m1train -q -T 3 -k strings -b 12 -a words --token-cost=2 -m unigram -o again text
  cmp cost2 again
  m1train -q -k strings -b 12 -a words --token-cost=1 -m unigram -o again text
  cmp model again
  m1train -q -k strings -b 12 --token-cost=0.001 -m unigram -o again text # one step, and not 0
  m1train -q -k strings -b 12 --token-cost=0.00390625 -m unigram -o step text
  [ "$(acwin --strings -b 12 -m again | cksum)" = "$(acwin --strings -b 12 -m step | cksum)" ]
  [ "$(spanning again 2)" -gt 0 ]
  m1train -q -k strings -b 10 -a none -m unigram -o again text
  m1train -q -k strings -b 10 -a none --token-cost=inf -m unigram -o none text
  cmp again none
  m1train -q -k strings -b 12 -a words --token-cost=inf -m unigram -o again text
  run ! cmp -s model again
}

@test "m1train -k strings --words: no string is of more words, in either choice of strings" {
  m1train -q -k strings -b 12 -a words --words=1 -m unigram -o one text
  [ "$(spanning one 2)" -eq 0 ]
  m1train -q -k strings -b 12 -a words --words=2 --token-cost=4 -m unigram -o two text
  [ "$(spanning two 2)" -gt 50 ]
  [ "$(spanning two 3)" -eq 0 ]
  acwin -b 12 -m two other | acwin -d -m two | cmp - other
}

@test "best strings: text comes back, by any threads, chunks, documents, read sizes and alignment" {
  printf 'a\0\0\nb c\0' >docs
  noise 30000 >noise
  : >empty
  for align in none words '\s'; do
    files="other noise docs empty"
    [ -n "${NCT_LONG:-}" ] || [ "$align" != '\s' ] || files="other docs"
    for file in $files; do
      for options in "" "-c 7" "-c 1000 -T 3" "-0" "--open"; do
        # shellcheck disable=SC2086 # options are to be split
        acwin -b 12 -m model -a "$align" $options "$file" >windows
        acwin -d -m model windows | cmp - "$file"
      done
    done
    [ "$(acwin -l windows | cut -f 3 | tail -n 1)" = best ]
    acwin -b 12 -m model -a "$align" -T 1 other >one
    acwin -b 12 -m model -a "$align" -T 3 other | cmp - one
    dd if=other bs=777 status=none | acwin -b 12 -m model -a "$align" | cmp - one
  done
}

@test "best strings: a long document in several batches is coded as in one, and aligned as by looking ahead" {
  for _ in $(seq 50); do cat text; done >long
  acwin -b 12 -m model -c 0 -T 1 long >one
  acwin -b 12 -m model -c 0 -T 2 long | cmp - one
  acwin -d -m model one | cmp - long
  acwin -b 12 -m model -c 0 -a none long | acwin -d -m model | cmp - long
}

@test "best strings: many documents, walked many or few at once, are coded as each is alone" {
  tr '\n' '\0' <other >lines
  [ "$(tr -dc '\0' <lines | wc -c)" -gt 100 ]
  for align in none words; do
    acwin -0 -b 12 -m model -a "$align" -T 1 lines >many
    acwin -d -m model many | cmp - lines
    # A document that is encoded by a call of its own is walked alone. Its windows must be among those of all.
    acwin -d --show -m model many | sort >shown
    xargs -0 -n 1 -a lines printf '%s\0' | head -c 1500 >some
    tr '\0' '\n' <some | while IFS= read -r line; do
      printf '%s\0' "$line" | acwin -0 -b 12 -m model -a "$align" | acwin -d --show -m model
    done | sort -u >alone
    [ "$(comm -23 alone <(sort -u shown) | wc -l)" -eq 0 ]
  done
}

@test "best strings: documents' ends, tokens and --show are as with other windows" {
  printf 'It was the best.\0It was' >docs
  acwin -0 -b 12 -m model docs >windows
  acwin -d --show -m model windows >shown
  [ "$(grep -c '\\E$' shown)" -eq 1 ]
  [ "$(cut -f 2 shown | tr -d '\n')" = 'It was the best.\EIt was' ]
  bitpack -v 12 windows | bitpack -u | cmp - windows
  [ "$(bitpack --to=text -v 12 windows | tr ' ' '\n' | sort | tr -d '\n')" = "$(cut -f 1 shown | sort | tr -d '\n')" ]
}

@test "acwin --code: best where there is such a codebook, else split; and what cannot be is refused" {
  code() { acwin -m "$1" "${@:2}" other | acwin -l | cut -f 3 | tail -n 1; }
  [ "$(code model -b 12)" = best ]
  [ "$(code model -b 12 --code=best)" = best ]
  [ "$(code model -b 12 --code=split)" = split ]
  [ "$(code model -b 12 --no-codebook)" = split ]
  [ "$(code model -b 12 -r 2)" = split ]
  [ "$(code model -b 11)" = split ]
  [ "$(code unigram -b 12)" = split ]
  run -2 --separate-stderr acwin -m model -b 11 --code=best other
  [ "$stderr" = "acwin: --code=best: the model has no such codebook for windows of 11 bits" ]
  run -2 acwin -m model -b 12 -r 2 --code=best other
  run -2 acwin -m model -b 12 --no-codebook --code=best other
  run -2 acwin -m model -b 24 --code=best other
  run -2 acwin -d --code=best other
  run -2 acwin --code=worst other
}

@test "best strings: streams need the codebook that they were made with" {
  acwin -b 12 -m model other >windows
  run -1 --separate-stderr acwin -d -m unigram windows
  [ "$stderr" = "acwin: windows: windows of 12 bits by a codebook of best strings, which this M1 does not have (see -m)" ]
  run -1 --separate-stderr acwin -d -m anywhere windows
  [[ $stderr == "acwin: windows: written with another codebook: its windows are "* ]]
  acwin --compile -b 12 -m model -o both # keeps the strings
  acwin -d -m both windows | cmp - other
}

@test "m1train -k strings: what does not go with it is refused, and so are damaged codebooks" {
  run -2 --separate-stderr m1train -k strings -b 21 text
  [ "$stderr" = "m1train: -b: with -k strings at most 20" ]
  run -2 m1train -k strings -n 5 text
  run -2 m1train -k strings --no-codebook text
  run -2 m1train -k strings --long-share=5 text
  run -2 m1train -k strings --from=model text
  run -2 m1train -k strings -a words --token-cost=-1 text
  run -2 m1train -k strings -a words --token-cost=1 --rounds=2 text
  run -2 --separate-stderr m1train -k strings -a words --rounds=2 text
  [ "$stderr" = "m1train: --rounds: needs --token-cost=inf" ]
  run -2 m1train --token-cost=1 text
  run -2 m1train -b 16 -a words --words=1 text
  run -2 --separate-stderr m1train -k strings -a none --words=1 text
  [ "$stderr" = "m1train: --words: of no use to -a none" ]
  run -2 m1train -k strings -a '(' text
  run -2 m1train -m model text
  run -1 m1train -k strings -m absent text
  : >empty
  run -3 m1train -k strings -m unigram empty
  run -3 m1train -k strings -m text text
  cp model damaged
  flip damaged $(($(wc -c <model) - 5000))
  run -3 --separate-stderr acwin -m damaged -b 12 other
  [[ $stderr =~ ^"acwin: damaged: codebook of 12 bits"(": "|" (best): the fingerprint is "[0-9a-f]{16}", not the one in the metadata") ]]
}

@test "m1train -k strings: stopped by a signal, it leaves no file" {
  start m1train --verbose -k strings -a none -b 16 --rounds=1000 -m unigram -o never other 2>err # it would take minutes
  await grep -q ^windows= err
  kill -TERM "$started"
  ends 143
  [ -z "$(compgen -G 'never*')" ]
}

# shown CODE [DECODE OPTION...]: encodes a text that needs every escape, and prints each line of --show once.
shown() {
  { cat other; noise 20000; printf 'a\\E\\\\n\t'; } | acwin -b 12 -m both --code="$1" | acwin -d --show -m both "${@:2}" | LC_ALL=C sort -u
}

@test "acwin --strings: all windows in their order, each as --show has it; the best codebook, or the one asked for" {
  acwin --compile -b 12 -m model -o both
  acwin --strings -b 12 -m both >best
  acwin --strings -b 12 -m model --code=best | cmp - best
  acwin --strings -b 12 -m both --code=split >split
  acwin --compile -b 12 -m unigram | acwin --strings -m /dev/stdin -b 12 -o out
  cmp split out # the same M1, without the other codebook
  for code in best split; do
    cut -f 1 $code | cmp - <(seq 0 4095)
    [ "$(cut -f 2 $code | sort -u | wc -l)" -eq 4096 ]
    if [ $code = best ]; then shown best >shown; else shown split --no-codebook >shown; fi
    [ "$(wc -l <shown)" -gt 1000 ]
    LC_ALL=C sort $code | LC_ALL=C comm -23 shown - >missing
    [ ! -s missing ]
  done
  run ! cmp -s best split
}

@test "acwin --strings: without such a codebook it fails, and so does what does not go with it" {
  run -2 --separate-stderr acwin --strings -b 12 -m unigram
  [ "$stderr" = "acwin: unigram: no codebook for windows of 12 bits" ]
  [ -z "$output" ]
  run -2 --separate-stderr acwin --strings -b 12 -m model --code=split
  [ "$stderr" = "acwin: model: no split codebook for windows of 12 bits" ]
  run -2 --separate-stderr acwin --strings -b 11 --code=best -m model -o file
  [ "$stderr" = "acwin: model: no best codebook for windows of 11 bits" ]
  [ ! -e file ]
  run -2 acwin --strings -b 24
  run -2 acwin --strings -b 12 -m model other
  run -2 acwin --strings -d
  run -2 acwin --strings -a words
  run -2 acwin --strings --no-codebook -m model -b 12
  run -1 --separate-stderr sh -c 'acwin --strings >/dev/full'
  [[ $stderr == "acwin: -: "* ]]
}
