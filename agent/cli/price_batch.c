/* SPDX-License-Identifier: Apache-2.0
 * cli/price_batch.c - reading a priced line, writing its answer.
 */
#include "agent/cli/price_batch.h"

#include "agent/base/clock.h"
#include "agent/base/json.h"

static const struct slice answer_keys[] = {
	{ "provider", 8 },     { "model", 5 },       { "input_price", 11 }, { "output_price", 12 },
	{ "total_price", 11 }, { "components", 10 }, { "error", 5 },        { "why", 3 },
};

/* ---------------------------------------------------------------- reading */

static bool read_usage(struct json *j, struct arena *arena, struct price_request *request)
{
	struct json_string key, text;
	struct slice number;

	if (!json_object(j))
		return false;
	while (json_member(j, &key)) {
		enum unit unit = unit_by_usage_key(json_unescape(key, arena));
		enum json_kind kind = json_peek(j);
		if (unit == UNIT_COUNT || unit == UNIT_REQUESTS || kind == JSON_NULL) {
			json_skip(j); /* requests is always one */
			continue;
		}
		if (kind == JSON_NUMBER && json_number(j, &number))
			request->usage_invalid |= !price_usage_add(&request->usage, unit, number);
		else if (kind == JSON_STRING && json_string(j, &text))
			request->usage_invalid |= !price_usage_add(&request->usage, unit, text.raw);
		else
			request->usage_invalid |= json_skip(j);
	}
	return j->why == NULL;
}

static bool read_contexts(struct json *j, struct arena *arena, struct price_request *request)
{
	struct json_string key, value;

	if (json_peek(j) == JSON_NULL)
		return json_null(j);
	if (!json_object(j))
		return false;
	while (json_member(j, &key)) {
		if (json_peek(j) != JSON_STRING || request->context_count == PRICE_CONTEXTS_MAX) {
			json_skip(j);
			continue;
		}
		json_string(j, &value);
		request->contexts[request->context_count++] =
			(struct price_context){ json_unescape(key, arena), json_unescape(value, arena) };
	}
	return j->why == NULL;
}

static bool read_time(struct json *j, struct arena *arena, struct price_request *request)
{
	struct slice text = SLICE_NONE;
	uint64_t ns;

	if (!json_text(j, arena, &text))
		return false;
	struct slice terminated = arena_dup(arena, text);
	if (terminated.ptr == NULL || clock_parse_rfc3339(terminated.ptr, &ns) != 0)
		return false;
	request->unix_s = ns / NS_PER_SECOND;
	return true;
}

static bool read_member(struct json *j, struct slice key, struct arena *arena, struct price_request *request)
{
	if (slice_equal(key, SLICE("provider_id")))
		return json_text(j, arena, &request->provider);
	if (slice_equal(key, SLICE("provider_api_url")))
		return json_text(j, arena, &request->api_url);
	if (slice_equal(key, SLICE("model_ref")))
		return json_text(j, arena, &request->model);
	if (slice_equal(key, SLICE("timestamp")))
		return read_time(j, arena, request);
	if (slice_equal(key, SLICE("price_context")))
		return read_contexts(j, arena, request);
	if (slice_equal(key, SLICE("usage")))
		return read_usage(j, arena, request);
	return json_skip(j);
}

static bool read_request(struct slice line, struct arena *arena, struct price_request *request)
{
	struct json j;
	struct json_string key;

	memset(request, 0, sizeof(*request));
	request->as_written = true;
	request->unix_s = clock_unix_ns() / NS_PER_SECOND;
	json_init(&j, line);
	if (!json_object(&j))
		return false;
	while (json_member(&j, &key))
		if (!read_member(&j, key.raw, arena, request))
			return false;
	return !FAILED(json_finish(&j)) && request->model.ptr != NULL;
}

/* ---------------------------------------------------------------- writing */

static void write_price(struct buf *out, const char *key, struct price_exact price)
{
	json_write_key(out, key);
	buf_byte(out, '"');
	price_exact_write(out, price);
	buf_byte(out, '"');
}

/* Whole counts as numbers, others as strings. */
static void write_count(struct buf *out, __int128_t count, uint32_t scale)
{
	bool whole = count % decimal_power(scale) == 0;

	json_write_key(out, "count");
	if (!whole)
		buf_byte(out, '"');
	decimal_format(out, (struct decimal){ count, scale });
	if (!whole)
		buf_byte(out, '"');
}

static void write_components(struct buf *out, const struct price_answer *answer)
{
	json_write_key(out, "components");
	buf_byte(out, '{');
	for (uint32_t i = 0; i < answer->bill.count; i++) {
		const struct price_component *c = &answer->bill.components[i];
		json_write_key(out, unit_infos[c->unit].usage_key.ptr);
		buf_byte(out, '{');
		write_count(out, c->count, answer->usage_scale);
		write_price(out, "price", c->price);
		buf_byte(out, '}');
	}
	buf_byte(out, '}');
}

void price_answer_write(const struct price_answer *answer, struct buf *out)
{
	if (answer->provider.ptr != NULL) {
		json_write_text(out, "provider", answer->provider);
		json_write_text(out, "model", answer->model);
	}
	if (answer->error != PRICE_OK) {
		json_write_text(out, "error", slice_of(price_error_names[answer->error]));
		if (answer->why != NULL)
			json_write_text(out, "why", slice_of(answer->why));
		return;
	}
	write_price(out, "input_price", answer->bill.input);
	write_price(out, "output_price", answer->bill.output);
	write_price(out, "total_price", answer->bill.total);
	write_components(out, answer);
}

static bool is_answer_key(struct slice key)
{
	for (size_t i = 0; i < sizeof(answer_keys) / sizeof(answer_keys[0]); i++)
		if (slice_equal(key, answer_keys[i]))
			return true;
	return false;
}

/* The line's own members, but for those that the answer gives. */
static void copy_members(struct slice line, struct buf *out)
{
	struct json j;
	struct json_string key;
	struct slice value;

	json_init(&j, line);
	json_object(&j);
	while (json_member(&j, &key)) {
		if (!json_raw(&j, &value) || is_answer_key(key.raw))
			continue;
		json_write_comma(out);
		buf_byte(out, '"');
		buf_slice(out, key.raw);
		buf_text(out, "\":");
		buf_slice(out, value);
	}
}

bool price_batch_line(struct pricer *p, struct slice line, struct arena *arena, struct buf *out)
{
	struct price_request request;
	struct price_answer answer;
	bool good = read_request(line, arena, &request);

	buf_byte(out, '{');
	if (json_is_valid(line) && !buf_failed(out))
		copy_members(line, out);
	if (good) {
		price_ask(p, &request, &answer);
		price_answer_write(&answer, out);
	} else {
		json_write_text(out, "error", SLICE("invalid_request"));
		json_write_text(out, "why", SLICE("needs model_ref, usage, and a timestamp as in RFC 3339"));
	}
	buf_byte(out, '}');
	return good;
}
