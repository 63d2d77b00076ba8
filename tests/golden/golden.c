/* SPDX-License-Identifier: Apache-2.0
 * tests/golden/golden.c - one OTLP/JSON trace request in, what the agent makes of it out, for the golden tests.
 *
 * Transcodes, reads, completes, prices and edits as the pipeline does. The edited bytes are unpacked by protobuf-c, not
 * by our walker, so that what is printed is what another program would see. Output: one JSON object, a line per
 * attribute, then the request records.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/file.h"
#include "agent/base/json.h"
#include "agent/daemon/kinds.h"
#include "agent/daemon/worker.h"
#include "agent/otlp/json_transcode.h"
#include "agent/span/record.h"
#include "proto/otlp_trace.pb-c.h"

#define WIRE_BYTES_MAX (64u << 20)

static void die(const char *what, const char *why)
{
	fprintf(stderr, "golden: %s: %s\n", what, why);
	exit(1);
}

static void write_value(struct buf *out, const Otlp__AnyValue *v);

static void write_list(struct buf *out, const Otlp__ArrayValue *list)
{
	buf_byte(out, '[');
	for (size_t i = 0; i < list->n_values; i++) {
		if (i > 0)
			buf_text(out, ", ");
		write_value(out, list->values[i]);
	}
	buf_byte(out, ']');
}

static void write_value(struct buf *out, const Otlp__AnyValue *v)
{
	switch (v != NULL ? v->value_case : OTLP__ANY_VALUE__VALUE__NOT_SET) {
	case OTLP__ANY_VALUE__VALUE_STRING_VALUE:
		json_write_string(out, slice_of(v->string_value));
		break;
	case OTLP__ANY_VALUE__VALUE_BOOL_VALUE:
		buf_text(out, v->bool_value ? "true" : "false");
		break;
	case OTLP__ANY_VALUE__VALUE_INT_VALUE:
		buf_printf(out, "%" PRId64, v->int_value);
		break;
	case OTLP__ANY_VALUE__VALUE_DOUBLE_VALUE:
		json_write_double(out, v->double_value);
		break;
	case OTLP__ANY_VALUE__VALUE_ARRAY_VALUE:
		write_list(out, v->array_value);
		break;
	case OTLP__ANY_VALUE__VALUE_KVLIST_VALUE:
		buf_printf(out, "\"%zu entries\"", v->kvlist_value->n_values);
		break;
	default:
		buf_text(out, "null");
	}
}

static void write_span(struct buf *out, const Otlp__Span *span)
{
	buf_text(out, "  {\"span\": ");
	json_write_string(out, slice_of(span->name));
	for (size_t i = 0; i < span->n_attributes; i++) {
		buf_text(out, ",\n   ");
		json_write_string(out, slice_of(span->attributes[i]->key));
		buf_text(out, ": ");
		write_value(out, span->attributes[i]->value);
	}
	buf_text(out, "}");
}

static void write_spans(struct buf *out, struct slice wire)
{
	Otlp__ExportTraceServiceRequest *request =
		otlp__export_trace_service_request__unpack(NULL, wire.len, (const uint8_t *)wire.ptr);
	bool first = true;

	if (request == NULL)
		die("edited request", "protobuf-c cannot unpack it");
	for (size_t r = 0; r < request->n_resource_spans; r++)
		for (size_t s = 0; s < request->resource_spans[r]->n_scope_spans; s++) {
			const Otlp__ScopeSpans *scope = request->resource_spans[r]->scope_spans[s];
			for (size_t i = 0; i < scope->n_spans; i++) {
				buf_text(out, first ? "" : ",\n");
				write_span(out, scope->spans[i]);
				first = false;
			}
		}
	otlp__export_trace_service_request__free_unpacked(request, NULL);
}

static void prepare(struct worker *worker, struct config **config)
{
	struct buf why = BUF_INIT;
	struct price_book *prices;
	struct settings *settings;

	if (FAILED(config_load(NULL, exporter_config_kinds(), exporter_config_kind_count(), config, &why)) ||
	    FAILED(price_book_new(*config, &prices, &why)) || FAILED(settings_new(*config, prices, &settings)) ||
	    FAILED(worker_init(worker, "golden", NULL, counting_new(1 << 20), NULL)) || FAILED(worker_adopt(worker, settings)))
		die("set-up", buf_string(&why));
}

static void write_edited(struct worker *worker, struct buf *out)
{
	struct payload *edited = edited_request_end(&worker->request, PAYLOAD_TRACES, worker->batch.items);

	if (edited == NULL)
		die("edited request", "no memory");
	write_spans(out, payload_view(edited));
	payload_unref(edited);
}

int main(int argc, char **argv)
{
	struct worker worker;
	struct config *config;
	struct buf json = BUF_INIT, wire = BUF_INIT, out = BUF_INIT;
	char where[40] = "";

	if (argc != 2)
		die("usage", "golden FILE.in.json");
	if (FAILED(file_read(argv[1], WIRE_BYTES_MAX, &json)))
		die(argv[1], "cannot be read");
	prepare(&worker, &config);
	struct status s = json_to_wire(buf_view(&json), SIGNAL_TRACES, WIRE_BYTES_MAX, &wire, where);
	if (!FAILED(s))
		s = worker_read(&worker, SIGNAL_TRACES, buf_view(&wire), true);
	if (FAILED(s))
		die(argv[1], s.why);
	buf_text(&out, "{\"spans\": [\n");
	write_edited(&worker, &out);
	buf_text(&out, "\n ],\n \"records\": [");
	for (size_t i = 0; i < worker.call_count; i++) {
		buf_text(&out, i > 0 ? ",\n  " : "\n  ");
		record_write(&out, &worker.calls[i], "");
	}
	buf_text(&out, "\n ]}\n");
	fputs(buf_string(&out), stdout);
	worker_release(&worker);
	config_free(config);
	buf_release(&json);
	buf_release(&wire);
	buf_release(&out);
	return 0;
}
