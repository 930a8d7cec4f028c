# includes.awk - holds every #include of the files given against the arrows between folders, which this table is.
BEGIN {
	arrows["lib"] = "" # the public headers themselves
	arrows["base"] = ""
	arrows["kernels"] = "base"
	arrows["coder"] = "base"
	arrows["format"] = "base"
	arrows["model"] = "base kernels"
	arrows["window"] = "base model coder format"
	arrows["train"] = "base model window format"
	arrows["cmd"] = "base"
	arrows["plugin"] = ""
}

function fault(text) { print FILENAME ":" FNR ": " text }

# May a file in folder `from` include "path"?
function allowed(path, from) {
	if (path == "nct.h")
		return 1
	if (path == "nct-train.h" || path == "nct-m2.h")
		return from == "train" || from == "cmd" || from == "lib" || from == "plugin"
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
