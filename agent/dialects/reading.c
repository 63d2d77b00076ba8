/* SPDX-License-Identifier: Apache-2.0
 * dialects/reading.c - one pass over attributes: each key's rows put its value where it belongs.
 */
#include "agent/dialects/reading.h"

#include "agent/base/compiler.h"
#include "agent/dialects/convert.h"
#include "agent/dialects/members.h"
#include "agent/dialects/provider.h"

void reading_clear(struct reading *r)
{
	memset(r, 0, offsetof(struct reading, text));
	memset(r->rank, RANK_NONE, sizeof(r->rank));
	memset(r->content_rank, RANK_NONE, sizeof(r->content_rank));
	r->ttft_rank = r->cost_rank = r->streaming_rank = r->status_rank = RANK_NONE;
}

/* The ways to put a value in its place are functions of their own, not inlined into each other: what the rare ones need
 * in registers and on the stack is no matter of the usual ones. */

static const struct slice unknown = { "unknown", sizeof("unknown") - 1 };

static ALWAYS_INLINE bool put_text(struct reading *r, const struct dialect_row *row, struct slice text)
{
	if (row->conversion == CONVERT_PROVIDER)
		text = provider_canonical(text);
	if (text.len == 0 || (row->conversion == CONVERT_NAME && text.len == unknown.len && slice_equal_nocase(text, unknown)))
		return true;
	r->text[row->field] = text;
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

static NOINLINE bool apply_prompt(struct reading_context *c, struct reading *r, const struct dialect_row *row,
				  const struct any_value *v)
{
	bool is_name = row->field == FIELD_PROMPT_NAME;
	struct slice text = v->bytes;

	if (v->kind != ANY_STRING && !convert_text(v, c->arena, &text))
		return false;
	if (text.len == 0)
		return true;
	*(is_name ? &r->prompt_name[row->rank] : &r->prompt_version[row->rank]) = text;
	*(is_name ? &r->prompt_names : &r->prompt_versions) |= (uint16_t)(1u << row->rank);
	return true;
}

static struct usage_claim *claim_of(struct reading *r, unsigned family)
{
	if (((unsigned)r->families >> family & 1u) == 0) {
		r->families |= (uint16_t)(1u << family);
		r->usage[family].tokens.known = 0;
		r->usage[family].tokens.estimated = false;
		r->usage[family].total = 0;
	}
	return &r->usage[family];
}

static bool put_tokens(struct reading *r, const struct dialect_row *row, uint64_t n)
{
	struct usage_claim *claim = claim_of(r, row->rank);

	if (row->field == FIELD_TOKENS_TOTAL)
		claim->total = n;
	else if (n > 0 || !tokens_has(&claim->tokens, row->class)) /* of two names for one class, the one that counted */
		tokens_set(&claim->tokens, row->class, n);
	return true;
}

static NOINLINE bool put_as_tokens(struct reading *r, const struct dialect_row *row, const struct any_value *v)
{
	uint64_t n;

	if (v->kind == ANY_NONE || (v->kind == ANY_STRING && v->bytes.len == 0))
		return true;
	return convert_count(v, &n) && put_tokens(r, row, n);
}

static ALWAYS_INLINE bool apply_tokens(struct reading *r, const struct dialect_row *row, const struct any_value *v)
{
	return v->kind == ANY_INT && v->integer >= 0 ? put_tokens(r, row, (uint64_t)v->integer) : put_as_tokens(r, row, v);
}

static void apply_word(struct reading *r, const struct dialect_row *row, int value)
{
	switch (row->field) {
	case FIELD_LEAF:
		r->leaf = (enum call_role)value;
		break;
	case FIELD_AGGREGATE:
		r->aggregate = (enum call_role)value;
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
}

/* What the words of this value are in the row's list, or NULL where it cannot hold words: the spans of one application
 * say the same few again and again. */
static const struct word_memo *recall_words(struct reading_context *c, const struct dialect_row *row,
					    const struct any_value *v)
{
	struct word_memo *m = &c->words[(unsigned)row->field % WORD_MEMOS];
	bool has_bytes = v->kind == ANY_STRING || v->kind == ANY_ARRAY;

	if (m->words == row->words && m->kind == v->kind && has_bytes && slice_equal(m->bytes, v->bytes))
		return m;
	m->words = NULL; /* remembers nothing */
	if (!convert_words(v, row->words, &m->value, &m->found))
		return NULL;
	if (has_bytes && v->bytes.len > 0 && v->bytes.len <= sizeof(m->copy)) {
		memcpy(m->copy, v->bytes.ptr, v->bytes.len);
		m->bytes = (struct slice){ m->copy, v->bytes.len };
		m->kind = v->kind;
		m->words = row->words;
	}
	return m;
}

static bool apply_words(struct reading_context *c, struct reading *r, const struct dialect_row *row,
			const struct any_value *v)
{
	const struct word_memo *m = recall_words(c, row, v);

	if (m != NULL && m->found)
		apply_word(r, row, m->value);
	return m != NULL;
}

/* Words, truths and mere presence: values that are one of a few. */
static NOINLINE bool apply_choice(struct reading_context *c, struct reading *r, const struct dialect_row *row,
				  const struct any_value *v)
{
	int value = true;
	bool found = true, truth;

	if (row->conversion == CONVERT_WORDS)
		return apply_words(c, r, row, v);
	if (row->conversion == CONVERT_TRUTH) {
		if (v->kind == ANY_NONE || (v->kind == ANY_STRING && v->bytes.len == 0))
			return true;
		if (!convert_truth(v, &truth))
			return false;
		found = truth || row->field == FIELD_STREAMING;
		value = truth;
	} else {
		found = v->kind != ANY_NONE && !(v->kind == ANY_STRING && v->bytes.len == 0);
		value = row->words != NULL ? row->words->value : true;
	}
	if (found)
		apply_word(r, row, value);
	return true;
}

static NOINLINE bool apply_ttft(struct reading *r, const struct dialect_row *row, const struct any_value *v)
{
	if (row->rank >= r->ttft_rank)
		return true;
	if (!convert_duration(v, row->conversion == CONVERT_MILLISECONDS ? 1e6 : 1e9, &r->ttft_ns))
		return false;
	r->ttft_unit_unknown = row->conversion == CONVERT_TTFT_UNITS;
	r->ttft_rank = row->rank;
	return true;
}

static NOINLINE bool apply_cost(struct reading *r, const struct dialect_row *row, const struct any_value *v)
{
	int64_t pusd;

	if (v->kind == ANY_NONE || (row->field == FIELD_REPORTED_COST && row->rank >= r->cost_rank))
		return true;
	if (!convert_usd(v, &pusd))
		return false;
	if (row->field == FIELD_COST_PART) {
		r->has_cost_parts = !__builtin_add_overflow(r->cost_parts_pusd, pusd, &r->cost_parts_pusd);
		return true;
	}
	r->cost_pusd = pusd;
	r->cost_rank = row->rank;
	return true;
}

/* As the request was sent; the first that tells it holds. */
static NOINLINE bool apply_parameter(struct reading *r, const struct dialect_row *row, const struct any_value *v)
{
	uint64_t *target = row->field == FIELD_TOP_K ? &r->top_k :
			   row->field == FIELD_SAMPLING_TOP_K ? &r->sampling_top_k : &r->max_output_tokens;

	if (v->kind == ANY_NONE)
		return true;
	if (row->field == FIELD_TEMPERATURE) {
		r->has_temperature = r->has_temperature || convert_number(v, &r->temperature);
		return r->has_temperature;
	}
	return *target != 0 || convert_count(v, target);
}

static NOINLINE bool apply_number(struct reading *r, const struct dialect_row *row, const struct any_value *v)
{
	uint64_t n;

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

static NOINLINE bool apply_content(struct reading *r, const struct dialect_row *row, const struct any_value *v)
{
	unsigned slot = (unsigned)row->field - CONTENT_FIRST;

	if (v->kind == ANY_NONE || (v->kind == ANY_STRING && v->bytes.len == 0 && row->field != FIELD_OUTPUT_TEXT))
		return true;
	if (row->rank < r->content_rank[slot]) {
		r->content[slot] = *v;
		r->content_rank[slot] = row->rank;
	}
	return true;
}

static NOINLINE bool apply_tool_call(struct reading_context *c, struct reading *r, const struct any_value *v)
{
	struct slice name;

	if (!convert_text(v, c->arena, &name))
		return false;
	if (r->tool_call_count < TOOL_CALLS_MAX)
		r->tool_calls[r->tool_call_count] = name;
	r->tool_call_count++;
	return true;
}

static struct retrieval *retrieval_of(struct reading_context *c, struct reading *r)
{
	if (r->retrieval == NULL) {
		r->retrieval = arena_alloc(c->arena, sizeof(*r->retrieval));
		if (r->retrieval != NULL)
			memset(r->retrieval, 0, sizeof(*r->retrieval));
	}
	return r->retrieval;
}

static void score_document(struct retrieval *found, uint32_t index, double score)
{
	if (index < RETRIEVED_DOCUMENTS_MAX) {
		if (found->document[index].has_score)
			return; /* told twice: beside the document and in its metadata */
		found->document[index].score = score;
		found->document[index].has_score = true;
	}
	if (found->scored == 0 || score > found->best_score)
		found->best_score = score;
	if (found->scored == 0 || score < found->worst_score)
		found->worst_score = score;
	found->score_sum += score;
	found->scored++;
}

static NOINLINE bool apply_document(struct reading_context *c, struct reading *r, const struct dialect_row *row,
				    const struct any_value *v)
{
	struct retrieval *found = retrieval_of(c, r);
	double score;
	uint64_t unix_ns;

	if (found == NULL)
		return true;
	if (c->index >= found->documents)
		found->documents = c->index + 1;
	found->kept = found->documents < RETRIEVED_DOCUMENTS_MAX ? found->documents : RETRIEVED_DOCUMENTS_MAX;
	switch (row->field) {
	case FIELD_DOCUMENT_ID:
		return c->index >= RETRIEVED_DOCUMENTS_MAX || found->document[c->index].id.len > 0 ||
		       convert_text(v, c->arena, &found->document[c->index].id);
	case FIELD_DOCUMENT_SCORE:
		if (!convert_real(v, &score))
			return v->kind == ANY_NONE;
		score_document(found, c->index, score);
		return true;
	case FIELD_DOCUMENT_DATE:
		if (!convert_time(v, &unix_ns))
			return false;
		if (found->oldest_unix_s == 0 || unix_ns / UINT64_C(1000000000) < found->oldest_unix_s)
			found->oldest_unix_s = unix_ns / UINT64_C(1000000000);
		return true;
	case FIELD_DOCUMENT_TEXT:
		if (v->kind == ANY_STRING && v->bytes.len > 0 && r->retrieved_text_count < RETRIEVED_TEXTS_MAX)
			r->retrieved_text[r->retrieved_text_count++] = v->bytes;
		return true;
	default:
		return true;
	}
}

static ALWAYS_INLINE bool apply(struct reading_context *c, struct reading *r, const struct dialect_row *row, const struct any_value *v)
{
	if (row->field < FIELD_TEXT_COUNT)
		return apply_text(c, r, row, v);
	switch (row->field) {
	case FIELD_PROMPT_NAME:
	case FIELD_PROMPT_VERSION:
		return apply_prompt(c, r, row, v);
	case FIELD_TOKENS:
	case FIELD_TOKENS_TOTAL:
		return apply_tokens(r, row, v);
	case FIELD_TTFT:
		return apply_ttft(r, row, v);
	case FIELD_REPORTED_COST:
	case FIELD_COST_PART:
		return apply_cost(r, row, v);
	case FIELD_FIRST_TOKEN_AT:
	case FIELD_DURATION:
	case FIELD_HTTP_STATUS:
	case FIELD_RETRIES:
		return apply_number(r, row, v);
	case FIELD_TEMPERATURE:
	case FIELD_MAX_OUTPUT_TOKENS:
	case FIELD_TOP_K:
	case FIELD_SAMPLING_TOP_K:
		return apply_parameter(r, row, v);
	case FIELD_TOOL_CALL:
		return apply_tool_call(c, r, v);
	case FIELD_DOCUMENT:
	case FIELD_DOCUMENT_ID:
	case FIELD_DOCUMENT_SCORE:
	case FIELD_DOCUMENT_DATE:
	case FIELD_DOCUMENT_TEXT:
		return apply_document(c, r, row, v);
	case FIELD_MEMBERS:
	case FIELD_METADATA:
		return members_apply(c, r, row, v);
	default:
		return row->field < CONTENT_FIRST ? apply_choice(c, r, row, v) : apply_content(r, row, v);
	}
}

static ALWAYS_INLINE bool is_quoted(const struct dialect_row *row, const struct any_value *v)
{
	return v->kind == ANY_STRING && v->bytes.len > 1 && v->bytes.ptr[0] == '"' && row->conversion != CONVERT_CONTENT;
}

static NOINLINE bool apply_unquoted(struct reading_context *c, struct reading *r, const struct dialect_row *row,
				    const struct any_value *v)
{
	struct any_value unquoted = convert_unquoted(v, c->arena);

	return apply(c, r, row, &unquoted);
}

static NOINLINE void tell_trace(const struct reading_context *c, const struct dialect_row *row, bool understood)
{
	c->trace->row(c->trace->context, c->key, row->key,
		      c->dialect < DIALECTS_MAX ? dialects[c->dialect]->name : "configuration", row->field, row->rank,
		      c->is_resource, understood);
}

static ALWAYS_INLINE bool apply_any(struct reading_context *c, struct reading *r, const struct dialect_row *row,
				    const struct any_value *v)
{
	bool understood = is_quoted(row, v) ? apply_unquoted(c, r, row, v) : apply(c, r, row, v);

	if (c->trace != NULL)
		tell_trace(c, row, understood);
	return understood;
}

bool reading_apply(struct reading_context *c, struct reading *r, const struct dialect_row *row, const struct any_value *v)
{
	return apply_any(c, r, row, v);
}

static ALWAYS_INLINE void apply_row(struct reading_context *c, struct reading *r, const struct known_row *known,
				    const struct any_value *v)
{
	c->dialect = known->dialect;
	if (!apply_any(c, r, &known->row, v))
		meter_add(c->bad_attributes, 1);
}

/* A key that is a common word: in the spans of a dialect that claims it, it means what that one says, else nothing. */
static NOINLINE void apply_guarded(struct reading_context *c, struct reading *r, const struct known_key *e, const struct any_value *v)
{
	uint64_t owners = e->guards & c->scope_dialects;

	r->dialects |= owners != 0 ? owners : e->dialects;
	for (unsigned i = 0; i < e->row_count; i++) {
		const struct known_row *known = &e->rows[i];
		bool is_owners = known->dialect < DIALECTS_MAX && (owners >> known->dialect & 1u) != 0;
		if (known->dialect == DIALECTS_MAX || (owners != 0 ? is_owners : !known->guarded))
			apply_row(c, r, known, v);
	}
}

static void apply_known(struct reading_context *c, struct reading *r, const struct known_key *e, const struct any_value *v)
{
	r->present |= e->contract;
	if (e->guards != 0) {
		apply_guarded(c, r, e, v);
		return;
	}
	r->dialects |= e->dialects;
	for (unsigned i = 0; i < e->row_count; i++)
		apply_row(c, r, &e->rows[i], v);
}

static void apply_dimension(struct reading_context *c, struct reading *r, struct slice key, const struct any_value *v)
{
	const struct known_key *e = known_keys_find(c->keys, key);

	if (e == NULL || !e->is_dimension)
		return;
	for (unsigned i = 0; i < e->row_count; i++)
		if (e->rows[i].row.field < FIELD_TEXT_COUNT)
			reading_apply(c, r, &e->rows[i].row, v);
}

void reading_apply_metadata(struct reading_context *c, struct reading *r, const struct dialect_row *rows, struct slice key,
			    const struct any_value *v)
{
	bool is_container = v->kind == ANY_BYTES || v->kind == ANY_KVLIST || v->kind == ANY_ARRAY;

	for (; rows != NULL && rows->key != NULL; rows++)
		if (slice_equal(key, slice_of(rows->key)) && (!is_container || rows->field == FIELD_MEMBERS))
			reading_apply(c, r, rows, v);
	if (!is_container)
		apply_dimension(c, r, key, v);
}

/* A key that nobody knows as a whole may begin as some do. */
static void apply_prefixed(struct reading_context *c, struct reading *r, const struct known_prefix *known,
			   const struct attribute *a)
{
	struct slice rest = slice_skip(a->key, known->text.len);

	c->dialect = known->dialect;
	r->dialects |= UINT64_C(1) << known->dialect;
	if (known->prefix->is_metadata) {
		reading_apply_metadata(c, r, known->prefix->rows, rest, &a->value);
		return;
	}
	for (const struct dialect_row *row = known->prefix->rows; row->key != NULL; row++)
		if (members_match(row->key, rest, &c->index) && !reading_apply(c, r, row, &a->value))
			meter_add(c->bad_attributes, 1);
}

static NOINLINE void expect(struct reading_context *c, struct expected_key *e, struct slice key)
{
	e->known = known_keys_find(c->keys, key);
	e->prefix = e->known == NULL ? known_keys_find_prefix(c->keys, key) : NULL;
	e->key = e->known != NULL ? e->known->key : (struct slice){ e->copy, key.len };
	if (e->known != NULL)
		return;
	if (key.len > 0 && key.len <= sizeof(e->copy))
		memcpy(e->copy, key.ptr, key.len);
	else
		e->key.len = SIZE_MAX; /* equals no key: looked up again each time */
}

/* Past the places that are remembered, the last one of them serves. */
static const struct expected_key *look_up(struct reading_context *c, size_t place, struct slice key)
{
	struct expected_key *e = &c->expected[place < EXPECTED_KEYS ? place : EXPECTED_KEYS - 1];

	if (!slice_equal(e->key, key))
		expect(c, e, key);
	return e;
}

void reading_take(struct reading_context *c, struct reading *r, struct attributes attributes)
{
	for (size_t i = 0; i < attributes.count; i++) {
		const struct attribute *a = &attributes.items[i];
		const struct expected_key *e = look_up(c, i, a->key);
		c->key = a->key;
		if (e->known != NULL)
			apply_known(c, r, e->known, &a->value);
		else if (e->prefix != NULL)
			apply_prefixed(c, r, e->prefix, a);
	}
}
