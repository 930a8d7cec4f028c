# completions.bats - what bash and zsh complete for the tools.
load helpers

# completed WORD...: the completions of the last word, sorted, on a line.
completed() (
  source "$NCT_ROOT/packaging/completions/nct.bash"
  COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
  _nct "$1" || true # compopt fails where no TAB was typed
  printf '%s\n' "${COMPREPLY[@]}" | sort | paste -sd ' '
)

@test "completions: bash, options" {
  [ "$(completed acwin --co)" = "--code= --codebook= --compile" ]
  [ "$(completed acwin -b 16 --ch)" = "--chunk=" ]
  [ -z "$(completed acwin some)" ] # left to bash, which completes names of files
  [ -z "$(completed acwin --output so)" ]
}

@test "completions: bash, all options of all tools, and no others" {
  for page in "$NCT_ROOT"/man/*.1; do
    tool=$(basename "$page" .1)
    completed "$tool" -- | tr ' ' '\n' >got
    awk -f "$NCT_ROOT/tests/lint/options.awk" "$page" | sed 's/^. \(.*\)/--\1/; s/ =/=/' | sort | diff - got
    bash -c "source '$NCT_ROOT/packaging/completions/nct.bash' && complete -p $tool"
    grep -q "^#compdef.* $tool\b" "$NCT_ROOT/packaging/completions/nct.zsh"
  done
}

# named TOOL LETTER,NAME VALUES: these are completed for each way to write the option, and the tool takes each of them.
named() {
  local tool=$1 letter=${2%,*} name=${2#*,} value
  [ "$(completed "$tool" "$name" = '')" = "$3" ]
  [ "$(completed "$tool" "$name" =)" = "$3" ]
  [ "$(completed "$tool" "$name" '')" = "$3" ]
  [ -z "$letter" ] || [ "$(completed "$tool" "$letter" '')" = "$3" ]
  for value in $3; do "$tool" "$name=$value" --help >/dev/null; done
}

@test "completions: bash, values that have names" {
  named acwin ,--code "best split"
  named acwin -a,--align "none words"
  named m1train -a,--align "none words"
  named m1train -k,--kind "strings transformer unigram"
  named acwin ,--eod "alone joined"
  [ "$(completed acwin --strings = '')" = "json lines llmc" ]
  named m2gen ,--weights "bf16 f32 int8"
  named bitpack ,--to "llmc megatron npy raw text tokens"
  named bitpack ,--from "ids llmc npy raw windows"
  for tool in acwin m1train m2train m2gen; do named $tool ,--cpu "$({ echo list; $tool --cpu=list; } | sort | paste -sd ' ')"; done
  [ "$(completed acwin --code = b)" = best ]
  [ "$(completed acwin -da w)" = words ]
}

@test "completions: zsh, options and values that have names" {
  long_test
  needs zsh
  mkdir functions
  cp "$NCT_ROOT/packaging/completions/nct.zsh" functions/_nct
  # Types each line and a TAB into a zsh on a terminal of its own. That zsh writes the completed line to the file lines.
  cat >type.zsh <<'END'
zmodload zsh/zpty
zpty shell "zsh -f -i"
zpty -w shell 'PS1= RPS1=; fpath=($PWD/functions $fpath); autoload -U compinit; compinit -u -D; : >lines
  show() { print -r -- "$BUFFER" >>lines; BUFFER= }; zle -N show; bindkey "^X" show; : >ready'
until [[ -e ready ]] { sleep 0.1 }
integer n=0
for line in "$@"; do
  zpty -w -n shell "$line"$'\t\x18'
  n+=1
  until (($(wc -l <lines) >= n)) { sleep 0.1 }
done
zpty -d shell
END
  limited zsh -f type.zsh 'acwin --code=sp' 'acwin --al' 'acwin -a wo' 'bitpack --to=n' 'm2train --keep' 'm1train -k un' </dev/null
  printf '%s\n' 'acwin --code=split ' 'acwin --align=' 'acwin -a words ' 'bitpack --to=npy ' 'm2train --keep' 'm1train -k unigram ' | diff - lines
}
