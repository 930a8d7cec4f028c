# width.awk - lines of more than 120 characters in the files given; a tab is one of them.
# To be run with LC_ALL=C: a character of UTF-8 is one, so all of its bytes but the first are dropped.
{
	line = $0
	gsub(/[\200-\277]/, "", line)
	if (length(line) > 120)
		print FILENAME ":" FNR ": " length(line) " characters"
}
