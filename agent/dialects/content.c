/* SPDX-License-Identifier: Apache-2.0
 * dialects/content.c - searches first, walks only where a search cannot do.
 */
#include "agent/dialects/content.h"

#include <inttypes.h>

#include "agent/dialects/convert.h"
#include "agent/dialects/grounding.h"
#include "agent/dialects/members.h"
#include "agent/dialects/message_walk.h"
#include "agent/dialects/schema.h"
#include "agent/otlp/any_json.h"
#include "agent/span/fingerprint.h"

/* Rank of the row whose input is the whole request, parameters and all. */
#define WHOLE_REQUEST 7
#define USAGE_BYTES   1024u /* at the end of an answer */

void content_scratch_release(struct content_scratch *s)
{
	buf_release(&s->text);
	buf_release(&s->json);
}

/* The content as text; lists of key and value are written out as JSON. Empty where the span does not carry it. */
static struct slice text_of(const struct reading *r, enum field field, struct content_scratch *s, struct arena *a)
{
	const struct any_value *v = reading_content(r, field);

	if (v == NULL)
		return SLICE_NONE;
	if (v->kind == ANY_STRING || v->kind == ANY_BYTES)
		return v->bytes;
	buf_reset(&s->json);
	any_json_write(&s->json, v, BYTES_AS_NULL);
	return buf_failed(&s->json) ? SLICE_NONE : arena_dup(a, buf_view(&s->json));
}

/* What follows `"name":` at its next occurrence in JSON text, from the value's first byte on. Names inside strings have
 * their quotes escaped and are not found. *text moves on behind the name. */
static bool next_member(struct slice *text, struct slice quoted_name, struct slice *value)
{
	ptrdiff_t at;

	while ((at = slice_find(*text, quoted_name)) >= 0) {
		*text = slice_skip(*text, (size_t)at + quoted_name.len);
		size_t i = 0;
		while (i < text->len && (text->ptr[i] == ' ' || text->ptr[i] == '\n'))
			i++;
		if (i == text->len || text->ptr[i] != ':')
			continue;
		for (i++; i < text->len && (text->ptr[i] == ' ' || text->ptr[i] == '\n');)
			i++;
		*value = slice_skip(*text, i);
		return value->len > 0;
	}
	return false;
}

/* The text between the quotes at the start of value; empty where it is no plain string. */
static struct slice plain_string(struct slice value)
{
	if (value.len < 2 || value.ptr[0] != '"')
		return SLICE_NONE;
	const char *end = memchr(value.ptr + 1, '"', value.len - 1);
	if (end == NULL || end[-1] == '\\')
		return SLICE_NONE;
	return (struct slice){ value.ptr + 1, (size_t)(end - value.ptr) - 1 };
}

static bool has_digits(struct slice name, unsigned wanted)
{
	unsigned run = 0;

	for (size_t i = 0; i < name.len && run < wanted; i++)
		run = name.ptr[i] >= '0' && name.ptr[i] <= '9' ? run + 1 : 0;
	return run == wanted;
}

/* A name without a date or a build number, from a key that may mean the model asked for. */
static bool wants_response_model(const struct reading *r, const struct call *c)
{
	return r->rank[FIELD_RESPONSE_MODEL] >= 4 && !has_digits(c->response_model, 3);
}

/* The answer's own text may speak of models too: only a name that begins like the one known is believed. */
static void find_response_model(struct slice output, struct call *c)
{
	static const struct slice names[] = { { "\"model_name\"", 12 }, { "\"model\"", 7 }, { "\"modelVersion\"", 14 } };
	struct slice known = call_model(c), value;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct slice rest = output;
		while (next_member(&rest, names[i], &value)) {
			struct slice model = plain_string(value);
			if (known.len >= 3 && slice_starts_with(model, slice_head(known, 3))) {
				if (c->request_model.len == 0)
					c->request_model = known;
				c->response_model = model;
				return;
			}
		}
	}
}

/* Other servers of OpenAI's API have ids of their own kind: it is the first member of the answer as a whole. */
static struct slice id_of_completion(struct slice output)
{
	static const struct slice start = { "{\"id\":", 6 };

	if (!slice_starts_with(output, start) || slice_find(output, SLICE("\"object\":\"chat.completion\"")) < 0)
		return SLICE_NONE;
	return plain_string(slice_trim(slice_skip(output, start.len)));
}

static struct slice id_of_gemini(struct slice output)
{
	struct slice rest = output, value;

	if (slice_find(output, SLICE("\"candidates\"")) < 0 || !next_member(&rest, SLICE("\"response_id\""), &value))
		return SLICE_NONE;
	return plain_string(value);
}

/* An item of a Responses answer has an id like the one of an Anthropic message, and a status beside it. */
static bool names_answer(struct slice id, struct slice output)
{
	if (slice_starts_with(id, SLICE("msg_")))
		return slice_find(output, SLICE("\"status\":")) < 0;
	return slice_starts_with(id, SLICE("chatcmpl-")) || slice_starts_with(id, SLICE("resp_"));
}

static void find_response_id(struct slice output, struct call *c)
{
	struct slice rest = output, value;

	for (unsigned tries = 0; tries < 4 && next_member(&rest, SLICE("\"id\""), &value); tries++)
		if (names_answer(plain_string(value), output)) {
			c->response_id = plain_string(value);
			return;
		}
	c->response_id = id_of_completion(output);
	if (c->response_id.len == 0)
		c->response_id = id_of_gemini(output);
}

/* What stands between single quotes behind these words. */
static struct slice printed(struct slice text, struct slice words)
{
	ptrdiff_t at = slice_find(text, words);
	struct slice rest = at < 0 ? SLICE_NONE : slice_skip(text, (size_t)at + words.len);
	const char *end = rest.len > 0 ? memchr(rest.ptr, '\'', rest.len) : NULL;

	return end != NULL ? slice_head(rest, (size_t)(end - rest.ptr)) : SLICE_NONE;
}

static bool printed_count(struct slice text, struct slice name, uint64_t *out)
{
	ptrdiff_t at = slice_find(text, name);
	size_t digits = 0;

	if (at < 0)
		return false;
	text = slice_skip(text, (size_t)at + name.len);
	while (digits < text.len && text.ptr[digits] >= '0' && text.ptr[digits] <= '9')
		digits++;
	return slice_to_u64(slice_head(text, digits), out);
}

/* Details of the same input as the span tells: usage=CompletionUsage(..., prompt_tokens=2000, ..., cached_tokens=1536) */
static void find_printed_usage(struct slice object, struct call *c)
{
	ptrdiff_t at = slice_find(object, SLICE("usage=CompletionUsage("));
	struct slice usage = at < 0 ? SLICE_NONE : slice_skip(object, (size_t)at);
	uint64_t input, n;

	if (!tokens_has(&c->tokens, TOKENS_INPUT) || !printed_count(usage, SLICE("prompt_tokens="), &input) ||
	    input != c->tokens.n[TOKENS_INPUT])
		return;
	if (!tokens_has(&c->tokens, TOKENS_CACHE_READ) && printed_count(usage, SLICE("cached_tokens="), &n) && n <= input)
		tokens_set(&c->tokens, TOKENS_CACHE_READ, n);
	if (!tokens_has(&c->tokens, TOKENS_REASONING) && printed_count(usage, SLICE("reasoning_tokens="), &n) &&
	    n <= tokens_get(&c->tokens, TOKENS_OUTPUT))
		tokens_set(&c->tokens, TOKENS_REASONING, n);
}

/* A Python object, printed: ChatCompletion(id='chatcmpl-...', ..., model='gpt-4o-2024-08-06', ...) */
static void find_printed(const struct reading *r, struct slice output, struct call *c)
{
	ptrdiff_t at = slice_find(output, SLICE("ChatCompletion(id='"));

	if (at < 0)
		return;
	struct slice object = slice_skip(output, (size_t)at), known = call_model(c), model;
	if (c->response_id.len == 0)
		c->response_id = printed(object, SLICE("(id='"));
	model = printed(object, SLICE(" model='"));
	if (wants_response_model(r, c) && known.len >= 3 && slice_starts_with(model, slice_head(known, 3)))
		c->response_model = model;
	find_printed_usage(object, c);
}

static void find_finish(struct slice output, struct call *c)
{
	static const struct slice names[] = { { "\"finish_reason\"", 15 },
					      { "\"stop_reason\"", 13 },
					      { "\"stopReason\"", 12 } };
	struct any_value word = { .kind = ANY_STRING };
	struct slice rest, value;
	int finish;
	bool found;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && c->finish == 0; i++)
		for (rest = output; next_member(&rest, names[i], &value);) {
			word.bytes = plain_string(value);
			if (word.bytes.len > 0 && convert_words(&word, finish_words, &finish, &found))
				c->finish |= (uint32_t)finish;
		}
}

/* OpenAI's Responses API tells a status of the whole, and of each part first or last; calls for tools are parts too. */
static void find_status(struct slice answer, struct call *c)
{
	struct slice value;

	if (slice_find(answer, SLICE("\"type\":\"function_call\"")) >= 0)
		c->finish = FINISH_TOOL_CALL;
	else if (slice_find(answer, SLICE("\"max_output_tokens\"}")) >= 0)
		c->finish = FINISH_LENGTH;
	else if (next_member(&answer, SLICE("\"status\""), &value) && slice_equal(plain_string(value), SLICE("completed")))
		c->finish = FINISH_STOP;
}

/* OpenAI ends a refusal with "stop" and tells it beside the content, as a text or as a part of that type. */
static bool is_refused(struct slice output)
{
	struct slice rest = output, value;
	ptrdiff_t at = slice_find(output, SLICE("\"refusal\""));

	if (at < 0)
		return false;
	while (next_member(&rest, SLICE("\"refusal\""), &value))
		if (plain_string(value).len > 0)
			return true;
	return slice_find(output, SLICE("\"type\":\"refusal\"")) >= 0 ||
	       slice_find(output, SLICE("\"type\": \"refusal\"")) >= 0;
}

static void find_streaming(struct slice input, struct call *c)
{
	struct slice value;

	if (next_member(&input, SLICE("\"stream\""), &value))
		c->streaming = slice_starts_with(value, SLICE("true")) ? TRI_YES : TRI_NO;
}

static void find_request_model(struct slice input, struct call *c)
{
	struct slice value;

	if (next_member(&input, SLICE("\"model\""), &value))
		c->request_model = plain_string(value);
}

static void recognise(const struct reading_context *context, struct slice text, struct call *c)
{
	c->prompt_fingerprint = fingerprint_of(text);
	if (context->match != NULL && (c->prompt_version.len == 0 || c->prompt_name_is_made))
		c->prompt_template = context->match(context->match_context, text);
}

/* A system message may come as a list of parts: then the text in them. */
static struct slice without_json(struct slice text, struct content_scratch *s, struct arena *a)
{
	struct message_walk w = { .text = &s->text, .arena = a };

	if (text.ptr[0] != '[' && text.ptr[0] != '{')
		return text;
	buf_reset(&s->text);
	message_walk_run(&w, text);
	return s->text.len > 0 && !buf_failed(&s->text) ? buf_view(&s->text) : text;
}

static void find_fingerprint(struct reading_context *context, const struct reading *r, struct content_scratch *s,
			     struct call *c)
{
	struct arena *a = context->arena;
	struct slice text = r->text[FIELD_PROMPT_TEMPLATE];

	if (text.len == 0)
		text = text_of(r, FIELD_SYSTEM_TEXT, s, a);
	if (text.len == 0 && r->first_is_system)
		text = text_of(r, FIELD_FIRST_TEXT, s, a);
	if (text.len > 0) {
		recognise(context, without_json(text, s, a), c);
		return;
	}
	struct slice input = text_of(r, FIELD_INPUT_TEXT, s, a);
	if (input.len == 0)
		return;
	struct message_walk w = { .text = &s->text, .arena = a, .only_system = true };
	buf_reset(&s->text);
	message_walk_run(&w, input);
	if (w.system_end > w.system_start && !buf_failed(&s->text))
		recognise(context, (struct slice){ s->text.ptr + w.system_start, w.system_end - w.system_start }, c);
}

static bool named_before(const struct slice *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (slice_equal(names[i], names[n]))
			return true;
	return false;
}

static void set_tools(struct call *c, const struct slice *names, uint32_t count, struct arena *a)
{
	size_t kept = count < TOOL_CALLS_MAX ? count : TOOL_CALLS_MAX;

	c->tool_calls = count;
	for (size_t i = 0; i < kept; i++) {
		if (named_before(names, i) || names[i].len == 0)
			continue;
		c->tool_names = c->tool_names.len == 0 ?
			names[i] : arena_printf(a, "%.*s,%.*s", SLICE_ARG(c->tool_names), SLICE_ARG(names[i]));
	}
}

static void judge_json(const struct reading *r, struct content_scratch *s, struct arena *a, struct slice answer,
		       struct call *c)
{
	struct slice schema = text_of(r, FIELD_SCHEMA, s, a);

	c->answer_is_json = json_is_valid(answer) ? TRI_YES : TRI_NO;
	if (c->answer_is_json == TRI_YES && schema.len > 0)
		c->answer_fits_schema = schema_fits(schema, answer);
}

static bool lacks_usage(const struct call *c)
{
	return !tokens_has(&c->tokens, TOKENS_INPUT) || (c->role == ROLE_LLM && !tokens_has(&c->tokens, TOKENS_OUTPUT));
}

/* Gemini, Ollama and OpenAI's Responses stop alike whether they ask for a tool or not: the answer has the part. */
static bool may_call_tools(const struct call *c, struct slice output)
{
	if ((c->finish & FINISH_TOOL_CALL) != 0 || c->finish == 0)
		return true;
	return c->finish == FINISH_STOP && output.len > 0 && output.ptr[0] == '[' && slice_find(output, SLICE("_call\"")) >= 0;
}

static bool wants_walk(const struct reading *r, const struct call *c, struct slice output)
{
	return (may_call_tools(c, output) && r->tool_call_count == 0) || r->json_wanted || lacks_usage(c) || r->retrieval != NULL;
}

static void walk_raw_answer(const struct reading *r, struct message_walk *w)
{
	const struct any_value *raw = reading_content(r, FIELD_RAW_ANSWER);
	size_t length = w->text->len;

	if (raw == NULL || raw->kind != ANY_STRING)
		return;
	message_walk_run(w, raw->bytes);
	w->text->len = length;
}

static void walk_output(struct reading_context *context, const struct reading *r, struct content_scratch *s,
			struct slice output, struct call *c)
{
	struct message_walk w = { .text = &s->text, .arena = context->arena };

	buf_reset(&s->text);
	if (r->json_wanted && r->content_rank[FIELD_OUTPUT_TEXT - CONTENT_FIRST] == 4)
		buf_slice(&s->text, output); /* ai.response.object: the answer itself */
	else
		message_walk_run(&w, output);
	if (buf_failed(&s->text))
		return;
	struct slice answer = slice_trim(buf_view(&s->text));
	if (w.tool_calls == 0 && c->tool_calls == 0 && (c->finish & FINISH_TOOL_CALL) != 0)
		walk_raw_answer(r, &w); /* the text is told apart from the calls */
	if (w.tool_calls > 0 && c->tool_calls == 0)
		set_tools(c, w.tool_names, w.tool_calls, context->arena);
	if (w.refused)
		c->finish |= FINISH_REFUSAL;
	c->answer_is_empty = answer.len == 0 && c->tool_calls == 0 ? TRI_YES : TRI_NO;
	if (r->json_wanted && answer.len > 0 && c->tool_calls == 0)
		judge_json(r, s, context->arena, answer, c);
	if (!tokens_has(&c->tokens, TOKENS_OUTPUT) && answer.len > 0)
		c->output_text = arena_dup(context->arena, answer);
	grounding_measure(answer, r, c);
}

/* What the vendor's answer tells beside its text. */
static void search_answer(const struct reading *r, struct slice answer, struct call *c)
{
	if (answer.len == 0 || (answer.ptr[0] != '{' && answer.ptr[0] != '['))
		return;
	if (wants_response_model(r, c))
		find_response_model(answer, c);
	if (c->response_id.len == 0)
		find_response_id(answer, c);
	find_printed(r, answer, c);
	if (c->finish == 0)
		find_finish(answer, c);
	if (c->finish == 0 && slice_find(answer, SLICE("\"object\":\"response\"")) >= 0)
		find_status(answer, c);
	if (is_refused(answer))
		c->finish |= FINISH_REFUSAL;
}

static const struct dialect_row answer_meta[] = { ROW_MEMBERS("usage", raw_usage_members), ROW_END };

static const struct dialect_row answer_members[] = {
	ROW_MEMBERS("meta", answer_meta), /* of a Haystack component */
	ROW_MEMBERS("usage", raw_usage_members),
	ROW_MEMBERS("token_usage", raw_usage_members),
	ROW_MEMBERS("usage_metadata", gemini_usage_members),
	ROW_END,
};

/* Whether a count of cached tokens that is not 0 stands at the end, where vendors tell the usage. */
static bool tells_of_cache(struct slice answer)
{
	struct slice end = slice_skip(answer, answer.len - slice_head(answer, USAGE_BYTES).len);

	for (ptrdiff_t at; (at = slice_find(end, SLICE("cache"))) >= 0;) {
		end = slice_skip(end, (size_t)at);
		ptrdiff_t colon = slice_find(end, SLICE(":"));
		end = slice_trim(slice_skip(end, colon >= 0 ? (size_t)colon + 1 : end.len));
		if (end.len > 0 && end.ptr[0] >= '1' && end.ptr[0] <= '9')
			return true;
	}
	return false;
}

/* Usage that stands nowhere but in the vendor's answer as a whole, or in more detail there. */
static void find_usage(struct reading_context *context, struct reading *r, struct slice answer, struct call *c)
{
	static const struct dialect_row row = ROW_MEMBERS("", answer_members);
	const struct any_value v = { .kind = ANY_STRING, .bytes = answer };
	const struct usage_habit habit = { 0 };
	struct tokens told = { 0 };

	if (answer.len == 0 || answer.ptr[0] != '{' || r->json_wanted || tokens_has(&c->tokens, TOKENS_CACHE_READ))
		return;
	if (c->tokens.known == 0 ? slice_find(answer, SLICE("usage\":")) < 0 : !tells_of_cache(answer))
		return;
	if (c->tokens.known != 0)
		r->families = 0; /* what the answer alone claims */
	if (members_apply(context, r, &row, &v))
		usage_resolve(r->usage, r->families, &habit, &told);
	if (c->tokens.known == 0)
		c->tokens = told;
	else
		usage_fill_details(&c->tokens, &told);
	if (tokens_has(&c->tokens, TOKENS_CACHE_READ))
		c->usage_may_lack_cache = false;
}

/* Where LangChain could not read the answer (it violates the schema that was asked for), the vendor's own stands inside its
 * message, and nobody tells the usage but this. */
static struct slice answer_inside(struct slice answer)
{
	static const struct slice before = { "\"response_metadata\":{\"body\":", 28 };
	ptrdiff_t at = slice_find(answer, before);
	struct slice inside;
	struct json j;

	if (at < 0)
		return answer;
	json_init(&j, slice_skip(answer, (size_t)at + before.len));
	return json_raw(&j, &inside) ? inside : answer;
}

static void read_output(struct reading_context *context, struct reading *r, struct content_scratch *s, struct call *c)
{
	struct slice output = text_of(r, FIELD_OUTPUT_TEXT, s, context->arena);
	const struct any_value *raw = reading_content(r, FIELD_RAW_ANSWER);

	if (reading_content(r, FIELD_OUTPUT_TEXT) == NULL && raw == NULL)
		return;
	struct slice answer = raw != NULL && raw->kind == ANY_STRING ? raw->bytes : output;
	if (c->tokens.known == 0)
		answer = answer_inside(answer);
	search_answer(r, answer, c);
	find_usage(context, r, answer, c);
	if (wants_walk(r, c, output))
		walk_output(context, r, s, output, c);
	else
		c->answer_is_empty = slice_trim(output).len == 0 ? TRI_YES : TRI_NO;
}

static void read_input(struct reading_context *context, struct reading *r, struct content_scratch *s, struct call *c)
{
	struct slice input = text_of(r, FIELD_INPUT_TEXT, s, context->arena);

	if (input.len == 0)
		return;
	if (r->content_rank[FIELD_INPUT_TEXT - CONTENT_FIRST] == WHOLE_REQUEST) {
		if (c->streaming == TRI_UNKNOWN)
			find_streaming(input, c);
		if (c->request_model.len == 0)
			find_request_model(input, c);
	}
	if (tokens_has(&c->tokens, TOKENS_INPUT))
		return;
	struct message_walk w = { .text = &s->text, .arena = context->arena };
	buf_reset(&s->text);
	message_walk_run(&w, input);
	if (!buf_failed(&s->text))
		c->input_text = arena_dup(context->arena, buf_view(&s->text));
}

void content_complete_call(struct reading_context *context, struct reading *r, struct content_scratch *s, struct call *c)
{
	if (r->tool_call_count > 0)
		set_tools(c, r->tool_calls, r->tool_call_count, context->arena);
	read_input(context, r, s, c);
	read_output(context, r, s, c);
	if (c->tool_calls > 0 && c->finish == 0)
		c->finish = FINISH_TOOL_CALL;
	if (c->role == ROLE_LLM)
		find_fingerprint(context, r, s, c);
}

static const struct dialect_row document_metadata[] = {
	ROW_TEXT("id", FIELD_DOCUMENT_ID, 1),
	ROW_NUMBER("score", FIELD_DOCUMENT_SCORE, CONVERT_NUMBER, 1),
	ROW_NUMBER("relevance_score", FIELD_DOCUMENT_SCORE, CONVERT_NUMBER, 2),
	ROW_NUMBER("date", FIELD_DOCUMENT_DATE, CONVERT_TIME, 0),
	ROW_NUMBER("updated_at", FIELD_DOCUMENT_DATE, CONVERT_TIME, 0),
	ROW_END,
};

static const struct dialect_row documents[] = {
	{ "", FIELD_DOCUMENT, CONVERT_PRESENCE, 0, 0, NULL, NULL },
	ROW_TEXT("id", FIELD_DOCUMENT_ID, 0),
	ROW_NUMBER("score", FIELD_DOCUMENT_SCORE, CONVERT_NUMBER, 0),
	ROW_MEMBERS("metadata", document_metadata),
	ROW_END,
};

static const struct dialect_row lists[] = {
	ROW_MEMBERS("documents", documents),
	ROW_MEMBERS("output", documents),
	ROW_MEMBERS("results", documents),
	ROW_MEMBERS("matches", documents),
	ROW_END,
};

void content_find_documents(struct reading_context *context, struct reading *r)
{
	static const struct dialect_row of_list = ROW_MEMBERS("", documents), of_object = ROW_MEMBERS("", lists);
	const struct any_value *output = reading_content(r, FIELD_OUTPUT_TEXT);

	if (output == NULL || output->kind != ANY_STRING || r->retrieval != NULL)
		return;
	struct slice text = slice_trim(output->bytes);
	bool is_list = text.len > 0 && text.ptr[0] == '[';
	if (!is_list && (text.len == 0 || text.ptr[0] != '{'))
		return;
	bool understood = members_apply(context, r, is_list ? &of_list : &of_object, output);
	if (understood && r->retrieval == NULL && slice_equal(text, SLICE("[]"))) {
		r->retrieval = arena_alloc(context->arena, sizeof(*r->retrieval));
		if (r->retrieval != NULL)
			memset(r->retrieval, 0, sizeof(*r->retrieval));
	}
}
