# paths.awk - lists the files and folders that pages name, as "PAGE:LINE PATH", with paths from the root of the
# repository.
# A name without a folder that follows a path and a comma, as in "lib/base/io.c, err.c", is in the same folder.
{
	n = split($0, word, /[^A-Za-z0-9_.,\/-]+/)
	folder = ""
	for (i = 1; i <= n; i++) {
		path = word[i]
		goes_on = path ~ /,$/
		sub(/[.,]+$/, "", path)
		while (sub(/^\.\.\//, "", path))
			;
		if (path ~ /^(lib|cmd|man|tests|examples)\/[A-Za-z0-9_.\/-]*$/) {
			if (path !~ /[A-Z][A-Z][A-Z]/ || path ~ /\.(LICENSE|md)$/)
				print FILENAME ":" FNR, path
			folder = path
			sub(/[^\/]*$/, "", folder)
		} else if (folder != "" && path ~ /^[a-z0-9_]+\.[ch]$/)
			print FILENAME ":" FNR, folder path
		if (!goes_on)
			folder = ""
	}
}
