/* match.c - whether tokens of two streams are the same language. */
#include "format/match.h"

#include <inttypes.h>

#include "base/err.h"

const char *
nct_code_name(enum nct_code code)
{
	switch (code) {
	case NCT_CODE_NONE: return "none";
	case NCT_CODE_SPLIT: return "split";
	case NCT_CODE_BEST: return "best";
	case NCT_CODE_UNBROKEN: return "unbroken";
	}
	return "unknown";
}

nct_err
nct_header_match(const struct nct_header *have, const struct nct_header *want, nct_why *why)
{
	const struct {
		const char *what;
		uint64_t have, want;
	} numbers[] = {
		{"window bits", have->window_bits, want->window_bits}, {"token bits", have->token_bits, want->token_bits},
		{"vocabulary", have->vocab, want->vocab},              {"resets", have->resets, want->resets},
	}, prints[] = {
		{"M1", have->m1, want->m1},
		{"windows", have->windows, want->windows},
	};

	if (have->kind != want->kind)
		return nct_fail(why, NCT_EMODEL, "%s, not %s", have->kind == NCT_TOKENS ? "tokens" : "windows",
		                want->kind == NCT_TOKENS ? "tokens" : "windows");
	if (have->code != want->code)
		return nct_fail(why, NCT_EMODEL, "made with code %s, not %s", nct_code_name(have->code), nct_code_name(want->code));
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		if (numbers[i].have != numbers[i].want)
			return nct_fail(why, NCT_EMODEL, "made with %s %" PRIu64 ", not %" PRIu64, numbers[i].what, numbers[i].have,
			                numbers[i].want);
	for (size_t i = 0; i < sizeof prints / sizeof prints[0]; i++)
		if (prints[i].have != prints[i].want)
			return nct_fail(why, NCT_EMODEL, "made with %s %016" PRIx64 ", not %016" PRIx64, prints[i].what, prints[i].have,
			                prints[i].want);
	return NCT_OK;
}
