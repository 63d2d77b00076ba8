/* SPDX-License-Identifier: Apache-2.0
 * exporters/kafka/message.c - a payload as messages: a request, its traces, or its records; and their keys.
 */
#include "agent/base/hex.h"
#include "agent/base/json.h"
#include "agent/otlp/json_write.h"
#include "exporters/kafka/kafka_priv.h"

static const enum signal signal_of[] = {
	[PAYLOAD_TRACES] = SIGNAL_TRACES,
	[PAYLOAD_METRICS] = SIGNAL_METRICS,
	[PAYLOAD_LOGS] = SIGNAL_LOGS,
};

struct status kafka_messages_begin(const struct kafka_options *o, const struct payload *p, struct buf *text,
				   struct kafka_messages *out)
{
	struct slice bytes = payload_view(p);

	*out = (struct kafka_messages){
		.kind = p->kind,
		.record_key = o->partition_records_by,
		.is_split = p->kind == PAYLOAD_TRACES && o->partition_traces_by_id,
		.rest = bytes,
	};
	if (payload_is_lines(p->kind))
		return OK;
	int encoding = o->topics[p->kind].encoding;
	if (out->is_split)
		TRY(kafka_split_traces(bytes, encoding, text));
	else if (encoding == ENCODING_OTLP_JSON)
		TRY(wire_to_json(bytes, signal_of[p->kind], text));
	else
		return OK;
	out->rest = buf_view(text);
	return OK;
}

void kafka_messages_end(struct kafka_messages *m)
{
	buf_release(&m->key);
}

/* ------------------------------------------------------------------ keys */

struct record_labels {
	struct slice feature, model, prompt_version, trace_id;
};

/* As they stand between their quotes: the same label is written the same way. */
static struct record_labels read_labels(struct slice record)
{
	struct record_labels labels = { .feature = SLICE_NONE };
	struct json_string key, value;
	struct json j;
	const struct {
		struct slice key;
		struct slice *value;
	} wanted[] = {
		{ SLICE("feature"), &labels.feature },
		{ SLICE("model"), &labels.model },
		{ SLICE("prompt_version"), &labels.prompt_version },
		{ SLICE("trace_id"), &labels.trace_id },
	};

	json_init(&j, record);
	for (bool more = json_object(&j); more && json_member(&j, &key);) {
		size_t i = 0;
		while (i < 4 && !slice_equal(key.raw, wanted[i].key))
			i++;
		if (i == 4 || json_peek(&j) != JSON_STRING)
			more = json_skip(&j);
		else if ((more = json_string(&j, &value)))
			*wanted[i].value = value.raw;
	}
	return labels;
}

static void put_label(struct buf *out, struct slice label)
{
	buf_slice(out, label.len > 0 ? label : SLICE("unknown")); /* as the baselines call it */
}

static void make_record_key(struct kafka_messages *m, struct slice record)
{
	if (m->record_key == RECORD_KEY_NONE)
		return;
	struct record_labels labels = read_labels(record);
	if (m->record_key == RECORD_KEY_TRACE_ID) {
		buf_slice(&m->key, labels.trace_id);
		return;
	}
	put_label(&m->key, labels.feature);
	buf_byte(&m->key, '|');
	put_label(&m->key, labels.model);
	buf_byte(&m->key, '|');
	put_label(&m->key, labels.prompt_version);
}

static void make_trace_key(struct kafka_messages *m, struct slice id)
{
	buf_hex(&m->key, id.ptr, id.len);
}

/* ------------------------------------------------------------------ messages */

static struct slice next_record(struct kafka_messages *m)
{
	const char *end = memchr(m->rest.ptr, '\n', m->rest.len);
	struct slice line = slice_head(m->rest, end != NULL ? (size_t)(end - m->rest.ptr) : m->rest.len);

	m->rest = slice_skip(m->rest, line.len + 1);
	make_record_key(m, line);
	return line;
}

/* As kafka_split_traces wrote it. */
static struct slice next_trace(struct kafka_messages *m)
{
	uint64_t length;

	make_trace_key(m, slice_head(m->rest, KAFKA_TRACE_ID_BYTES));
	m->rest = slice_skip(m->rest, KAFKA_TRACE_ID_BYTES);
	memcpy(&length, m->rest.ptr, sizeof(length));
	m->rest = slice_skip(m->rest, sizeof(length));
	struct slice request = slice_head(m->rest, length);
	m->rest = slice_skip(m->rest, length);
	return request;
}

bool kafka_messages_next(struct kafka_messages *m, struct slice *key, struct slice *value)
{
	if (m->rest.len == 0)
		return false;
	buf_reset(&m->key);
	if (payload_is_lines(m->kind)) {
		*value = next_record(m);
	} else if (m->is_split) {
		*value = next_trace(m);
	} else {
		*value = m->rest;
		m->rest = SLICE_NONE;
	}
	*key = buf_view(&m->key);
	return true;
}
