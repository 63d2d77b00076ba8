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
	memset(r, 0, offsetof(struct reading, content));
	memset(r->rank, RANK_NONE, sizeof(r->rank));
	memset(r->content_rank, RANK_NONE, sizeof(r->content_rank));
	r->ttft_rank = r->cost_rank = r->streaming_rank = r->status_rank = RANK_NONE;
}

void reading_start(struct reading *r, const struct reading *blank)
{
	memcpy(r, blank, offsetof(struct reading, content));
}

/* A value that does not come as the usual kind takes a way of its own, out of line: what the rare ones need in
 * registers and on the stack is no matter of the usual ones. */

static const struct slice unknown = { "unknown", sizeof("unknown") - 1 };

/* What the row's conversion makes of a text, empty where it is no value. */
static NOINLINE struct slice convert_name(const struct dialect_row *row, struct slice text)
{
	if (row->conversion == CONVERT_PROVIDER)
		return provider_canonical(text);
	return slice_equal_nocase(text, unknown) ? SLICE_NONE : text;
}

/* Whether the row's conversion might make something else of it. */
static ALWAYS_INLINE bool is_for_conversion(const struct dialect_row *row, struct slice text)
{
	if (row->conversion == CONVERT_NAME)
		return text.len == unknown.len && (text.ptr[0] == 'u' || text.ptr[0] == 'U');
	return row->conversion == CONVERT_PROVIDER;
}

static ALWAYS_INLINE bool put_text(struct reading *r, const struct dialect_row *row, struct slice text)
{
	struct slice *place = &r->text[row->field];

	if (is_for_conversion(row, text))
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

static bool apply_tokens(struct reading_context *c, struct reading *r, const struct dialect_row *row,
			 const struct any_value *v)
{
	(void)c;
	return v->kind == ANY_INT && v->integer >= 0 ? put_tokens(r, row, (uint64_t)v->integer) : put_as_tokens(r, row, v);
}

/* True, so that it can be the last thing its callers do. */
static NOINLINE bool apply_word(struct reading *r, const struct dialect_row *row, int value)
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

static bool apply_ttft(struct reading_context *c, struct reading *r, const struct dialect_row *row,
		       const struct any_value *v)
{
	(void)c;
	if (row->rank >= r->ttft_rank)
		return true;
	if (!convert_duration(v, row->conversion == CONVERT_MILLISECONDS ? 1e6 : 1e9, &r->ttft_ns))
		return false;
	r->ttft_unit_unknown = row->conversion == CONVERT_TTFT_UNITS;
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

static bool apply_document(struct reading_context *c, struct reading *r, const struct dialect_row *row,
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

/* By field, for all but the texts. */
static bool (*const appliers[])(struct reading_context *c, struct reading *r, const struct dialect_row *row,
				const struct any_value *v) = {
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
	[FIELD_TOKENS_INCLUSIVE] = apply_choice,
	[FIELD_DOCUMENT] = apply_document,
	[FIELD_DOCUMENT_ID] = apply_document,
	[FIELD_DOCUMENT_SCORE] = apply_document,
	[FIELD_DOCUMENT_DATE] = apply_document,
	[FIELD_DOCUMENT_TEXT] = apply_document,
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

static ALWAYS_INLINE bool apply(struct reading_context *c, struct reading *r, const struct dialect_row *row,
				const struct any_value *v)
{
	return row->field < FIELD_TEXT_COUNT ? apply_text(c, r, row, v) : appliers[row->field](c, r, row, v);
}

static NOINLINE bool apply_unquoted(struct reading_context *c, struct reading *r, const struct dialect_row *row,
				    const struct any_value *v)
{
	struct any_value unquoted = convert_unquoted(v, c->arena);

	return apply(c, r, row, &unquoted);
}

static ALWAYS_INLINE bool is_quoted(const struct any_value *v)
{
	return v->kind == ANY_STRING && v->bytes.len > 1 && v->bytes.ptr[0] == '"';
}

static ALWAYS_INLINE bool apply_any(struct reading_context *c, struct reading *r, const struct dialect_row *row,
				    const struct any_value *v)
{
	if (is_quoted(v) && row->conversion != CONVERT_CONTENT)
		return apply_unquoted(c, r, row, v);
	return apply(c, r, row, v);
}

static void tell_trace(const struct reading_context *c, const struct dialect_row *row, bool understood)
{
	c->trace->row(c->trace->context, c->key, row->key,
		      c->dialect < DIALECTS_MAX ? dialects[c->dialect]->name : "configuration", row->field, row->rank,
		      c->is_resource, understood);
}

bool reading_apply(struct reading_context *c, struct reading *r, const struct dialect_row *row, const struct any_value *v)
{
	bool understood = apply_any(c, r, row, v);

	if (c->trace != NULL)
		tell_trace(c, row, understood);
	return understood;
}

static NOINLINE void apply_row(struct reading_context *c, struct reading *r, const struct known_row *known,
			       const struct any_value *v)
{
	c->dialect = known->dialect;
	if (!reading_apply(c, r, &known->row, v))
		meter_add(c->bad_attributes, 1);
}

/* A key that is a common word: in the spans of a dialect that claims it, it means what that one says, else nothing. */
static void apply_guarded(struct reading_context *c, struct reading *r, const struct known_key *e,
			  const struct any_value *v)
{
	uint64_t owners = e->guards & c->scope_dialects;

	r->dialects |= owners != 0 ? owners : e->unguarded;
	for (unsigned i = 0; i < e->row_count; i++) {
		const struct known_row *known = &e->rows[i];
		bool is_owners = known->dialect < DIALECTS_MAX && (owners >> known->dialect & 1u) != 0;
		if (known->dialect == DIALECTS_MAX || (owners != 0 ? is_owners : !known->guarded))
			apply_row(c, r, known, v);
	}
}

static void apply_nothing(struct reading_context *c, struct reading *r, const struct known_key *e,
			  const struct any_value *v)
{
	(void)c;
	(void)r;
	(void)e;
	(void)v;
}

static NOINLINE void apply_any_rows(struct reading_context *c, struct reading *r, const struct known_key *e,
				    const struct any_value *v)
{
	for (unsigned i = 0; i < e->row_count; i++)
		apply_row(c, r, &e->rows[i], v);
}

/* The short ways: for values of the usual kind, that nobody watches. */

static void apply_rows(struct reading_context *c, struct reading *r, const struct known_key *e,
		       const struct any_value *v)
{
	if (is_quoted(v)) {
		apply_any_rows(c, r, e, v);
		return;
	}
	for (const struct known_row *known = e->rows, *end = known + e->row_count; known < end; known++)
		if (!apply(c, r, &known->row, v))
			meter_add(c->bad_attributes, 1);
}

static void apply_text_key(struct reading_context *c, struct reading *r, const struct known_key *e,
			   const struct any_value *v)
{
	const struct dialect_row *row = &e->rows[0].row;

	if (v->kind != ANY_STRING || v->bytes.len == 0 || v->bytes.ptr[0] == '"' || is_for_conversion(row, v->bytes)) {
		apply_row(c, r, &e->rows[0], v);
	} else if (row->rank < r->rank[row->field]) {
		r->text[row->field] = v->bytes;
		r->rank[row->field] = row->rank;
	}
}

static void apply_tokens_key(struct reading_context *c, struct reading *r, const struct known_key *e,
			     const struct any_value *v)
{
	if (v->kind != ANY_INT || v->integer < 0)
		apply_row(c, r, &e->rows[0], v);
	else
		put_tokens(r, &e->rows[0].row, (uint64_t)v->integer);
}

static void apply_one_row(struct reading_context *c, struct reading *r, const struct known_key *e,
			  const struct any_value *v)
{
	const struct dialect_row *row = &e->rows[0].row;

	if (is_quoted(v))
		apply_row(c, r, &e->rows[0], v);
	else if (!appliers[row->field](c, r, row, v))
		meter_add(c->bad_attributes, 1);
}

/* By kind of key. */
static void (*const ways[KEY_KINDS])(struct reading_context *c, struct reading *r, const struct known_key *e,
				     const struct any_value *v) = {
	[KEY_NOTHING] = apply_nothing, [KEY_TEXT] = apply_text_key, [KEY_TOKENS] = apply_tokens_key,
	[KEY_ONE_ROW] = apply_one_row, [KEY_ROWS] = apply_rows,     [KEY_GUARDED] = apply_guarded,
};

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

/* A key that nobody knows as a whole, but that begins as some do. */
static NOINLINE void take_prefixed(struct reading_context *c, struct reading *r, const struct attribute *a)
{
	const struct known_prefix *known = known_keys_find_prefix(c->keys, a->key);
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

/* The known key for an attribute without a note; NULL for a key that only begins as some do, and gets no note. */
static NOINLINE const struct known_key *look_up(const struct reading_context *c, struct slice key, const void **note)
{
	static const struct known_key stranger;
	const struct known_key *e = known_keys_find(c->keys, key);

	if (e == NULL && known_keys_find_prefix(c->keys, key) == NULL)
		e = &stranger;
	if (note != NULL)
		*note = e;
	return e;
}

static NOINLINE void take_watched(struct reading_context *c, struct reading *r, struct attributes attributes)
{
	for (size_t i = 0; i < attributes.count; i++) {
		const struct attribute *a = &attributes.items[i];
		const struct known_key *e = look_up(c, a->key, NULL);
		c->key = a->key;
		if (e == NULL) {
			take_prefixed(c, r, a);
			continue;
		}
		r->present |= e->contract;
		r->dialects |= e->dialects;
		(e->kind == KEY_GUARDED ? apply_guarded : apply_any_rows)(c, r, e, &a->value);
	}
}

void reading_take(struct reading_context *c, struct reading *r, struct attributes attributes, const void **notes)
{
	if (c->trace != NULL) {
		take_watched(c, r, attributes);
		return;
	}
	for (size_t i = 0; i < attributes.count; i++) {
		const struct attribute *a = &attributes.items[i];
		const struct known_key *e = notes != NULL ? notes[i] : NULL;
		if (e == NULL)
			e = look_up(c, a->key, notes != NULL ? &notes[i] : NULL);
		if (e == NULL) {
			take_prefixed(c, r, a);
			continue;
		}
		r->present |= e->contract;
		r->dialects |= e->dialects;
		ways[e->kind](c, r, e, &a->value);
	}
}
