/* SPDX-License-Identifier: Apache-2.0
 * span/call.h - the one normalised record of a model call, whatever dialect its span spoke.
 *
 * The dialects fill it from attributes, enrich and pricing complete it, observe, baselines and exporters read it.
 * Slices borrow from the batch. "Unknown" is kept apart from zero everywhere: an empty slice, a token class without
 * its bit in `tokens.known`, a duration of 0, has_cost == false.
 */
#ifndef PLIMSOLL_SPAN_CALL_H
#define PLIMSOLL_SPAN_CALL_H

#include "agent/base/compiler.h"
#include "agent/base/slice.h"

/* What a span is. Only LLM, EMBEDDING and RERANK can be counted. */
enum SMALL call_role {
	ROLE_NONE, /* not about models at all: passes through untouched */
	ROLE_LLM,
	ROLE_EMBEDDING,
	ROLE_RERANK,
	ROLE_RETRIEVAL,
	ROLE_TOOL,
	ROLE_AGENT,
	ROLE_CHAIN,
	ROLE_GUARDRAIL,
	ROLE_EVALUATOR,
	ROLE_COUNT
};

/* Token classes. INPUT includes CACHE_READ, CACHE_WRITE and every modality; OUTPUT includes REASONING. */
#define TOKEN_CLASS_MAP(X)                         \
	X(INPUT, "input")                          \
	X(OUTPUT, "output")                        \
	X(CACHE_READ, "cache_read")                \
	X(CACHE_WRITE, "cache_write")              \
	X(CACHE_WRITE_1H, "cache_write_1h")        \
	X(REASONING, "reasoning")                  \
	X(AUDIO_IN, "audio_input")                 \
	X(AUDIO_OUT, "audio_output")               \
	X(IMAGE_IN, "image_input")                 \
	X(IMAGE_OUT, "image_output")

enum token_class {
#define X(name, text) TOKENS_##name,
	TOKEN_CLASS_MAP(X)
#undef X
	TOKEN_CLASS_COUNT
};

struct tokens {
	uint64_t n[TOKEN_CLASS_COUNT]; /* meaningless where the class's bit is not set */
	uint32_t known;                /* bit 1u << class */
	bool estimated;                /* counted from text, not reported */
};

static inline bool tokens_has(const struct tokens *t, enum token_class class)
{
	return (t->known >> class & 1u) != 0;
}

static inline uint64_t tokens_get(const struct tokens *t, enum token_class class)
{
	return tokens_has(t, class) ? t->n[class] : 0;
}

static inline void tokens_set(struct tokens *t, enum token_class class, uint64_t n)
{
	t->n[class] = n;
	t->known |= 1u << class;
}

#define OUTCOME_MAP(X)                             \
	X(OK, "ok")                                \
	X(ERROR, "error")                          \
	X(RATE_LIMITED, "rate_limited")            \
	X(TIMEOUT, "timeout")                      \
	X(REFUSAL, "refusal")                      \
	X(CONTENT_FILTER, "content_filter")        \
	X(TRUNCATED, "truncated")                  \
	X(EMPTY, "empty")                          \
	X(INVALID_JSON, "invalid_json")            \
	X(SCHEMA_VIOLATION, "schema_violation")

enum SMALL outcome {
#define X(name, text) OUTCOME_##name,
	OUTCOME_MAP(X)
#undef X
	OUTCOME_COUNT
};

/* The request failed: no answer, so no quality to judge. */
static inline bool outcome_is_error(enum outcome o)
{
	return o == OUTCOME_ERROR || o == OUTCOME_RATE_LIMITED || o == OUTCOME_TIMEOUT;
}

/* Size classes of the input, by their upper bound in tokens. */
#define CONTEXT_MAP(X)                             \
	X(1K, "1k", 1024)                          \
	X(4K, "4k", 4096)                          \
	X(16K, "16k", 16384)                       \
	X(64K, "64k", 65536)                       \
	X(256K, "256k", 262144)                    \
	X(OVER, "over", UINT64_MAX)

enum SMALL context_class {
#define X(name, text, bound) CONTEXT_##name,
	CONTEXT_MAP(X)
#undef X
	CONTEXT_COUNT,
	CONTEXT_UNKNOWN = CONTEXT_COUNT
};

enum SMALL tristate { TRI_UNKNOWN, TRI_NO, TRI_YES };

/* Finish reasons as told, one bit each: a call may have several choices. */
enum finish_reason {
	FINISH_STOP = 1,
	FINISH_LENGTH = 2,
	FINISH_TOOL_CALL = 4,
	FINISH_CONTENT_FILTER = 8,
	FINISH_REFUSAL = 16,
	FINISH_ERROR = 32,
	FINISH_OTHER = 64,
};

/* Money in pico-dollars (1e-12 USD). */
struct cost {
	bool known; /* false: unpriced, never zero */
	bool total_only; /* no parts are known: all amounts but the total are meaningless */
	int64_t total_pusd;
	int64_t input_pusd;       /* input tokens that were neither read from nor written to a cache */
	int64_t cache_read_pusd;  /* parts of the total; what has no part of its own is in the total only */
	int64_t cache_write_pusd;
	int64_t output_pusd;
	int64_t uncached_pusd; /* what the tokens of cache_read_pusd would have cost as plain input; 0 where none had */
	struct slice price; /* which row priced it, "openai/gpt-4o@genai-prices-0.2.3 (2026-11-21)"; "reported" where the
			     * span's own cost counts; empty where unknown */
};

/* A sum of money, or none. */
struct money {
	bool known;
	int64_t pusd;
};

/* Who made the span. Where two of them tell of one call, the one nearer to the model knows its tokens best. */
enum SMALL producer {
	PRODUCER_UNKNOWN,
	PRODUCER_FRAMEWORK,       /* calls models through other libraries: LangChain, LlamaIndex, an agent SDK */
	PRODUCER_INSTRUMENTATION, /* wraps a vendor's client library */
	PRODUCER_VENDOR_SDK,      /* the vendor's client library tells of itself */
	PRODUCER_PROXY,           /* a gateway between client and model */
	PRODUCER_SERVER,          /* the model's server */
	PRODUCER_COUNT
};

/* Failures by class; finer than the outcome, which is what users see. */
#define ERROR_CLASS_MAP(X)                         \
	X(NONE, "")                                \
	X(RATE_LIMITED, "rate_limited")            \
	X(QUOTA, "quota")                          \
	X(TIMEOUT, "timeout")                      \
	X(AUTHENTICATION, "authentication")        \
	X(OVERLOADED, "overloaded")                \
	X(SERVER, "server")                        \
	X(CONNECTION, "connection")                \
	X(REQUEST, "request")                      \
	X(CONTENT_FILTER, "content_filter")        \
	X(OTHER, "other")

enum SMALL error_class {
#define X(name, text) ERROR_CLASS_##name,
	ERROR_CLASS_MAP(X)
#undef X
	ERROR_CLASS_COUNT
};

#define RETRIEVED_DOCUMENTS_MAX 16u

/* What a retrieval found. All documents are counted; the first ones are kept. */
struct retrieval {
	uint32_t documents;
	uint32_t scored; /* of them, how many have a score */
	double best_score, worst_score, score_sum; /* meaningless where scored is 0 */
	uint64_t oldest_unix_s; /* of the documents that say when they were written; 0: none does */
	uint32_t kept;
	struct {
		struct slice id; /* empty: not told */
		double score;
		bool has_score;
	} document[RETRIEVED_DOCUMENTS_MAX];
};

struct cohort;

/* In the order of how many stages look at it: a batch's calls are more than the first cache holds, and each stage goes
 * through all of them. */
struct call {
	/* identity and place */
	uint8_t trace_id[16], span_id[8], parent_span_id[8];
	uint64_t start_unix_ns, end_unix_ns;
	enum call_role role;
	bool has_parent;
	bool counted; /* a leaf model call: its tokens and cost are its own */
	bool wrapper; /* claims usage that belongs to calls inside it: never counted */

	/* who told of it, and how far it is to be believed */
	enum producer producer;
	bool is_evaluation_traffic; /* made by a test or evaluation run: kept out of production's baselines */
	bool told_late; /* by a note written when the call was over, such as a log record: spans of the same call go
			   before it */
	bool usage_is_doubtful; /* its producer is known to miscount such calls: who else tells of the same one is believed */
	bool usage_may_lack_cache; /* cached tokens may be missing from the input: a span inside it would know */
	bool from_cache; /* a proxy answered from its cache: no tokens were spent */
	bool feature_is_default; /* said of the whole service: a span around the call that names one knows better */
	bool prompt_name_is_made; /* of a template that the span shows without a name */
	bool prompt_version_is_assumed; /* by what is deployed, or by a rule: it tells nothing of the release */

	/* how it went, in a word each */
	enum outcome outcome;
	enum error_class error_class;
	bool status_error;               /* span status is ERROR */
	enum context_class context;
	enum tristate streaming;
	enum tristate model_pinned;
	bool model_changed;
	enum tristate answer_is_empty;   /* TRI_UNKNOWN where the answer's text is not on the span */
	enum tristate answer_is_json;    /* only where JSON was asked for and the answer's text is on the span */
	enum tristate answer_fits_schema; /* the same, where the schema is on the span too */
	enum tristate blocked;           /* by a guardrail or a safety filter */
	bool injection_suspected;        /* a guardrail or filter took the input for an attack */
	bool sensitive_data;             /* one of them found personal or secret data */
	bool has_temperature;
	bool has_citations;              /* of an answer over retrieved text: citation_share and overlap_share are known */
	bool has_user_rating;            /* by feedback that came with the call */
	uint32_t finish;                 /* bits of enum finish_reason; 0: not told */
	uint32_t http_status;            /* 0: not told */
	uint32_t retries;                /* attempts that failed before, as the client counts them */
	uint32_t tool_calls;             /* that the answer asks for */
	uint32_t prompt_template; /* number of the known template that the text was made from, as span/fingerprint.h
				     says; 0: none */
	uint64_t present; /* bit 1 << enum contract_attribute: keys that the span carries already */
	const char *not_counted; /* why a model call or a span with usage is not counted; NULL: it is, or is neither */
	const char *dialect; /* name of the dialect that the span speaks above all; never NULL where role is set */
	const struct cohort *cohort; /* of a complete call (span/cohort.h); NULL: it has none */

	/* what was asked of whom, and for what */
	struct slice scope;  /* name of the instrumentation scope */
	struct slice service;
	struct slice request_model, response_model;
	struct slice provider;       /* "openai" */
	struct slice operation;      /* "chat", in the words of the semantic conventions */
	struct slice prompt_name, prompt_version; /* version empty: unversioned */
	struct slice feature, workflow, user_segment;
	struct slice environment, release;
	struct slice service_tier;   /* as answered: "flex", "priority", ...; changes the price */
	struct slice response_id;
	struct slice session_id;

	/* how long it took and what it used */
	uint64_t latency_ns;
	uint64_t ttft_ns;                /* 0: unknown */
	double output_tokens_per_second; /* after the first token; 0: unknown */
	const struct retrieval *retrieval; /* NULL: none told */
	struct slice error_type;
	uint64_t prompt_fingerprint; /* of the system message or template, numbers in it apart; stable; 0: no text */
	struct tokens tokens;
	struct cost cost; /* the one that counts: one of the two below, as prices.cost_source says */
	struct money computed_cost; /* by our price table */
	struct money reported_cost; /* by the span */
	struct money cache_savings; /* what input read from a cache saved against its price as plain input, by our price
				      * table; negative where the cache was dearer */

	/* what few calls tell, or few stages ask for */
	struct slice request_id;     /* of the vendor's HTTP answer or of the proxy: the same call told twice has the same */
	struct slice user_id, tenant;
	struct slice reservation_id; /* of a budget, as a decision gave it before the call */
	struct slice server_address; /* helps to find the provider where none is named */
	double temperature;         /* as asked for, as the two below; 0: not told */
	uint64_t max_output_tokens;
	uint64_t retrieval_top_k;   /* documents that a search was asked for */
	struct slice retrieval_collection; /* in which it searched */
	struct slice input_text, output_text; /* only where tokens have to be estimated from them; never passed on */
	struct slice error_message;      /* of the exception; helps to tell failures apart, never passed on */
	struct slice tool_names;         /* "get_weather,search": each once, in order; of a tool span the tool itself */
	struct slice policy_result;      /* verdict of a guardrail, in its own words */
	double citation_share;           /* share of the answer's sentences that cite */
	double overlap_share;            /* share of the answer's words that occur in the retrieved text: a proxy */
	struct slice score_name; /* of an evaluation that came with the call; empty: none */
	double score;
	double user_rating;   /* 0 to 1; a thumb is 0 or 1 */
	struct slice outlier; /* what ran away; empty for nearly all */
};

extern const char *const token_class_names[TOKEN_CLASS_COUNT];
extern const char *const outcome_names[OUTCOME_COUNT];
extern const char *const context_names[CONTEXT_COUNT + 1]; /* last: "" for unknown */
extern const char *const role_names[ROLE_COUNT];
extern const char *const producer_names[PRODUCER_COUNT];
extern const char *const error_class_names[ERROR_CLASS_COUNT];

enum context_class context_of(const struct tokens *t);

/* Tokens per second while a model's answer ran: from the first token where it is known, else over the whole call; 0: unknown. */
double output_rate_of(const struct call *c);

/* The model that answered, else the one that was asked for, else empty. */
struct slice call_model(const struct call *c);

/* "name@version" (or "name@unversioned", or a bare version) into out, cut to fit; empty where the call names neither. */
struct slice call_prompt(const struct call *c, char *out, size_t size);

#endif
