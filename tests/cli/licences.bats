# licences.bats - code and data are under licences of their own: files, --version, installation.
load helpers

@test "licences: --version of every tool names those of the code and of the model" {
  for page in "$NCT_ROOT"/man/*.1; do
    tool=$(basename "$page" .1)
    run -0 "$tool" --version
    [ "${lines[2]}" = "code: MIT licence; built-in model: CC BY-SA 4.0, attribution in m1-default.LICENSE" ]
  done
}

@test "licences: the first lines of LICENSE tell code from data, and every file they name is there" {
  cd "$NCT_ROOT"
  sed '/^----$/q' LICENSE >"$BATS_TEST_TMPDIR/first"
  grep -q 'The code is under the MIT licence' "$BATS_TEST_TMPDIR/first"
  grep -q 'CC BY-SA 4.0' "$BATS_TEST_TMPDIR/first"
  [ "$(sed '1,/^----$/d' LICENSE | sed -n 2p)" = "MIT License" ]
  run -0 grep -oE 'lib/[a-z0-9_/-]*\.[A-Za-z]+' "$BATS_TEST_TMPDIR/first"
  [ "${#lines[@]}" -eq 4 ]
  for file in "${lines[@]}"; do [ -s "$file" ]; done
}

@test "licences: the model's names its texts, their origin and licences, and what was changed; titles are listed" {
  cd "$NCT_ROOT/lib/m1"
  for what in creativecommons.org/licenses/by-sa/4.0 creativecommons.org/licenses/by-sa/3.0 apache.org/licenses/LICENSE-2.0 jason-feng/wikiVisual \
    LCTT/TranslateProject computationalstylistics/100_english_novels Authors: Changes 'not legal advice'; do
    grep -qF "$what" m1-default.LICENSE
  done
  for text in wikiVisual TranslateProject 100_english_novels; do grep -qF $text m1-default.md; done # the same texts
  [ "$(xz -dc m1-default.titles.xz | sed '1d; /^$/,$d' | wc -l)" -eq "$(sed -n 's/^Wikipedia articles.*: \([0-9,]*\) of them.*/\1/p' m1-default.LICENSE | tr -d ,)" ]
  [ "$(xz -dc m1-default.titles.xz | sed '1,/^Technical/d' | wc -l)" -eq "$(sed -n 's/^Technical articles.*: \([0-9,]*\) of them.*/\1/p' m1-default.LICENSE | tr -d ,)" ]
}

@test "licences: the table of Unicode's data has Unicode's notice" {
  cd "$NCT_ROOT/lib/text"
  head -n 2 words_ranges.inc | grep -qF words_ranges.LICENSE
  version=$(sed -n '1s/.*Unicode \([0-9.]*\):.*/\1/p' words_ranges.inc)
  grep -qF "version $version" words_ranges.LICENSE
  grep -q '^Copyright © 1991-2021 Unicode, Inc' words_ranges.LICENSE
  grep -q '^IN NO EVENT SHALL THE COPYRIGHT HOLDER' words_ranges.LICENSE
}

@test "licences: make install installs them, and make uninstall leaves nothing" {
  make_here() { env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s -C "$NCT_ROOT" CC="${NCT_CC:-gcc}" BUILD="$NCT_BUILD" BIN="$NCT_BIN" DESTDIR="$PWD/dest" "$@"; }
  make_here install
  for file in LICENSE lib/m1/m1-default.{LICENSE,titles.xz} lib/text/words_ranges.LICENSE; do
    cmp "$NCT_ROOT/$file" "dest/usr/local/share/doc/nct/${file##*/}"
  done
  make_here uninstall
  [ -z "$(find dest ! -type d)" ]
}
