# boundaries.awk - how many tokens of a hundred end at a boundary of words, from a line of text for each token.
# A token ends inside a word if its last character and the next token's first are of one kind, or if its last is the space before a
# word. Kinds: letters (Z stands for what is not ASCII, and apostrophes count), digits, white space, others. A line that ends with
# \E is the last of its document.
function kind(c) { return c ~ /[A-Za-z\047Z]/ ? "letter" : c ~ /[0-9]/ ? "digit" : c ~ /[ \t]/ ? "white" : "other" }

{
	first = kind(substr($0, 1, 1))
	if (NR > 1 && last != "end") {
		ends++
		if (first == last || space && first != "white")
			inside++
	}
	c = substr($0, length($0))
	space = c == " "
	last = c == "E" && /\\E$/ ? "end" : kind(c)
}

END { printf "%.1f\n", ends ? 100 - 100 * inside / ends : 100 }
