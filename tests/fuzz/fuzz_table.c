/* fuzz_table.c - a fuzz target: any bytes as an evaluation table, as they are and after a valid header row.
 *
 * Built for libFuzzer and run by `make fuzz`; `make check` runs test_measure, which mutates a table of its own and
 * replays the corpus. */
#include "fuzz.h"

#include <math.h>

#define INPUT_MAX 60000 /* fits into a pipe together with the header row */

static void
check_measured(void *ctx, const struct nct_measured *m)
{
	uint64_t sum = 0;

	(*(size_t *)ctx)++;
	must(m->header.kind == NCT_TOKENS && m->header.vocab >= 2 && m->header.vocab <= 65536, "a vocabulary out of range");
	must(!m->evaluated || (isfinite(m->nats) && m->nats >= 0), "a loss that is no number");
	for (uint32_t id = 0; m->counts != NULL && id < m->header.vocab; id++)
		sum += m->counts[id];
	must(m->counts == NULL || sum == m->tokens, "counts that are not the total");
}

/* The number of tables in `head` followed by p[0..n); -1 if they are damaged. */
static int
measure_bytes(const char *head, const uint8_t *p, size_t n)
{
	nct_why why;
	nct_err err;
	size_t calls = 0;
	int fd[2];

	must(pipe(fd) == 0, "pipe");
	must(nct_write(fd[1], head, strlen(head)) == NCT_OK && nct_write(fd[1], p, n) == NCT_OK, "writing to the pipe");
	close(fd[1]);
	err = nct_measure(fd[0], check_measured, NULL, &calls, &why);
	close(fd[0]);
	must(err == NCT_OK || (nct_err_status(err) == 3 && why.text[0] != '\0'), "an error without words, or not for damage");
	must(err != NCT_OK || calls > 0, "nothing measured, and no error");
	return err == NCT_OK ? (int)calls : -1;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > INPUT_MAX)
		return 0;
	measure_bytes("", data, size);
	measure_bytes(NCT_EVALUATION_COLUMNS "\n", data, size);
	return 0;
}
