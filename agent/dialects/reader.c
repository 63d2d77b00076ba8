/* SPDX-License-Identifier: Apache-2.0
 * dialects/reader.c - reads a span's attributes and events, then chooses between what they said.
 */
#include "agent/dialects/reader.h"

#include <inttypes.h>
#include <stdlib.h>

#include "agent/base/clock.h"
#include "agent/base/compiler.h"
#include "agent/base/hash.h"
#include "agent/dialects/content.h"
#include "agent/dialects/conversation.h"
#include "agent/dialects/events.h"
#include "agent/dialects/judged.h"
#include "agent/dialects/operation.h"
#include "agent/dialects/provider.h"
#include "agent/dialects/reading.h"
#include "agent/dialects/scopes.h"
#include "agent/dialects/usage.h"

struct dialect_reader {
	struct reading_context context;
	const struct resource_view *resource_read; /* what `resource` was read from */
	uint32_t resource_sequence;
	struct slice scope_read; /* what `scope` was found for, with resource_sequence */
	bool has_scope;
	struct scope_facts scope;
	struct content_scratch scratch;
	struct reading span, resource;
	struct reading blank; /* how a span of that resource starts */
};

struct dialect_reader *dialect_reader_new(const struct known_keys *keys)
{
	struct dialect_reader *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->context.keys = keys;
	d->context.bad_attributes = meter_get(METER_BAD_ATTRIBUTES, "");
	return d;
}

void dialect_reader_free(struct dialect_reader *d)
{
	if (d == NULL)
		return;
	content_scratch_release(&d->scratch);
	free(d);
}

void dialect_reader_begin(struct dialect_reader *d, struct arena *a)
{
	d->context.arena = a;
	d->resource_read = NULL;
	d->has_scope = false;
}

void dialect_reader_trace(struct dialect_reader *d, const struct dialect_trace *trace)
{
	d->context.trace = trace;
}

void dialect_reader_match(struct dialect_reader *d, fingerprint_match match, const void *context)
{
	d->context.match = match;
	d->context.match_context = context;
}

static void read_resource(struct dialect_reader *d, const struct resource_view *resource)
{
	if (d->resource_read == resource && d->resource_sequence == resource->sequence)
		return;
	d->resource_read = resource;
	d->resource_sequence = resource->sequence;
	d->has_scope = false;
	reading_clear(&d->resource);
	d->context.is_resource = true;
	reading_take(&d->context, &d->resource, resource->attributes, NULL);
	d->context.is_resource = false;
	reading_clear(&d->blank);
	memcpy(&d->blank.text[FIELD_SESSION], &d->resource.text[FIELD_SESSION],
	       (FIELD_SERVICE - FIELD_SESSION + 1) * sizeof(d->blank.text[0]));
}

static void find_scope(struct dialect_reader *d, struct slice scope)
{
	if (d->has_scope && d->scope_read.ptr == scope.ptr && d->scope_read.len == scope.len)
		return;
	scope_recognise(scope, d->resource.text[FIELD_SERVICE], &d->scope);
	d->scope_read = scope;
	d->has_scope = true;
	d->context.scope_dialects = d->scope.dialects;
}

static void choose_prompt(struct dialect_reader *d, struct call *c)
{
	const struct reading *r = &d->span;
	struct slice template = r->text[FIELD_PROMPT_TEMPLATE];

	if (r->prompt_names != 0) {
		int source = __builtin_ctz(r->prompt_names);
		c->prompt_name = r->prompt_name[source];
		if (r->prompt_versions >> source & 1u)
			c->prompt_version = r->prompt_version[source];
	} else if (template.len > 0) {
		int source = r->rank[FIELD_PROMPT_TEMPLATE];
		c->prompt_name =
			arena_printf(d->context.arena, "template-%08" PRIx32,
				     (uint32_t)hash_stable(template.ptr, template.len));
		c->prompt_name_is_made = true;
		if (r->prompt_versions >> source & 1u)
			c->prompt_version = r->prompt_version[source];
	}
}

/* Many serve OpenAI's API, and its client calls all of them "openai": then the address knows better. */
static void choose_provider(const struct reading *r, struct call *c)
{
	c->provider = r->text[FIELD_PROVIDER];
	if (c->provider.len == 0 || slice_equal(c->provider, SLICE("openai"))) {
		struct slice by_host = provider_of_host(c->server_address);
		c->provider = by_host.len > 0 ? by_host : c->provider;
	}
	if (c->provider.len == 0)
		c->provider = provider_of_model(call_model(c));
}

static bool has_usage(const struct reading *r)
{
	return usage_claimed(r->usage, r->families);
}

static enum call_role choose_role(const struct reading *r)
{
	if (r->aggregate != ROLE_NONE)
		return r->aggregate;
	if (r->leaf != ROLE_NONE)
		return r->leaf;
	bool has_model = r->rank[FIELD_REQUEST_MODEL] != RANK_NONE || r->rank[FIELD_RESPONSE_MODEL] != RANK_NONE;
	return has_model && has_usage(r) ? ROLE_LLM : ROLE_NONE;
}

static bool is_leaf(enum call_role role)
{
	return role == ROLE_LLM || role == ROLE_EMBEDDING || role == ROLE_RERANK;
}

/* Some wrappers call every request a generation; the model's name tells one of embeddings. */
static bool asks_for_embeddings(const struct reading *r)
{
	struct slice model = r->text[FIELD_REQUEST_MODEL];

	if (model.len == 0)
		model = r->text[FIELD_RESPONSE_MODEL];
	return r->text[FIELD_OPERATION].len == 0 && slice_find(model, SLICE("embed")) >= 0;
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
	c->end_unix_ns = span->end_unix_ns != 0 ? span->end_unix_ns : span->start_unix_ns; /* not ended, or not told */
	c->status_error = span->status_code == 2;
}

static void copy_producer(const struct dialect_reader *d, struct slice scope, struct call *c)
{
	uint64_t spoken = d->span.dialects | d->scope.dialects;

	c->scope = scope;
	c->producer = d->scope.producer;
	c->dialect = spoken != 0 ? dialects[__builtin_ctzll(spoken)]->name : "otel-genai";
	c->is_evaluation_traffic = d->span.evaluation_traffic || d->resource.evaluation_traffic;
	c->from_cache = d->span.from_cache;
}

static void copy_attribution(const struct dialect_reader *d, struct call *c)
{
	const struct slice *text = d->span.text;

	c->feature = text[FIELD_FEATURE];
	c->feature_is_default = d->span.rank[FIELD_FEATURE] == RANK_NONE;
	c->workflow = text[FIELD_WORKFLOW];
	c->user_segment = text[FIELD_USER_SEGMENT];
	c->session_id = text[FIELD_SESSION];
	c->user_id = text[FIELD_USER];
	c->environment = text[FIELD_ENVIRONMENT];
	c->release = text[FIELD_RELEASE];
	c->tenant = text[FIELD_TENANT];
	c->reservation_id = text[FIELD_RESERVATION];
	c->service = text[FIELD_SERVICE];
}

/* A date or a build number: the name is not what an application asks for as a rule. */
static bool names_snapshot(struct slice model)
{
	unsigned run = 0;

	for (size_t i = 0; i < model.len && run < 3; i++)
		run = model.ptr[i] >= '0' && model.ptr[i] <= '9' ? run + 1 : 0;
	return run == 3;
}

/* Without the vendor's name where that is the provider's. Bedrock's ids have no slash but in an ARN: what stands before
 * them is one of its APIs ("converse/"). */
static struct slice routed_model(struct slice model, struct slice provider)
{
	ptrdiff_t slash = slice_find(model, SLICE("/"));

	if (slash > 0 && slice_equal(provider_canonical(slice_head(model, (size_t)slash)), provider))
		model = slice_skip(model, (size_t)slash + 1);
	if (slice_equal(provider, SLICE("aws.bedrock")))
		while (!slice_starts_with(model, SLICE("arn:")) && (slash = slice_find(model, SLICE("/"))) >= 0)
			model = slice_skip(model, (size_t)slash + 1);
	return model;
}

/* What a proxy asked its vendor for. The name by which the proxy offers it may stand in place of the request's model, and
 * of the answer's. */
static NOINLINE void copy_routed_model(const struct reading *r, struct call *c)
{
	struct slice model = routed_model(r->text[FIELD_ROUTED_MODEL], r->text[FIELD_PROVIDER]);
	struct slice offered = r->text[FIELD_OFFERED_MODEL];

	if (offered.len == 0)
		offered = c->request_model;
	if (slice_equal(c->response_model, offered) && !slice_equal(c->response_model, model))
		c->response_model = SLICE_NONE;
	c->request_model = model;
}

static NOINLINE void unroute_models(const struct reading *r, struct call *c)
{
	struct slice provider = r->text[FIELD_PROVIDER];

	if (provider.len == 0)
		provider = provider_of_model(call_model(c));
	c->request_model = routed_model(c->request_model, provider);
	c->response_model = routed_model(c->response_model, provider);
}

/* Vertex AI's resource path, "projects/P/locations/L/publishers/google/models/M": M, and who serves it. */
static NOINLINE bool is_path_of_vertex(struct slice *model)
{
	ptrdiff_t at = slice_find(*model, SLICE("/models/"));

	if (at < 0 || !slice_starts_with(*model, SLICE("projects/")) || slice_find(*model, SLICE("/publishers/")) < 0)
		return false;
	*model = slice_skip(*model, (size_t)at + sizeof("/models/") - 1);
	return true;
}

static void leave_path(struct call *c)
{
	bool is_path = is_path_of_vertex(&c->request_model);

	if (is_path_of_vertex(&c->response_model) || is_path)
		c->provider = SLICE("gcp.vertex_ai");
}

static void copy_model(const struct dialect_reader *d, struct call *c)
{
	const struct reading *r = &d->span;

	c->operation = operation_canonical(r->text[FIELD_OPERATION]);
	if (c->operation.len == 0 || c->role == ROLE_EMBEDDING || c->role == ROLE_RERANK) /* spelt in several ways */
		c->operation = slice_of(operation_of_role[c->role]);
	c->request_model = r->text[FIELD_REQUEST_MODEL];
	c->response_model = r->text[FIELD_RESPONSE_MODEL];
	if (r->text[FIELD_ROUTED_MODEL].len > 0)
		copy_routed_model(r, c);
	else if (d->scope.routes_by_name)
		unroute_models(r, c);
	if (c->request_model.len == 0 && !names_snapshot(c->response_model)) /* one key for both: an alias is the request's */
		c->request_model = c->response_model;
	c->response_id = r->text[FIELD_RESPONSE_ID];
	c->request_id = r->text[FIELD_REQUEST_ID];
	c->service_tier = r->text[FIELD_SERVICE_TIER];
	c->server_address = r->text[FIELD_SERVER_ADDRESS];
	choose_provider(r, c);
	if (call_model(c).len > 0 && call_model(c).ptr[0] == 'p')
		leave_path(c);
}

/* Providers whose API counts cached tokens beside the input. */
static bool counts_cache_apart(struct slice provider)
{
	return slice_equal(provider, SLICE("anthropic")) || slice_equal(provider, SLICE("aws.bedrock"));
}

static void copy_tokens(struct dialect_reader *d, struct call *c)
{
	struct reading *r = &d->span;
	struct usage_habit habit = {
		.input_excludes_cache = d->scope.input_excludes_cache,
		.output_lacks_thoughts = slice_starts_with(c->provider, SLICE("gcp.")),
	};

	/* ai.* up to SDK 5 passes the provider's own count on; the application may have named the tracer */
	bool is_ai_sdk = d->scope.is_ai_sdk || (r->families >> FAMILY_AI_SDK & 1u) != 0;
	if (is_ai_sdk && !r->input_is_inclusive && counts_cache_apart(c->provider))
		habit.input_excludes_cache = true;
	usage_resolve(r->usage, r->families, &habit, &c->tokens);
	c->usage_may_lack_cache = d->scope.wraps_clients && counts_cache_apart(c->provider) && c->tokens.known != 0 &&
				  (c->tokens.known & (1u << TOKENS_CACHE_READ | 1u << TOKENS_CACHE_WRITE)) == 0;
	if (c->streaming == TRI_NO || c->tokens.known == 0)
		return;
	c->usage_is_doubtful = d->scope.stream_usage == STREAM_USAGE_DOUBTFUL; /* not all streams say that they are one */
	c->tokens.estimated = c->streaming == TRI_YES && d->scope.stream_usage == STREAM_USAGE_GUESSED &&
			      (c->tokens.known & (1u << TOKENS_CACHE_READ | 1u << TOKENS_CACHE_WRITE)) == 0;
}

/* A cost of nothing beside tokens is a price that the producer did not know. */
static void copy_cost(const struct reading *r, struct call *c)
{
	int64_t pusd = r->cost_rank != RANK_NONE ? r->cost_pusd : r->cost_parts_pusd;

	if (c->from_cache) {
		c->cost.known = c->reported_cost.known = true;
		return;
	}
	c->reported_cost = (struct money){ pusd > 0, pusd };
}

/* From attributes, else from the time at which the first token came; seconds that outlast the span are milliseconds. */
static void copy_ttft(const struct reading *r, struct call *c)
{
	uint64_t duration_ns = c->end_unix_ns - c->start_unix_ns;

	c->ttft_ns = r->ttft_ns;
	if (r->ttft_unit_unknown && c->ttft_ns > duration_ns)
		c->ttft_ns /= 1000;
	if (c->ttft_ns == 0 && r->first_token_unix_ns > c->start_unix_ns && r->first_token_unix_ns <= c->end_unix_ns)
		c->ttft_ns = r->first_token_unix_ns - c->start_unix_ns;
	if (r->streaming_rank == RANK_NONE)
		return;
	c->streaming = r->streaming ? TRI_YES : TRI_NO;
	if (!r->streaming)
		c->ttft_ns = 0; /* the whole answer's time under another name */
}

/* A guardrail's name says what it looks for, its verdict whether that was there. */
static void copy_policy(const struct reading *r, struct call *c)
{
	c->policy_result = r->text[FIELD_POLICY_RESULT];
	if (r->blocked || (r->finish & FINISH_CONTENT_FILTER) != 0)
		c->blocked = TRI_YES;
	c->injection_suspected = r->injection || (r->guard_hit && (r->guard_kinds & GUARD_INJECTION) != 0);
	c->sensitive_data = r->sensitive || (r->guard_hit && (r->guard_kinds & GUARD_SENSITIVE) != 0);
}

static void copy_course(struct dialect_reader *d, struct call *c)
{
	const struct reading *r = &d->span;

	if (r->duration_ns > 0 && c->end_unix_ns - c->start_unix_ns < r->duration_ns && r->duration_ns < c->end_unix_ns)
		c->start_unix_ns = c->end_unix_ns - r->duration_ns;
	copy_ttft(r, c);
	copy_tokens(d, c);
	copy_cost(r, c);
	c->error_type = r->text[FIELD_ERROR_TYPE];
	c->error_message = r->text[FIELD_ERROR_MESSAGE];
	c->status_error |= r->failed;
	c->finish = r->finish;
	c->http_status = r->http_status;
	c->retries = r->retries;
	c->has_temperature = r->has_temperature;
	c->temperature = r->temperature;
	c->max_output_tokens = r->max_output_tokens;
	c->retrieval_top_k = r->top_k == 0 && c->role == ROLE_RETRIEVAL ? r->sampling_top_k : r->top_k;
	c->retrieval_collection = r->text[FIELD_COLLECTION];
	copy_policy(r, c);
	c->present = r->present;
	c->retrieval = r->retrieval;
}

/* What counts and why not. A wrapper's usage belongs to the calls inside it. */
static void classify(const struct dialect_reader *d, struct call *c)
{
	bool claims = has_usage(&d->span);
	/* Logfire tells of a stream twice: when it opens, without an answer's id, and when it has ended */
	bool is_open_stream = d->scope.is_logfire_wrapper && !claims && c->response_id.len == 0 && !c->status_error &&
			      c->error_type.len == 0 && c->role == ROLE_LLM;

	c->told_late |= d->scope.is_logfire_wrapper && claims && d->span.duration_ns > 0;
	c->counted = is_leaf(c->role) && !is_open_stream;
	c->wrapper = !is_leaf(c->role) && claims;
	if (is_open_stream)
		c->not_counted = "a stream that opens: its usage comes when it has ended";
	else if (c->wrapper)
		c->not_counted = "wraps model calls: its usage is theirs";
}

static void fill(struct dialect_reader *d, const struct scope_view *scope, struct call *c)
{
	copy_producer(d, scope->name, c);
	copy_model(d, c);
	copy_attribution(d, c);
	choose_prompt(d, c);
	copy_course(d, c);
	classify(d, c);
	if (c->counted)
		content_complete_call(&d->context, &d->span, &d->scratch, c);
	else if (c->role == ROLE_TOOL)
		c->tool_names = d->span.text[FIELD_TOOL_NAME];
	else if (c->role == ROLE_RETRIEVAL)
		content_find_documents(&d->context, &d->span);
	c->retrieval = d->span.retrieval;
	if (c->provider.len == 0)
		choose_provider(&d->span, c);
}

static void start(struct call *c, enum call_role role)
{
	memset(c, 0, sizeof(*c));
	c->role = role;
	c->context = CONTEXT_UNKNOWN;
}

static bool pass_over(struct call *c, const char *why)
{
	start(c, ROLE_NONE);
	c->not_counted = why;
	return false;
}

bool dialect_read(struct dialect_reader *d, const struct span_view *span, struct call *c)
{
	struct reading *r = &d->span;
	bool repeats = false;

	read_resource(d, span->resource);
	find_scope(d, span->scope->name);
	reading_start(r, &d->blank);
	reading_take(&d->context, r, span->attributes, span->notes);
	enum call_role role = choose_role(r);
	if (r->drop)
		return pass_over(c, "repeats a span that is told as a whole elsewhere");
	if (role == ROLE_NONE)
		return pass_over(c, NULL);
	enum call_role by_name = d->scope.has_names ? scope_role_of_name(span->name, d->scope.dialects, &repeats) : ROLE_COUNT;
	if (repeats)
		return pass_over(c, "tells of the call above it again");
	if (role == ROLE_LLM && asks_for_embeddings(r))
		role = ROLE_EMBEDDING;
	start(c, by_name != ROLE_COUNT && is_leaf(role) ? by_name : role);
	if (span->event_count > 0)
		events_read(&d->context, r, span);
	if (d->scope.writes_events_late)
		r->first_token_unix_ns = 0;
	copy_identity(span, c);
	fill(d, span->scope, c);
	return true;
}

bool dialect_read_application(struct dialect_reader *d, const struct span_view *span, struct call *c)
{
	static const enum field fields[] = { FIELD_SESSION, FIELD_USER, FIELD_FEATURE, FIELD_WORKFLOW, FIELD_USER_SEGMENT };
	const struct reading *r = &d->span;
	bool is_guardrail = r->rank[FIELD_POLICY_RESULT] != RANK_NONE || r->guard_kinds != 0;
	bool says_something = is_guardrail || r->prompt_names != 0;

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		says_something |= r->rank[fields[i]] != RANK_NONE;
	if (!says_something || r->drop)
		return false;
	start(c, is_guardrail ? ROLE_GUARDRAIL : ROLE_NONE);
	copy_identity(span, c);
	copy_attribution(d, c);
	copy_policy(r, c);
	choose_prompt(d, c);
	return true;
}

void dialect_read_text(struct dialect_reader *d, struct attributes attributes, const struct event_view *events,
		       size_t event_count, struct call_text *out)
{
	conversation_read(&d->span, d->context.arena, attributes, events, event_count, out);
}

bool dialect_read_point_attributes(struct dialect_reader *d, const struct point_view *point, struct call *c)
{
	static const struct dialect_row bare_model = ROW_NAME("model", FIELD_REQUEST_MODEL, 9);
	const struct any_value *model = attributes_find(point->attributes, SLICE("model"));

	read_resource(d, point->resource);
	find_scope(d, point->scope->name);
	reading_start(&d->span, &d->blank);
	reading_take(&d->context, &d->span, point->attributes, NULL);
	if (model != NULL) /* of a command-line agent, whose scope says nothing */
		reading_apply(&d->context, &d->span, &bare_model, model);
	if (d->span.aggregate != ROLE_NONE)
		return false;
	start(c, asks_for_embeddings(&d->span) ? ROLE_EMBEDDING : d->span.leaf != ROLE_NONE ? d->span.leaf : ROLE_LLM);
	c->counted = true;
	copy_producer(d, point->scope->name, c);
	copy_model(d, c);
	copy_attribution(d, c);
	c->error_type = d->span.text[FIELD_ERROR_TYPE];
	return true;
}

/* The event's name, from whichever place it stands in, read as the attribute it used to be. */
static void read_event_name(struct dialect_reader *d, const struct log_view *log)
{
	struct any_value name = { .kind = ANY_STRING, .bytes = log->event_name };

	if (attributes_find(log->attributes, SLICE("event.name")) != NULL)
		return;
	if (name.bytes.len == 0 && log->body.kind == ANY_STRING)
		name = log->body;
	struct attribute attribute = { SLICE("event.name"), name };
	reading_take(&d->context, &d->span, (struct attributes){ &attribute, 1 }, NULL);
}

bool dialect_read_log(struct dialect_reader *d, const struct log_view *log, struct call *c)
{
	read_resource(d, log->resource);
	find_scope(d, log->scope->name);
	reading_start(&d->span, &d->blank);
	reading_take(&d->context, &d->span, log->attributes, NULL);
	read_event_name(d, log);
	if (d->span.leaf == ROLE_NONE || d->span.aggregate != ROLE_NONE)
		return pass_over(c, NULL);
	start(c, d->span.leaf);
	c->told_late = true;
	c->start_unix_ns = c->end_unix_ns = log->time_unix_ns != 0 ? log->time_unix_ns : log->observed_unix_ns;
	if (log->trace_id.len == sizeof(c->trace_id))
		memcpy(c->trace_id, log->trace_id.ptr, sizeof(c->trace_id));
	c->has_parent = log->span_id.len == sizeof(c->parent_span_id);
	if (c->has_parent)
		memcpy(c->parent_span_id, log->span_id.ptr, sizeof(c->parent_span_id));
	fill(d, log->scope, c);
	return true;
}

void dialect_read_judgements(struct dialect_reader *d, const struct span_view *span, bool is_call, judgement_visit visit,
			     void *context)
{
	struct judged_reader j = {
		.arena = d->context.arena,
		.session = d->span.text[FIELD_SESSION],
		.is_call = is_call,
		.visit = visit,
		.context = context,
	};

	if (d->span.judges)
		judged_read_attributes(&j, span);
	if (span->event_count > 0)
		judged_read_events(&j, span);
}

void dialect_read_log_judgements(struct dialect_reader *d, const struct log_view *log, judgement_visit visit, void *context)
{
	struct judged_reader j = { .arena = d->context.arena, .visit = visit, .context = context };

	j.session = d->span.text[FIELD_SESSION];
	judged_read_log(&j, log);
}
