# aware.bats - M1 trained for the windows it is used in: what it gains, what its file says, what acwin makes of that.
# shellcheck disable=SC2154,SC2086 # bats sets stderr and output; options are to be split
load helpers

# Shared by all tests, only read: a text, a checkpoint of general training, and models trained further from it, without
# windows and with them.
setup_file() {
  cd "$BATS_FILE_TMPDIR" || return
  sample 1000000 >text
  m1train $net -n 400 -C general -o first text
  m1train $net -n 400 --from=general -o plain text
  m1train $net -n 400 --from=general -b 16 --rounds=2 -o any text
  m1train $net -n 400 --from=general -b 16 -a words --rounds=2 -o words text
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  ln -s "$BATS_FILE_TMPDIR"/{text,general,first,plain,any,words} .
}

net="-q -T 1 --no-codebook -s d=64,layers=1,heads=2,ff=128 -B 8 -L 64 --lr=2"
# A smaller net, which trains in no time.
tiny="-T 1 --no-codebook -s d=32,layers=1,heads=2,ff=64 -B 3 -L 32"

# windows MODEL [OPTION...]: the number of windows that the file first-part takes.
windows() {
  local model=$1
  shift
  acwin -T 1 --verbose -m "$model" "$@" first-part 2>&1 >/dev/null | sed -n 's/^windows=//p'
}

# fewer A B PERCENT: A is less than B by more than PERCENT.
fewer() { echo "$1 and $2 windows" && (($1 * 100 < $2 * (100 - $3))); }

@test "m1train -b: more text to a window than by as many steps without, most where windows are aligned as trained for" {
  head -c 300000 text >first-part
  fewer "$(windows words -a words)" "$(windows plain -a words)" 3
  fewer "$((1000 * $(windows any)))" "$((998 * $(windows plain)))" 0
  fewer "$(windows words -a words)" "$(windows any -a words)" 3
  fewer "$(windows any -a none)" "$(windows words -a none)" 3
}

@test "m1train -b: the same bytes with one thread and with three" {
  for align in none words '\s'; do
    m1train $tiny -n 9 -b 16 -a "$align" -o one text
    m1train $tiny -n 9 -b 16 -a "$align" -T 3 -o three text
    cmp one three
  done
  m1train $tiny -n 9 -b 16 --long-share=90 -o other text
  run ! cmp -s one other
}

@test "m1train -b: windows of every size can be trained for, in rounds of which --verbose tells" {
  head -c 12000 text >few
  m1train $tiny -n 3 -C few.ckpt -o model few
  for b in 10 20 21 128; do
    run -0 --separate-stderr m1train $tiny -n 12 -b $b --verbose -o model few
    [ "$(grep '^round_begins=' <<<"$stderr" | tr '\n' ' ')" = "round_begins=6 round_begins=8 round_begins=10 " ]
    [ "$(grep -c '^round_windows=[1-9]' <<<"$stderr")" -eq 3 ]
    acwin -b $b -m model few | acwin -d -m model | cmp - few
  done
  run -0 --separate-stderr m1train $tiny -n 12 -b 16 --rounds=2 --from=few.ckpt --verbose -o model few
  [ "$(grep '^round_begins=' <<<"$stderr" | tr '\n' ' ')" = "round_begins=0 round_begins=6 " ]
}

@test "m1train -b: a run goes on in its round from a checkpoint, under the same windows alone" {
  m1train $tiny -n 12 -b 16 -a words --log=log -o whole text
  m1train $tiny -n 12 -b 16 -a words --save-every=7 -C ckpt -o model text
  cmp model whole
  mv ckpt.prev ckpt # of step 7, inside the first of three rounds
  run -0 --separate-stderr m1train $tiny -n 12 -b 16 -a words -C ckpt --verbose -o model text
  [[ $stderr == *resumed_step=7*round_begins=6*round_begins=8* ]]
  cmp model whole
  local other
  for other in "-b 17 -a words" "-b 16" "-b 16 -a word" "-b 16 -a words --rounds=2" "-b 16 -a words --long-share=1" ""; do
    run -1 --separate-stderr m1train $tiny -n 12 $other -C ckpt -o model text
    [[ $stderr == "m1train: ckpt: made with windows 16 bits, alignment 1 "*", 3 rounds, "*" long, not "* ]]
    [ "${#stderr_lines[@]}" -eq 1 ]
  done
  run -1 --separate-stderr m1train $net -n 400 -b 16 -C general -o model text
  [[ $stderr == "m1train: general: made with windows (none), not 16 bits, "* ]]
}

@test "m1train --from: another run's parameters, whatever its options, if they are of one size" {
  m1train $net -n 0 --from=general -B 3 --seed=5 -o same text
  [ "$(model_key same fingerprint)" = "$(model_key first fingerprint)" ]
  [[ $(model_key same note.from) == "step 400, CRC "* ]]
  [[ $(model_key words note.from) == "step 400, CRC "* ]]
  [ -z "$(model_key first note.from)" ]
  run -1 --separate-stderr m1train $tiny -n 1 --from=general -o model text
  [[ $stderr == "m1train: general: made with size d=64,layers=1,heads=2,ff=128,reach=64, not d=32,layers=1,heads=2,ff=64,reach=32" ]]
  run -1 --separate-stderr m1train $net -n 1 --from=nothing -o model text
  [[ $stderr == "m1train: nothing: No such file or directory" ]]
  run -3 --separate-stderr m1train $net -n 1 --from=text -o model text
  [[ $stderr == "m1train: text: neither a checkpoint nor an M1" ]]
  cp general broken
  flip broken 5000
  run -3 --separate-stderr m1train $net -n 1 --from=broken -o model text
  [[ $stderr == "m1train: broken: damaged: CRC of its tensors" ]]
  [ ! -e model ]
}

@test "m1train --from: where the run has a checkpoint of its own, that one" {
  cp general start
  m1train $net -n 6 --from=start -b 16 -o whole text
  m1train $net -n 6 --from=start -b 16 -C own --save-every=3 -o model text
  mv own.prev own
  rm start
  m1train $net -n 6 --from=start -b 16 -C own -o model text
  cmp model whole
}

@test "m1train -b: the file says for what windows, and only if there were any" {
  [ "$(model_key any window_bits) $(model_key any align)" = "16 none" ]
  [ "$(model_key words window_bits) $(model_key words align)" = "16 words" ]
  [ -z "$(model_key plain window_bits)$(model_key plain align)" ]
  m1train $tiny -n 3 -b 12 -a '\s+"' -o model text
  [ "$(model_key model window_bits) $(model_key model align) $(model_key model align_pattern)" = '12 regex \\s+\"' ]
  m1train $net -n 0 --from=general -b 16 -o untrained text
  [ -z "$(model_key untrained window_bits)" ]
}

# model_key MODEL KEY: the value of KEY in the model's metadata, with JSON's escapes.
model_key() { head -c 4000 "$1" | tr -d '\0' | grep -ao "\"$2\":\"\(\\\\.\|[^\"\\\\]\)*\"" | sed 's/^[^:]*:"//; s/"$//'; }

@test "acwin: windows are aligned as the model was trained for, unless -a says how" {
  align_of() { acwin -l | cut -f 19 | tail -n 1; }
  head -c 20000 text >few
  [ "$(acwin -m words few | align_of)" = words ]
  [ "$(acwin -m words -b 24 -r 2 few | align_of)" = words ]
  [ "$(acwin -m words -a none few | align_of)" = none ]
  [ "$(acwin -m words -b 0 few | align_of)" = none ]
  [ "$(acwin -m any few | align_of)" = none ]
  [ "$(acwin -m plain few | align_of)" = none ]
  [ "$(acwin few | align_of)" = words ] # the built-in model
  cmp <(acwin -m words few) <(acwin -m words -a words few)
  acwin -m words few | acwin -d -m words | cmp - few
  m1train $tiny -n 3 -b 12 -a '\s' -o model few
  cmp <(acwin -m model few) <(acwin -m model -a '\s' few)
  run -0 --separate-stderr acwin --verbose -m words -a none -o coded few
  [[ $stderr == "model_window_bits=16"$'\n'"model_align=words"$'\n'"align=none"$'\n'* ]]
}

@test "acwin: a codebook keeps what the model was trained for; a pattern of the model's that is wrong is the model's fault" {
  head -c 20000 text >few
  acwin --compile -b 12 -m words >with
  [ "$(model_key with window_bits) $(model_key with align)" = "16 words" ]
  cmp <(acwin -b 12 -m with few) <(acwin -b 12 -a words -m words few)
  m1train $tiny -n 3 -b 12 -a 'x(y)z' -o model text
  LC_ALL=C sed 's/"x(y)z"/"x(yyz"/' model >wrong
  run -3 --separate-stderr acwin -m wrong -o coded text
  [[ $stderr == "acwin: wrong: alignment: "* ]]
}

@test "m1train -b: wrong usage exits 2" {
  local bad
  for bad in "-b 9" "-b 129" "-b 0" "-b x" "-b" "-a words" "--rounds=2" "--long-share=10" "-b 16 --rounds=0" "-b 16 --long-share=100" \
    "-b 16 -a (" "-k unigram -b 16" "-k unigram --from=general" "--from"; do
    run -2 --separate-stderr m1train -T 1 -s d=32,layers=1,heads=2,ff=64 -n 2 -B 2 -L 32 -o model text $bad
    [[ $stderr == "m1train: "* ]]
    [ "${#stderr_lines[@]}" -eq 1 ]
  done
  [ ! -e model ]
}

@test "m1train -b: a text too short for a window exits 3" {
  printf aaaaaaaaaaaaaaaaaaaaaaaa >short
  run -3 --separate-stderr m1train -0 $tiny -n 80 -b 128 -o model short
  [[ $stderr == "m1train: training: step 41: windows: the text is shorter than a window" ]]
}

# bits MODEL: bits/byte of the integer model times 10,000, from the note in its file.
bits() { model_key "$1" note.integer_bits_per_byte | tr -d .; }

@test "m1train --from: an M1, whose integers become the parameters again" {
  head -c 20000 text >few
  m1train $net -n 0 --from=general -e few -o before text
  m1train $net -n 0 --from=first -e few -o after text
  echo "$(bits before) and $(bits after)"
  (($(bits after) * 100 < $(bits before) * 101 && $(bits before) * 100 < $(bits after) * 101))
  [ "$(model_key after note.from)" = "M1 $(model_key first fingerprint)" ]
  m1train $net -n 60 --from=first --lr=0.5 -e few -C more -o trained text # further training lowers the bits
  (($(bits trained) < $(bits after)))
  run -1 --separate-stderr m1train $tiny -n 1 --from=first -o model text
  [[ $stderr == "m1train: first: made with size d=64,layers=1,heads=2,ff=128,reach=64, not d=32,layers=1,heads=2,ff=64,reach=32" ]]
  m1train -q -k unigram --no-codebook -o counts few
  run -1 --separate-stderr m1train $net -n 1 --from=counts -o model text
  [[ $stderr == "m1train: counts: an M1 of kind unigram has no parameters to go on from" ]]
  cp first broken
  flip broken 5000
  run -3 --separate-stderr m1train $net -n 1 --from=broken -o model text
  [[ $stderr == "m1train: broken: "* ]]
  [ ! -e model ]
}
