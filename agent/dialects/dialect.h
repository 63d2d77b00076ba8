/* SPDX-License-Identifier: Apache-2.0
 * dialects/dialect.h - what a telemetry dialect is: a table of attribute names and what they mean.
 *
 * Each dialect is one file with rows of (attribute key, field of the call, conversion, rank). All tables together are
 * compiled into one perfect hash at start, so that reading a span costs one lookup per attribute however many dialects
 * there are. Where several attributes feed one field, the lowest rank wins: ranks are the merge rule, field by field,
 * and they are comparable across dialects. Token counts are the exception: they are taken from one family as a whole
 * (see usage.h), never mixed.
 */
#ifndef PLIMSOLL_DIALECTS_DIALECT_H
#define PLIMSOLL_DIALECTS_DIALECT_H

#include "agent/span/call.h"

enum field {
	/* texts */
	FIELD_OPERATION,
	FIELD_PROVIDER,
	FIELD_REQUEST_MODEL,
	FIELD_RESPONSE_MODEL,
	FIELD_RESPONSE_ID,
	FIELD_SERVICE_TIER,
	FIELD_SERVER_ADDRESS,
	FIELD_SESSION,
	FIELD_USER,
	FIELD_FEATURE,
	FIELD_WORKFLOW,
	FIELD_USER_SEGMENT,
	FIELD_ENVIRONMENT,
	FIELD_RELEASE,
	FIELD_SERVICE,
	FIELD_ERROR_TYPE,
	FIELD_PROMPT_TEMPLATE,
	FIELD_TEXT_COUNT,
	/* name and version of one prompt must come from one source: rank is the source */
	FIELD_PROMPT_NAME = FIELD_TEXT_COUNT,
	FIELD_PROMPT_VERSION,
	/* numbers, words and flags */
	FIELD_LEAF,      /* words of enum call_role: evidence of a model call */
	FIELD_AGGREGATE, /* words of enum call_role: evidence of a span around model calls; beats FIELD_LEAF */
	FIELD_FINISH,    /* words of enum finish_reason */
	FIELD_STREAMING,
	FIELD_TTFT,
	FIELD_HTTP_STATUS,
	FIELD_REPORTED_COST,
	FIELD_ANSWER,       /* the answer's text: only whether it is empty */
	FIELD_TOKENS,       /* rank: enum token_family; class says which count */
	FIELD_TOKENS_TOTAL, /* rank: enum token_family */
	FIELD_MEMBERS,      /* an object in JSON text: its members are read by the rows of `members` */
	FIELD_METADATA,     /* the same; its members are read as the keys under `dimensions` in the configuration */
};

enum conversion {
	CONVERT_TEXT,     /* strings; numbers and booleans as text; an array's first element */
	CONVERT_NAME,     /* as text, but "unknown" and the like are no value */
	CONVERT_PROVIDER, /* as text, in the semantic conventions' spelling; names of frameworks are no value */
	CONVERT_COUNT,    /* whole and not negative, also as double or decimal text */
	CONVERT_USD,
	CONVERT_SECONDS,
	CONVERT_MILLISECONDS,
	CONVERT_TRUTH, /* booleans, also as "true" / "True" / "false" */
	CONVERT_WORDS, /* text, or an array of texts, looked up in `words` */
	CONVERT_JSON,
};

struct dialect_word {
	const char *text; /* compared without case; NULL ends the list */
	int value;
};

/* Families of token counts, in the order in which they are trusted: one family, never a mixture. */
enum token_family {
	FAMILY_GEN_AI,        /* gen_ai.usage.*, current names */
	FAMILY_OPENINFERENCE, /* llm.token_count.* */
	FAMILY_GEN_AI_OLD,    /* gen_ai.usage.prompt_tokens, completion_tokens */
	FAMILY_COUNT
};

#define RANK_NONE 255

struct dialect_row {
	const char *key; /* NULL ends the table */
	enum field field;
	enum conversion conversion;
	uint8_t rank;
	enum token_class class;            /* FIELD_TOKENS */
	const struct dialect_word *words;  /* CONVERT_WORDS */
	const struct dialect_row *members; /* FIELD_MEMBERS */
};

struct dialect {
	const char *name;
	const char *source; /* where the facts come from, with version and date */
	const struct dialect_row *rows;
};

/* All dialects, ends at NULL. */
extern const struct dialect *const dialects[];

/* Finish reasons of all vendors. */
extern const struct dialect_word finish_words[];

#endif
