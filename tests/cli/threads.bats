#!/usr/bin/env bats
# threads.bats - results where threads cannot be started, and beside others on the same cores.
# shellcheck disable=SC2154,SC2086 # bats sets stderr and output; options are to be split

load helpers

# A library whose pthread_create() fails after it has started $THREADS threads.
setup_file() {
  [ -z "${NCT_SAN:-}" ] || return 0
  cd "$BATS_FILE_TMPDIR" || return
  cat >few.c <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>
int pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*f)(void *), void *ctx) {
  static int started;
  int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
  *(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
  if (started++ < atoi(getenv("THREADS"))) return real(t, a, f, ctx);
  (void)!write(creat("refused", 0600), "x", 1);
  return EAGAIN;
}
END
  "${NCT_CC:-cc}" -shared -fPIC -o few.so few.c -ldl
  (sample; sample; sample; sample) >text # more than one batch
  head -c 20000 text >short
  m1train -q $net --no-codebook -n 3 -o m1 short
  acwin text >windows
  head -c 80000 text | acwin -m m1 -b 24 -c 1000 >general # several blocks
  acwin short | bitpack >toks
  m2train -q $net -n 2 -o m2 toks
}

setup() {
  [ -z "${NCT_SAN:-}" ] || skip "sanitizers must be loaded first"
  cd "$BATS_FILE_TMPDIR" || return
}

net="-s d=64,layers=1,heads=2,ff=128 -B 4 -L 64"

# same COMMAND...: prints the same with -T1, with -T4, and with -T4 if no thread or only one can be started. Checks that
# a thread was refused then.
same() {
  "$@" -T 1 >whole
  "$@" -T 4 >all
  cmp whole all
  for n in 0 1; do
    rm -f refused
    THREADS=$n LD_PRELOAD=$PWD/few.so "$@" -T 4 >few
    cmp whole few
    [ -e refused ]
  done
}

@test "threads that cannot be started: all tools go on with those that they have" {
  same acwin text
  same acwin -m m1 -b 24 -c 1000 short
  same acwin -d windows
  same acwin -d -m m1 general
  same acwin --compile -b 16 -m m1
  same m1train -q $net -n 3 short
  same m1train -q $net -n 3 -b 16 -e short short
  same m2train -q $net -n 2 toks
  same m2train -E -m m2 toks
  same m2gen -m m2 -n 6
}
