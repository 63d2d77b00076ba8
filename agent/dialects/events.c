/* SPDX-License-Identifier: Apache-2.0
 * dialects/events.c - span events, each by the rows of its name.
 *
 * Sources: semantic conventions 1.26 to 1.36 (messages and choices as events), 1.37 (details), OpenInference's OpenAI
 * instrumentation 0.1.66, OpenLLMetry 0.62.4, Vercel AI SDK 5, Strands 1.62.
 */
#include "agent/dialects/events.h"

static const struct dialect_row exception[] = {
	ROW_TEXT("exception.type", FIELD_ERROR_TYPE, 9),
	ROW_TEXT("exception.message", FIELD_ERROR_MESSAGE, 0),
	ROW_END,
};

static const struct dialect_row first_chunk[] = {
	ROW_NUMBER("ai.response.msToFirstChunk", FIELD_TTFT, CONVERT_MILLISECONDS, 2),
	ROW_NUMBER("ai.stream.msToFirstChunk", FIELD_TTFT, CONVERT_MILLISECONDS, 3),
	ROW_END,
};

static const struct dialect_row choice[] = {
	ROW_WORDS("finish_reason", FIELD_FINISH, finish_words),
	ROW_CONTENT("message", FIELD_OUTPUT_TEXT, 1),
	ROW_CONTENT("gen_ai.event.content", FIELD_OUTPUT_TEXT, 1),
	ROW_END,
};

static const struct dialect_row system_message[] = {
	ROW_CONTENT("content", FIELD_SYSTEM_TEXT, 2),
	ROW_CONTENT("gen_ai.event.content", FIELD_SYSTEM_TEXT, 2),
	ROW_END,
};

static const struct dialect_row user_message[] = {
	ROW_CONTENT("content", FIELD_INPUT_TEXT, 1),
	ROW_CONTENT("gen_ai.event.content", FIELD_INPUT_TEXT, 1),
	ROW_END,
};

static const struct dialect_row content_prompt[] = {
	ROW_CONTENT("gen_ai.prompt", FIELD_INPUT_TEXT, 1),
	ROW_END,
};

static const struct dialect_row content_completion[] = {
	ROW_CONTENT("gen_ai.completion", FIELD_OUTPUT_TEXT, 1),
	ROW_END,
};

static const struct dialect_row found[] = {
	{ "db.query.result.id", FIELD_DOCUMENT, CONVERT_PRESENCE, 0, 0, NULL, NULL },
	ROW_TEXT("db.query.result.id", FIELD_DOCUMENT_ID, 0),
	ROW_NUMBER("db.query.result.score", FIELD_DOCUMENT_SCORE, CONVERT_NUMBER, 0),
	ROW_TEXT("db.search.result.id", FIELD_DOCUMENT_ID, 0),
	ROW_NUMBER("db.search.result.score", FIELD_DOCUMENT_SCORE, CONVERT_NUMBER, 0),
	ROW_END,
};

enum moment { NO_MOMENT, FIRST_TOKEN };

/* rows NULL: the attributes are those of a span. */
static const struct event_rule {
	struct slice name;
	const struct dialect_row *rows;
	bool has_rows;
	enum moment moment;
	bool is_list; /* each such event is one more document */
} rules[] = {
#define EVENT(name, ...) { { (name), sizeof(name) - 1 }, __VA_ARGS__ }
	EVENT("exception", exception, true, NO_MOMENT, false),
	EVENT("First Token Stream Event", NULL, true, FIRST_TOKEN, false),
	EVENT("gen_ai.content.completion.chunk", NULL, true, FIRST_TOKEN, false),
	EVENT("llm.content.completion.chunk", NULL, true, FIRST_TOKEN, false),
	EVENT("mlflow.chunk.item.0", NULL, true, FIRST_TOKEN, false),
	EVENT("ai.stream.firstChunk", first_chunk, true, FIRST_TOKEN, false),
	EVENT("gen_ai.choice", choice, true, NO_MOMENT, false),
	EVENT("gen_ai.system.message", system_message, true, NO_MOMENT, false),
	EVENT("gen_ai.user.message", user_message, true, NO_MOMENT, false),
	EVENT("gen_ai.content.prompt", content_prompt, true, NO_MOMENT, false),
	EVENT("gen_ai.content.completion", content_completion, true, NO_MOMENT, false),
	EVENT("gen_ai.client.inference.operation.details", NULL, false, NO_MOMENT, false),
	EVENT("guard.evaluation", NULL, false, NO_MOMENT, false),
	EVENT("db.query.result", found, true, NO_MOMENT, true),
	EVENT("db.search.result", found, true, NO_MOMENT, true),
#undef EVENT
};

static const struct event_rule *rule_of(struct slice name)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (slice_equal(name, rules[i].name))
			return &rules[i];
	return NULL;
}

static void apply_rows(struct reading_context *c, struct reading *r, const struct dialect_row *rows,
		       struct attributes attributes)
{
	for (; rows != NULL && rows->key != NULL; rows++) {
		const struct any_value *v = attributes_find(attributes, slice_of(rows->key));
		if (v == NULL)
			continue;
		c->key = slice_of(rows->key);
		if (!reading_apply(c, r, rows, v))
			meter_add(c->bad_attributes, 1);
	}
}

/* One that the application, or a client that tried again, has dealt with: the call was answered all the same. LangSmith
 * in JavaScript gives calls that failed a status of OK. */
static bool was_caught(const struct reading *r, const struct span_view *span)
{
	return span->status_code != 2 && usage_claimed(r->usage, r->families);
}

void events_read(struct reading_context *c, struct reading *r, const struct span_view *span)
{
	uint32_t documents = 0;

	for (size_t i = 0; i < span->event_count; i++) {
		const struct event_view *e = &span->events[i];
		const struct event_rule *rule = rule_of(e->name);
		if (rule == NULL || (rule->rows == exception && was_caught(r, span)))
			continue;
		if (rule->moment == FIRST_TOKEN && r->first_token_unix_ns == 0)
			r->first_token_unix_ns = e->time_unix_ns;
		if (rule->is_list)
			c->index = documents++;
		if (rule->has_rows)
			apply_rows(c, r, rule->rows, e->attributes);
		else
			reading_take(c, r, e->attributes, NULL);
	}
}
