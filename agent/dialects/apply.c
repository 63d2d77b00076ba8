/* SPDX-License-Identifier: Apache-2.0
 * dialects/apply.c - one function for each kind of field, and the table that says whose is whose.
 */
#include "agent/dialects/apply.h"

#include "agent/base/compiler.h"
#include "agent/dialects/convert.h"
#include "agent/dialects/documents.h"
#include "agent/dialects/members.h"
#include "agent/dialects/provider.h"

/* A value that does not come as the usual kind takes a way of its own, out of line: what the rare ones need in
 * registers and on the stack is no matter of the usual ones. */

/* What producers write where they have no name: most the one, Micrometer (Spring AI) the other. */
static const struct slice unknown = { "unknown", sizeof("unknown") - 1 }, none = { "none", sizeof("none") - 1 };

/* What the row's conversion makes of a text, empty where it is no value. */
static NOINLINE struct slice convert_name(const struct dialect_row *row, struct slice text)
{
	ptrdiff_t slash;

	switch (row->conversion) {
	case CONVERT_PROVIDER:
		return provider_canonical(text);
	case CONVERT_PLUGIN:
		slash = slice_find(text, SLICE("/"));
		return slash > 0 ? provider_canonical(slice_head(text, (size_t)slash)) : SLICE_NONE;
	case CONVERT_PLUGIN_MODEL:
		return slice_skip(text, (size_t)(slice_find(text, SLICE("/")) + 1));
	default:
		break;
	}
	return slice_equal_nocase(text, unknown) || slice_equal_nocase(text, none) ? SLICE_NONE : text;
}

bool apply_converts(const struct dialect_row *row, struct slice text)
{
	if (row->conversion == CONVERT_NAME)
		return (text.len == unknown.len && (text.ptr[0] | ' ') == 'u') ||
		       (text.len == none.len && (text.ptr[0] | ' ') == 'n');
	return row->conversion >= CONVERT_PROVIDER && row->conversion <= CONVERT_PLUGIN_MODEL;
}

static ALWAYS_INLINE bool put_text(struct reading *r, const struct dialect_row *row, struct slice text)
{
	struct slice *place = &r->text[row->field];

	if (apply_converts(row, text))
		text = convert_name(row, text);
	if (text.len == 0)
		return true;
	*place = text;
	r->rank[row->field] = row->rank;
	return true;
}

static NOINLINE bool put_as_text(struct reading_context *c, struct reading *r, const struct dialect_row *row,
				 const struct any_value *v)
{
	struct slice text;

	return convert_text(v, c->arena, &text) && put_text(r, row, text);
}

static ALWAYS_INLINE bool apply_text(struct reading_context *c, struct reading *r, const struct dialect_row *row,
				     const struct any_value *v)
{
	if (row->rank >= r->rank[row->field])
		return true;
	return v->kind == ANY_STRING ? put_text(r, row, v->bytes) : put_as_text(c, r, row, v);
}

static bool put_prompt(struct reading *r, const struct dialect_row *row, struct slice text)
{
	bool is_name = row->field == FIELD_PROMPT_NAME;

	if (text.len == 0)
		return true;
	*(is_name ? &r->prompt_name[row->rank] : &r->prompt_version[row->rank]) = text;
	*(is_name ? &r->prompt_names : &r->prompt_versions) |= (uint16_t)(1u << row->rank);
	return true;
}

static NOINLINE bool put_as_prompt(struct reading_context *c, struct reading *r, const struct dialect_row *row,
				   const struct any_value *v)
{
	struct slice text;

	return convert_text(v, c->arena, &text) && put_prompt(r, row, text);
}

static bool apply_prompt(struct reading_context *c, struct reading *r, const struct dialect_row *row,
			 const struct any_value *v)
{
	return v->kind == ANY_STRING ? put_prompt(r, row, v->bytes) : put_as_prompt(c, r, row, v);
}

static struct usage_claim *claim_of(struct reading *r, unsigned family)
{
	if (((unsigned)r->families >> family & 1u) == 0) {
		r->families |= (uint16_t)(1u << family);
		r->usage[family].tokens.known = 0;
		r->usage[family].tokens.estimated = false;
		r->usage[family].total = 0;
		r->usage[family].written = 0;
	}
	return &r->usage[family];
}

static NOINLINE bool put_sum(struct usage_claim *claim, const struct dialect_row *row, uint64_t n)
{
	if (row->field == FIELD_TOKENS_TOTAL)
		claim->total = n;
	else if (__builtin_add_overflow(claim->written, n, &claim->written))
		claim->written = UINT64_MAX;
	return true;
}

bool apply_token_count(struct reading *r, const struct dialect_row *row, uint64_t n)
{
	struct usage_claim *claim = claim_of(r, row->rank);

	if (row->field != FIELD_TOKENS)
		return put_sum(claim, row, n);
	if (n > 0 || !tokens_has(&claim->tokens, row->class)) /* of two names for one class, the one that counted */
		tokens_set(&claim->tokens, row->class, n);
	return true;
}

static NOINLINE bool put_as_tokens(struct reading *r, const struct dialect_row *row, const struct any_value *v)
{
	uint64_t n;

	if (v->kind == ANY_NONE || (v->kind == ANY_STRING && v->bytes.len == 0))
		return true;
	return convert_count(v, &n) && apply_token_count(r, row, n);
}

static bool apply_tokens(struct reading_context *c, struct reading *r, const struct dialect_row *row,
			 const struct any_value *v)
{
	(void)c;
	if (v->kind != ANY_INT || (uint64_t)v->integer > COUNT_MAX)
		return put_as_tokens(r, row, v);
	return apply_token_count(r, row, (uint64_t)v->integer);
}

/* Of two kinds that a span gives itself, the one that says more: a wrapper may call everything a task. */
static NOINLINE void put_aggregate(struct reading *r, enum call_role role)
{
	static const uint8_t tells[ROLE_COUNT] = {
		[ROLE_CHAIN] = 1,     [ROLE_AGENT] = 2,     [ROLE_TOOL] = 3,
		[ROLE_RETRIEVAL] = 4, [ROLE_GUARDRAIL] = 5, [ROLE_EVALUATOR] = 6,
	};

	if (tells[role] > tells[r->aggregate])
		r->aggregate = role;
}

/* True, so that it can be the last thing its callers do. */
static NOINLINE bool apply_word(struct reading *r, const struct dialect_row *row, int value)
{
	switch (row->field) {
	case FIELD_LEAF: /* "generation" stands beside what says that it was of embeddings */
		if (r->leaf == ROLE_NONE || value != ROLE_LLM)
			r->leaf = (enum call_role)value;
		break;
	case FIELD_AGGREGATE:
		put_aggregate(r, (enum call_role)value);
		break;
	case FIELD_FINISH:
		r->finish |= (uint32_t)value;
		break;
	case FIELD_NOTHING:
		break;
	case FIELD_DROP:
		r->drop = true;
		break;
	case FIELD_FIRST_ROLE:
		r->first_is_system = true;
		break;
	case FIELD_FAILED:
		r->failed = true;
		break;
	case FIELD_JSON_WANTED:
		r->json_wanted = true;
		break;
	case FIELD_FROM_CACHE:
		r->from_cache = true;
		break;
	case FIELD_BLOCKED:
		r->blocked = true;
		break;
	case FIELD_GUARD_KIND:
		r->guard_kinds |= (uint32_t)value;
		break;
	case FIELD_GUARD_HIT:
		r->guard_hit = true;
		break;
	case FIELD_INJECTION:
		r->injection = true;
		break;
	case FIELD_SENSITIVE:
		r->sensitive = true;
		break;
	case FIELD_EVALUATION_TRAFFIC:
		r->evaluation_traffic = true;
		break;
	case FIELD_JUDGES:
		r->judges = true;
		break;
	case FIELD_TOKENS_INCLUSIVE:
		r->input_is_inclusive = true;
		break;
	default: /* FIELD_STREAMING */
		if (row->rank < r->streaming_rank) {
			r->streaming_rank = row->rank;
			r->streaming = value != 0;
		}
		break;
	}
	return true;
}

static NOINLINE bool apply_new_words(struct reading_context *c, struct reading *r, const struct dialect_row *row,
				     const struct any_value *v)
{
	struct word_memo *m = &c->words[row->field % WORD_MEMOS];

	m->words = NULL; /* remembers nothing */
	if (!convert_words(v, row->words, &m->value, &m->found))
		return false;
	if ((v->kind == ANY_STRING || v->kind == ANY_ARRAY) && v->bytes.len > 0 && v->bytes.len <= sizeof(m->copy)) {
		memcpy(m->copy, v->bytes.ptr, v->bytes.len);
		m->bytes = (struct slice){ m->copy, v->bytes.len };
		m->kind = v->kind;
		m->words = row->words;
	}
	return !m->found || apply_word(r, row, m->value);
}

/* The spans of one application say the same few words again and again. False where the value cannot hold words. */
static bool apply_words(struct reading_context *c, struct reading *r, const struct dialect_row *row,
			const struct any_value *v)
{
	const struct word_memo *m = &c->words[row->field % WORD_MEMOS];

	if (m->words != row->words || m->kind != v->kind || v->bytes.len > sizeof(m->copy) || !slice_equal(m->bytes, v->bytes))
		return apply_new_words(c, r, row, v);
	return !m->found || apply_word(r, row, m->value);
}

static NOINLINE bool apply_truth(struct reading *r, const struct dialect_row *row, const struct any_value *v)
{
	bool truth;

	if (v->kind == ANY_NONE || (v->kind == ANY_STRING && v->bytes.len == 0))
		return true;
	if (!convert_truth(v, &truth))
		return false;
	return !(truth || row->field == FIELD_STREAMING) || apply_word(r, row, truth);
}

static NOINLINE bool apply_presence(struct reading *r, const struct dialect_row *row, const struct any_value *v)
{
	bool is_there = v->kind != ANY_NONE && !(v->kind == ANY_STRING && v->bytes.len == 0);

	return !is_there || apply_word(r, row, row->words != NULL ? row->words->value : true);
}

/* Words, truths and mere presence: values that are one of a few. */
static bool apply_choice(struct reading_context *c, struct reading *r, const struct dialect_row *row,
			 const struct any_value *v)
{
	switch (row->conversion) {
	case CONVERT_WORDS:
		return apply_words(c, r, row, v);
	case CONVERT_TRUTH:
		return apply_truth(r, row, v);
	default:
		return apply_presence(r, row, v);
	}
}

/* A million seconds are eleven days, a million milliseconds a quarter of an hour: nobody waits that long. */
static bool must_be_nanoseconds(const struct any_value *v)
{
	double units;

	return convert_number(v, &units) && units >= 1e6;
}

static bool apply_ttft(struct reading_context *c, struct reading *r, const struct dialect_row *row,
		       const struct any_value *v)
{
	double unit_ns = row->conversion == CONVERT_MILLISECONDS ? 1e6 : 1e9;
	bool unit_unknown = row->conversion == CONVERT_TTFT_UNITS;
	uint64_t ttft_ns;

	(void)c;
	if (row->rank >= r->ttft_rank)
		return true;
	if (unit_unknown && must_be_nanoseconds(v)) {
		unit_unknown = false;
		unit_ns = 1;
	}
	if (!convert_duration(v, unit_ns, &ttft_ns))
		return false;
	if (ttft_ns == 0) /* not measured */
		return true;
	r->ttft_ns = ttft_ns;
	r->ttft_unit_unknown = unit_unknown;
	r->ttft_rank = row->rank;
	return true;
}

static bool apply_cost(struct reading_context *c, struct reading *r, const struct dialect_row *row,
		       const struct any_value *v)
{
	int64_t pusd;

	(void)c;
	if (v->kind == ANY_NONE || (row->field == FIELD_REPORTED_COST && row->rank >= r->cost_rank))
		return true;
	if (!convert_usd(v, &pusd))
		return false;
	if (row->field == FIELD_COST_PART) {
		r->has_cost_parts = !__builtin_add_overflow(r->cost_parts_pusd, pusd, &r->cost_parts_pusd);
		return true;
	}
	if (pusd == 0) /* a price that was not known */
		return true;
	r->cost_pusd = pusd;
	r->cost_rank = row->rank;
	return true;
}

/* As the request was sent; the first that tells it holds. */
static bool apply_parameter(struct reading_context *c, struct reading *r, const struct dialect_row *row,
			    const struct any_value *v)
{
	uint64_t *target = row->field == FIELD_TOP_K ? &r->top_k :
			   row->field == FIELD_SAMPLING_TOP_K ? &r->sampling_top_k : &r->max_output_tokens;

	(void)c;
	if (v->kind == ANY_NONE)
		return true;
	if (row->field == FIELD_TEMPERATURE) {
		r->has_temperature = r->has_temperature || convert_number(v, &r->temperature);
		return r->has_temperature;
	}
	return *target != 0 || convert_count(v, target);
}

static bool apply_number(struct reading_context *c, struct reading *r, const struct dialect_row *row,
			 const struct any_value *v)
{
	uint64_t n;

	(void)c;
	switch (row->field) {
	case FIELD_FIRST_TOKEN_AT:
		return convert_time(v, &r->first_token_unix_ns);
	case FIELD_DURATION:
		return convert_duration(v, row->conversion == CONVERT_MILLISECONDS ? 1e6 : 1e9, &r->duration_ns);
	case FIELD_RETRIES:
		if (!convert_count(v, &n) || n > UINT32_MAX)
			return false;
		r->retries = (uint32_t)n;
		return true;
	default: /* FIELD_HTTP_STATUS */
		if (!convert_count(v, &n) || n > 999)
			return false;
		if (row->rank < r->status_rank)
			r->http_status = (uint32_t)n;
		r->status_rank = row->rank;
		return true;
	}
}

static bool apply_content(struct reading_context *c, struct reading *r, const struct dialect_row *row,
			  const struct any_value *v)
{
	unsigned slot = (unsigned)row->field - CONTENT_FIRST;

	(void)c;
	if (v->kind == ANY_NONE || (v->kind == ANY_STRING && v->bytes.len == 0 && row->field != FIELD_OUTPUT_TEXT))
		return true;
	if (row->rank < r->content_rank[slot]) {
		r->content[slot] = *v;
		r->content_rank[slot] = row->rank;
	}
	return true;
}

static bool apply_tool_call(struct reading_context *c, struct reading *r, const struct dialect_row *row,
			    const struct any_value *v)
{
	struct slice name;

	(void)row;
	if (!convert_text(v, c->arena, &name))
		return false;
	if (r->tool_call_count < TOOL_CALLS_MAX)
		r->tool_calls[r->tool_call_count] = name;
	r->tool_call_count++;
	return true;
}

const applier appliers[] = {
	[FIELD_PROMPT_NAME] = apply_prompt,
	[FIELD_PROMPT_VERSION] = apply_prompt,
	[FIELD_LEAF] = apply_choice,
	[FIELD_AGGREGATE] = apply_choice,
	[FIELD_NOTHING] = apply_choice,
	[FIELD_DROP] = apply_choice,
	[FIELD_FINISH] = apply_choice,
	[FIELD_STREAMING] = apply_choice,
	[FIELD_TTFT] = apply_ttft,
	[FIELD_FIRST_TOKEN_AT] = apply_number,
	[FIELD_DURATION] = apply_number,
	[FIELD_HTTP_STATUS] = apply_number,
	[FIELD_RETRIES] = apply_number,
	[FIELD_TEMPERATURE] = apply_parameter,
	[FIELD_MAX_OUTPUT_TOKENS] = apply_parameter,
	[FIELD_TOP_K] = apply_parameter,
	[FIELD_SAMPLING_TOP_K] = apply_parameter,
	[FIELD_REPORTED_COST] = apply_cost,
	[FIELD_COST_PART] = apply_cost,
	[FIELD_FROM_CACHE] = apply_choice,
	[FIELD_EVALUATION_TRAFFIC] = apply_choice,
	[FIELD_JUDGES] = apply_choice,
	[FIELD_BLOCKED] = apply_choice,
	[FIELD_GUARD_KIND] = apply_choice,
	[FIELD_GUARD_HIT] = apply_choice,
	[FIELD_INJECTION] = apply_choice,
	[FIELD_SENSITIVE] = apply_choice,
	[FIELD_JSON_WANTED] = apply_choice,
	[FIELD_FAILED] = apply_choice,
	[FIELD_TOKENS] = apply_tokens,
	[FIELD_TOKENS_TOTAL] = apply_tokens,
	[FIELD_TOKENS_WRITTEN] = apply_tokens,
	[FIELD_TOKENS_INCLUSIVE] = apply_choice,
	[FIELD_DOCUMENT] = documents_apply,
	[FIELD_DOCUMENT_ID] = documents_apply,
	[FIELD_DOCUMENT_SCORE] = documents_apply,
	[FIELD_DOCUMENT_DATE] = documents_apply,
	[FIELD_DOCUMENT_TEXT] = documents_apply,
	[FIELD_TOOL_CALL] = apply_tool_call,
	[FIELD_FIRST_ROLE] = apply_choice,
	[FIELD_SYSTEM_TEXT] = apply_content,
	[FIELD_FIRST_TEXT] = apply_content,
	[FIELD_INPUT_TEXT] = apply_content,
	[FIELD_OUTPUT_TEXT] = apply_content,
	[FIELD_RAW_ANSWER] = apply_content,
	[FIELD_SCHEMA] = apply_content,
	[FIELD_MEMBERS] = members_apply,
	[FIELD_METADATA] = members_apply,
};

_Static_assert(sizeof(appliers) / sizeof(appliers[0]) == FIELD_METADATA + 1, "every field has a row in the table");

bool apply_value(struct reading_context *c, struct reading *r, const struct dialect_row *row, const struct any_value *v)
{
	return row->field < FIELD_TEXT_COUNT ? apply_text(c, r, row, v) : appliers[row->field](c, r, row, v);
}
