/* list.c - what streams hold, by their headers and blocks alone: no model, every checksum checked. */
#include <inttypes.h>

#include "base/err.h"
#include "format/stream.h"

nct_err
nct_list(int in, int keep_going, void (*each)(void *ctx, const struct nct_header *h, const struct nct_totals *t, int cut), void *ctx, nct_why *why)
{
	nct_reader *r;
	struct nct_block b;
	enum nct_event event = NCT_AT_HEADER;
	int open = 0, damaged = 0;
	nct_err err = nct_reader_new(&r, in, keep_going);

	if (err != NCT_OK)
		return err;
	while (event != NCT_AT_END) {
		struct nct_header h = {0};
		struct nct_totals t = {0};

		if (open) {
			h = *nct_reader_header(r);
			t = *nct_reader_totals(r);
		}
		err = nct_reader_next(r, &event, &b, why);
		damaged |= err == NCT_OK && event == NCT_AT_LOSS;
		if (open && err == NCT_OK && event == NCT_AT_TRAILER) {
			each(ctx, nct_reader_header(r), nct_reader_totals(r), 0);
			open = 0;
		} else if (open && (err != NCT_OK || event == NCT_AT_HEADER || event == NCT_AT_END)) {
			each(ctx, &h, &t, 1);
			open = 0;
		}
		if (err != NCT_OK)
			break;
		open |= event == NCT_AT_HEADER;
	}
	nct_reader_free(r);
	return err == NCT_OK && damaged ? nct_fail(why, NCT_EDATA, "damaged: some of it was skipped") : err;
}
