# codec.awk - reads `nm -P -A libnct.a` and checks that libnct uses nothing of libnct-train, oneDNN, MPI or
# floating-point libm.
$3 != "U" { defined[$2] = 1 }
$3 == "U" { user[$2] = $1 }
END {
	for (s in user)
		if ((s ~ /^nct_/ && !(s in defined)) || s ~ /^(dnnl_|MPI_|inflate|gz)/ ||
		    s ~ /^(exp|exp2|expm1|log|log2|log10|log1p|pow|sqrt|cbrt|tanh|erf|sin|cos|lrint|floor|ceil|round)f?$/)
			print user[s] " needs " s
}
