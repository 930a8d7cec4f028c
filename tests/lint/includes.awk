# includes.awk - checks every #include of the files given against the arrows between folders (-v table=FILE).
BEGIN {
	while ((getline line <table) > 0)
		if (line !~ /^#/ && (colon = index(line, ":")) > 0)
			arrows[substr(line, 1, colon - 1)] = substr(line, colon + 1)
}

function fault(text) { print FILENAME ":" FNR ": " text }

# May a file in folder `from` include "path"?
function allowed(path, from) {
	if (path == "nct.h")
		return 1
	if (path == "nct-train.h" || path == "nct-m2.h")
		return from ~ /^(float|net|data|quantise|train|generate|strings|mpi|cmd|lib)$/
	if (path !~ /\//) # beside the file that includes it
		return from != "lib"
	if (path !~ /^[a-z0-9]+\/[^\/]+$/) # "../base/le.h" and the like
		return 0
	sub(/\/.*/, "", path)
	return path == from || index(" " arrows[from] " ", " " path " ") > 0
}

FNR == 1 {
	n = split(FILENAME, part, "/")
	from = part[1] == "lib" && n > 2 ? part[2] : part[1]
	if (!(from in arrows))
		fault("a folder that the table of arrows does not know: " from)
}

/^[ \t]*#[ \t]*include[ \t]*"/ {
	split($0, quoted, "\"")
	if (!allowed(quoted[2], from))
		fault("no arrow from " from " to \"" quoted[2] "\"")
}

/^[ \t]*#[ \t]*include.*dnnl/ {
	fault("oneDNN: only tests/bench compares with it")
}
