/* SPDX-License-Identifier: Apache-2.0
 * bench/otlp_spans.c - a small protobuf writer, and the spans of a made-up shop.
 */
#include "tests/bench/otlp_spans.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/base/hash.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const models[][2] = {
	{ "gpt-4o", "gpt-4o-2024-08-06" },
	{ "gpt-4o-mini", "gpt-4o-mini-2024-07-18" },
	{ "gpt-4.1", "gpt-4.1-2025-04-14" },
	{ "o3-mini", "o3-mini-2025-01-31" },
};
static const char *const features[] = { "search", "checkout-assistant", "support-chat", "product-summary", "returns" };
static const char *const prompts[] = { "shop/answer", "shop/route", "shop/summarise" };
static const char *const versions[] = { "1.4.0", "1.5.0" };
static const char *const segments[] = { "free", "pro", "enterprise" };

/* ---------------------------------------------------------------- protobuf */

static void varint(struct buf *b, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		buf_byte(b, (char)(value | 0x80));
	buf_byte(b, (char)value);
}

static void tag(struct buf *b, unsigned field, unsigned wire_type)
{
	varint(b, field << 3 | wire_type);
}

static void bytes(struct buf *b, unsigned field, const void *data, size_t n)
{
	tag(b, field, 2);
	varint(b, n);
	buf_append(b, data, n);
}

static void string(struct buf *b, unsigned field, const char *text)
{
	bytes(b, field, text, strlen(text));
}

/* Appends message as a field of b, empties it, and returns where its first byte came to lie. */
static size_t nest(struct buf *b, unsigned field, struct buf *message)
{
	tag(b, field, 2);
	varint(b, message->len);
	size_t at = b->len;
	buf_append(b, message->ptr, message->len);
	buf_release(message);
	return at;
}

static size_t fixed64(struct buf *b, unsigned field)
{
	tag(b, field, 1);
	buf_append(b, "\0\0\0\0\0\0\0", 8);
	return b->len - 8;
}

/* ---------------------------------------------------------------- attributes */

static void attribute(struct buf *b, unsigned field, const char *key, struct buf *value)
{
	struct buf pair = BUF_INIT;

	string(&pair, 1, key);
	nest(&pair, 2, value);
	nest(b, field, &pair);
}

static void attribute_text(struct buf *b, unsigned field, const char *key, const char *text)
{
	struct buf value = BUF_INIT;

	string(&value, 1, text);
	attribute(b, field, key, &value);
}

static void attribute_int(struct buf *b, unsigned field, const char *key, uint64_t number)
{
	struct buf value = BUF_INIT;

	tag(&value, 3, 0);
	varint(&value, number);
	attribute(b, field, key, &value);
}

static void attribute_double(struct buf *b, unsigned field, const char *key, double number)
{
	struct buf value = BUF_INIT;

	tag(&value, 4, 1);
	buf_append(&value, &number, sizeof(number)); /* little-endian hosts */
	attribute(b, field, key, &value);
}

static void attribute_list(struct buf *b, unsigned field, const char *key, const char *only)
{
	struct buf item = BUF_INIT, list = BUF_INIT, value = BUF_INIT;

	string(&item, 1, only);
	nest(&list, 1, &item);
	nest(&value, 5, &list);
	attribute(b, field, key, &value);
}

#define SPAN_ATTRIBUTES 9

#define ANSWER_DIGITS 28
#define WIDE_BITS     14 /* of a varint of two bytes */

/* Written for each span anew: where the last two bytes, or digits, of s stand. */
static size_t count_place(struct buf *s, const char *key)
{
	attribute_int(s, SPAN_ATTRIBUTES, key, 1u << (WIDE_BITS - 1));
	return s->len - 2;
}

static void span_attributes(struct buf *s, struct span_places *p, uint64_t roll)
{
	const char *const *model = models[roll % COUNT(models)];
	char id[64];

	attribute_text(s, SPAN_ATTRIBUTES, "gen_ai.operation.name", "chat");
	attribute_text(s, SPAN_ATTRIBUTES, "gen_ai.provider.name", "openai");
	attribute_text(s, SPAN_ATTRIBUTES, "gen_ai.request.model", model[0]);
	attribute_text(s, SPAN_ATTRIBUTES, "gen_ai.response.model", model[1]);
	snprintf(id, sizeof(id), "chatcmpl-%016llx%012llx", (unsigned long long)roll,
		 (unsigned long long)roll & 0xffffffffffff);
	attribute_text(s, SPAN_ATTRIBUTES, "gen_ai.response.id", id);
	p->answer = s->len - ANSWER_DIGITS;
	attribute_list(s, SPAN_ATTRIBUTES, "gen_ai.response.finish_reasons", "stop");
	attribute_double(s, SPAN_ATTRIBUTES, "gen_ai.request.temperature", 0.2);
	attribute_int(s, SPAN_ATTRIBUTES, "gen_ai.request.max_tokens", 1024);
	p->input_tokens = count_place(s, "gen_ai.usage.input_tokens");
	p->output_tokens = count_place(s, "gen_ai.usage.output_tokens");
	attribute_int(s, SPAN_ATTRIBUTES, "gen_ai.usage.cache_read.input_tokens", 256);
	attribute_double(s, SPAN_ATTRIBUTES, "gen_ai.response.time_to_first_chunk",
			 0.2 + (double)((roll >> 30) % 100) / 500);
	attribute_text(s, SPAN_ATTRIBUTES, "gen_ai.prompt.name", prompts[(roll >> 32) % COUNT(prompts)]);
	attribute_text(s, SPAN_ATTRIBUTES, "gen_ai.prompt.version", versions[(roll >> 36) % COUNT(versions)]);
	snprintf(id, sizeof(id), "conversation-%08llx-4a1c-4d2e-9f00-%012llx", (unsigned long long)roll & 0xffffffff,
		 (unsigned long long)roll & 0xffffffffffff);
	attribute_text(s, SPAN_ATTRIBUTES, "gen_ai.conversation.id", id);
	attribute_text(s, SPAN_ATTRIBUTES, "feature", features[(roll >> 40) % COUNT(features)]);
	attribute_text(s, SPAN_ATTRIBUTES, "user_segment", segments[(roll >> 44) % COUNT(segments)]);
	attribute_text(
		s, SPAN_ATTRIBUTES, "gen_ai.tool.definitions",
		"[{\"type\":\"function\",\"name\":\"lookup_order\",\"description\":\"Finds an order by its number\","
		"\"parameters\":{\"type\":\"object\",\"properties\":{\"number\":{\"type\":\"string\"}},"
		"\"required\":[\"number\"]}}]");
}

/* ---------------------------------------------------------------- spans */

static void span(struct buf *s, struct span_places *p, uint64_t roll)
{
	static const char zeros[16];

	bytes(s, 1, zeros, 16);
	p->trace_id = s->len - 16;
	bytes(s, 2, zeros, 8);
	p->span_id = s->len - 8;
	bytes(s, 4, "\x5a\x17\x3c\x01\x02\x03\x04\x05", 8); /* parent */
	string(s, 5, "chat");
	tag(s, 6, 0);
	varint(s, 3); /* client */
	p->start = fixed64(s, 7);
	p->end = fixed64(s, 8);
	p->duration_ms = 300 + (uint32_t)((roll >> 12) % 3000);
	span_attributes(s, p, roll);
}

static void resource(struct buf *b)
{
	struct buf r = BUF_INIT;

	attribute_text(&r, 1, "service.name", "shop-assistant");
	attribute_text(&r, 1, "service.version", "2026.11.3");
	attribute_text(&r, 1, "deployment.environment.name", "production");
	attribute_text(&r, 1, "telemetry.sdk.language", "python");
	attribute_text(&r, 1, "telemetry.sdk.name", "opentelemetry");
	attribute_text(&r, 1, "telemetry.sdk.version", "1.30.0");
	nest(b, 1, &r);
}

static void move_places(struct span_places *p, size_t count, size_t by)
{
	for (size_t i = 0; i < count; i++) {
		p[i].trace_id += by;
		p[i].span_id += by;
		p[i].start += by;
		p[i].end += by;
		p[i].answer += by;
		p[i].input_tokens += by;
		p[i].output_tokens += by;
	}
}

void span_template_init(struct span_template *t, size_t spans, size_t number)
{
	struct buf scope_spans = BUF_INIT, resource_spans = BUF_INIT, scope = BUF_INIT, one = BUF_INIT;

	*t = (struct span_template){ BUF_INIT, calloc(spans, sizeof(*t->places)), spans };
	if (t->places == NULL)
		abort();
	string(&scope, 1, "opentelemetry.instrumentation.openai_v2");
	nest(&scope_spans, 1, &scope);
	for (size_t i = 0; i < spans; i++) {
		span(&one, &t->places[i], hash_mix(number * spans + i + 1, 0x9e3779b97f4a7c15));
		move_places(&t->places[i], 1, nest(&scope_spans, 2, &one));
	}
	resource(&resource_spans);
	move_places(t->places, spans, nest(&resource_spans, 2, &scope_spans));
	move_places(t->places, spans, nest(&t->wire, 1, &resource_spans));
	if (buf_failed(&t->wire))
		abort();
}

void span_template_release(struct span_template *t)
{
	buf_release(&t->wire);
	free(t->places);
}

static void put64(char *at, uint64_t value)
{
	memcpy(at, &value, sizeof(value)); /* little-endian hosts */
}

/* As a varint of two bytes. value: 128 or more. */
static void put_wide(char *at, uint64_t value)
{
	at[0] = (char)(value | 0x80);
	at[1] = (char)(value >> 7);
}

static void put_digits(char *at, size_t digits, uint64_t high, uint64_t low)
{
	for (size_t i = digits; i-- > 0; low = low >> 4 | high << 60, high >>= 4)
		at[i] = "0123456789abcdef"[low & 15];
}

/* An answer's id is the answer's alone, and counts of tokens are hardly ever those of another call at the same time. */
static void put_answer(const struct span_places *p, uint64_t identity, char *out)
{
	put_digits(out + p->answer, ANSWER_DIGITS, hash_mix(identity, 3), identity);
	put_wide(out + p->input_tokens, 300 + (identity >> 8) % 4000);
	put_wide(out + p->output_tokens, 128 + (identity >> 20) % 700);
}

void span_template_write(const struct span_template *t, const struct span_series *series, uint64_t n, char *out)
{
	memcpy(out, t->wire.ptr, t->wire.len);
	for (size_t i = 0; i < t->spans; i++) {
		const struct span_places *p = &t->places[i];
		uint64_t serial = n * t->spans + i + 1, start = series->base_unix_ns + serial * SPAN_STEP_NS;
		uint64_t span_id = hash_mix(serial, series->seed * 0xeb44accab455d165) | 1;
		put64(out + p->trace_id, hash_mix(serial, series->seed * 0x1d8e4e27c47d124f));
		put64(out + p->trace_id + 8, serial);
		put64(out + p->span_id, span_id);
		put64(out + p->start, start);
		put64(out + p->end, start + p->duration_ms * UINT64_C(1000000));
		put_answer(p, hash_mix(span_id, serial), out);
	}
}
