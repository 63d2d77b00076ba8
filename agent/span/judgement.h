/* SPDX-License-Identifier: Apache-2.0
 * span/judgement.h - what somebody says about a model call: an evaluator's score, a user's thumb.
 *
 * It may come with the call, before it, or days later, by OTLP or over HTTP, and names the call that it is about by span,
 * trace, response or session. Slices borrow from whoever made it. Explanations and comments are not kept. "Unknown" is
 * kept apart from zero: SCALE_NONE, an empty label, TRI_UNKNOWN.
 */
#ifndef PLIMSOLL_SPAN_JUDGEMENT_H
#define PLIMSOLL_SPAN_JUDGEMENT_H

#include "agent/base/buf.h"
#include "agent/span/call.h"

enum judgement_kind { JUDGEMENT_EVALUATION, JUDGEMENT_FEEDBACK, JUDGEMENT_KIND_COUNT };

#define JUDGEMENT_SOURCE_MAP(X) \
	X(UNKNOWN, "unknown")   \
	X(HUMAN, "human") /* somebody whose work it is */ \
	X(LLM, "llm")           \
	X(CODE, "code")         \
	X(USER, "user")

enum judgement_source {
#define X(id, name) JUDGED_BY_##id,
	JUDGEMENT_SOURCE_MAP(X)
#undef X
	JUDGEMENT_SOURCE_COUNT
};

/* What the value is. */
enum judgement_scale {
	SCALE_NONE,   /* there is none: something happened */
	SCALE_SCORE,  /* a number as the evaluator gave it; 0 to 1 where a range was declared */
	SCALE_VOTE,   /* 1 yes, 0 no */
	SCALE_RATING, /* a user's number, 0 to 1 of the range it was given on */
};

/* Which call is meant. The first of these that is known and found decides: the span, the response, the trace, the
 * session. */
struct judgement_target {
	uint8_t trace_id[16], span_id[8];
	bool has_trace, has_span;
	struct slice response_id, session_id;
};

struct judgement {
	enum judgement_kind kind;
	struct slice name; /* of the evaluator ("Relevance") or the signal ("thumbs"); never empty */
	enum judgement_scale scale;
	double value; /* finite; meaningless for SCALE_NONE */
	struct slice label;
	enum tristate passed;
	bool failed; /* the evaluator itself broke down: there is no verdict */
	enum judgement_source source;
	struct judgement_target target;
	uint64_t time_unix_ns;
	struct slice given_id; /* by the sender; empty: none */
	bool came_with_call;   /* on the span of the call itself, so that its record and its sample have it already */
};

/* The words of a call that its judgements are counted under. Empty: not told. */
struct call_labels {
	struct slice feature, model, provider, prompt, workflow, user_segment, environment; /* prompt: "name@version" */
	uint64_t cohort; /* the same labels have the same number (span/cohort.h); 0: they have none */
};

#define CALL_LABEL_COUNT 7

/* The signals that have a word for yes and one for no ("thumbs_up") become votes; a value of
 * 0 or less turns the word round. False for names that are no such word. */
bool judgement_name_vote(struct judgement *j);

/* A user's thumb or rating, which the call's user_rating tells; signals of what the user did (accepted, edited) do not. */
bool judgement_rates(const struct judgement *j);

/* What a label means: "pass", "passed", "fail", "failed"; without case. */
enum tristate judgement_label_verdict(struct slice label);

/* The same judgement told twice has the same number: by the given id, name, value and label (another value is a
 * changed mind), else by target, name, value, label and time.
 * Stable across restarts. */
uint64_t judgement_identity(const struct judgement *j);

/* A call as those who look for it later know it. */
struct known_call {
	uint8_t trace_id[16], span_id[8], parent_span_id[8];
	uint64_t response, session; /* text_identity of the ids; 0: not told */
	uint64_t end_unix_ns;
	bool is_generation; /* an answer, not an embedding or a ranking */
	bool is_evaluation_traffic;
};

/* A stable number for an id that is only compared; 0 for an empty one. */
uint64_t text_identity(struct slice id);

/* A judgement and the call it is about. */
struct joined_judgement {
	const struct judgement *judgement;
	uint64_t identity;
	const struct known_call *call;     /* NULL: no such call is known */
	const struct call_labels *labels;  /* NULL with it */
	const char *unjoined_why;          /* why not; a literal word: "no_target", "unknown_call" */
};

/* Appends the JSON object of one line, without a line end. Its `type` is evaluation or feedback; the labels are null
 * where no call is known. What /api/v1/scores and /api/v1/feedback take is a part of it, so that it can be replayed. */
void judgement_write(struct buf *out, const struct joined_judgement *j);

extern const char *const judgement_kind_names[JUDGEMENT_KIND_COUNT];     /* "evaluation", "feedback" */
extern const char *const judgement_source_names[JUDGEMENT_SOURCE_COUNT]; /* "unknown", "human", ... */

#endif
