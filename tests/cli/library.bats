# library.bats - the shared libraries and the headers, as a program that uses them finds them installed.
load helpers

# Installs everything to ./usr, and compiles only what is not built yet.
setup_file() {
  cd "$BATS_FILE_TMPDIR" || return 1
  case $NCT_BUILD in /*) ;; *) NCT_BUILD=$NCT_ROOT/$NCT_BUILD ;; esac
  env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s -C "$NCT_ROOT" BUILD="$NCT_BUILD" BIN="$NCT_BIN" CC="${NCT_CC:-gcc}" \
    PREFIX="$PWD/usr" install
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
  usr=$BATS_FILE_TMPDIR/usr
  # shellcheck disable=SC2016 # make's own variables
  LIBS=$(printf 'include Makefile\nlibs: ; @echo $(LIBS) $(TRAIN_LIBS)\n' | env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s -C "$NCT_ROOT" -f - libs)
}

# declared HEADER: the functions that it and what it includes declare, whatever stands before their names.
declared() {
  "${NCT_CC:-gcc}" -E -P -I "$usr/include" "$usr/include/$1" | tr '\n' ' ' |
    awk -v RS='[;{}]' '!/typedef/ && match($0, /nct_[a-z0-9_]+\(/) { print substr($0, RSTART, RLENGTH - 1) }' | sort -u
}

# names FILE defined|undefined: its dynamic symbols as lines "name version", with "-" for no version. Symbols that only
# name a version are left out.
names() {
  readelf -W --dyn-syms "$1" | awk -v want="$2" '$1 ~ /^[0-9]+:$/ && $8 != "" && ($7 == "UND") == (want == "undefined") && $7 != "ABS" {
    split($8, part, /@+/); print part[1], part[2] == "" ? "-" : part[2] }' | sort -u
}

@test "library: libnct.so and libnct-train.so export what their headers declare, and between them what the second needs of the first" {
  declared nct.h >codec
  declared nct-m2.h | comm -23 - codec >train
  [ "$(wc -l <codec)" -ge 27 ]
  [ "$(wc -l <train)" -ge 21 ]
  names "$usr/lib/libnct.so" defined >exported
  sed -n 's/ NCT_0$//p' exported | diff codec -
  names "$usr/lib/libnct-train.so" defined | diff <(sed 's/$/ NCT_0/' train) -
  private=NCT_PRIVATE_$(sed -n 's/^#define NCT_VERSION "\(.*\)"/\1/p' "$usr/include/nct.h")
  grep -v ' NCT_0$' exported >rest
  names "$usr/lib/libnct-train.so" undefined | grep " $private\$" | diff rest -
}

@test "library: what the headers declare without NCT_API would not go unseen" {
  echo 'int nct_forgotten(void);' >>"$usr/include/nct.h"
  declared nct.h | grep -qx nct_forgotten
  sed -i '$d' "$usr/include/nct.h"
  run -1 grep -q nct_forgotten "$usr/include/nct.h"
}

# A program of the codec: its standard input, encoded and decoded, is on its standard output.
codec_program() {
  cat >codec.c <<'END'
#include <nct.h>
#include <stdio.h>
#include <unistd.h>

static nct_err
standard_input(void *ctx, size_t i, int *fd)
{
	(void)ctx;
	*fd = i == 0 ? 0 : -1;
	return NCT_OK;
}

int
main(void)
{
	struct nct_encode_options to = {sizeof(struct nct_encode_options), 16, 1};
	struct nct_decode_options back = {sizeof(struct nct_decode_options), 1};
	struct nct_totals t;
	FILE *f = tmpfile();
	nct_why why;
	nct_m1 *m;

	to.threads = 1;
	if (f == NULL || nct_m1_builtin(&m, NULL, &why) != NCT_OK || nct_encode(m, standard_input, NULL, fileno(f), &to, &t, &why) != NCT_OK ||
	    lseek(fileno(f), 0, SEEK_SET) != 0 || nct_decode(m, fileno(f), 1, &back, NULL, &why) != NCT_OK) {
		fprintf(stderr, "%s\n", why.text);
		return 1;
	}
	nct_m1_free(m);
	return t.documents != 1;
}
END
}

# A program that trains: it writes a unigram model of its standard input to the file `model`.
train_program() {
  cat >train.c <<'END'
#include <fcntl.h>
#include <nct-m2.h>
#include <nct-train.h>
#include <stdio.h>

static nct_err
standard_input(void *ctx, size_t i, int *fd)
{
	(void)ctx;
	*fd = i == 0 ? 0 : -1;
	return NCT_OK;
}

int
main(void)
{
	struct nct_text_options o = {sizeof(struct nct_text_options)};
	struct nct_train_options t;
	struct nct_m1_train_result r;
	nct_why why;
	nct_text *text;
	nct_m1 *m;
	nct_m2 *none;
	int fd = open("model", O_CREAT | O_WRONLY, 0666);

	nct_train_defaults(&t, sizeof t);
	t.codebook = 0;
	if (nct_text_read(&text, standard_input, NULL, &o, NULL, &why) != NCT_OK ||
	    nct_m1_train(text, NULL, NCT_TRAIN_UNIGRAM, &t, fd, &r, &why) != NCT_OK || nct_m1_open(&m, "model", NULL, &why) != NCT_OK) {
		fprintf(stderr, "%s\n", why.text);
		return 1;
	}
	puts(nct_m1_describe(m));
	nct_m1_free(m);
	nct_text_free(text);
	return nct_m2_open(&none, "model", &why) != NCT_EKIND;
}
END
}

# compile NAME LINK...: NAME.c or NAME.cc to the program NAME.
compile() {
  local name=$1 cc=${NCT_CC:-gcc} std=c99
  shift
  [ -f "$name.c" ] || cc=g++ std=c++11
  "$cc" -std=$std -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Wpedantic -Wno-missing-field-initializers -Werror -I "$usr/include" "$name".c* \
    -o "$name" -L "$usr/lib" "$@"
}

assert_codec() { sample 3000 | LD_LIBRARY_PATH=$usr/lib ./codec | cmp - <(sample 3000); }

assert_train() { [[ $(sample 3000 | LD_LIBRARY_PATH=$usr/lib ./train) == unigram* ]]; }

@test "library: a C program links against each shared library, and runs" {
  [ -z "${NCT_SAN:-}" ] || skip "no sanitizer in the program"
  codec_program
  train_program
  compile codec -lnct
  assert_codec
  compile train -lnct-train -lnct
  assert_train
  readelf -d train | grep -q 'NEEDED.*libnct-train.so.0'
}

@test "library: a C program links against each static library, and runs" {
  [ -z "${NCT_SAN:-}" ] || skip "no sanitizer in the program"
  codec_program
  train_program
  # shellcheck disable=SC2086 # a list of libraries
  compile codec "$usr/lib/libnct.a" $LIBS
  assert_codec
  # shellcheck disable=SC2086
  compile train "$usr/lib/libnct-train.a" "$usr/lib/libnct.a" $LIBS
  assert_train
  run -1 grep -q libnct <(readelf -d codec train)
}

# told LIBRARY FOLDER [FLAG...]: sets the array `flags` to what pkg-config prints for the installed LIBRARY, as if its
# files were in FOLDER.
told() {
  local library=$1 folder=$2
  shift 2
  read -ra flags < <(PKG_CONFIG_PATH=$usr/lib/pkgconfig pkg-config --define-variable=libdir="$folder" --cflags --libs "$@" "$library")
  [ "${#flags[@]}" -ge 3 ]
}

@test "library: a C program is compiled with what pkg-config says, and runs" {
  [ -z "${NCT_SAN:-}" ] || skip "no sanitizer in the program"
  needs pkg-config
  codec_program
  train_program
  cc() { "${NCT_CC:-gcc}" -D_POSIX_C_SOURCE=200809L "$@"; }
  told libnct "$usr/lib"
  cc codec.c -o codec "${flags[@]}"
  assert_codec
  told libnct-train "$usr/lib"
  cc train.c -o train "${flags[@]}"
  assert_train
  readelf -d train | grep -q 'NEEDED.*libnct-train.so.0'
  # Static linking, from a folder without shared libraries.
  mkdir static
  cp "$usr"/lib/*.a static
  told libnct "$PWD/static" --static
  cc codec.c -o codec "${flags[@]}"
  assert_codec
  told libnct-train "$PWD/static" --static
  cc train.c -o train "${flags[@]}"
  assert_train
  run -1 grep -q libnct <(readelf -d codec train)
}

@test "library: pkg-config's version is the headers'" {
  needs pkg-config
  for library in libnct libnct-train; do
    [ "$(PKG_CONFIG_PATH=$usr/lib/pkgconfig pkg-config --modversion $library)" = "$(sed -n 's/^#define NCT_VERSION "\(.*\)"/\1/p' "$usr/include/nct.h")" ]
  done
}

@test "library: the same as C++" {
  [ -z "${NCT_SAN:-}" ] || skip "no sanitizer in the program"
  command -v g++ || skip "no g++"
  codec_program
  train_program
  mv codec.c codec.cc
  mv train.c train.cc
  compile codec -lnct
  assert_codec
  compile train -lnct-train -lnct
  assert_train
}

@test "library: a libnct-train.so meets only the libnct.so of its own release" {
  [ -z "${NCT_SAN:-}" ] || skip "no sanitizer in the program"
  train_program
  compile train -lnct-train -lnct
  mkdir other
  cp -P "$usr"/lib/libnct-train.so* other
  LC_ALL=C sed 's/NCT_PRIVATE_/NCT_PRIVATX_/g' "$usr/lib/libnct.so.0" >other/libnct.so.0
  LD_LIBRARY_PATH=$PWD/other run ! ./train
  [[ $output == *NCT_PRIVATE_* ]]
}

@test "library: the tests of why and of option structs make every function that takes one" {
  # Declarations and calls may take several lines, so newlines become blanks first.
  cat "$NCT_ROOT"/lib/nct*.h | tr '\n' ' ' | tr ';' '\n' | sed -n 's/.*NCT_API [^(]*[ *]\(nct_[a-z0-9_]*\)(/\1 /p' >functions
  sed -n 's/ .*nct_why \*.*//p' functions >why
  sed -n 's/ .*const struct [a-z0-9_]*_options \*o.*nct_why \*.*//p' functions >options
  [ "$(wc -l <why)" -ge 22 ]
  [ "$(wc -l <options)" -ge 14 ]
  for t in why options; do tr '\n' ' ' <"$NCT_ROOT/tests/unit/test_$t.c" | tr ';' '\n' >"calls.$t"; done
  while read -r f; do grep -q "$f(.*why" calls.why; done <why
  while read -r f; do grep -q "SIZES(.*$f(" calls.options; done <options
}

@test "library: the example of the codec in memory, built as its first lines say, prints the ids of acwin and bitpack" {
  [ -z "${NCT_SAN:-}" ] || skip "no sanitizer in the program"
  xz -dc "$NCT_ROOT/examples/sample.txt.xz" | head -c 300000 | tr -d '\0' | grep . >text
  "${NCT_CC:-gcc}" -Wall -Wextra -Werror -I "$usr/include" "$NCT_ROOT/examples/c/lines.c" -L "$usr/lib" -lnct $LIBS -o lines
  LD_LIBRARY_PATH=$usr/lib ./lines <text >ids
  tr '\n' '\0' <text | acwin -0 | bitpack --to=text | cmp - ids
  LD_LIBRARY_PATH=$usr/lib ./lines </dev/null | cmp - /dev/null
}
