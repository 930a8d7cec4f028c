# suite.bats - the test suite itself: its verdict, what it does if programs are missing, and how it names missing
# packages.
# shellcheck disable=SC2154 # bats sets stderr and output
load helpers

# all_but PROGRAM...: a folder `some` with links to all programs but these.
all_but() {
  local folder program
  mkdir some
  for folder in ${PATH//:/ }; do
    [[ $folder == *bats* ]] || ln -s "$folder"/* some 2>/dev/null || true # bats adds folders of its own to PATH
  done
  for program; do rm -f "some/$program"; done
}

# with_some COMMAND...: runs it with the programs in `some` alone, and without the variables of this bats.
with_some() { env -i PATH="$PWD/some" HOME="$HOME" NCT_ROOT="$NCT_ROOT" NCT_BUILD="$NCT_BUILD" NCT_BIN="$NCT_BIN" "$@" 3>&-; }

# stand_in PROGRAM SCRIPT: makes a PROGRAM in `some` that runs SCRIPT.
stand_in() {
  rm -f "some/$1"
  printf '#!/bin/sh\n%s\n' "$2" >"some/$1"
  chmod +x "some/$1"
}

# tree: makes a source tree. Its tests are a unit program, another one that is not built, a lint, and the bats file on
# standard input.
tree() {
  mkdir -p tree/tests/{cli,unit,lint} tree/build/tests
  cp "$NCT_ROOT/tests/run.sh" tree/tests
  printf 'echo "ok 1 - lint"\n' >tree/tests/lint/lint.sh
  touch tree/tests/unit/test_{built,missing}.c
  printf '#!/bin/sh\necho "ok 1 - unit"\n' >tree/build/tests/test_built
  chmod +x tree/build/tests/test_built
  cat >tree/tests/cli/some.bats
}
suite() { with_some NCT_BUILD=build NCT_BIN=bin NCT_PATIENCE=2 sh tree/tests/run.sh; }

@test "suite: passed, failed and skipped tests are counted, and one failure fails it all" {
  all_but
  printf '@test "a" { true; }\n@test "b" { skip "no b"; }\n' | tree
  run -0 suite
  [ "${lines[-1]}" = "3 passed, 0 failed, 2 skipped" ]
  grep -qx 'ok - test_missing # skip it is not built, which takes cmocka' tree/build/test-logs/all
  printf '@test "a" { true; }\n@test "b" { false; }\n' >tree/tests/cli/some.bats
  run -1 suite
  [ "${lines[-1]}" = "3 passed, 1 failed, 1 skipped" ]
  printf '#!/bin/sh\nexit 7\n' >tree/build/tests/test_built
  run -1 suite
  [ "${lines[-1]}" = "2 passed, 2 failed, 1 skipped" ]
  [[ $output == *"not ok - test_built ended with status 7"* ]]
}

@test "suite: a test that leaves a process behind fails, and the process is ended" {
  [ -r /proc/self/environ ] || skip "no /proc"
  all_but
  printf '@test "a" { sleep 1234567 3>&- & echo $! >"%s/number"; }\n' "$PWD" | tree
  run -1 suite
  [ "${lines[-1]}" = "3 passed, 1 failed, 1 skipped" ]
  [[ $output == *"not ok - some.bats left running: sleep 1234567"* ]]
  until ended "$(cat number)"; do sleep 0.1; done
}

@test "suite: bats is needed" {
  all_but bats
  tree </dev/null
  run -1 suite
  [ "$output" = "run.sh: no bats: it is in the Debian package bats" ]
}

@test "suite: tests are skipped where a program is missing, and say which" {
  all_but mandoc shellcheck spm_train clang gcc cc mpirun
  run -0 with_some bats --tap "$NCT_ROOT/tests/cli/pages.bats"
  [ "$(grep -c '^ok .* # skip no mandoc' <<<"$output")" -eq 6 ]
  run -0 with_some bats --tap -f 'baselines.sh|ratio.sh|stability.sh|learnability.sh|experiments.sh' "$NCT_ROOT/tests/cli/examples.bats"
  [ "$(grep -c '^ok .* # skip no spm_train' <<<"$output")" -eq 7 ]
  with_some sh "$NCT_ROOT/tests/lint/lint.sh" --tap >lint || true # whatever it finds
  for program in shellcheck clang gcc mandoc; do grep -q "^ok .* # skip no $program" lint; done
}

# make_here TARGET...: runs this repository's Makefile with the programs in `some` alone.
make_here() { with_some make -s --no-print-directory -C "$NCT_ROOT" CC="${NCT_CC:-gcc}" BUILD="$NCT_BUILD" BIN="$NCT_BIN" "$@"; }

@test "make: without apt-get, what is missing is named, and the rest goes on" {
  all_but apt-get sudo dpkg-query mandoc shellcheck
  for target in deps check; do
    run -0 --separate-stderr make_here $target RUN_TESTS="echo the tests"
    [[ $stderr != *" xz-utils"* && $stderr != *" bats"* ]] # these are there
    [[ $target == deps || $output == *"the tests" ]]
  done
  [[ $stderr =~ ^"packages.sh: there is no apt-get, so these Debian packages, or what is in them, are to be installed by hand: "[a-z\ -]*"mandoc shellcheck" ]]
  [ "${stderr_lines[1]}" = "packages.sh: going on with what is there" ]
}

@test "make: a build that fails fails the check" {
  all_but apt-get sudo
  run ! make_here check CC=false BUILD="$PWD/build" BIN="$PWD/bin" RUN_TESTS="echo the tests"
  [[ $output != *"the tests"* ]]
}

@test "packages.sh: apt-get is called by root or through sudo alone; a failure is told, and is none of make's" {
  packages() { with_some sh "$NCT_ROOT/tests/packages.sh" "$@"; }
  all_but sudo
  stand_in apt-get "echo apt-get \"\$@\" >>'$PWD/called'"
  stand_in id 'echo 1000'
  run -0 --separate-stderr packages no-such-program xz-utils
  [[ $stderr == "packages.sh: this takes root or sudo, so these Debian packages, "*": no-such-program"$'\n'* ]]
  [ ! -e called ]
  stand_in sudo "echo sudo >>'$PWD/called'; exec \"\$@\""
  run -0 --separate-stderr packages no-such-program xz-utils
  [ -z "$stderr" ]
  [ "$(cut -d ' ' -f 1,2 called | tr '\n' ' ')" = "sudo apt-get update sudo apt-get install " ]
  [[ $(tail -n 1 called) == *" no-such-program" ]]
  rm called
  stand_in id 'echo 0'
  run -0 packages xz-utils
  [ ! -e called ]
  run -0 packages no-such-program
  run ! grep sudo called
  stand_in apt-get 'exit 100'
  run -0 --separate-stderr packages no-such-program
  [[ $stderr == "packages.sh: apt-get failed, so these "* ]]
  run -0 packages --has xz-utils
  run ! packages --has no-such-program
}

@test "helpers: what runs beside a test is waited for, and ended with all that it has started" {
  start sh -c 'sleep 0.3; exit 7'
  if gone; then false; fi
  ends 7
  gone
  start true
  run ! await false
  [ "$output" = "it ended without: false" ]
  start sh -c 'echo $$ >group; sleep 7654321 | cat'
  await has_lines group 1
  end_all
  gone
  until group_ended "$(cat group)"; do sleep 0.1; done # a killed process takes a moment to end
  feed cat >copy
  echo a >&9
  await has_bytes copy 2
  await asleep
  exec 9>&-
  ends 0
}
