# distances.awk - edit distances between the tokenizations of all pairs of texts of one sentence, from a line for each text.
# A line is the sentence's number, a tab, the prefix's length in bytes, a tab, and the tokens, by blanks, each as its id, a colon and its
# length in bytes. Printed, with tabs between: the tokens of a text on average; median and mean of the distances; the same where tokens
# that end within the prefix do not count. A distance is the least number of tokens to insert, delete or replace.
function least(a, b, c) { return a < b ? (a < c ? a : c) : (b < c ? b : c) }

function distance(s, m, t, n, i, j, up, left, kept) {
	for (j = 0; j <= n; j++)
		d[j] = j
	for (i = 1; i <= m; i++) {
		left = d[0]
		d[0] = i
		for (j = 1; j <= n; j++) {
			kept = left + (id[s, i] != id[t, j])
			left = d[j]
			d[j] = least(d[j] + 1, d[j - 1] + 1, kept)
		}
	}
	return d[n]
}

# Sorts x[1..n] and prints its median and mean.
function summary(x, n, i, j, v, sum) {
	for (i = 2; i <= n; i++) {
		v = x[i]
		for (j = i - 1; j >= 1 && x[j] > v; j--)
			x[j + 1] = x[j]
		x[j + 1] = v
	}
	for (i = 1; i <= n; i++)
		sum += x[i]
	return sprintf("%g\t%.2f", n % 2 ? x[(n + 1) / 2] : (x[n / 2] + x[n / 2 + 1]) / 2, sum / n)
}

# Takes the text's tokens as those of text `s`, from the first that ends after `skip` bytes on; gives their number.
function take(s, skip, i, n, end, part) {
	n = 0
	end = 0
	for (i = 1; i <= fields; i++) {
		split(token[i], part, ":")
		end += part[2]
		if (end > skip)
			id[s, ++n] = part[1]
	}
	return n
}

BEGIN { FS = "\t" }

{
	fields = split($3, token, " ")
	tokens += fields
	sentence[NR] = $1
	whole[NR] = take("w" NR, -1)
	rest[NR] = take("r" NR, $2)
	for (k = 1; k < NR; k++)
		if (sentence[k] == $1) {
			w[++pairs] = distance("w" k, whole[k], "w" NR, whole[NR])
			r[pairs] = distance("r" k, rest[k], "r" NR, rest[NR])
		}
}

END {
	if (!pairs)
		exit 1
	printf "%.1f\t%s\t%s\n", tokens / NR, summary(w, pairs), summary(r, pairs)
}
