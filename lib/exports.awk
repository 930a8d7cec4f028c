# exports.awk - writes the version script of a shared library, whose headers are given, for the linker.
# What the headers declare with NCT_API has the version NCT_0. With -v private=VERSION, what `nm -P` tells of the objects of a library that
# stands on this one is read, too: what else these need of this one has that version. Nothing more is exported.
BEGIN { print "NCT_0 {\n\tglobal:" }

/^NCT_API / {
	sub(/\(.*/, "")
	sub(/.*[ *]/, "")
	known[$0] = 1
	print "\t\t" $0 ";"
	next
}

$1 ~ /^nct_/ && $2 == "U" { need[++needs] = $1 }
$1 ~ /^nct_/ && $2 ~ /^[A-TV-Z]$/ { known[$1] = 1 }

END {
	print "\tlocal:\n\t\t*;\n};"
	if (private == "")
		exit
	print private " {\n\tglobal:"
	for (i = 1; i <= needs; i++)
		if (!(need[i] in known)) {
			known[need[i]] = 1
			print "\t\t" need[i] ";"
		}
	print "};"
}
