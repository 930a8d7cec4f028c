/* worth.h - what a count in one text says about others. */
#ifndef NCT_STRINGS_WORTH_H
#define NCT_STRINGS_WORTH_H

#include "strings/tally.h"

#define NCT_RARE 32 /* the count of a string that occurs in so many documents is halved */
#define NCT_FINE 64 /* nct_worth() is in this fraction of a count */

/* count * d / (d + NCT_RARE) if the string occurs in d documents, in units of 1 / NCT_FINE. A string of few documents
 * may be peculiar to them. Strings chosen so, from articles and novels, make windows of web pages 1% longer than
 * strings chosen by plain counts. With 8 for NCT_RARE it is 0.7%. */
static inline int64_t
nct_worth(const struct nct_tally_node *node, uint32_t count)
{
	return (int64_t)count * NCT_FINE * node->documents / (node->documents + NCT_RARE);
}

#endif
