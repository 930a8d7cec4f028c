# width.awk - lines of more than 120 columns in the files given; a tab goes to the next multiple of eight, as in .clang-format.
# To be run with LC_ALL=C: a character of UTF-8 is one column, so all of its bytes but the first are dropped.
{
	line = $0
	gsub(/[\200-\277]/, "", line)
	while ((at = index(line, "\t")) > 0)
		line = substr(line, 1, at - 1) substr("        ", 1, 8 - (at - 1) % 8) substr(line, at + 1)
	if (length(line) > 120)
		print FILENAME ":" FNR ": " length(line) " columns"
}
