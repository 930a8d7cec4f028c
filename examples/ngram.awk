# ngram.awk - how well counts of tokens predict other tokens: bits per byte by a unigram and by an interpolated bigram model.
# usage: awk -v vocab=N -v bytes=B -f ngram.awk TRAIN TEST: a token's number on each line. B is the text's size of TEST in bytes. Printed:
# unigram, tab, bigram. Absolute discounting: 0.75 of each count goes to the shorter context's model, and below the unigram all tokens are alike.
BEGIN { discount = 0.75 }

NR == FNR {
	if (!($1 in one))
		types++
	one[$1]++
	n++
	if (NR > 1) {
		if (!((last, $1) in two))
			after[last]++
		two[last, $1]++
		seen[last]++
	}
	last = $1
	next
}

FNR == 1 { last = "" }

{
	p = discount * types / n / vocab
	if ($1 in one)
		p += (one[$1] - discount) / n
	unigram -= log(p)
	if (last in seen) {
		p *= discount * after[last] / seen[last]
		if ((last, $1) in two)
			p += (two[last, $1] - discount) / seen[last]
	}
	bigram -= log(p)
	last = $1
}

END { printf "%.4f\t%.4f\n", unigram / log(2) / bytes, bigram / log(2) / bytes }
