# options.awk - lists the options in a tool's --help or in a manual page: "letter name", with "=" if there is an
# argument.
# An option without a letter has "." instead. An argument that may be left out does not count.
/^  (-., |    )--[a-z]/ { # --help
	letter = substr($0, 3, 1) == "-" ? substr($0, 4, 1) : "."
	name = $0
	sub(/^[^-]*(-., )?--/, "", name)
	argument = name ~ /^[a-z0-9-]*=/ ? " =" : ""
	sub(/[[= ].*/, "", name)
	print letter, name argument
}

$1 == ".It" && $2 == "Fl" { # mdoc: .It Fl v , -vocab-bits Ns = Ns Ar bits
	letter = $3 ~ /^-/ ? "." : $3
	name = $3 ~ /^-/ ? $3 : $5
	print letter, substr(name, 2) (/ Ns = Ns /? " =" : "")
}
