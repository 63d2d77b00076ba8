/* SPDX-License-Identifier: Apache-2.0
 * dialects/dialect.h - what a telemetry dialect is: a table of attribute names and what they mean.
 *
 * Each dialect is one file with rows of (attribute key, field of the call, conversion, rank). All tables together are
 * compiled into one perfect hash at start, so that reading a span costs one lookup per attribute however many dialects
 * there are. Where several attributes feed one field, the lowest rank wins: ranks are the merge rule, field by field,
 * and they are comparable across dialects. Token counts are the exception: they are taken from one family as a whole
 * (see usage.h), never mixed.
 *
 * Keys that go on without end (`metadata.<name>`, `retrieval.documents.<n>.document.score`) are prefixes: what follows
 * is looked up in rows of its own. Values that are objects, as JSON text, as Python's text of a dict or as a list of
 * key and value, are read by rows too, and so on inward.
 *
 * Texts of prompts and answers are only noted in this pass; content.h looks into them where something is missing.
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
	FIELD_REQUEST_ID,
	FIELD_SERVICE_TIER,
	FIELD_SERVER_ADDRESS,
	FIELD_SESSION, /* from here to FIELD_SERVICE: of the application; the resource may tell them for all its spans */
	FIELD_USER,
	FIELD_FEATURE,
	FIELD_WORKFLOW,
	FIELD_USER_SEGMENT,
	FIELD_ENVIRONMENT,
	FIELD_RELEASE,
	FIELD_TENANT,
	FIELD_SERVICE,
	FIELD_RESERVATION, /* of a budget, made before the call */
	FIELD_ERROR_TYPE,
	FIELD_ERROR_MESSAGE,
	FIELD_TOOL_NAME,
	FIELD_POLICY_RESULT,
	FIELD_PROMPT_TEMPLATE,
	FIELD_COLLECTION, /* of a search */
	FIELD_OFFERED_MODEL, /* a proxy's own name for a model, by which applications ask for it */
	FIELD_ROUTED_MODEL,  /* what the proxy asked its vendor for, as "vendor/model" */
	FIELD_TEXT_COUNT,
	/* name and version of one prompt must come from one source: rank is the source */
	FIELD_PROMPT_NAME = FIELD_TEXT_COUNT,
	FIELD_PROMPT_VERSION,
	/* numbers, words and flags */
	FIELD_LEAF,      /* words of enum call_role: evidence of a model call */
	FIELD_AGGREGATE, /* words of enum call_role: evidence of a span around model calls; beats FIELD_LEAF */
	FIELD_NOTHING,   /* a key that in this producer's spans means none of what it means elsewhere */
	FIELD_DROP,      /* words: the span repeats another one (a pending span) and is no call at all */
	FIELD_FINISH,    /* words of enum finish_reason */
	FIELD_STREAMING,
	FIELD_TTFT,
	FIELD_FIRST_TOKEN_AT, /* an absolute time; the time to the first token is counted from the span's start */
	FIELD_DURATION,       /* where the span itself is only the moment at which the call ended */
	FIELD_HTTP_STATUS,
	FIELD_RETRIES,
	FIELD_TEMPERATURE,
	FIELD_MAX_OUTPUT_TOKENS,
	FIELD_TOP_K, /* of a search */
	FIELD_SAMPLING_TOP_K, /* of a model call; older conventions say the one of a search by the same key */
	FIELD_REPORTED_COST,
	FIELD_COST_PART,    /* summed where no total comes with them */
	FIELD_FROM_CACHE,
	FIELD_EVALUATION_TRAFFIC,
	FIELD_JUDGES, /* the span says what somebody thinks of a call: dialects/judged.h reads it */
	FIELD_BLOCKED,
	FIELD_GUARD_KIND, /* words of enum guard_kind: what a guardrail looks for */
	FIELD_GUARD_HIT,  /* and that it found it */
	FIELD_INJECTION,
	FIELD_SENSITIVE,
	FIELD_JSON_WANTED,
	FIELD_FAILED,
	FIELD_TOKENS,       /* rank: enum token_family; class says which count */
	FIELD_TOKENS_TOTAL, /* rank: enum token_family */
	FIELD_TOKENS_WRITTEN, /* the same; written to the cache for one lifetime: all of them make up TOKENS_CACHE_WRITE */
	FIELD_TOKENS_INCLUSIVE, /* the key's presence proves that the family's input includes cached tokens */
	/* retrieved documents, by the number in the key or the place in the list */
	FIELD_DOCUMENT, /* there is one of this number */
	FIELD_DOCUMENT_ID,
	FIELD_DOCUMENT_SCORE,
	FIELD_DOCUMENT_DATE,
	FIELD_DOCUMENT_TEXT,
	FIELD_TOOL_CALL, /* the name of a tool that the answer asks for */
	FIELD_FIRST_ROLE, /* words: the first message is the system's */
	/* texts, noted for content.h; rank as elsewhere */
	FIELD_SYSTEM_TEXT,
	FIELD_FIRST_TEXT, /* of the first message: the system's where FIELD_FIRST_ROLE says so */
	FIELD_INPUT_TEXT,
	FIELD_OUTPUT_TEXT,
	FIELD_RAW_ANSWER, /* the vendor's whole answer, or a framework's around it */
	FIELD_SCHEMA,
	FIELD_CONTENT_END,
	/* values that hold others */
	FIELD_MEMBERS = FIELD_CONTENT_END, /* an object or a list of objects: its members are read by `members` */
	FIELD_METADATA, /* the same; members are also the keys under `dimensions` in the configuration */
};

#define CONTENT_FIRST FIELD_SYSTEM_TEXT
#define CONTENT_COUNT (FIELD_CONTENT_END - CONTENT_FIRST)

enum guard_kind {
	GUARD_INJECTION = 1,
	GUARD_SENSITIVE = 2,
};

enum conversion {
	CONVERT_TEXT,     /* strings; numbers and booleans as text; an array's first element */
	CONVERT_NAME,     /* as text, but "unknown" and the like are no value */
	CONVERT_PROVIDER, /* as text, in the semantic conventions' spelling; names of frameworks are no value */
	CONVERT_PLUGIN,       /* of "plugin/model": the plugin, as a provider; no value without one */
	CONVERT_PLUGIN_MODEL, /* of the same: the model, which may have slashes of its own */
	CONVERT_COUNT,    /* whole and not negative, also as double or decimal text */
	CONVERT_USD,
	CONVERT_SECONDS,
	CONVERT_MILLISECONDS,
	CONVERT_TTFT_UNITS, /* seconds; milliseconds where that alone fits into the span; nanoseconds from a million on */
	CONVERT_TIME,     /* ISO 8601 in UTC */
	CONVERT_TRUTH,    /* booleans, also as "true" / "True" / "false" */
	CONVERT_WORDS,    /* text, or an array of texts, looked up in `words` */
	CONVERT_PRESENCE, /* whatever the value: the first of `words`, or true */
	CONVERT_NUMBER,
	CONVERT_JSON,
	CONVERT_CONTENT,
};

struct dialect_word {
	const char *text; /* compared without case; NULL ends the list */
	int value;
};

/* Families of token counts, in the order in which they are trusted: one family, never a mixture. */
enum token_family {
	FAMILY_GEN_AI,        /* gen_ai.usage.*, current names */
	FAMILY_LANGFUSE,      /* langfuse.observation.usage_details: every class apart, to be added up */
	FAMILY_AI_SDK,        /* ai.usage.* */
	FAMILY_OPENINFERENCE, /* llm.token_count.* */
	FAMILY_GEN_AI_OLD,    /* gen_ai.usage.prompt_tokens, completion_tokens */
	FAMILY_FRAMEWORK,     /* mlflow.chat.tokenUsage, LangSmith's usage_metadata, braintrust.metrics.* */
	FAMILY_RAW_APART,     /* the vendor's usage object, read as Anthropic and Bedrock mean it: cache beside input */
	FAMILY_RAW_INCLUDED,  /* the same, read as OpenAI means it */
	FAMILY_BARE,          /* input_tokens and the like without a prefix: command-line agents */
	FAMILY_COUNT
};

#define RANK_NONE 255

/* Places of a prompt's name and version, in the order in which they are believed. */
enum prompt_source {
	PROMPT_OTEL,
	PROMPT_LANGFUSE,
	PROMPT_TRACELOOP,
	PROMPT_AI_SDK_LANGFUSE,
	PROMPT_MLFLOW,
	PROMPT_LANGCHAIN_HUB,
	PROMPT_OPENLIT,
	PROMPT_OPENINFERENCE,
	PROMPT_CUSTOM,
	PROMPT_SOURCES
};

/* The enums take a byte each, so that two rows share a line of the cache. */
struct dialect_row {
	const char *key;    /* NULL ends the table */
	uint8_t field;      /* enum field */
	uint8_t conversion; /* enum conversion */
	uint8_t rank;       /* of FIELD_MEMBERS: how many elements of a list are read; 0: all */
	uint8_t class;      /* enum token_class, for FIELD_TOKENS */
	const struct dialect_word *words;  /* CONVERT_WORDS, CONVERT_PRESENCE */
	const struct dialect_row *members; /* FIELD_MEMBERS, FIELD_METADATA */
};

/* Keys that begin alike. The rest of the key is looked up in `rows`, where a '#' stands for a number, a '*' for
 * whatever follows. */
struct dialect_prefix {
	const char *prefix; /* at least 8 bytes; NULL ends the list */
	bool is_metadata; /* the rest may also be a key under `dimensions` in the configuration */
	const struct dialect_row *rows;
};

/* What a producer's token counts of a streamed answer are. */
enum stream_usage {
	STREAM_USAGE_SERVED, /* as the API told them, if it did */
	STREAM_USAGE_DOUBTFUL, /* miscounted: whoever else tells of the call is believed */
	STREAM_USAGE_GUESSED, /* counted from the texts by itself, unless cache classes stand beside them */
};

/* How the producer is recognised where keys do not say it. */
struct dialect_scope {
	const char *prefix; /* of the scope's name; NULL ends the list */
	enum producer producer;
	bool input_excludes_cache; /* known of this scope, where the numbers alone do not tell */
	enum stream_usage stream_usage;
};

struct dialect_name {
	const char *span_name;
	enum call_role role; /* an aggregate's, or ROLE_NONE: the span repeats another one */
};

struct dialect {
	const char *name;
	const char *source; /* where the facts come from, with version and date */
	const struct dialect_row *rows;        /* NULL: none */
	const struct dialect_prefix *prefixes; /* NULL: none */
	const struct dialect_scope *scopes;    /* NULL: recognised by its keys alone */
	const struct dialect_name *names;      /* spans known by their name; NULL: none */
	const char *service; /* prefix of the resource's service.name that also means this dialect; NULL: none */
	bool guarded; /* its keys are too common to mean anything in another producer's span; in its own they mean only this */
};

/* All dialects, the most telling first: a span that speaks several is named after the first. Ends at NULL. */
extern const struct dialect *const dialects[];

#define DIALECTS_MAX 64u

/* Words for FIELD_FIRST_ROLE. */
extern const struct dialect_word system_words[];

/* Finish reasons of all vendors. */
extern const struct dialect_word finish_words[];

/* Guardrails: what they look for, verdicts that say it was found, verdicts that stopped the call. */
extern const struct dialect_word guard_kinds[], guard_hits[], guard_blocks[];

/* What users and frameworks put into metadata under whatever prefix. */
extern const struct dialect_row metadata_members[];

/* LangChain's usage_metadata. */
extern const struct dialect_row langchain_usage_members[];

/* Gemini's usage_metadata as Python's clients write it. */
extern const struct dialect_row gemini_usage_members[];

/* Usage objects as the vendors' APIs send them. */
extern const struct dialect_row raw_usage_members[];

/* For the tables: rows in their short forms. */
#define ROW_TEXT(key, field, rank) { key, field, CONVERT_TEXT, rank, 0, NULL, NULL }
#define ROW_NAME(key, field, rank) { key, field, CONVERT_NAME, rank, 0, NULL, NULL }
#define ROW_PROVIDER(key, rank) { key, FIELD_PROVIDER, CONVERT_PROVIDER, rank, 0, NULL, NULL }
#define ROW_WORDS(key, field, words) { key, field, CONVERT_WORDS, 0, 0, words, NULL }
#define ROW_TRUTH(key, field, rank) { key, field, CONVERT_TRUTH, rank, 0, NULL, NULL }
#define ROW_IS(key, field, words) { key, field, CONVERT_PRESENCE, 0, 0, words, NULL }
#define ROW_NUMBER(key, field, conversion, rank) { key, field, conversion, rank, 0, NULL, NULL }
#define ROW_USD(key, rank) { key, FIELD_REPORTED_COST, CONVERT_USD, rank, 0, NULL, NULL }
#define ROW_COUNT(key, family, class) { key, FIELD_TOKENS, CONVERT_COUNT, family, class, NULL, NULL }
#define ROW_TOTAL(key, family) { key, FIELD_TOKENS_TOTAL, CONVERT_COUNT, family, 0, NULL, NULL }
#define ROW_WRITTEN(key, family) { key, FIELD_TOKENS_WRITTEN, CONVERT_COUNT, family, 0, NULL, NULL }
#define ROW_CONTENT(key, field, rank) { key, field, CONVERT_CONTENT, rank, 0, NULL, NULL }
#define ROW_MEMBERS(key, members) { key, FIELD_MEMBERS, CONVERT_JSON, 0, 0, NULL, members }
/* Of a list the first element alone. */
#define ROW_FIRST(key, members) { key, FIELD_MEMBERS, CONVERT_JSON, 1, 0, NULL, members }
#define ROW_METADATA(key, members) { key, FIELD_METADATA, CONVERT_JSON, 0, 0, NULL, members }
/* What a request asks of the model, by the names that vendors' clients have for it. */
#define ROW_REQUEST_PARAMETERS                                                                      \
	ROW_NUMBER("temperature", FIELD_TEMPERATURE, CONVERT_NUMBER, 0),                            \
	ROW_NUMBER("max_tokens", FIELD_MAX_OUTPUT_TOKENS, CONVERT_COUNT, 0),                        \
	ROW_NUMBER("max_completion_tokens", FIELD_MAX_OUTPUT_TOKENS, CONVERT_COUNT, 0),             \
	ROW_NUMBER("max_output_tokens", FIELD_MAX_OUTPUT_TOKENS, CONVERT_COUNT, 0)
#define ROW_END { 0 }

#endif
