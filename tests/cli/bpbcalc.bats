#!/usr/bin/env bats
# bpbcalc.bats - bits and FLOPs per byte against values worked out by hand, what is refused, damage, wrong usage.
# shellcheck disable=SC2154 # bats sets stderr_lines
load helpers

columns=$'row\tindex\ttokens\ttext_bytes\tnats\tnats_per_token\tbits_per_token\taccuracy\tvocabulary\ttoken_bits\twindow_bits\tresets\tcode\tm2_parameters\tm1_parameters\tm2_output_parameters'

# Rows of an evaluation table.
total() { # tokens text_bytes nats vocabulary token_bits window_bits resets code m2_parameters m1_parameters; the last is 500
  printf 'total\t\t%s\t%s\t%s\t1.5\t2.25\t0.5\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t500\n' "$@"
}
position() { printf 'position\t%s\t%s\t\t2.5\t1.25\t1.75\t0.125\t\t\t\t\t\t\t\t\n' "$@"; }                 # index tokens
token() { while [ $# -gt 0 ]; do printf 'token\t%s\t%s\t\t\t\t\t\t\t\t\t\t\t\t\t\n' "$1" "$2" && shift 2; done; } # (id count)...
table() { echo "$columns" && total "$@"; }

# get COLUMN [ROW]: that field of bpbcalc's table on standard input, by the column's name; the first row is 1.
get() { awk -F '\t' -v name="$1" -v row="${2:-1}" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i } NR == row + 1 { print $at }'; }

# 8 tokens of a vocabulary of 8, the ids 0 to 3 occurring 1, 2, 4 and 1 times; 20 bytes of text, the newline being one.
small_stream() {
  echo '2 0 1 2 3 2 1 2' >ids
  echo '19 characters, all.' >lines
  bitpack --from=ids --vocab=8 --text=lines ids
}
small_table() { table 8 20 13.862943611198906 8 0 0 0 none 1000 0; }

# ---- The formulas ----

@test "bpbcalc: a token stream, worked out by hand" {
  small_stream >t
  bpbcalc t >out
  # bytes/tokens = 20/8 = 2.5; uniform: 8 tokens of log2(8) = 3 bits: 24/20 = 1.2;
  # entropy: 1 * log2(8/1) + 2 * log2(8/2) + 4 * log2(8/4) + 1 * log2(8/1) = 3 + 4 + 4 + 3 = 14 bits: 14/20 = 0.7
  printf 'bytes\ttokens\tbytes_per_token\tuniform_bpb\tunigram_bpb\tm2_bpb\tm2_flops_per_byte\tm2_flops_per_byte_with_output\tm1_flops_per_byte\tunigram\tsource\n' >want
  printf '20\t8\t2.5000\t1.2000\t0.7000\t\t\t\t0\toracle\tt\n' >>want
  diff want out
}

@test "bpbcalc: an evaluation table, worked out by hand" {
  { small_table && position 0 8 && token 0 1 1 2 2 4 3 1; } >e
  bpbcalc e >out
  # As above; 20 ln 2 nats are 20 bits: 20/20 = 1; 2 * 1000 parameters * 8 tokens / 20 bytes = 800; with 500 more 1200
  printf '20\t8\t2.5000\t1.2000\t0.7000\t1.0000\t800\t1200\t0\toracle\te\n' >want
  tail -n +2 out | diff want -
  # 2 * 7 * 8 / 20 = 5.6, which is rounded to 6
  table 8 20 1 8 0 0 0 none 7 0 | bpbcalc -q >out
  [ "$(get m2_flops_per_byte <out)" = 6 ]
  # Tables of older versions lack the last column. The figure that needs it is then empty, and all others are the same.
  cut -f 1-15 e >older
  bpbcalc older | tail -n +2 | diff - <(sed 's/\t1200\t/\t\t/; s/e$/older/' want)
  cat e older e | bpbcalc | tail -n +2 | cut -f 8 | diff - <(printf '1200\n\n1200\n')
}

@test "bpbcalc: --unigram-from adds one to each count, worked out by hand" {
  small_stream >t
  echo '0 1 1 1 2 2 2 7' | bitpack --from=ids --vocab=8 >fit # its text bytes are not known, and not needed
  # M + V = 8 + 8 = 16. The ids 0 to 3, counted 1, 3, 3 and 0 times there, take log2(16/2) = 3, log2(16/4) = 2, 2 and
  # log2(16/1) = 4 bits: 1 * 3 + 2 * 2 + 4 * 2 + 1 * 4 = 19 bits: 19/20 = 0.95
  bpbcalc --unigram-from=fit t >out
  [ "$(get unigram_bpb <out)" = 0.9500 ]
  [ "$(get unigram <out)" = held-out ]
  # The same counts in a table, for a table; and from standard input.
  { table 8 '' 1 8 0 0 0 none 1 0 && token 0 1 1 3 2 3 7 1; } >fit.table
  { small_table && token 0 1 1 2 2 4 3 1; } >e
  bpbcalc --unigram-from fit.table e t >out
  [ "$(get unigram_bpb 1 <out)" = 0.9500 ]
  [ "$(get unigram_bpb 2 <out)" = 0.9500 ]
  [ "$(bpbcalc --unigram-from=- e <fit.table | get unigram_bpb)" = 0.9500 ]
}

@test "bpbcalc: add-one smoothing counts ids of a large vocabulary that never occur" {
  # 2 tokens, V = 65536, fitted on one other token: both take log2((1 + 65536)/1) = 16.000022 bits; 32.000044/8 = 4.0000
  { table 2 8 1 65536 16 16 1 split 1 1 && token 5 2; } >e
  { table 1 8 1 65536 16 16 1 split 1 1 && token 6 1; } >fit
  [ "$(bpbcalc --unigram-from=fit e | get unigram_bpb)" = 4.0000 ]
  # Fitted on itself: log2((2 + 65536)/3) = 14.415082 bits; * 2/8 = 3.6038. As an oracle: nothing.
  [ "$(bpbcalc --unigram-from=e e | get unigram_bpb)" = 3.6038 ]
  [ "$(bpbcalc e | get unigram_bpb)" = 0.0000 ]
}

@test "bpbcalc: the paper's figures" {
  # arXiv 2404.03626, the table of results: bytes per token, then uniform bits/byte and MFLOPs/byte of the size 25m,
  # which has 25 M parameters, and M1 3 M: 8.000 and 50.00; 3.497 and 11.69; 3.008 and 24.80; 2.292 and 20.33; AC 15.11.
  {
    table 100 100 1 256 0 0 0 none 25000000 0
    table 100 428 1 32000 0 0 0 none 25000000 0           # 4.28: log2(32000)/4.28 = 14.965784/4.28 = 3.49668
    table 100 266 1 256 8 16 1 split 25000000 3000000     # 2.66: 8/2.66 = 3.00752
    table 100 349 1 256 8 32 1 split 25000000 3000000     # 3.49: 8/3.49 = 2.29226
    table 100 549 1 256 8 0 0 unbroken 25000000 3000000   # 5.49
  } >e
  bpbcalc -q e >out
  printf '%s\n' 8.0000 3.4967 3.0075 2.2923 1.4572 | diff - <(tail -n +2 out | cut -f 4)
  # 50,000,000 / 4.28 = 11682243.0; / 2.66 = 18796992.5; / 3.49 = 14326647.6; / 5.49 = 9107468.1; M1: 6,000,000.
  printf '%s\n' $'50000000\t0' $'11682243\t0' $'18796992\t0' $'14326648\t6000000' $'9107468\t6000000' | diff - <(tail -n +2 out | cut -f 7,9)
  # Their loss of 1.29 bits/byte is 1.29 * ln 2 = 0.89416 nats a byte, a token being one: 89.416 nats for 100.
  [ "$(table 100 100 89.4160 256 0 0 0 none 1 0 | bpbcalc -q | get m2_bpb)" = 1.2900 ]
}

@test "bpbcalc: M1 costs nothing where windows are a table, 2 FLOPs per parameter and byte where it runs" {
  sample 1000 >text
  for how in "16 1 0" "20 1 0" "21 1 runs" "24 1 runs" "16 2 runs" "16 0 runs" "20 3 runs" "0 - runs"; do
    read -r b r cost <<<"$how"
    if [ "$b" = 0 ]; then acwin -b 0 text; else acwin -b "$b" -r "$r" text; fi >windows
    bitpack -v 8 windows >t
    parameters=$(od -An -tu8 -j 56 -N 8 t)
    [ "$parameters" -gt 0 ]
    want=0
    [ "$cost" = 0 ] || want=$((2 * parameters))
    [ "$(bpbcalc t | get m1_flops_per_byte)" = $want ]
    [ "$(table 9 9 1 256 8 "$b" "${r/-/0}" "$([ "$b" = 0 ] && echo unbroken || echo split)" 1 $((parameters)) | bpbcalc -q | get m1_flops_per_byte)" = $want ]
  done
  [ "$(bitpack --from=raw text | bpbcalc | get m1_flops_per_byte)" = 0 ]
  [ "$(table 9 9 1 256 8 16 1 best 1 77 | bpbcalc -q | get m1_flops_per_byte)" = 0 ]
  [ "$(table 9 9 1 256 8 20 1 best 1 77 | bpbcalc -q | get m1_flops_per_byte)" = 0 ]
}

@test "bpbcalc: entropy and held-out bits of a real text agree with another way of counting" {
  sample 60000 >text
  head -c 40000 text | bitpack --from=raw >fit
  tail -c 20000 text | bitpack --from=raw >t
  tail -c 20000 text | od -An -v -w1 -tu1 >bytes
  want=$(awk '{ n[$1]++ } END { for (i in n) bits += n[i] * log(NR / n[i]) / log(2); printf "%.4f", bits / NR }' bytes)
  [ "$(bpbcalc t | get unigram_bpb)" = "$want" ]
  want=$(head -c 40000 text | od -An -v -w1 -tu1 |
    awk 'NR == FNR { c[$1]++; m++; next } { n++; bits += log((m + 256) / (c[$1] + 1)) / log(2) } END { printf "%.4f", bits / n }' - bytes)
  [ "$(bpbcalc --unigram-from=fit t | get unigram_bpb)" = "$want" ]
}

# ---- Rows ----

@test "bpbcalc: a row for each table and for each operand of streams; files and pipes alike" {
  small_stream >t
  { small_table && token 0 1 1 2 2 4 3 1; } >e
  cat t t >tt
  cat e e >ee
  bpbcalc ee tt t - <e >out
  [ "$(wc -l <out)" -eq 6 ]
  tail -n +2 out | cut -f 2,6,11 >rows
  printf '%s\n' $'8\t1.0000\tee' $'8\t1.0000\tee' $'16\t\ttt' $'8\t\tt' $'8\t1.0000\t-' | diff - rows
  cat tt | bpbcalc >a
  bpbcalc - <tt | cmp - a
  cat ee | bpbcalc | tail -n +2 | cut -f 1-10 >a
  bpbcalc ee | tail -n +2 | cut -f 1-10 | cmp - a
  # Streams in one file are counted together. That is not the mean of their own figures.
  echo 7 | bitpack --from=ids --vocab=8 --text=<(echo 'ten bytes') >seven
  cat t seven | bpbcalc >out
  [ "$(get bytes <out) $(get tokens <out)" = "30 9" ]
  # (3 ids once: 3 * log2 9 + 2 * log2(9/2) + 4 * log2(9/4))/30 = (9.509775 + 4.339850 + 4.679700)/30 = 0.6176
  [ "$(get unigram_bpb <out)" = 0.6176 ]
}

@test "bpbcalc: a table without token counts has no unigram_bpb, and a note says so" {
  small_table >e
  run -0 --separate-stderr bpbcalc e
  [[ $stderr == "bpbcalc: e: the table has no token counts: unigram_bpb is left out" ]]
  echo "$output" >out
  [ -z "$(get unigram_bpb <out)" ]
  [ "$(get m2_bpb <out)" = 1.0000 ]
  bpbcalc -q --pretty e | grep -q ' 1\.2000  *-  1\.0000 '
  run -0 --separate-stderr bpbcalc -q e
  [ -z "$stderr" ]
}

@test "bpbcalc: names with tabs, newlines and backslashes stay one field" {
  small_stream >$'a\tb\nc\\d'
  [ "$(bpbcalc $'a\tb\nc\\d' | get source)" = 'a\tb\nc\\d' ]
}

@test "bpbcalc: --pretty aligns the columns: numbers to the right, names to the left" {
  small_stream >t
  { table 1234567 20 13.862943611198906 8 0 0 0 none 1000 0 && token 0 1234567; } >e
  bpbcalc --pretty e t >out
  # 1234567 * 3 / 20 = 185185.05; 20/1234567 = 0.0000; 2 * 1000 * 1234567 / 20 = 123456700; * 1.5 = 185185050
  cat >want <<'END'
bytes   tokens  bytes_per_token  uniform_bpb  unigram_bpb  m2_bpb  m2_flops_per_byte  m2_flops_per_byte_with_output  m1_flops_per_byte  unigram  source
   20  1234567           0.0000  185185.0500       0.0000  1.0000          123456700                      185185050                  0  oracle   e
   20        8           2.5000       1.2000       0.7000       -                  -                              -                  0  oracle   t
END
  diff want out
  bpbcalc --pretty --unigram-from=t t >out
  grep -q '  held-out  t$' out
  grep -q '  unigram   source$' out
}

@test "bpbcalc: -o writes a file, or leaves none" {
  small_stream >t
  bpbcalc t >want
  bpbcalc -o out t
  cmp want out
  bpbcalc --output=out2 -- t
  cmp want out2
  echo bad >bad
  run -3 bpbcalc -o none t bad
  [ ! -e none ]
  [ -z "$(find . -name 'none*')" ]
}

@test "bpbcalc: --verbose prints totals, -q silences them, success is silent" {
  small_stream >t
  run -0 --separate-stderr bpbcalc t
  [ -z "$stderr" ]
  run -0 --separate-stderr bpbcalc --verbose t t
  [[ $stderr == "rows=2"$'\n'"input_bytes=$((2 * $(wc -c <t)))" ]]
  run -0 --separate-stderr bpbcalc --verbose -q t
  [ -z "$stderr" ]
}

# ---- Refusals ----

# refused STDERR ARGUMENT...: exit status 3, that line, nothing on standard output.
refused() {
  local want=$1 status=0 stderr
  shift
  bpbcalc "$@" >printed 2>said || status=$?
  [ "$status" -eq 3 ] || { echo "status $status"; return 1; }
  [ ! -s printed ] || { echo "printed: $(<printed)"; return 1; }
  IFS= read -rd '' stderr <said || true
  [ "$stderr" = "bpbcalc: $want"$'\n' ] || { echo "says '$stderr' instead of 'bpbcalc: $want'"; return 1; }
}

@test "bpbcalc: without text bytes there are no bits per byte" {
  small_stream >good
  echo '1 2 3' | bitpack --from=ids --vocab=10 >unknown
  why="text bytes are not known, so bits/byte cannot be told"
  refused "unknown: $why" unknown
  refused "unknown: $why" good unknown # the good stream's row is not printed either
  refused "-: $why" - <unknown
  { table 8 '' 1 8 0 0 0 none 1000 0 && token 1 8; } >e
  refused "e: $why" e
  # If one of two streams in a file is unknown, so are both together.
  echo '1 2 3' | bitpack --from=ids --vocab=10 --text=<(echo text) >known
  bpbcalc known >out
  cat known unknown >both
  refused "both: $why" both
}

@test "bpbcalc: nothing is refused as such: no tokens, no text" {
  : | bitpack --from=ids --vocab=10 --text=/dev/null >none
  refused "none: no tokens" none
  refused "none: no tokens" --unigram-from=none none
  small_stream >t
  acwin -0 </dev/null | bitpack >empty
  refused "empty: no tokens" empty
  table 0 20 0 8 0 0 0 none 1000 0 >e
  refused "e: no tokens" e
  table 8 0 1 8 0 0 0 none 1000 0 >e
  refused "e: no bytes of text" e
  : >nothing
  refused "nothing: empty: neither token streams nor an evaluation table, byte 0" t nothing
}

@test "bpbcalc: ids that mean something else are not compared" {
  sample 3000 >text
  acwin text >windows
  bitpack windows >t16
  bitpack -v 8 windows >t8
  bitpack --from=raw text >bytes
  acwin -b 24 text | bitpack -v 16 >t24
  acwin --code=split text | bitpack >split
  quick_model m
  acwin -m m text | bitpack >other
  refused "t8: tokens differ from those of t16: vocabulary 256, not 65536" --unigram-from=t16 t8
  refused "t8: tokens differ from those of bytes: code best, not none" --unigram-from=bytes t8
  refused "split: tokens differ from those of t16: code split, not best" --unigram-from=t16 split
  refused "t24: tokens differ from those of split: window bits 24, not 16" --unigram-from=split t24
  parameters=$(od -An -tu8 -j 56 -N 8 t16)
  refused "other: tokens differ from those of split: parameters of M1 $(($(od -An -tu8 -j 56 -N 8 other))), not $((parameters))" --unigram-from=split other
  cat t16 t8 >mixed
  refused "mixed: vocabulary 256, not 65536 as before, byte $(($(wc -c <t16) + 12))" mixed
  { table 8 20 1 256 8 16 1 best 1000 $((parameters)) && token 1 8; } >e
  [ "$(bpbcalc --unigram-from=t8 e | get unigram)" = held-out ] # the fields that both have agree
  refused "e: tokens differ from those of t16: vocabulary 256, not 65536" --unigram-from=t16 e
}

@test "bpbcalc: --unigram-from needs one set of counts" {
  { small_table && token 0 8; } >e
  small_table >bare
  cat e e >two
  refused "two: more than one evaluation table" --unigram-from=two e
  refused "bare: the table has no token counts" --unigram-from=bare e
  echo bad >bad
  refused "bad: neither an evaluation table nor an nct stream, line 1" --unigram-from=bad e
  run -1 --separate-stderr bpbcalc --unigram-from=nowhere e
  [[ $stderr == "bpbcalc: nowhere: No such file or directory" ]]
  run -1 --separate-stderr bpbcalc --unigram-from=/ e
  [[ $stderr == "bpbcalc: /: Is a directory" ]]
}

# ---- Damage ----

@test "bpbcalc: windows, cut and damaged streams exit 3 and say where" {
  sample 3000 | acwin >windows
  refused "windows: a window stream, not tokens, byte 10" windows
  bitpack windows >t
  cat t windows >both
  refused "both: a window stream, not tokens, byte $(($(wc -c <t) + 10))" both
  for n in 1 7 71 72 73 150 $(($(wc -c <t) - 1)); do
    head -c "$n" t >cut
    run -3 --separate-stderr bpbcalc cut
    [ -z "$output" ]
    [[ $stderr == "bpbcalc: cut: stream ends early, "*"byte $n" ]]
  done
  for at in 1 12 20 64 72 100 200 $(($(wc -c <t) - 20)); do
    cp t bad
    flip bad "$at"
    run -3 --separate-stderr bpbcalc bad
    [ -z "$output" ]
    [ "${#stderr_lines[@]}" -eq 1 ]
    [[ $stderr =~ ^bpbcalc:\ bad:\ .*,\ byte\ [0-9]+$ ]]
  done
  small_table >e
  cat t e >both
  refused "both: not an nct stream, byte $(wc -c <t)" both
  cat e t >both
  run -3 --separate-stderr bpbcalc both
  [ -z "$output" ]
  [[ $stderr == "bpbcalc: both: "*", line 3" ]]
}

@test "bpbcalc: any fault of a table exits 3 with its line" {
  { table 8 20 12.5 8 3 16 1 split 1000 3000 && position 0 4 && position 3 4 && token 0 1 1 2 2 4 3 1; } >good
  bpbcalc good >out
  while IFS='|' read -r change says; do
    sed "$change" good >bad
    if cmp -s good bad; then echo "no change: $change"; return 1; fi
    refused "bad: $says" bad || { echo "$change"; return 1; }
  done <<'END'
1s/tokens/token/|column 3 is not 'tokens', line 1
1s/\taccuracy//|column 8 is not 'accuracy', line 1
1s/$/\tmore/|too many columns, line 1
1s/\tm1_parameters//|column 15 is not 'm1_parameters', line 1
1s/row/Row/|neither an evaluation table nor an nct stream, line 1
1s/$/\r/|column 16 is not 'm2_output_parameters', line 1
1d|neither an evaluation table nor an nct stream, line 1
2,$d|no row 'total' before this, line 1
2d|the first row is not 'total', line 2
2p|a second row 'total', line 3
2s/total/sum/|a row of an unknown kind, line 2
2s/total/token/|the first row is not 'total', line 2
2s/\t\t8/\t1\t8/|index does not belong in such a row, line 2
2s/\t8\t20/\t\t20/|tokens is missing, line 2
2s/\t8\t20/\t-8\t20/|tokens is no number, or one out of range, line 2
2s/\t8\t20/\t+8\t20/|tokens is no number, or one out of range, line 2
2s/\t8\t20/\t 8\t20/|tokens is no number, or one out of range, line 2
2s/\t8\t20/\t08\t20/|tokens is no number, or one out of range, line 2
2s/\t8\t20/\t8.0\t20/|tokens is no number, or one out of range, line 2
2s/\t8\t20/\t0x8\t20/|tokens is no number, or one out of range, line 2
2s/\t8\t20/\t18446744073709551616\t20/|tokens is no number, or one out of range, line 2
2s/\t8\t20/\t99999999999999999999999\t20/|tokens is no number, or one out of range, line 2
2s/\t20/\t20x/|text_bytes is no number, or one out of range, line 2
2s/12.5/nan/|nats is no number, or one out of range, line 2
2s/12.5/inf/|nats is no number, or one out of range, line 2
2s/12.5/-1/|nats is no number, or one out of range, line 2
2s/12.5/0x1p3/|nats is no number, or one out of range, line 2
2s/12.5/12./|nats is no number, or one out of range, line 2
2s/12.5/.5/|nats is no number, or one out of range, line 2
2s/12.5/1e/|nats is no number, or one out of range, line 2
2s/12.5/1e31/|nats is no number, or one out of range, line 2
2s/12.5/1e999/|nats is no number, or one out of range, line 2
2s/12.5/12,5/|nats is no number, or one out of range, line 2
2s/12.5/12.500000000000000000000000000000000000000/|nats is no number, or one out of range, line 2
2s/12.5/1\x002/|nats is no number, or one out of range, line 2
2s/12.5//|nats is missing, line 2
2s/\t1.5\t/\t\t/|nats_per_token is missing, line 2
2s/2.25/x/|bits_per_token is no number, or one out of range, line 2
2s/0.5\t8/1.01\t8/|accuracy is no number, or one out of range, line 2
2s/0.5\t8/0.5\t1/|vocabulary is no number, or one out of range, line 2
2s/0.5\t8/0.5\t65537/|vocabulary is no number, or one out of range, line 2
2s/0.5\t8/0.5\t16/|the columns contradict each other (vocabulary), line 2
2s/\t3\t16/\t17\t16/|token_bits is no number, or one out of range, line 2
2s/\t3\t16/\t4\t16/|the columns contradict each other (vocabulary), line 2
2s/\t3\t16/\t3\t129/|window_bits is no number, or one out of range, line 2
2s/\t3\t16/\t3\t9/|the columns contradict each other (window bits), line 2
2s/\t16\t1/\t16\t4294967296/|resets is no number, or one out of range, line 2
2s/split/Split/|code is not known, line 2
2s/split/none/|the columns contradict each other (window bits), line 2
2s/split/unbroken/|the columns contradict each other (window bits), line 2
2s/split//|code is missing, line 2
2s/1000/-/|m2_parameters is no number, or one out of range, line 2
2s/3000//|m1_parameters is missing, line 2
2s/\t3000//|too few columns, line 2
2s/$/\t/|too many columns, line 2
3s/\t0\t4/\t16\t4/|index is past the window, line 3
3s/\t0\t4/\t65536\t4/|index is no number, or one out of range, line 3
3s/\t0\t4/\t\t4/|index is missing, line 3
3s/\t0\t4/\t0\t/|tokens is missing, line 3
3s/0.125/1.125/|accuracy is no number, or one out of range, line 3
3s/0.125\t/0.125\t8/|vocabulary does not belong in such a row, line 3
4s/\t3\t4/\t0\t4/|a second row of this position, line 4
5s/\t1\t/\tx\t/|tokens is no number, or one out of range, line 5
5s/\t\t/\t1\t/|text_bytes does not belong in such a row, line 5
5s/$/0/|m2_output_parameters does not belong in such a row, line 5
2s/500$//|m2_output_parameters is missing, line 2
2s/500$/0/|m2_output_parameters is no number, or one out of range, line 2
1s/\tm2_output_parameters//|too many columns, line 2
6s/\t1\t2/\t0\t2/|ids do not ascend, line 6
7p|ids do not ascend, line 8
8s/\t3\t1/\t8\t1/|index is an id outside the vocabulary, line 8
8s/\t3\t1/\t3\t2/|the ids' tokens are more than the total, line 8
8s/\t3\t1/\t3\t18446744073709551615/|the ids' tokens are more than the total, line 8
8s/\t3\t1/\t3\t0/|the ids' tokens are fewer than the total before this, line 8
8d|the ids' tokens are fewer than the total before this, line 7
8s/^/\n/|a row of an unknown kind, line 8
4s/^/row\n/|column 2 is not 'index', line 4
END
}

@test "bpbcalc: a table whose last line does not end is cut, one whose line does not end is no table" {
  { small_table && token 0 8; } >good
  printf '%s' "$(cat good)" >cut
  refused "cut: ends early, line 3" cut
  { small_table && head -c 1024 /dev/zero | tr '\0' x && echo; } >long
  refused "long: the line is too long, line 3" long
  { small_table && head -c 1023 /dev/zero | tr '\0' x && echo; } >long
  refused "long: a row of an unknown kind, line 3" long
  run -3 --separate-stderr bpbcalc /dev/zero # its first line has no end
  [[ $stderr == "bpbcalc: /dev/zero: the line is too long, line 1" ]]
}

# ---- Failures and usage ----

@test "bpbcalc: files that are not there, or not files, exit 1" {
  run -1 --separate-stderr bpbcalc none
  [[ $stderr == "bpbcalc: none: No such file or directory" ]]
  run -1 --separate-stderr bpbcalc /
  [[ $stderr == "bpbcalc: /: Is a directory" ]]
  small_stream >t
  run -1 --separate-stderr bpbcalc -o none/out t
  [[ $stderr == "bpbcalc: none/out: No such file or directory" ]]
}

@test "bpbcalc: a failed write is never a success" {
  small_stream >t
  for how in "" --pretty; do
    run -1 sh -c "bpbcalc $how t >/dev/full"
    [[ $output == "bpbcalc: -: cannot write: No space left on device" ]]
    run -1 sh -c "bpbcalc $how t >&-"
    [[ $output == "bpbcalc: -: "* ]]
  done
}

@test "bpbcalc: wrong usage exits 2 with one line" {
  small_stream >t
  for how in "-x" "--frobnicate" "-T 2" "--cpu=ref" "--pretty=yes" "--unigram-from" "-o" "--unigram-from=- -"; do
    # shellcheck disable=SC2086
    run -2 --separate-stderr bpbcalc t $how </dev/null
    [ -z "$output" ]
    [ "${#stderr_lines[@]}" -eq 1 ]
    [[ $stderr == "bpbcalc: "* ]]
  done
  run -2 --separate-stderr bpbcalc --unigram-from=- <t
  [[ $stderr == "bpbcalc: --unigram-from=-: standard input is read already" ]]
}

@test "bpbcalc: --help lists every option of the page, --version says nct; the table may go to a terminal" {
  run -0 --separate-stderr bpbcalc --help
  [ -z "$stderr" ]
  for o in --unigram-from --pretty --output --quiet --verbose --help --version; do
    [[ $output == *"$o"* ]]
  done
  [[ $output != *--threads* && $output != *--cpu* ]]
  run -0 bpbcalc -V
  [[ ${lines[0]} == "bpbcalc (nct) "* ]]
  small_stream >t
  run -0 script -qec "bpbcalc t" /dev/null
  [[ $output == *oracle* ]]
}
