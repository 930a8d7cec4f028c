# make.bats - the Makefile: where it builds from and to, what variables do, one version for all.
load helpers

setup_file() {
  # Stands in for the compiler: adds its arguments to the file $CALLS, and makes an empty output. It fails if an input
  # or a folder of -I is missing.
  cat >"$BATS_FILE_TMPDIR/cc" <<'END'
#!/bin/sh
[ "$1" != -dumpmachine ] || { echo x86_64-linux-gnu; exit; }
echo "$*" >>"$CALLS"
out=
while [ $# -gt 0 ]; do
  case $1 in
  -o) out=$2; shift ;;
  -I*) [ -d "${1#-I}" ] || exit ;;
  -*) ;;
  *) [ -e "$1" ] || exit ;;
  esac
  shift
done
: >"$out"
END
  chmod +x "$BATS_FILE_TMPDIR/cc"
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
  export CALLS=$PWD/calls
}

# plain_make COMMAND...: runs it without the variables of the make and the suite that run this test.
plain_make() { env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u CC -u CFLAGS -u CPPFLAGS -u LDFLAGS -u BUILD -u BIN "$@"; }
stand_in() { plain_make "$@" CC="$BATS_FILE_TMPDIR/cc" NM=true; }

# built_all BUILD BIN: all that `make all unit` makes is there.
built_all() {
  local f
  for f in "$NCT_ROOT"/lib/*/*.[cS] "$NCT_ROOT"/cmd/*.c; do
    f=${f#"$NCT_ROOT/"}
    [ "${f%/*}" = lib/mpi ] || [ -e "$1/${f%.*}.o" ] || { echo "no object of $f"; return 1; }
  done
  for f in "$NCT_ROOT"/tests/unit/test_*.c; do
    f=${f##*/}
    [ -e "$1/tests/${f%.c}" ] || { echo "no program of $f"; return 1; }
  done
  for f in "$NCT_ROOT"/man/*.1; do
    f=${f##*/}
    [ -e "$2/${f%.1}" ] || { echo "no $2/${f%.1}"; return 1; }
  done
  [ -e "$1/libnct.a" ] && [ -e "$1/libnct-train.so" ]
}

@test "make: from another folder it builds there, and writes nowhere else" {
  ln -s "$NCT_ROOT" nct
  mkdir here
  cd here
  stand_in make -s -f ../nct/Makefile all unit
  built_all build bin
  [ "$(grep -c '' "$CALLS")" -gt 100 ]
  run -1 grep -vE -- ' -o (build|bin)/' "$CALLS"
  [ "$(echo *)" = "bin build" ]
  run -0 stand_in make -f ../nct/Makefile -q all unit # nothing is left to do
  stand_in make -s -f ../nct/Makefile clean
  [ -z "$(ls)" ]
}

@test "make: folders by name" {
  stand_in make -s -C "$NCT_ROOT" BUILD="$PWD/objects" BIN="$PWD/tools" all unit
  built_all objects tools
  run -1 grep -vE -- " -o $PWD/(objects|tools)/" "$CALLS"
}

@test "make: CPPFLAGS, CFLAGS and LDFLAGS reach every call, from the environment and from the command line" {
  for way in 'env CPPFLAGS=-Dpre CFLAGS=-Dflag LDFLAGS=-Llink make' 'make CPPFLAGS=-Dpre CFLAGS=-Dflag LDFLAGS=-Llink'; do
    # shellcheck disable=SC2086 # a command and its arguments
    stand_in $way -n -f "$NCT_ROOT/Makefile" all unit >recipes
    grep "^$BATS_FILE_TMPDIR/cc " recipes >calls
    [ "$(grep -c -- ' -c ' calls)" -gt 50 ]
    [ "$(grep -vc -- ' -c ' calls)" -gt 20 ]
    run -1 grep -vE -- ' -Dpre -Dflag( |$)' calls
    run -1 grep -v -- ' -Llink ' <(grep -v -- ' -c ' calls)
    # What the Makefile itself needs is still there.
    grep -q -- '-mavx2.* -o build/lib/int8/.*_avx2.o' calls
    grep -q -- '--wrap=pthread_create -o build/tests/test_threads ' calls
  done
}

@test "make: CC from the environment" {
  mkdir folder
  sed "s/^echo .*/echo called >>\"\$CALLS\"/" "$BATS_FILE_TMPDIR/cc" >folder/mycc
  chmod +x folder/mycc
  PATH=$PWD/folder:$PATH plain_make env CC=mycc make -s -f "$NCT_ROOT/Makefile" "$PWD/build/lib/base/err.o" BUILD="$PWD/build"
  [ "$(cat calls)" = called ]
}

@test "make: install puts each kind of file where its variable says, below DESTDIR, and uninstall takes them away" {
  where=(BINDIR=/a/bin LIBDIR=/b/lib/some-machine INCLUDEDIR=/c DATADIR=/d MANDIR=/e DOCDIR=/f)
  stand_in env "${where[@]}" make -s -f "$NCT_ROOT/Makefile" DESTDIR="$PWD/dest" install
  cd dest
  [ -e a/bin/acwin ]
  [ -e b/lib/some-machine/libnct.so.0 ]
  [ -e c/nct.h ]
  cmp e/man5/nct-formats.5 "$NCT_ROOT/man/nct-formats.5"
  [ -e f/LICENSE ]
  for t in acwin bpbcalc; do cmp "d/bash-completion/completions/$t" "$NCT_ROOT/packaging/completions/nct.bash"; done
  [ -e d/zsh/site-functions/_nct ]
  grep -qx libdir=/b/lib/some-machine b/lib/some-machine/pkgconfig/libnct-train.pc
  ! pkg-config --exists ompi-c || [ -e a/lib/nct/nct-mpi.so ] # where the tools look for it
  [ -z "$(find . -type f ! -path './[a-f]/*')" ]
  cd ..
  stand_in make -s -f "$NCT_ROOT/Makefile" DESTDIR="$PWD/dest" "${where[@]}" uninstall
  [ -z "$(find dest ! -type d)" ]
}

@test "make: one version for headers, tools, libraries and news" {
  version=$(sed -n 's/^#define NCT_VERSION "\(.*\)"$/\1/p' "$NCT_ROOT/lib/nct.h")
  [[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]]
  run -0 acwin --version
  [ "${lines[0]}" = "acwin (nct) $version" ]
  printf 'include Makefile\nversion: ; @echo $(VERSION)\n' >ask
  [ "$(plain_make make -s -C "$NCT_ROOT" -f "$PWD/ask" version)" = "$version" ]
  [[ $(grep -m 1 '^## ' "$NCT_ROOT/NEWS.md") =~ ^"## $version"( |$) ]]
  cd "$NCT_ROOT"
  [ "$(grep -rlF --include=Makefile --include='*.[chS157]' "$version" Makefile cmd lib man)" = lib/nct.h ] # and nowhere else
}

@test "make: dist packs the files of the last commit, always the same; what comes out of it builds without git, and works" {
  long_test
  git -C "$NCT_ROOT" rev-parse --quiet HEAD || skip "no repository"
  for folder in one two; do plain_make make -s -C "$NCT_ROOT" BUILD="$PWD/$folder" dist; done
  cd one
  packed=$(echo *.tar.xz)
  cmp "$packed" "../two/$packed"
  sha256sum --check "$packed.sha256"
  tar -xf "$packed"
  name=${packed%.tar.xz}
  (cd "$name" && find . ! -type d -printf '%P\n') | sort | diff <(git -C "$NCT_ROOT" ls-tree -r --name-only HEAD | sort) -
  mkdir none here
  printf '#!/bin/sh\necho no git >&2\nexit 1\n' >none/git
  chmod +x none/git
  cd here
  PATH=$OLDPWD/none:$PATH plain_make make -s -j2 -f "../$name/Makefile" CFLAGS=-O1 all
  sample 20000 >text
  bin/acwin text >windows
  bin/acwin -d windows | cmp - text
  acwin text | cmp - windows
  cd ..
  tar -df "$packed" # nothing was changed
  [ "$(find "$name" ! -type d | grep -c '')" -eq "$(git -C "$NCT_ROOT" ls-tree -r --name-only HEAD | grep -c '')" ] # or added
}

@test "make: deb makes three packages, of which lintian has nothing to say; what is in them works" {
  long_test
  needs dpkg-buildpackage dh lintian pkg-config
  dpkg-checkbuilddeps "$NCT_ROOT/packaging/debian/control" || skip "packages to build with are missing"
  export DEBFULLNAME="The nct authors" DEBEMAIL=nct@debian.org DEB_CFLAGS_APPEND=-O1
  plain_make make -s -C "$NCT_ROOT" BUILD="$PWD/build" deb
  cd build/deb
  limited lintian --fail-on error,warning --tag-display-limit 0 ./*.changes
  for package in nct libnct0 libnct-dev; do dpkg-deb -x "$package"_[0-9]*.deb all; done
  for package in nct libnct0; do # both hold the model
    sed 's/^ *//' "all/usr/share/doc/$package/copyright" >copyright
    run -1 grep -c '^@' copyright
    for part in lib/m1/m1-default lib/text/words_ranges; do grep . "$NCT_ROOT/$part.LICENSE" | sed 's/^ *//' >part && run -1 grep -vxFf copyright part; done
    [ -e "all/usr/share/doc/$package/m1-default.titles.xz" ]
  done
  sample 20000 >text
  all/usr/bin/acwin text | cmp - <(acwin text)
  cat >program.c <<'END'
#include <nct.h>
#include <stdio.h>

int
main(void)
{
	return puts(nct_strerror(NCT_OK)) < 0;
}
END
  libraries=$(dirname all/usr/lib/*/libnct.a)
  "${NCT_CC:-gcc}" -I all/usr/include program.c -o program -L "$libraries" -lnct
  LD_LIBRARY_PATH=$libraries ./program
}
