#compdef acwin bitpack bpbcalc m1train m2gen m2train
# nct.zsh - completes in zsh the options of the tools, and values that have names: all that is in a tool's own --help.
# A value with a name stands there in single quotes.
local -a specs
specs=(${(f)"$($words[1] --help | awk '
  /^  (-., |    )--[a-z]/ {
    letter = substr($0, 3, 1) == "-" ? substr($0, 3, 2) : ""
    name = substr($0, 7)
    sub(/[[= ].*/, "", name)
    argument = $0 ~ /^ *(-., )?--[a-z0-9-]*=/ ? substr($0, 8 + length(name)) : ""
    sub(/ .*/, "", argument)
    help = substr($0, 7 + length(name) + (argument == "" ? 0 : 1 + length(argument)))
    sub(/^(\[=[A-Z]*\])? */, "", help)
    values = ""
    for (rest = help; match(rest, /\047[a-z0-9]*\047/); rest = substr(rest, RSTART + RLENGTH))
      values = values " " substr(rest, RSTART + 1, RLENGTH - 2)
    gsub(/\[|\]|:|\\/, "\\\\&", help)
    action = argument == "" ? "" : ":" argument ":" (argument == "FILE" ? "_files" : values != "" ? "(" values ")" : " ")
    both = letter == "" ? "" : "(" letter " " name ")"
    if (letter != "")
      print both letter (argument == "" ? "" : "+") "[" help "]" action
    print both name (argument == "" ? "" : "=") "[" help "]" action
  }')"})
_arguments -s -S $specs '*:file:_files'
