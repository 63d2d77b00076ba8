/* SPDX-License-Identifier: Apache-2.0
 * judgements/body.c - members of an item by a table, then what they mean together.
 */
#include "agent/judgements/body.h"

#include <math.h>

#include "agent/base/clock.h"
#include "agent/base/hex.h"
#include "agent/base/json.h"

#define TEXT_BYTES_MAX 256u
#define FIRST_ROOM     16u

/* One item as it stands there. */
struct item {
	struct judgement j;
	bool has_value, is_truth; /* of value: given as a number or as true or false */
	struct slice word;        /* value given as a text */
	double min, max;
	bool has_min, has_max;
	enum tristate failed; /* the evaluator broke down */
	enum tristate with_call;
};

struct body_reader {
	struct json *json;
	struct arena *arena;
	struct buf *why;
	size_t index; /* of the item */
};

static struct status refuse(const struct body_reader *b, const char *member, const char *what)
{
	buf_printf(b->why, "item %zu: ", b->index);
	if (member != NULL)
		buf_printf(b->why, "member \"%s\": ", member);
	buf_text(b->why, what);
	return FAIL(INVALID, "an item cannot be taken");
}

/* ------------------------------------------------------------------ members */

static struct status broken(void)
{
	return FAIL(MALFORMED, "a value is wanted");
}

/* A value of another kind is refused by name; what is no value at all is broken JSON. */
static struct status expect(const struct body_reader *b, const char *key, enum json_kind kind, const char *what)
{
	enum json_kind found = json_peek(b->json);

	if (found == JSON_BAD)
		return broken();
	return found == kind ? OK : refuse(b, key, what);
}

/* Reads null, which says nothing. */
static bool is_null(struct body_reader *b)
{
	return json_peek(b->json) == JSON_NULL && json_null(b->json);
}

static struct status read_text(struct body_reader *b, const char *key, struct slice *out)
{
	struct slice text = SLICE_NONE;

	if (is_null(b))
		return OK;
	TRY(expect(b, key, JSON_STRING, "a string is wanted"));
	if (!json_text(b->json, b->arena, &text))
		return broken();
	if (text.len > TEXT_BYTES_MAX)
		return refuse(b, key, "it is longer than 256 bytes");
	*out = text;
	return OK;
}

/* Hexadecimal digits; dashes between them are left out. */
static struct status read_id(struct body_reader *b, const char *key, uint8_t *out, size_t n, bool *known)
{
	struct slice text = SLICE_NONE;
	uint8_t id[16], any = 0;
	char digits[33];
	size_t count = 0;

	TRY(read_text(b, key, &text));
	if (text.len == 0)
		return OK;
	for (size_t i = 0; i < text.len && count < sizeof(digits); i++)
		if (text.ptr[i] != '-')
			digits[count++] = text.ptr[i];
	if (!hex_parse((struct slice){ digits, count }, id, n))
		return refuse(b, key, n == 16 ? "32 hexadecimal digits are wanted" : "16 hexadecimal digits are wanted");
	for (size_t i = 0; i < n; i++)
		any |= id[i];
	if (any == 0)
		return refuse(b, key, "all zeros name nothing");
	memcpy(out, id, n);
	*known = true;
	return OK;
}

static struct status read_number(struct body_reader *b, const char *key, double *out, bool *known)
{
	struct slice text;

	if (is_null(b))
		return OK;
	TRY(expect(b, key, JSON_NUMBER, "a number is wanted"));
	if (!json_number(b->json, &text))
		return broken();
	if (!slice_to_double(text, out) || !isfinite(*out))
		return refuse(b, key, "the number is too large");
	*known = true;
	return OK;
}

static struct status read_value(struct body_reader *b, const char *key, struct item *item)
{
	bool truth;

	switch (json_peek(b->json)) {
	case JSON_BOOL:
		if (!json_bool(b->json, &truth))
			return broken();
		item->j.value = truth;
		item->has_value = item->is_truth = true;
		return OK;
	case JSON_STRING:
		return read_text(b, key, &item->word);
	default:
		return read_number(b, key, &item->j.value, &item->has_value);
	}
}

static struct status read_truth(struct body_reader *b, const char *key, enum tristate *out)
{
	bool truth;

	if (is_null(b))
		return OK;
	TRY(expect(b, key, JSON_BOOL, "true or false is wanted"));
	if (!json_bool(b->json, &truth))
		return broken();
	*out = truth ? TRI_YES : TRI_NO;
	return OK;
}

static struct status read_source(struct body_reader *b, const char *key, struct item *item)
{
	struct slice text = SLICE_NONE;

	TRY(read_text(b, key, &text));
	for (int i = 0; text.len > 0 && i < JUDGEMENT_SOURCE_COUNT; i++)
		if (slice_equal_nocase(text, slice_of(judgement_source_names[i]))) {
			item->j.source = (enum judgement_source)i;
			return OK;
		}
	return text.len == 0 ? OK : refuse(b, key, "one of human, llm, code, user is wanted");
}

static struct status read_time(struct body_reader *b, const char *key, struct item *item)
{
	struct slice text = SLICE_NONE;
	double seconds = 0;
	bool known = false;

	if (json_peek(b->json) == JSON_NUMBER) {
		TRY(read_number(b, key, &seconds, &known));
		if (!(seconds >= 0 && seconds < 9e9))
			return refuse(b, key, "seconds after 1970 are wanted, or a text such as 2026-11-21T15:57:16Z");
		item->j.time_unix_ns = (uint64_t)(seconds * 1e3) * NS_PER_MS;
		return OK;
	}
	TRY(read_text(b, key, &text));
	text = arena_dup(b->arena, text); /* terminated */
	if (text.len > 0 && clock_parse_rfc3339(text.ptr, &item->j.time_unix_ns) != 0)
		return refuse(b, key, "a time such as 2026-11-21T15:57:16Z is wanted");
	return OK;
}

static struct status read_member(struct body_reader *b, struct slice key, struct item *item);

/* What Phoenix' clients put around label and score. */
static struct status read_result(struct body_reader *b, const char *key, struct item *item)
{
	struct json_string member;

	TRY(expect(b, key, JSON_OBJECT, "an object is wanted"));
	if (!json_object(b->json))
		return broken();
	while (json_member(b->json, &member))
		TRY(read_member(b, member.raw, item));
	return b->json->why == NULL ? OK : broken();
}

enum member {
	MEMBER_TRACE,
	MEMBER_SPAN,
	MEMBER_RESPONSE,
	MEMBER_SESSION,
	MEMBER_ID,
	MEMBER_NAME,
	MEMBER_VALUE,
	MEMBER_MIN,
	MEMBER_MAX,
	MEMBER_LABEL,
	MEMBER_PASS,
	MEMBER_SOURCE,
	MEMBER_TIME,
	MEMBER_RESULT,
	MEMBER_FAILED,
	MEMBER_WITH_CALL,
	MEMBER_READ_OVER,
};

static const struct {
	const char *key;
	enum member member;
} members[] = {
	{ "trace_id", MEMBER_TRACE },
	{ "traceId", MEMBER_TRACE },
	{ "span_id", MEMBER_SPAN },
	{ "spanId", MEMBER_SPAN },
	{ "observation_id", MEMBER_SPAN },
	{ "observationId", MEMBER_SPAN },
	{ "response_id", MEMBER_RESPONSE },
	{ "responseId", MEMBER_RESPONSE },
	{ "session_id", MEMBER_SESSION },
	{ "sessionId", MEMBER_SESSION },
	{ "id", MEMBER_ID },
	{ "name", MEMBER_NAME },
	{ "signal", MEMBER_NAME },
	{ "key", MEMBER_NAME },
	{ "value", MEMBER_VALUE },
	{ "score", MEMBER_VALUE },
	{ "min", MEMBER_MIN },
	{ "max", MEMBER_MAX },
	{ "label", MEMBER_LABEL },
	{ "pass", MEMBER_PASS },
	{ "passed", MEMBER_PASS },
	{ "source", MEMBER_SOURCE },
	{ "annotator_kind", MEMBER_SOURCE },
	{ "time", MEMBER_TIME },
	{ "timestamp", MEMBER_TIME },
	{ "created_at", MEMBER_TIME },
	{ "result", MEMBER_RESULT },
	{ "comment", MEMBER_READ_OVER },
	{ "explanation", MEMBER_READ_OVER },
	{ "metadata", MEMBER_READ_OVER },
	{ "dataType", MEMBER_READ_OVER },
	{ "data_type", MEMBER_READ_OVER },
	{ "environment", MEMBER_READ_OVER },
	{ "user_id", MEMBER_READ_OVER },
	{ "userId", MEMBER_READ_OVER },
	/* of our own lines */
	{ "type", MEMBER_READ_OVER },
	{ "failed", MEMBER_FAILED },
	{ "came_with_call", MEMBER_WITH_CALL },
	{ "prompt_version", MEMBER_READ_OVER },
	{ "provider", MEMBER_READ_OVER },
	{ "model", MEMBER_READ_OVER },
	{ "feature", MEMBER_READ_OVER },
	{ "workflow", MEMBER_READ_OVER },
	{ "user_segment", MEMBER_READ_OVER },
	{ "evaluation_traffic", MEMBER_READ_OVER },
	{ "unjoined", MEMBER_READ_OVER },
};

static struct status read_known(struct body_reader *b, const char *key, enum member member, struct item *item)
{
	struct judgement *j = &item->j;

	switch (member) {
	case MEMBER_TRACE:
		return read_id(b, key, j->target.trace_id, sizeof(j->target.trace_id), &j->target.has_trace);
	case MEMBER_SPAN:
		return read_id(b, key, j->target.span_id, sizeof(j->target.span_id), &j->target.has_span);
	case MEMBER_RESPONSE:
		return read_text(b, key, &j->target.response_id);
	case MEMBER_SESSION:
		return read_text(b, key, &j->target.session_id);
	case MEMBER_ID:
		return read_text(b, key, &j->given_id);
	case MEMBER_NAME:
		return read_text(b, key, &j->name);
	case MEMBER_VALUE:
		return read_value(b, key, item);
	case MEMBER_MIN:
		return read_number(b, key, &item->min, &item->has_min);
	case MEMBER_MAX:
		return read_number(b, key, &item->max, &item->has_max);
	case MEMBER_LABEL:
		return read_text(b, key, &j->label);
	case MEMBER_PASS:
		return read_truth(b, key, &j->passed);
	case MEMBER_SOURCE:
		return read_source(b, key, item);
	case MEMBER_TIME:
		return read_time(b, key, item);
	case MEMBER_RESULT:
		return read_result(b, key, item);
	case MEMBER_FAILED:
		return read_truth(b, key, &item->failed);
	case MEMBER_WITH_CALL:
		return read_truth(b, key, &item->with_call);
	default:
		return json_skip(b->json) ? OK : broken();
	}
}

static struct status read_member(struct body_reader *b, struct slice key, struct item *item)
{
	char name[64];

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (slice_equal(key, slice_of(members[i].key)))
			return read_known(b, members[i].key, members[i].member, item);
	memcpy(name, key.ptr, key.len < sizeof(name) ? key.len : sizeof(name) - 1);
	name[key.len < sizeof(name) ? key.len : sizeof(name) - 1] = '\0';
	return refuse(b, name, "no such member; there are trace_id, span_id, response_id, session_id, name or signal, value, "
			       "min, max, label, pass, source, id, time, comment and metadata");
}

/* ------------------------------------------------------------------ what they mean */

static const struct {
	const char *text;
	bool yes;
} words[] = { { "up", true },   { "down", false }, { "yes", true },  { "no", false },
	      { "true", true }, { "false", false }, { "good", true }, { "bad", false } };

/* Signals that are a yes where nothing else is said. */
static const char *const events[] = { "regenerated", "copied", "escalated" };

static void read_word(struct item *item)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_equal_nocase(item->word, slice_of(words[i].text))) {
			item->j.value = words[i].yes;
			item->has_value = item->is_truth = true;
			return;
		}
	if (item->j.label.len == 0)
		item->j.label = item->word;
}

/* Moves the value to 0 to 1 of the declared range. */
static struct status fit_range(const struct body_reader *b, struct item *item)
{
	if (!item->has_min && !item->has_max)
		return OK;
	if (!item->has_min || !item->has_max || !(item->max > item->min))
		return refuse(b, "max", "min and max belong together, and max is the larger one");
	if (!item->has_value || item->is_truth)
		return refuse(b, "value", "a number is wanted, since min and max are given");
	if (item->j.value < item->min || item->j.value > item->max)
		return refuse(b, "value", "it lies outside of min to max");
	item->j.value = (item->j.value - item->min) / (item->max - item->min);
	return OK;
}

static struct status finish_evaluation(const struct body_reader *b, struct item *item)
{
	struct judgement *j = &item->j;

	if (item->word.len > 0 && j->label.len == 0)
		j->label = item->word;
	TRY(fit_range(b, item));
	if (item->has_value)
		j->scale = item->is_truth ? SCALE_VOTE : SCALE_SCORE;
	if (j->passed == TRI_UNKNOWN)
		j->passed = judgement_label_verdict(j->label);
	if (j->passed == TRI_UNKNOWN && item->is_truth)
		j->passed = j->value != 0 ? TRI_YES : TRI_NO;
	j->failed = item->failed == TRI_YES;
	j->came_with_call = item->with_call == TRI_YES;
	if (!item->has_value && j->label.len == 0 && j->passed == TRI_UNKNOWN && !j->failed)
		return refuse(b, NULL, "it says nothing: give value, label or pass");
	return OK;
}

static struct status finish_rating(const struct body_reader *b, struct item *item, double min, double max)
{
	if (!item->has_value || item->is_truth)
		return refuse(b, "value", "a number is wanted");
	if (!item->has_min && !item->has_max) {
		item->min = min;
		item->max = max;
		item->has_min = item->has_max = true;
	}
	item->j.scale = SCALE_RATING;
	return fit_range(b, item);
}

static struct status finish_feedback(const struct body_reader *b, struct item *item)
{
	struct judgement *j = &item->j;

	read_word(item);
	if (j->source == JUDGED_BY_UNKNOWN)
		j->source = JUDGED_BY_USER;
	if (slice_equal(j->name, SLICE("rating")))
		return finish_rating(b, item, 1, 5);
	if (slice_equal(j->name, SLICE("edited")) && item->has_value && !item->is_truth)
		return finish_rating(b, item, 0, 1);
	j->scale = item->has_value ? SCALE_SCORE : SCALE_NONE; /* what judgement_name_vote looks at */
	if (judgement_name_vote(j))
		return OK;
	if (slice_equal(j->name, SLICE("thumbs"))) {
		if (!item->has_value)
			return refuse(b, "value", "true or false is wanted, or the signal thumbs_up or thumbs_down");
		j->value = j->value > 0;
		j->scale = SCALE_VOTE;
		return OK;
	}
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (slice_equal(j->name, slice_of(events[i]))) {
			j->value = !item->has_value || j->value > 0;
			j->scale = SCALE_VOTE;
			return OK;
		}
	TRY(fit_range(b, item));
	j->scale = !item->has_value ? SCALE_NONE : item->is_truth ? SCALE_VOTE : SCALE_RATING;
	return OK;
}

static struct status finish(const struct body_reader *b, struct item *item, enum judgement_kind kind)
{
	const struct judgement_target *t = &item->j.target;

	if (item->j.name.len == 0)
		return refuse(b, kind == JUDGEMENT_EVALUATION ? "name" : "signal", "it is missing");
	if (!t->has_trace && !t->has_span && t->response_id.len == 0 && t->session_id.len == 0)
		return refuse(b, NULL, "it names no call: give trace_id, span_id, response_id or session_id");
	return kind == JUDGEMENT_EVALUATION ? finish_evaluation(b, item) : finish_feedback(b, item);
}

/* ------------------------------------------------------------------ the whole */

static struct judgement *next_place(struct arena *a, struct judgement_list *list)
{
	bool is_full = list->count == 0 || (list->count >= FIRST_ROOM && (list->count & (list->count - 1)) == 0);

	if (is_full) { /* at 0, 16, 32, 64, ... */
		size_t room = list->count == 0 ? FIRST_ROOM : list->count * 2;
		struct judgement *items = arena_array(a, room, sizeof(*items));
		if (items == NULL)
			return NULL;
		if (list->count > 0)
			memcpy(items, list->items, list->count * sizeof(*items));
		list->items = items;
	}
	return &list->items[list->count];
}

static struct status read_item(struct body_reader *b, enum judgement_kind kind, uint64_t now_unix_ns,
			       struct judgement_list *list)
{
	struct item item = { .j = { .kind = kind, .time_unix_ns = now_unix_ns } };
	struct json_string key;

	if (b->index == BODY_ITEMS_MAX) {
		buf_printf(b->why, "more than %u items; send them in parts", BODY_ITEMS_MAX);
		return FAIL(TOOBIG, "too many items");
	}
	TRY(expect(b, NULL, JSON_OBJECT, "an object is wanted"));
	if (!json_object(b->json))
		return broken();
	while (json_member(b->json, &key))
		TRY(read_member(b, key.raw, &item));
	if (b->json->why != NULL)
		return broken();
	TRY(finish(b, &item, kind));
	struct judgement *place = next_place(b->arena, list);
	if (place == NULL)
		return FAIL(NOMEM, "no memory for the items");
	*place = item.j;
	list->count++;
	b->index++;
	return OK;
}

static struct status read_items(struct body_reader *b, enum judgement_kind kind, uint64_t now_unix_ns,
				struct judgement_list *list)
{
	if (!json_array(b->json))
		return broken();
	while (json_element(b->json))
		TRY(read_item(b, kind, now_unix_ns, list));
	return b->json->why == NULL ? OK : broken();
}

/* {"data":[...]} and nothing beside it. */
static bool is_wrapped(struct slice body)
{
	struct json j;
	struct json_string key;

	json_init(&j, body);
	return json_object(&j) && json_member(&j, &key) && slice_equal(key.raw, SLICE("data")) && json_peek(&j) == JSON_ARRAY;
}

static struct status read_whole(struct body_reader *b, struct slice body, enum judgement_kind kind, uint64_t now_unix_ns,
				struct judgement_list *list)
{
	struct json_string key;

	if (is_wrapped(body)) {
		if (json_object(b->json) && json_member(b->json, &key))
			TRY(read_items(b, kind, now_unix_ns, list));
		if (json_member(b->json, &key))
			return refuse(b, NULL, "beside \"data\" nothing is taken");
	} else if (json_peek(b->json) == JSON_ARRAY) {
		TRY(read_items(b, kind, now_unix_ns, list));
	} else {
		TRY(read_item(b, kind, now_unix_ns, list));
	}
	return json_finish(b->json);
}

struct status judgement_body_read(struct slice body, enum judgement_kind kind, uint64_t now_unix_ns, struct arena *a,
				  struct judgement_list *out, struct buf *why)
{
	struct json json;
	struct body_reader b = { &json, a, why, 0 };
	struct judgement_list list = { 0 };
	unsigned line, column;

	json_init(&json, body);
	struct status s = read_whole(&b, body, kind, now_unix_ns, &list);
	if (s.code == STATUS_MALFORMED) {
		json_where(&json, &line, &column);
		buf_printf(why, "no valid JSON at line %u, column %u: %s", line, column, json.why != NULL ? json.why : s.why);
	} else if (FAILED(s) && why->len == 0) {
		buf_text(why, s.why);
	}
	if (!FAILED(s))
		*out = list;
	return s;
}
