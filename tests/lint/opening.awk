# opening.awk - every file given must open with a comment "name - one sentence." (after a #! line, if it has one).
function fault(text) { print name ":1: " text; wanted = 0 }

function end_file() { if (wanted) fault("no opening sentence, or no end of it") }

# wanted: 2 the beginning of the sentence, 1 its end, 0 nothing.
FNR == 1 {
	end_file()
	wanted = 2
	name = FILENAME
	base = name
	sub(/.*\//, "", base)
	mark = name ~ /\.(c|h|S|inc)$/ ? "/* " : "# "
	if (/^#!/)
		next
}
wanted == 2 && index($0, mark base " - ") == 1 { wanted = 1 }
wanted == 2 { fault("does not open with \"" mark base " - one sentence.\"") }
wanted == 1 && /\.($| )/ { wanted = 0 }
wanted == 1 && (mark == "# " ? !/^#/ : /\*\//) { fault("the opening sentence does not end") }
END { end_file() }
