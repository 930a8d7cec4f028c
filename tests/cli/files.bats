#!/usr/bin/env bats
# files.bats - no file of the user's is lost: outputs that are inputs, links, modes, folders that are not there, files
# that shrink.
# shellcheck disable=SC2154,SC2086 # bats sets stderr and output; options are to be split

load helpers

setup_file() {
  cd "$BATS_FILE_TMPDIR" || return
  quick_model m1
  sample 30000 >text
  sample 50000 | tail -c 20000 >other
  acwin -m m1 text | bitpack -v8 >toks
  acwin -m m1 other | bitpack -v8 >held
  m2train -q $net -n 2 -C ckpt -o m2 toks
  m1train -q $net1 -n 2 -C ckpt1 -o net text
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  cp "$BATS_FILE_TMPDIR"/* .
  chmod 644 ./*
  sha256sum ./* >before
}

net="-T 1 -s d=32,layers=1,heads=2,ff=64 -B 2 -L 32"
net1="$net --no-codebook"

untouched() { sha256sum -c --quiet before; }

# refused WHAT COMMAND...: status 1, one line that ends with WHAT, and nothing has changed.
refused() {
  local what=$1
  shift
  run -1 --separate-stderr "$@"
  [ "${#stderr_lines[@]}" = 1 ] || { echo "$stderr"; false; }
  [[ $stderr == *": $what" ]] || { echo "$stderr"; false; }
  [ -z "$output" ]
  untouched
}

@test "no tool writes to a file that it reads" {
  refused "toks: --log would overwrite a file that is read: operand toks" m2train $net -n 2 --log=toks -o new toks
  refused "held: --log would overwrite a file that is read: -e held" m2train $net -n 2 -e held --log=held -o new toks
  refused "toks: -o would overwrite a file that is read: operand toks" m2train $net -n 2 -o toks toks
  refused "toks: -C would overwrite a file that is read: operand toks" m2train $net -n 2 -C toks -o new toks
  refused "m2: -o would overwrite a file that is read: -m m2" m2train -E -m m2 -o m2 toks
  refused "toks: -o would overwrite a file that is read: operand toks" m2train -E -m m2 -o toks toks
  refused "text: --log would overwrite a file that is read: operand text" m1train $net1 -n 2 --log=text -o new text
  refused "other: --log would overwrite a file that is read: -e other" m1train $net1 -n 2 -e other --log=other -o new text
  refused "text: -o would overwrite a file that is read: operand text" m1train $net1 -n 2 -o text text
  refused "text: -o would overwrite a file that is read: operand text" m1train -k unigram -o text text
  refused "text: -o would overwrite a file that is read: operand text" m1train -k strings -b 10 -m m1 -o text text
  refused "ckpt1: -o would overwrite a file that is read: --from ckpt1" m1train $net1 -n 2 --from=ckpt1 -o ckpt1 text
  refused "ckpt1: --log would overwrite a file that is read: --from ckpt1" m1train $net1 -n 2 --from=ckpt1 --log=ckpt1 -o new text
  refused "m2: -o would overwrite a file that is read: -m m2" m2gen -m m2 -n 4 -o m2
  refused "m1: -o would overwrite a file that is read: -M m1" m2gen -m m2 -M m1 --text -n 4 -o m1
  refused "toks: -o would overwrite a file that is read: operand toks" m2gen -m m2 -n 4 -o toks held toks
  refused "text: -o would overwrite a file that is read: operand text" acwin -o text other text
  refused "m1: -o would overwrite a file that is read: -m m1" acwin -m m1 -o m1 text
  refused "text: -o would overwrite a file that is read: operand text" acwin -d -o text text
  refused "m1: -o would overwrite a file that is read: -m m1" acwin --strings -b 16 -m m1 -o m1
  refused "toks: -o would overwrite a file that is read: operand toks" bitpack -u -o toks toks
  refused "other: -o would overwrite a file that is read: --text other" bitpack --from=ids --vocab=9 --text=other -o other text
  refused "toks: -o would overwrite a file that is read: operand toks" bpbcalc -o toks toks
  refused "held: -o would overwrite a file that is read: --unigram-from held" bpbcalc --unigram-from=held -o held toks
}

@test "standard output is compared with what is read, too" {
  local read="-: standard output would overwrite a file that is read"
  refused "$read: operand text" sh -c 'acwin text >>text'
  refused "$read: operand -" sh -c 'acwin <text >>text'
  refused "$read: operand toks" sh -c 'acwin -l toks >>toks'
  refused "$read: operand text" sh -c "m1train $net1 -n 2 text >>text"
  refused "$read: operand toks" sh -c "m2train $net -n 2 toks >>toks"
  refused "$read: operand toks" sh -c 'bitpack -u toks >>toks'
  refused "$read: operand toks" sh -c 'bpbcalc toks >>toks'
  refused "$read: -m m2" sh -c 'm2gen -m m2 >>m2'
  acwin -m m1 text >windows
  acwin -t -m m1 windows >>windows # writes nothing
  m2gen -m m2 -n 4 <toks >>toks    # reads nothing from there
}

@test "other names for one file do not hide it" {
  ln -s text soft
  ln text hard
  ln -s "$PWD" folder
  refused "soft: -o would overwrite a file that is read: operand text" acwin -o soft text
  refused "hard: -o would overwrite a file that is read: operand text" acwin -o hard text
  refused "text: -o would overwrite a file that is read: operand soft" acwin -o text soft
  refused "folder/text: -o would overwrite a file that is read: operand ./text" acwin -o folder/text ./text
}

@test "no file is written twice in a call" {
  refused "new: -o would overwrite what is written by -C new" m2train $net -n 2 -C new -o new toks
  refused "./new: -o would overwrite what is written by --log new" m2train $net -n 2 --log=new -o ./new toks
  refused "new: --log would overwrite what is written by -C new" m1train $net1 -n 2 -C new --log=new -o x text
  refused "new.prev: -o would overwrite what is written by -C new.prev" m1train $net1 -n 2 -C new -o new.prev text
  ln -s nowhere soft
  refused "nowhere: -o would overwrite what is written by --log soft" m2train $net -n 2 --log=soft -o nowhere toks
  [ ! -e new ] && [ ! -e nowhere ]
}

@test "what is read as a whole before it is replaced may be named twice" {
  m2train -q $net -n 4 -C ckpt -o m2 toks # resumes from ckpt
  m1train -q $net1 -n 4 -C new1 --from=ckpt1 -o x text
  m1train -q $net1 -n 2 -C ckpt1 --from=ckpt1 -o x text
  m1train -q $net1 -n 2 --from=net -o net text
  acwin --compile -b 10 -m m1 -o m1
  m1train -q -k strings -b 10 -m m1 -o m1 text
  acwin -b 10 -m m1 text | acwin -d -m m1 | cmp - text
  acwin text >/dev/null </dev/null
  acwin -o /dev/null text
}

@test "a checkpoint that could not be saved is found before the first step" {
  refused "nodir/ck: No such file or directory" m2train $net -n 2 -C nodir/ck -o new toks
  refused "nodir/ck: No such file or directory" m1train $net1 -n 2 -C nodir/ck -o new text
  refused "text/ck: Not a directory" m2train $net -n 2 -C text/ck -o new toks
  local long
  long=$(printf 'x%.0s' {1..250})
  refused "$long: File name too long" m2train $net -n 2 -C "$long" -o new toks
  mkdir dir
  refused "dir: Is a directory" m2train $net -n 2 -C dir -o new toks
  refused "nodir/new: No such file or directory" m2train $net -n 2 -o nodir/new toks
  refused "nodir/log: No such file or directory" m2train $net -n 2 --log=nodir/log -o new toks
  refused "nodir/new: No such file or directory" bpbcalc -o nodir/new toks
  [ -z "$(ls dir)" ]
}

@test "a folder or file without the right to write is found before work begins" {
  [ "$(id -u)" != 0 ] || command -v setpriv >/dev/null || skip "root may write everywhere, and there is no setpriv"
  chmod 755 . && chmod a+rx "$BATS_FILE_TMPDIR" .. ../..
  mkdir closed open
  chmod 555 closed
  chmod 777 open
  cp text open/kept
  chmod 444 open/kept
  local as=()
  [ "$(id -u)" != 0 ] || as=(setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all)
  "${as[@]}" test -r text || skip "another user cannot read the test's folder"
  refused "closed/ck: Permission denied" "${as[@]}" m2train $net -n 2 -C closed/ck -o open/new toks
  refused "closed/new: Permission denied" "${as[@]}" acwin -o closed/new text
  refused "open/kept: Permission denied" "${as[@]}" acwin -o open/kept text
  "${as[@]}" acwin -o open/new text
}

@test "a log that is no log of a run is not replaced, and one that is is told" {
  run -3 --separate-stderr m2train $net -n 2 --log=text -o new toks
  [[ $stderr == "m2train: text: there is a file that is no log of a run, and it is not replaced" ]]
  untouched
  [ ! -e new ]
  m2train $net -n 2 --log=log -o new toks
  run -0 --separate-stderr m2train $net -n 3 --log=log -o new toks
  [[ $stderr == "m2train: log: the log of another run is replaced" ]]
  [ "$(wc -l <log)" = 4 ]
  run -0 --separate-stderr m1train $net1 -n 3 --log=log -o new text # its columns differ, but it is a log
  [[ $stderr == "m1train: log: the log of another run is replaced" ]]
  : >empty
  run -0 --separate-stderr m2train $net -n 2 --log=empty -o new toks
  [ -z "$stderr" ]
}

@test "-o writes to what a link names, and keeps mode and links" {
  echo old >target
  chmod 600 target
  ln -s target link
  acwin -m m1 -o link text
  [ -L link ] && [ "$(readlink link)" = target ] && [ "$(stat -c %a target)" = 600 ]
  acwin -d -m m1 target | cmp - text
  ln -s made dangling
  acwin -m m1 -o dangling text
  [ -L dangling ] && cmp made target
  mkdir sub
  ln -s ../target sub/link
  chmod 640 target
  acwin -m m1 -b 20 -o sub/link text
  [ -L sub/link ] && [ "$(stat -c %a target)" = 640 ]
  acwin -d -m m1 target | cmp - text
  ln -s loop loop
  run -1 --separate-stderr acwin -m m1 -o loop text
  [[ $stderr == "acwin: loop: Too many levels of symbolic links" ]]
  (umask 027 && acwin -m m1 -o fresh text)
  [ "$(stat -c %a fresh)" = 640 ]
  rm target
  [ "$(find . -name '*.??????' ! -name 'before*' | wc -l)" = 0 ] # no temporary file is left
}

@test "-o writes to pipes and devices as they are" {
  acwin -m m1 text >want
  acwin -m m1 -o /dev/stdout text | cmp - want
  acwin -m m1 -o >(cat >got; : >done) text
  until [ -e done ]; do sleep 0.02; done
  cmp got want
  acwin -m m1 -o /dev/stdout text >got # here /dev/stdout is a file, which is replaced
  cmp got want
  mkfifo pipe
  start cp pipe got2
  acwin -m m1 -o pipe text
  ends 0
  [ -p pipe ] && cmp got2 want
  m2train -q $net -n 2 --log=>(cat >log; : >logged) -o new <(cat toks)
  until [ -e logged ]; do sleep 0.02; done
  [ "$(wc -l <log)" = 3 ]
}

@test "-o keeps a file's owner" {
  [ "$(id -u)" = 0 ] || skip "only root may give files away"
  echo old >target
  chown 12345:54321 target
  chmod 664 target
  acwin -m m1 -o target text
  [ "$(stat -c %u:%g:%a target)" = 12345:54321:664 ]
}

@test "a checkpoint and a log that are reached by links stay where they are" {
  mkdir far
  ln -s far/ck ck
  ln -s far/log log
  m2train -q $net -n 2 -C ck --log=log -o new toks
  chmod 600 far/ck
  m2train -q $net -n 4 -C ck --log=log -o new toks
  [ -L ck ] && [ -L log ] && [ ! -e ck.prev ] && [ ! -L far/ck ] && [ "$(stat -c %a far/ck)" = 600 ]
  [ "$(ls far)" = "$(printf 'ck\nck.prev\nlog')" ]
  [ "$(wc -l <far/log)" = 5 ]
  m2train -q $net -n 4 --log=whole -o unbroken toks
  cmp unbroken new
}

@test "a mapped file that shrinks while it is read: one line, status 1" {
  [ -z "${NCT_SAN:-}" ] || skip "sanitizers catch the signal themselves"
  start m2train $net -n 100000000 --log=log -o new toks 2>err
  await has_lines log 3
  : >toks
  ends 1
  [ "$(cat err)" = "m2train: toks: shrank while it was read" ]
  [ "$(find . -name 'new*' | wc -l)" = 0 ]
}
