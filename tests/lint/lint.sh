#!/bin/sh
# lint.sh - checks the sources without running them; each check is a test.
# lint.sh         prints each fault on a line, and the number of checks that failed
# lint.sh --tap   prints the same as TAP
# A check is a function that prints a line for each fault, or returns 77 and prints why it was skipped.
set -u
cd "$(dirname "$0")/../.." || exit 1
root=$PWD
lint=$root/tests/lint
: "${NCT_BUILD:=build}" "${NCT_BIN:=bin}"
unset MAKEFLAGS MFLAGS MAKELEVEL # of the make that may have started us
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM

# ---- which files ----

# The tracked files, or, without a repository, all files that are not built. Planted faults and the fuzz corpus are
# left out.
files=$tmp/files
{ git ls-files 2>/dev/null | grep . || find . -type f | sed 's|^\./||' | grep -Ev '^(build|bin|runs|\.git)[^/]*/'; } |
	grep -vxF tests/lint/planted.txt | grep -v '^tests/fuzz/corpus/' | while read -r f; do [ ! -f "$f" ] || echo "$f"; done | sort >"$files"

# pick REGEX: the files whose path matches.
pick() { grep -E "$1" "$files"; }

tools() { pick '^cmd/[^/]*\.c$' | sed 's|^cmd/||; s|\.c$||' | grep -vxE 'cli|files|print|plain|trainer|ranks'; }

# fault_at WHAT REGEX FILES: prints a fault for each line that matches REGEX, in text files whose paths match FILES.
fault_at() {
	pick "$3" | xargs grep -HnEI -- "$2" /dev/null | sed "s|^\([^:]*:[0-9]*\):.*|\1: $1|"
}

# have PROGRAM: is it installed? `have PROGRAM || return` skips a check without it.
have() { command -v "$1" >/dev/null || { echo "no $1"; return 77; }; }

# ---- checks of text ----

# Files whose lines have at most 120 characters: a regular expression each.
narrow='^[^/]*\.md$
^examples/results/[^/]*\.md$
^(lib|cmd|tests)/.*\.(c|h|inc)$
^man/'
width() { pick "$narrow" | LC_ALL=C xargs awk -f "$lint/width.awk"; }

includes() { pick '^(lib|cmd)/.*\.(c|h|inc|S)$' | xargs awk -v table="$lint/arrows" -f "$lint/includes.awk"; }

openings() { pick '\.(c|h|inc|S|sh|bash|bats|awk)$' | xargs awk -f "$lint/opening.awk"; }

sizes() { pick '\.[ch]$' | xargs awk -v only=size -f "$lint/shape.awk"; }

guards() { pick '\.h$' | xargs awk -v only=guard -f "$lint/shape.awk"; }

# Patterns are written so that none matches itself.
words() {
	word='(^|[^A-Za-z0-9_])'
	fault_at 'work left to do' "$word(TOD[O]|FIXM[E]|XX[X])([^A-Za-z0-9_]|\$)" .
	fault_at 'white space at the end' '[[:blank:]]$' .
	fault_at 'a path of one machine' '/(hom[e]|User[s]|wor[k])/' .
	fault_at 'a page that is not in the repository' "$word(DESIG[N]|PAPE[R]|STYL[E]\\.md|LAYOU[T])([^A-Za-z0-9_]|\$)" .
	fault_at 'a compiler flag that ties the result to one machine' '-march=nativ[e]|-Ofas[t]|-ffast-mat[h]' '^Makefile$|\.(c|h|inc|sh)$'
	fault_at 'no check of size or syntax' "$word(atoi|atol|atof|strcpy|strcat|gets) *\\(" '^(lib|cmd)/.*\.(c|h|inc)$'
	fault_at 'a library does not print' "$word((v?printf|puts|putchar|perror) *\\(|stdout|stderr)" '^lib/.*\.(c|h|inc)$'
	fault_at 'a library does not end the process or ask the environment' "$word(_?exit|_Exit|abort|getenv) *\\(" '^lib/.*\.(c|h|inc)$'
}

scripts() {
	have shellcheck || return
	pick '\.sh$|^\.ci/run$' | xargs shellcheck -f gcc
}

# Files that pages name exist (see paths.awk). Names with a word in capitals are examples.
paths() {
	pick '\.md$' | xargs awk -f "$lint/paths.awk" | while read -r where path; do
		[ -e "$path" ] || echo "$where: no $path"
	done
}

# The table of folders in HACKING.md has the arrows of tests/lint/arrows.
drawn() {
	awk -F ' *[|] *' 'NR == FNR { if (split($0, part, /: */) == 2) arrows[part[1]] = part[2]; next }
		$2 ~ /^lib\/[a-z0-9]+$/ && $4 != arrows[substr($2, 5)] { print FILENAME ":" FNR ": not the arrows of tests/lint/arrows: " $4 }' \
		"$lint/arrows" HACKING.md
}

# ---- checks by compilers, with the Makefile's own flags ----

# ask_make TARGET LINE [VARIABLE=VALUE...]: makes TARGET with one more LINE in the Makefile.
ask_make() {
	target=$1 line=$2
	shift 2
	printf 'include Makefile\n%s\n' "$line" | make -f - -s -k -j2 "$@" "$target"
}

headers() {
	have "$1" || return
	# shellcheck disable=SC2016 # make's own variables
	flags=$(ask_make flags 'flags: ; @echo $(STD) $(WARN)' WERROR=-Werror)
	mkdir "$tmp/alone"
	pick '^(lib|cmd)/.*\.h$' | while read -r h; do
		n=$((${n:-0} + 1))
		printf '#include "%s"\n#include "%s"\n' "$PWD/$h" "$PWD/$h" >"$tmp/alone/$n.c"
	done
	# shellcheck disable=SC2086 # a list of flags
	"$1" $flags -Ilib -fsyntax-only "$tmp"/alone/*.c 2>&1
}

# True if gcc and clang compile all sources each. Else, in the short tests, clang has the codec and gcc the rest.
both() { [ -z "$tap" ] || [ -n "${NCT_LONG:-}" ]; }

# shellcheck disable=SC2016 # make's own variables
codec() { ask_make codec 'codec: ; @echo "$(CODEC_DIRS)"' | sed 's/ /|/g; s/.*/^lib\/(&)\//'; }

# warnings COMPILER FLAG PREREQUISITES GREP...: prints the compiler's warnings when make builds PREREQUISITES in a new
# folder. Of the sources that grep picks, prints those that were not compiled.
warnings() {
	compiler=$1
	ask_make all_of_them "all_of_them: $3" CC="$1" BUILD="$tmp/$1" BIN="$tmp/$1/bin" CFLAGS="$2" WERROR=-Werror 2>&1
	shift 3
	pick '^(lib|cmd)/.*\.c$' | grep -v '^lib/mpi/' | grep "$@" | while read -r f; do
		[ -f "$tmp/$compiler/${f%.c}.d" ] || echo "$f: not compiled"
	done
}

# shellcheck disable=SC2016 # make's own variables
gcc_warns() {
	have gcc || return
	if both; then
		warnings gcc -fsyntax-only '$(CODEC_OBJ) $(TRAIN_OBJ) $(call objs,$(wildcard cmd/*.c))' .
	else
		warnings gcc -fsyntax-only '$(TRAIN_OBJ) $(call objs,$(wildcard cmd/*.c))' -vE "$(codec)"
	fi
}

# Builds with clang, without optimisation, which is fastest. Then a sentence is encoded and decoded.
# shellcheck disable=SC2016 # make's own variables
clang_builds() {
	have clang || return
	if both; then
		warnings clang -O0 '$(addprefix $(BIN)/,$(TOOLS))' .
	else
		warnings clang -O0 '$(BIN)/acwin' -E "$(codec)"
	fi
	echo "It was the whiteness of the whale." >"$tmp/sentence"
	"$tmp/clang/bin/acwin" "$tmp/sentence" | "$tmp/clang/bin/acwin" -d | cmp - "$tmp/sentence" || echo "acwin as clang built it: a sentence does not come back"
}

# Calls between the libraries' files follow the arrows, and there are no circles of calls.
calls() {
	[ -f "$NCT_BUILD/libnct.a" ] || { echo "$NCT_BUILD/libnct.a is not built"; return 77; }
	pick '^lib/[^/]*/.*\.[cS]$' | sed "s|^lib/mpi/.*||; s|\.[cS]\$||; /./s|.*|$NCT_BUILD/&.o|" | xargs nm -P -A >"$tmp/names"
	calls_in "$tmp/names"
}
calls_in() {
	awk -v table="$lint/arrows" -f "$lint/calls.awk" "$1"
	awk -v table="$lint/arrows" -v pairs=1 -f "$lint/calls.awk" "$1" | tsort 2>&1 >/dev/null | sed 's/^tsort: -*:* */these files use each other: /'
}

planted_calls() { calls_in names; } # for the tree of self_test

codec_is_light() {
	[ -f "$NCT_BUILD/libnct.a" ] || { echo "$NCT_BUILD/libnct.a is not built"; return 77; }
	nm -P -A "$NCT_BUILD/libnct.a" | awk -f "$lint/codec.awk"
}

# ---- checks of manual pages ----

pages() {
	have mandoc || return
	pick '^man/' | xargs mandoc -Tlint -Wwarning
}

# Sections of nct-formats(5) that comments cite, by names in quotes, exist.
citations() {
	sed -n 's/^\.S[hs] //p' man/nct-formats.5 | tr '[:lower:]' '[:upper:]' | sort >"$tmp/sections"
	pick '\.(c|h|inc)$' | xargs grep -Hno 'nct-formats(5), "[^"]*"' | while IFS= read -r line; do
		name=${line#*\"}
		echo "${name%\"}" | tr '[:lower:]' '[:upper:]' | grep -qxFf "$tmp/sections" || echo "${line%%:nct*}: no such section: ${name%\"}"
	done
}

companions() {
	for t in $(tools); do
		[ -f "man/$t.1" ] || echo "cmd/$t.c: no man/$t.1"
		[ -f "tests/cli/$t.bats" ] || echo "cmd/$t.c: no tests/cli/$t.bats"
	done
	pick '^man/.*\.1$' | sed 's|^man/||; s|\.1$||' | while read -r t; do
		[ -f "cmd/$t.c" ] || echo "man/$t.1: no cmd/$t.c"
	done
}

# --help and the page have the same options, with the same letters and arguments.
options() {
	for t in $(tools); do
		[ -x "$NCT_BIN/$t" ] || { echo "$NCT_BIN/$t is not built"; return 77; }
	done
	for t in $(tools); do
		[ -f "man/$t.1" ] || continue # said above
		"$NCT_BIN/$t" --help | awk -f "$lint/options.awk" | sort >"$tmp/help"
		awk -f "$lint/options.awk" "man/$t.1" | sort >"$tmp/page"
		[ -s "$tmp/help" ] || echo "$t: no options in --help"
		comm -23 "$tmp/help" "$tmp/page" | sed "s|^|man/$t.1: not as in --help: |"
		comm -13 "$tmp/help" "$tmp/page" | sed "s|^|$t: --help does not have it as in the page: |"
	done
}

# ---- a check of the checks ----

# planted.txt is a small tree full of faults. A line with a fault says which check must find it, "fault: CHECK", or the
# file CHECK.want has the check's whole output. Checks must find all faults and nothing else. "==> FILE" begins a file;
# "*N TEXT" is N lines of TEXT.
self_test() {
	mkdir "$tmp/tree"
	cd "$tmp/tree" || return
	sed -n 's/^==> //p' "$lint/planted.txt" | xargs -n 1 dirname | xargs mkdir -p
	awk '{ gsub(/%%/, "") } # which keeps words from being found in planted.txt itself
		/^==> / { out = $2; printf "" >out; next }
		/^\*[0-9]+ / { for (i = substr($1, 2); i > 0; i--) print substr($0, length($1) + 2) >out; next }
		out != "" { print >out }' "$lint/planted.txt"
	chmod +x bin/*
	find . -type f | sed 's|^\./||' | sort >"$tmp/tree.files"
	real=$files,$NCT_BIN files=$tmp/tree.files NCT_BIN=bin
	for check in includes planted_calls openings sizes guards words width paths drawn citations companions options; do
		$check | sort >"$tmp/got"
		if [ -f $check.want ]; then
			sort $check.want >"$tmp/want"
		else
			xargs grep -Hn "fault: $check" <"$files" | cut -d : -f 1,2 | sort >"$tmp/want"
			cut -d : -f 1,2 "$tmp/got" | sort >"$tmp/places"
			mv "$tmp/places" "$tmp/got"
		fi
		[ -s "$tmp/want" ] || echo "$check: nothing planted"
		comm -23 "$tmp/want" "$tmp/got" | sed "s|^|$check: not found: |"
		comm -13 "$tmp/want" "$tmp/got" | sed "s|^|$check: found without reason: |"
	done
	files=${real%%,*} NCT_BIN=${real#*,}
	cd "$root" || return
}

# ---- running them ----

case $* in
--tap) tap=1 ;;
'') tap= ;;
*) echo "usage: lint.sh [--tap]" >&2; exit 2 ;;
esac
count=0 failed=0

# try NAME CHECK [ARGUMENT]
try() {
	name=$1 count=$((count + 1))
	shift
	"$@" >"$tmp/faults" 2>&1 # errors of the check itself are faults, too
	if [ $? -eq 77 ]; then
		[ -z "$tap" ] || echo "ok $count - lint: $name # skip $(cat "$tmp/faults")"
	elif [ ! -s "$tmp/faults" ]; then
		[ -z "$tap" ] || echo "ok $count - lint: $name"
	else
		failed=$((failed + 1))
		[ -z "$tap" ] || echo "not ok $count - lint: $name"
		sed "s/^/${tap:+# }/" "$tmp/faults"
	fi
}

[ -s "$files" ] || { echo "lint.sh: no files" >&2; exit 1; }
try "the checks find what is planted, and nothing else" self_test
try "includes follow the arrows" includes
try "calls follow the arrows, and nowhere in a circle" calls
try "every file opens with its name and one sentence" openings
try "functions are short" sizes
try "headers are guarded, each by a name of its own" guards
try "no forbidden words" words
try "no line over 120 columns" width
try "files that pages name are there" paths
try "HACKING.md has the arrows between folders" drawn
try "shellcheck finds nothing" scripts
try "every header compiles alone" headers gcc
try "no warnings (gcc)" gcc_warns
try "no warnings (clang), and what it builds works" clang_builds
try "libnct needs neither training nor oneDNN nor libm" codec_is_light
try "mandoc finds nothing in the pages" pages
try "sections of nct-formats(5) that are cited are there" citations
try "every tool has a page and tests" companions
try "options are the same in --help and page" options

# Advice, and no fault: clang-format lays out tables and initialisers worse than hands do.
lines=$(git clang-format --quiet --diff HEAD 2>/dev/null | grep -c '^+[^+]')
[ "$lines" -eq 0 ] || echo "# clang-format would write $lines of the changed lines otherwise: git clang-format --diff HEAD"

if [ -n "$tap" ]; then echo "1..$count"; else echo "$count checks, $failed failed"; fi
[ $failed -eq 0 ]
