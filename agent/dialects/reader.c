/* SPDX-License-Identifier: Apache-2.0
 * dialects/reader.c - one pass over a span's attributes, then the choice between what they said.
 */
#include "agent/dialects/reader.h"

#include <inttypes.h>
#include <stdlib.h>

#include "agent/base/clock.h"
#include "agent/base/hash.h"
#include "agent/base/json.h"
#include "agent/dialects/convert.h"
#include "agent/dialects/provider.h"
#include "agent/dialects/usage.h"

#define PROMPT_SOURCES 10

/* What the attributes of one span (or resource) said, before it is decided what holds. */
struct reading {
	struct slice text[FIELD_TEXT_COUNT];
	uint8_t rank[FIELD_TEXT_COUNT];
	struct slice prompt_name[PROMPT_SOURCES], prompt_version[PROMPT_SOURCES];
	struct usage_claim usage[FAMILY_COUNT];
	enum call_role leaf, aggregate;
	uint64_t ttft_ns;
	int64_t cost_pusd;
	uint8_t ttft_rank, cost_rank, streaming_rank;
	bool streaming;
	bool answer_seen, answer_empty;
	uint32_t finish, http_status;
	uint64_t present;
};

struct dialect_reader {
	const struct known_keys *keys;
	struct arena *arena;
	struct meter *bad_attributes;
	const struct resource_view *resource_read; /* what `resource` was read from */
	uint32_t resource_sequence;
	struct reading span, resource;
};

struct dialect_reader *dialect_reader_new(const struct known_keys *keys)
{
	struct dialect_reader *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->keys = keys;
	r->bad_attributes = meter_get(METER_BAD_ATTRIBUTES, "");
	return r;
}

void dialect_reader_free(struct dialect_reader *r)
{
	free(r);
}

void dialect_reader_begin(struct dialect_reader *r, struct arena *a)
{
	r->arena = a;
	r->resource_read = NULL;
}

static void reading_clear(struct reading *r)
{
	memset(r, 0, sizeof(*r));
	memset(r->rank, RANK_NONE, sizeof(r->rank));
	r->ttft_rank = r->cost_rank = r->streaming_rank = RANK_NONE;
}

static bool apply(struct dialect_reader *d, struct reading *r, const struct dialect_row *row, const struct any_value *v);

static bool apply_text(struct dialect_reader *d, struct reading *r, const struct dialect_row *row,
		       const struct any_value *v)
{
	struct slice text;

	if (row->rank >= r->rank[row->field])
		return true;
	if (!convert_text(v, d->arena, &text))
		return false;
	if (row->conversion == CONVERT_PROVIDER)
		text = provider_canonical(text);
	if (text.len == 0 || (row->conversion == CONVERT_NAME && slice_equal_nocase(text, SLICE("unknown"))))
		return true;
	r->text[row->field] = text;
	r->rank[row->field] = row->rank;
	return true;
}

static bool apply_prompt(struct dialect_reader *d, struct reading *r, const struct dialect_row *row,
			 const struct any_value *v)
{
	struct slice *place = row->field == FIELD_PROMPT_NAME ? r->prompt_name : r->prompt_version;

	return row->rank >= PROMPT_SOURCES || convert_text(v, d->arena, &place[row->rank]);
}

static bool apply_tokens(struct reading *r, const struct dialect_row *row, const struct any_value *v)
{
	struct usage_claim *claim = &r->usage[row->rank];
	uint64_t n;

	if (!convert_count(v, &n))
		return false;
	if (row->field == FIELD_TOKENS_TOTAL)
		claim->total = n;
	else
		tokens_set(&claim->tokens, row->class, n);
	return true;
}

static bool apply_role(struct reading *r, const struct dialect_row *row, const struct any_value *v)
{
	int value;
	bool found;

	if (!convert_words(v, row->words, &value, &found))
		return false;
	if (found)
		*(row->field == FIELD_LEAF ? &r->leaf : &r->aggregate) = (enum call_role)value;
	return true;
}

static bool apply_finish(struct reading *r, const struct dialect_row *row, const struct any_value *v)
{
	int value;
	bool found;

	if (!convert_words(v, row->words, &value, &found))
		return false;
	r->finish |= (uint32_t)value;
	return true;
}

static bool apply_number(struct reading *r, const struct dialect_row *row, const struct any_value *v)
{
	double unit_ns = row->conversion == CONVERT_SECONDS ? 1e9 : 1e6;
	uint64_t n;

	switch (row->field) {
	case FIELD_TTFT:
		if (row->rank >= r->ttft_rank)
			return true;
		r->ttft_rank = row->rank;
		return convert_duration(v, unit_ns, &r->ttft_ns);
	case FIELD_REPORTED_COST:
		if (row->rank >= r->cost_rank)
			return true;
		if (!convert_usd(v, &r->cost_pusd))
			return false;
		r->cost_rank = row->rank;
		return true;
	case FIELD_STREAMING:
		if (row->rank >= r->streaming_rank)
			return true;
		if (!convert_truth(v, &r->streaming))
			return false;
		r->streaming_rank = row->rank;
		return true;
	default: /* FIELD_HTTP_STATUS */
		if (!convert_count(v, &n) || n > 999)
			return false;
		r->http_status = (uint32_t)n;
		return true;
	}
}

/* The next JSON value as an attribute's value; containers become nothing. */
static bool json_scalar(struct json *j, struct arena *a, struct any_value *out)
{
	struct json_string string;
	struct slice number;

	*out = (struct any_value){ 0 };
	switch (json_peek(j)) {
	case JSON_STRING:
		if (!json_string(j, &string))
			return false;
		out->kind = ANY_STRING;
		out->bytes = json_unescape(string, a);
		return out->bytes.ptr != NULL;
	case JSON_NUMBER:
		if (!json_number(j, &number))
			return false;
		out->kind = ANY_STRING; /* the conversions read numbers from their text */
		out->bytes = number;
		return true;
	case JSON_BOOL:
		out->kind = ANY_BOOL;
		return json_bool(j, &out->boolean);
	default:
		return json_skip(j);
	}
}

static const struct dialect_row *member_row(const struct dialect_row *rows, struct slice key)
{
	for (; rows->key != NULL; rows++)
		if (slice_equal(key, slice_of(rows->key)))
			return rows;
	return NULL;
}

/* Members of `metadata` mean something where the configuration names them as a dimension. */
static void apply_metadata_member(struct dialect_reader *d, struct reading *r, struct slice key, const struct any_value *v)
{
	const struct known_key *e = known_keys_find(d->keys, key);

	if (e == NULL || !e->is_dimension)
		return;
	for (unsigned i = 0; i < e->row_count; i++)
		if (e->rows[i].field < FIELD_TEXT_COUNT)
			apply(d, r, &e->rows[i], v);
}

static bool apply_json(struct dialect_reader *d, struct reading *r, const struct dialect_row *row,
		       const struct any_value *v)
{
	struct json j;
	struct json_string key;
	struct any_value member;

	if (v->kind != ANY_STRING)
		return false;
	json_init(&j, v->bytes);
	if (!json_object(&j))
		return false;
	while (json_member(&j, &key)) {
		if (!json_scalar(&j, d->arena, &member))
			return false;
		const struct dialect_row *inner = row->members != NULL ? member_row(row->members, key.raw) : NULL;
		if (inner != NULL)
			apply(d, r, inner, &member);
		else if (row->field == FIELD_METADATA)
			apply_metadata_member(d, r, key.raw, &member);
	}
	return !FAILED(json_finish(&j));
}

static bool apply_answer(struct reading *r, const struct any_value *v)
{
	if (v->kind != ANY_STRING)
		return false;
	r->answer_seen = true;
	r->answer_empty = slice_trim(v->bytes).len == 0;
	return true;
}

static bool apply(struct dialect_reader *d, struct reading *r, const struct dialect_row *row, const struct any_value *v)
{
	if (row->field < FIELD_TEXT_COUNT)
		return apply_text(d, r, row, v);
	switch (row->field) {
	case FIELD_PROMPT_NAME:
	case FIELD_PROMPT_VERSION:
		return apply_prompt(d, r, row, v);
	case FIELD_LEAF:
	case FIELD_AGGREGATE:
		return apply_role(r, row, v);
	case FIELD_FINISH:
		return apply_finish(r, row, v);
	case FIELD_TOKENS:
	case FIELD_TOKENS_TOTAL:
		return apply_tokens(r, row, v);
	case FIELD_ANSWER:
		return apply_answer(r, v);
	case FIELD_MEMBERS:
	case FIELD_METADATA:
		return apply_json(d, r, row, v);
	default:
		return apply_number(r, row, v);
	}
}

static void read_attributes(struct dialect_reader *d, struct reading *r, struct attributes attributes)
{
	for (size_t i = 0; i < attributes.count; i++) {
		const struct known_key *e = known_keys_find(d->keys, attributes.items[i].key);
		if (e == NULL)
			continue;
		if (e->contract != NOT_IN_CONTRACT)
			r->present |= UINT64_C(1) << e->contract;
		for (unsigned row = 0; row < e->row_count; row++)
			if (!apply(d, r, &e->rows[row], &attributes.items[i].value))
				meter_add(d->bad_attributes, 1);
	}
}

static void read_resource(struct dialect_reader *d, const struct resource_view *resource)
{
	if (d->resource_read == resource && d->resource_sequence == resource->sequence)
		return;
	d->resource_read = resource;
	d->resource_sequence = resource->sequence;
	reading_clear(&d->resource);
	read_attributes(d, &d->resource, resource->attributes);
}

/* The span's own word, else its resource's: only for what describes the application, not the call. */
static struct slice attribution(const struct dialect_reader *d, enum field field)
{
	return d->span.rank[field] != RANK_NONE ? d->span.text[field] : d->resource.text[field];
}

static void choose_prompt(struct dialect_reader *d, struct call *c)
{
	const struct reading *r = &d->span;

	for (int source = 0; source < PROMPT_SOURCES; source++)
		if (r->prompt_name[source].len > 0) {
			c->prompt_name = r->prompt_name[source];
			c->prompt_version = r->prompt_version[source];
			return;
		}
	if (r->rank[FIELD_PROMPT_TEMPLATE] == RANK_NONE)
		return;
	struct slice template = r->text[FIELD_PROMPT_TEMPLATE];
	c->prompt_name = arena_printf(d->arena, "template-%08" PRIx32, (uint32_t)hash_stable(template.ptr, template.len));
	c->prompt_version = r->prompt_version[r->rank[FIELD_PROMPT_TEMPLATE]];
}

static void choose_provider(const struct reading *r, struct call *c)
{
	c->provider = r->text[FIELD_PROVIDER];
	if (c->provider.len == 0)
		c->provider = provider_of_host(c->server_address);
	if (c->provider.len == 0)
		c->provider = provider_of_model(call_model(c));
}

static enum call_role choose_role(const struct reading *r)
{
	if (r->aggregate != ROLE_NONE)
		return r->aggregate;
	if (r->leaf != ROLE_NONE)
		return r->leaf;
	bool has_model = r->rank[FIELD_REQUEST_MODEL] != RANK_NONE || r->rank[FIELD_RESPONSE_MODEL] != RANK_NONE;
	return has_model && usage_claimed(r->usage) ? ROLE_LLM : ROLE_NONE;
}

static const char *const operation_of_role[ROLE_COUNT] = {
	[ROLE_LLM] = "chat",
	[ROLE_EMBEDDING] = "embeddings",
	[ROLE_RERANK] = "rerank",
	[ROLE_RETRIEVAL] = "retrieval",
	[ROLE_TOOL] = "execute_tool",
	[ROLE_AGENT] = "invoke_agent",
};

static void copy_identity(const struct span_view *span, struct call *c)
{
	memcpy(c->trace_id, span->trace_id.ptr, sizeof(c->trace_id)); /* the walker checked the lengths: no defect */
	memcpy(c->span_id, span->span_id.ptr, sizeof(c->span_id));
	c->has_parent = span->parent_span_id.len == sizeof(c->parent_span_id);
	if (c->has_parent)
		memcpy(c->parent_span_id, span->parent_span_id.ptr, sizeof(c->parent_span_id));
	c->start_unix_ns = span->start_unix_ns;
	c->end_unix_ns = span->end_unix_ns;
	c->status_error = span->status_code == 2;
}

static void copy_attribution(const struct dialect_reader *d, struct call *c)
{
	c->feature = attribution(d, FIELD_FEATURE);
	c->workflow = attribution(d, FIELD_WORKFLOW);
	c->user_segment = attribution(d, FIELD_USER_SEGMENT);
	c->session_id = attribution(d, FIELD_SESSION);
	c->user_id = attribution(d, FIELD_USER);
	c->environment = attribution(d, FIELD_ENVIRONMENT);
	c->release = attribution(d, FIELD_RELEASE);
	c->service = attribution(d, FIELD_SERVICE);
}

static void copy_model(const struct dialect_reader *d, struct call *c)
{
	const struct reading *r = &d->span;

	c->operation = r->text[FIELD_OPERATION];
	if (c->operation.len == 0)
		c->operation = slice_of(operation_of_role[c->role]);
	c->request_model = r->text[FIELD_REQUEST_MODEL];
	c->response_model = r->text[FIELD_RESPONSE_MODEL];
	c->response_id = r->text[FIELD_RESPONSE_ID];
	c->service_tier = r->text[FIELD_SERVICE_TIER];
	c->server_address = r->text[FIELD_SERVER_ADDRESS];
	choose_provider(r, c);
}

/* Span events that say what no attribute of their dialect says. */
static void read_events(const struct span_view *span, struct call *c)
{
	for (size_t i = 0; i < span->event_count; i++) {
		const struct event_view *e = &span->events[i];
		if (slice_equal(e->name, SLICE("First Token Stream Event"))) { /* openinference, OpenAI only */
			if (c->ttft_ns == 0 && e->time_unix_ns > span->start_unix_ns)
				c->ttft_ns = e->time_unix_ns - span->start_unix_ns;
		} else if (slice_equal(e->name, SLICE("exception")) && c->error_type.len == 0) {
			const struct any_value *type = attributes_find(e->attributes, SLICE("exception.type"));
			if (type != NULL && type->kind == ANY_STRING)
				c->error_type = type->bytes;
		}
	}
}

static void copy_course(const struct dialect_reader *d, const struct span_view *span, struct call *c)
{
	const struct reading *r = &d->span;

	usage_resolve(r->usage, span->scope->name, &c->tokens);
	if (r->cost_rank != RANK_NONE) {
		c->reported_cost.known = true;
		c->reported_cost.total_pusd = r->cost_pusd;
	}
	c->ttft_ns = r->ttft_ns;
	c->error_type = r->text[FIELD_ERROR_TYPE];
	read_events(span, c);
	if (r->streaming_rank != RANK_NONE)
		c->streaming = r->streaming ? TRI_YES : TRI_NO;
	c->finish = r->finish;
	c->http_status = r->http_status;
	if (r->answer_seen)
		c->answer_is_empty = r->answer_empty ? TRI_YES : TRI_NO;
	c->present = r->present;
}

bool dialect_read(struct dialect_reader *d, const struct span_view *span, struct call *c)
{
	reading_clear(&d->span);
	read_attributes(d, &d->span, span->attributes);
	enum call_role role = choose_role(&d->span);
	if (role == ROLE_NONE)
		return false;
	read_resource(d, span->resource);
	memset(c, 0, sizeof(*c));
	c->role = role;
	c->context = CONTEXT_UNKNOWN;
	bool is_leaf = role == ROLE_LLM || role == ROLE_EMBEDDING || role == ROLE_RERANK;
	c->counted = is_leaf;
	c->wrapper = !is_leaf && usage_claimed(d->span.usage);
	copy_identity(span, c);
	copy_model(d, c);
	copy_attribution(d, c);
	choose_prompt(d, c);
	copy_course(d, span, c);
	return true;
}
