/* SPDX-License-Identifier: Apache-2.0
 * daemon/alert_log.c - written as OTLP/JSON, which the transcoder makes wire bytes of.
 */
#include "agent/daemon/alert_log.h"

#include <inttypes.h>
#include <math.h>

#include "agent/alerts/severity.h"
#include "agent/base/json.h"
#include "agent/base/log.h"
#include "agent/otlp/json_transcode.h"

#define WIRE_BYTES_MAX ((size_t)64 << 10)

/* SeverityNumber of OTLP's log data model. */
static const int severity_numbers[SEVERITY_COUNT] = { 9, 13, 17 };
static const char *const severity_texts[SEVERITY_COUNT] = { "INFO", "WARN", "ERROR" };

static void add_text(struct buf *out, const char *key, struct slice value)
{
	if (value.len == 0)
		return;
	json_write_comma(out);
	buf_printf(out, "{\"key\":\"%s\",\"value\":{\"stringValue\":", key);
	json_write_string(out, value);
	buf_text(out, "}}");
}

static void add_number(struct buf *out, const char *key, double value)
{
	if (!isfinite(value))
		return;
	buf_printf(out, ",{\"key\":\"%s\",\"value\":{\"doubleValue\":", key);
	json_write_double(out, value);
	buf_text(out, "}}");
}

static void write_attributes(const struct alert *a, struct buf *out)
{
	const struct verdict *v = &a->verdict;
	bool fires = a->state == ALERT_FIRING;

	buf_text(out, "\"attributes\":[");
	add_text(out, "event.name", slice_of(fires ? "plimsoll.alert.firing" : "plimsoll.alert.resolved"));
	add_text(out, "plimsoll.alert.id", slice_of(a->id));
	add_text(out, "plimsoll.alert.kind", slice_of(verdict_kind_names[v->kind]));
	add_text(out, "plimsoll.alert.metric", slice_of(v->metric));
	add_text(out, "plimsoll.alert.severity", slice_of(severity_names[severity_of(v)]));
	add_text(out, "plimsoll.alert.feature", v->feature);
	add_text(out, "plimsoll.alert.model", v->model);
	add_text(out, "plimsoll.alert.prompt_version", v->prompt_version);
	add_text(out, "plimsoll.alert.cause", buf_view(&a->cause));
	add_number(out, "plimsoll.alert.value", v->value);
	add_number(out, "plimsoll.alert.baseline", v->baseline_mean);
	add_number(out, "plimsoll.alert.deviation", isnan(v->pooled_deviation) ? v->deviation : v->pooled_deviation);
	buf_byte(out, ']');
}

static void write_request(const struct alert *a, struct buf *out)
{
	enum severity severity = severity_of(&a->verdict);
	uint64_t at_s = a->state == ALERT_FIRING ? a->firing_since_s : a->ended_at_s;
	struct buf summary = BUF_INIT;

	alert_summary(a, &summary);
	buf_printf(out,
		   "{\"resourceLogs\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":"
		   "{\"stringValue\":\"plimsoll\"}}]},\"scopeLogs\":[{\"scope\":{\"name\":\"plimsoll.alerts\"},"
		   "\"logRecords\":[{\"timeUnixNano\":\"%" PRIu64 "000000000\",\"severityNumber\":%d,"
		   "\"severityText\":\"%s\",\"body\":{\"stringValue\":",
		   at_s, severity_numbers[severity], severity_texts[severity]);
	json_write_string(out, buf_view(&summary));
	buf_text(out, "},");
	write_attributes(a, out);
	buf_text(out, "}]}]}]}");
	buf_release(&summary);
}

void alert_log_offer(struct senders *senders, const struct alert *a)
{
	struct buf json = BUF_INIT, wire = BUF_INIT;

	if (!senders_want(senders, PAYLOAD_LOGS))
		return;
	write_request(a, &json);
	struct status s = json_to_wire(buf_view(&json), SIGNAL_LOGS, WIRE_BYTES_MAX, &wire, NULL);
	struct payload *p = FAILED(s) ? NULL : payload_new(PAYLOAD_LOGS, wire.len, 1);
	if (p != NULL) {
		memcpy(p->bytes, wire.ptr, wire.len);
		senders_offer(senders, p);
	} else {
		LOG(ERROR, "alerts", "log_record_lost", "id=%s reason=\"%s\"", a->id, FAILED(s) ? s.why : "no memory");
	}
	payload_unref(p);
	buf_release(&json);
	buf_release(&wire);
}
