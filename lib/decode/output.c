/* output.c - where decoded text goes, in order, whoever decodes it. */
#include "decode/output.h"

#include "base/io.h"

nct_err
nct_output_write(struct nct_output *d, const uint8_t *text, size_t n)
{
	static const uint8_t nul[1] = {0};
	const int ends = d->open && d->missing;
	nct_err err = NCT_OK;

	if (d->fd < 0 || n == 0)
		return NCT_OK;
	if (ends)
		err = nct_write(d->fd, nul, 1);
	if (err == NCT_OK)
		err = nct_write(d->fd, text, n);
	d->open = d->by_nul && text[n - 1] != 0;
	d->missing = 0;
	return err;
}
