/* SPDX-License-Identifier: Apache-2.0
 * span/record_priv.h - the members of a request record that are rows of tables, for its writer and its reader.
 */
#ifndef PLIMSOLL_SPAN_RECORD_PRIV_H
#define PLIMSOLL_SPAN_RECORD_PRIV_H

#include "agent/span/record.h"

#define RECORD_TEXTS         14
#define RECORD_INSIDE_TEXTS  3
#define RECORD_COUNTS        10
#define RECORD_COUNTS_ALWAYS 5 /* those every record has; the others are there where they are not zero */
#define RECORD_FINISHES      7

struct record_text {
	const char *key;
	size_t offset; /* of a slice in struct call */
};

struct record_count {
	const char *key;
	enum token_class class;
};

struct record_finish {
	uint32_t bit;
	const char *name;
};

extern const struct record_text record_texts[RECORD_TEXTS];
/* Only records inside the agent have these: who was served does not leave with them. */
extern const struct record_text record_inside_texts[RECORD_INSIDE_TEXTS];
extern const struct record_count record_counts[RECORD_COUNTS];
extern const struct record_finish record_finishes[RECORD_FINISHES];

#endif
