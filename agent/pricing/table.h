/* SPDX-License-Identifier: Apache-2.0
 * pricing/table.h - one price table, ready for lookup: the block and its compiled expressions.
 *
 * Finds a row exactly as the genai-prices data defines it, without any interpretation of ours. Read-only after
 * table_open; any thread may read it with a scratch of its own. Source of the rules: genai-prices 0.2.3.
 */
#ifndef PLIMSOLL_PRICING_TABLE_H
#define PLIMSOLL_PRICING_TABLE_H

#include "agent/base/buf.h"
#include "agent/base/status.h"
#include "agent/pricing/image.h"

#define MODEL_NAME_MAX 512u /* longer names are found nowhere */

struct table {
	struct image image;
	struct buf block; /* empty where the block is the embedded one */
	struct pcre2_real_code_8 **clause_regexes; /* one a clause; NULL where it is none */
	struct pcre2_real_code_8 **api_regexes;    /* one a provider */
};

/* What matching an expression needs; one a thread. Bounded: an expression that explodes counts as not matching. */
struct scratch {
	struct pcre2_real_match_data_8 *match_data;
	struct pcre2_real_match_context_8 *context;
};

enum find_result { FIND_OK, FIND_NO_PROVIDER, FIND_NO_MODEL };

struct found {
	const struct table *table;
	const struct image_provider *provider; /* asked */
	const struct image_provider *owner;    /* of the model: another one where a fallback provider has it */
	const struct image_model *model;
};

/* block: moved into the table where it owns bytes; else block_bytes (embedded) is borrowed.
 * Errors: CORRUPT, not a block of this version; NOMEM. */
struct status table_open(struct table *t, struct buf *block) MUST_USE;
struct status table_open_embedded(struct table *t, const void *block, size_t size) MUST_USE;
void table_release(struct table *t);

struct status scratch_init(struct scratch *s) MUST_USE;
void scratch_release(struct scratch *s);

/* True where the clause accepts text (in lower case). */
bool table_clause_accepts(const struct table *t, struct scratch *s, uint32_t clause, struct slice text);

/* s in lower case, at out (MODEL_NAME_MAX bytes). ptr NULL where it is longer than that. */
struct slice table_lower_case(struct slice s, char *out);

/* provider: as named by the caller; ptr NULL: not named. url: ptr NULL: not known. model: any case.
 * out->provider is set with FIND_NO_MODEL too. */
enum find_result table_find(const struct table *t, struct scratch *s, struct slice provider, struct slice url,
			    struct slice model, struct found *out);

#endif
