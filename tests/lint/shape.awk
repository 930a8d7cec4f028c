# shape.awk - checks the C files given: only=size, that no function is too long; only=guard, that headers have their
# own guards.
function begin_file() {
	open = 0
	guard = ""
	state = FILENAME ~ /\.h$/ ? "before" : "none"
}

function end_file() {
	if (only != "guard" || state == "none")
		return
	if (state != "closed")
		print name ":1: no #ifndef, #define and, at the end, #endif around it all"
	else if (guard in owner)
		print name ":1: the guard " guard " is that of " owner[guard]
	else
		owner[guard] = name
}

FNR == 1 {
	if (NR > 1)
		end_file()
	name = FILENAME
	begin_file()
}

only == "size" && /^\{/ { open = FNR }
only == "size" && /^\}/ {
	if (open > 0 && FNR - open + 1 > 70)
		print name ":" open ": a function of " FNR - open + 1 " lines"
	open = 0
}

# before -> ifndef -> inside -> closed, and nothing but comments and blank lines before and after.
state == "none" || /^[ \t]*$/ || /^\/\*/ || /^ \*/ { next }
state == "before" && $1 == "#ifndef" { guard = $2; state = "ifndef"; next }
state == "ifndef" && $1 == "#define" && $2 == guard { state = "inside"; depth = 1; next }
state == "inside" {
	if (/^#[ \t]*if/)
		depth++
	if (/^#[ \t]*endif/ && --depth == 0)
		state = "closed"
	next
}
{ state = "wrong" }

END { end_file() }
