/* list.c - lists streams: what headers and blocks say, with every checksum checked. It needs no model. */
#include <inttypes.h>

#include "base/err.h"
#include "base/options.h"
#include "stream/stream.h"

nct_err
nct_list(int in, const struct nct_list_options *options, nct_why *why)
{
	struct nct_list_options o;
	nct_reader *r;
	struct nct_block b;
	enum nct_event event = NCT_AT_HEADER;
	int open = 0, missing = 0; /* a stream has begun and not ended; something of it was lost */
	uint64_t losses = 0;
	nct_why own;
	nct_err err;

	why = nct_why_begin(why, &own);
	if ((err = nct_options_take(&o, sizeof o, options, why)) != NCT_OK ||
	    (err = nct_reader_new(&r, in, o.keep_going)) != NCT_OK)
		return err;
	while (event != NCT_AT_END) {
		struct nct_header h = {0};
		struct nct_totals t = {0};

		if (open) {
			h = *nct_reader_header(r);
			t = *nct_reader_totals(r);
		}
		err = nct_reader_next(r, &event, &b, why);
		if (err == NCT_OK && event == NCT_AT_LOSS) {
			losses++;
			missing = open;
			if (o.lost != NULL)
				o.lost(o.ctx, why);
		}
		if (open && err == NCT_OK && event == NCT_AT_TRAILER) {
			o.each(o.ctx, nct_reader_header(r), nct_reader_totals(r), missing ? NCT_END_DAMAGED : NCT_END_WHOLE);
			open = 0;
		} else if (open && (err != NCT_OK || event == NCT_AT_HEADER || event == NCT_AT_END)) {
			o.each(o.ctx, &h, &t, NCT_END_CUT);
			open = 0;
		}
		if (err != NCT_OK)
			break;
		if (event == NCT_AT_HEADER) {
			open = 1;
			missing = 0;
		}
	}
	nct_reader_free(r);
	return err == NCT_OK && losses > 0 ? nct_fail(why, NCT_EDATA, "damaged, %" PRIu64 " losses", losses) : err;
}
