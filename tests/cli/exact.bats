# exact.bats - one result: the same bytes from every row of kernels, number of threads, way of reading and processor.
load helpers

vectors() { echo "$NCT_ROOT/tests/vectors"; }

@test "exact: golden streams, encoded and decoded by every row, with 1 and 2 threads" {
  sh "$(vectors)/golden.sh" check
}

@test "exact: the issue's line prints 1, with the built-in model" {
  sample 2000 | tr '\n' '\0' >t
  [ "$(for c in $(acwin --cpu=list); do acwin --cpu="$c" -0 -b48 t | sha256sum; done | sort -u | wc -l)" -eq 1 ]
}

@test "exact: short documents, by every row's walk and word finder, are those that are encoded one by one" {
  sample 300000 | tr -s '\n' '\0' >lines
  { cat lines; printf '\0\0'; head -c 30000 lines | tr '\0 ' ' \0'; printf "'tis\0"; sample 200000; } >documents
  for o in "" "--eod=joined" "-a none" "--code=split -a words -c 50"; do
    # shellcheck disable=SC2086 # options
    for c in $(acwin --cpu=list); do acwin --cpu="$c" -0 $o documents | sha256sum; done | sort -u >one
    [ "$(wc -l <one)" -eq 1 ]
    # shellcheck disable=SC2086 # options
    acwin -0 -T2 $o documents | sha256sum | cmp - one
  done
  { tail -c 1500 lines; printf '\0'; } >few # these are encoded together, and one by one
  acwin -0 few | bitpack --to=text >want
  tr '\0' '\n' <few | while IFS= read -r line; do printf '%s\0' "$line" | acwin -0 | bitpack --to=text; done | cmp - want
}

@test "exact: how many chunks stand side by side and how they are read changes nothing" {
  sample 5200 >text
  for b in 24 64 0; do
    acwin -b $b -c 300 -T1 text >one
    acwin -b $b -c 300 -T2 text | cmp - one
    in_pieces 1000 text | acwin -b $b -c 300 -T1 | cmp - one
    acwin -d -T1 one | cmp - text
    acwin -d -T2 <one | cmp - text
  done
}

@test "exact: resets every few windows, and none" {
  sample 2000 >text
  for r in 0 3; do
    same_back text -b 40 -r $r -c 300 -T1
    mv back.windows one
    for c in $(acwin --cpu=list | sed '$d'); do acwin --cpu="$c" -b 40 -r $r -c 300 -T2 text | cmp - one; done
  done
}

@test "exact: a model that looks at no context, unbroken, over several batches" {
  quick_model m1 # a unigram model
  sample 1300000 >text
  for o in "-b 0" "-b 24 -r 0"; do
    # shellcheck disable=SC2086 # options
    MODEL=m1 same_back text -m m1 $o -T 1
    # shellcheck disable=SC2086
    acwin -m m1 $o -T 2 text | cmp - back.windows
  done
}

@test "exact: the built-in model's streams and chosen codebooks of the sample are what they have always been" {
  if [ -n "${NCT_LONG:-}" ]; then
    sh "$(vectors)/streams.sh" | diff "$(vectors)/streams.sha256" -
  else
    NCT_SHORT=1 sh "$(vectors)/streams.sh" | diff <(head -n -3 "$(vectors)/streams.sha256") -
  fi
}

@test "exact: -d writes the text of what came while the input waits" {
  sample 4000 >text
  acwin -b 64 text >w
  feed acwin -d >back
  cat w >&9
  await has_bytes back 4000
  cmp text back
  cat w >&9
  exec 9>&-
  ends 0
  cat text text | cmp - back
}

@test "exact: aarch64, under qemu, reads and writes what x86-64 does" {
  long_test
  needs aarch64-linux-gnu-gcc qemu-aarch64
  [ -e /usr/lib/aarch64-linux-gnu/libjansson.so ] || skip "no libraries for arm64, see HACKING.md"
  make -s -C "$NCT_ROOT" BUILD="$PWD/build" BIN="$PWD/bin" CC=aarch64-linux-gnu-gcc AR=aarch64-linux-gnu-ar "$PWD/bin/acwin"
  ACWIN=$PWD/bin/acwin sh "$(vectors)/golden.sh" check qemu-aarch64
  sample 1500 >t
  for b in 16 48 0; do
    acwin -b $b t >w
    qemu-aarch64 bin/acwin -b $b t | cmp - w
    qemu-aarch64 bin/acwin -d w | cmp - t
  done
}
