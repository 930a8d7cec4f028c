# calls.awk - checks calls between folders: reads `nm -P -A` of objects BUILD/lib/FOLDER/FILE.o, and the arrows (-v
# table=FILE).
# Prints a fault for each call that no arrow allows. With -v pairs=1 it prints all calls as "FILE FILE", for tsort(1)
# to find circles.
BEGIN {
	while ((getline line <table) > 0)
		if (line !~ /^#/ && (colon = index(line, ":")) > 0)
			arrows[substr(line, 1, colon - 1)] = substr(line, colon + 1)
}

{
	sub(/^.*lib\//, "", $1)
	sub(/\.o:$/, "", $1)
	if ($3 == "U")
		uses[$1, $2] = 1
	else if ($3 ~ /^[A-Z]$/)
		owner[$2] = $1
}

END {
	for (use in uses) {
		split(use, u, SUBSEP)
		if (!(u[2] in owner) || owner[u[2]] == u[1])
			continue
		split(u[1], from, "/")
		split(owner[u[2]], to, "/")
		if (pairs)
			print u[1], owner[u[2]]
		else if (from[1] != to[1] && index(" " arrows[from[1]] " ", " " to[1] " ") == 0)
			print "lib/" u[1] ".c: no arrow to lib/" owner[u[2]] ".c, whose " u[2] "() it uses"
	}
}
