# nct.bash - completes in bash the options of the tools, and values that have names: all that is in a tool's own --help.
# A value with a name stands there in single quotes.

# _nct TOOL: bash's words to answers. Where there are none, bash completes names of files.
_nct() {
  local word=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD - 1]} row='' names=''

  case $word,$option in # "--code=sp" comes as three words
  =,*) word= ;;
  *,=) option=${COMP_WORDS[COMP_CWORD - 2]} ;;
  esac
  case $option in # the row of an option that takes an argument
  --?*) row=$("$1" --help | grep -E "^  (-., |    )$option\[?=") ;;
  -?*) row=$("$1" --help | grep -E "^  -${option: -1}, --[a-z0-9-]*=") ;;
  esac
  if [ -n "$row" ]; then
    names=$(grep -o "'[a-z0-9]*'" <<<"$row" | tr -d "'")
    [[ $row != *--cpu=* ]] || names+=" $("$1" --cpu=list)"
  elif [[ $word == -* ]]; then
    names=$("$1" --help | sed -n 's/^  \(-., \|    \)\(--[a-z0-9-]*=\{0,1\}\).*/\2/p')
  fi
  # shellcheck disable=SC2207 # names without blanks
  COMPREPLY=($(compgen -W "$names" -- "$word"))
  [[ ${COMPREPLY[0]} != *= ]] || compopt -o nospace 2>/dev/null
} && complete -o bashdefault -o default -F _nct acwin bitpack bpbcalc m1train m2gen m2train
