/* SPDX-License-Identifier: Apache-2.0
 * otlp/log_walk.c - log records.
 */
#include "agent/otlp/walk_priv.h"

#define BROKEN_RECORD FAIL(MALFORMED, "the log record is cut off, or a field of it has the wrong type")

struct log_walker {
	struct envelope envelope; /* first: the envelope's item function gets its address */
	struct attribute_list attributes;
	log_visit visit;
	void *context;
};

static struct status take_field(struct log_walker *w, const struct wire_field *f, struct log_view *log)
{
	switch (f->number) {
	case 1:
		log->time_unix_ns = f->value;
		return OK;
	case 2:
		log->severity = (uint32_t)f->value;
		return OK;
	case 5:
		return any_value_merge(f->bytes, &log->body);
	case 6:
		return attribute_list_read(&w->attributes, w->envelope.arena, f->bytes);
	case 9:
		log->trace_id = f->bytes;
		return OK;
	case 10:
		log->span_id = f->bytes;
		return OK;
	case 11:
		log->observed_unix_ns = f->value;
		return OK;
	case 12:
		log->event_name = f->bytes;
		return OK;
	default:
		return OK;
	}
}

static struct status read_fields(struct log_walker *w, struct log_view *log)
{
	static const uint8_t types[] = {
		[1] = TYPE_FIXED64, [2] = TYPE_VARINT,   [3] = TYPE_BYTES,   [5] = TYPE_BYTES,
		[6] = TYPE_BYTES,   [7] = TYPE_VARINT,   [8] = TYPE_FIXED32, [9] = TYPE_BYTES,
		[10] = TYPE_BYTES,  [11] = TYPE_FIXED64, [12] = TYPE_BYTES,
	};
	struct wire_reader r = wire_reader_of(log->wire);
	struct wire_field f;

	while (wire_next(&r, &f)) {
		if (!field_fits(types, sizeof(types), &f))
			return BROKEN_RECORD;
		TRY(take_field(w, &f, log));
	}
	return r.failed ? BROKEN_RECORD : OK;
}

static void check_ids(struct log_view *log)
{
	if (id_is_empty(log->trace_id))
		log->trace_id = SLICE_NONE;
	if (id_is_empty(log->span_id))
		log->span_id = SLICE_NONE;
	if (log->trace_id.len != 0 && log->trace_id.len != TRACE_ID_BYTES)
		log->defect = "trace_id is neither empty nor 16 bytes";
	else if (log->span_id.len != 0 && log->span_id.len != SPAN_ID_BYTES)
		log->defect = "span_id is neither empty nor 8 bytes";
}

static struct status walk_log(struct envelope *e, const struct wire_field *item)
{
	struct log_walker *w = (struct log_walker *)e;
	struct log_view log = { .wire = item->bytes, .scope = &e->scope, .resource = &e->resource };

	w->attributes.count = 0;
	struct status s = read_fields(w, &log);
	if (s.code == STATUS_MALFORMED)
		log.defect = s.why;
	else if (FAILED(s))
		return s;
	else
		check_ids(&log);
	log.attributes = attribute_list_view(&w->attributes);
	return w->visit(w->context, &log);
}

struct status walk_logs(struct slice wire, struct arena *a, log_visit visit, void *context)
{
	struct log_walker w = {
		.envelope = { .wire = wire, .arena = a, .item = walk_log },
		.visit = visit,
		.context = context,
	};

	return envelope_walk(&w.envelope);
}
