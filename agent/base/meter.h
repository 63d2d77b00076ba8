/* SPDX-License-Identifier: Apache-2.0
 * base/meter.h - the agent's measurements of itself: plimsoll_agent_* counters and gauges.
 *
 * Families are one table, so that they can be documented and none is misspelt. Modules register what they need at
 * start (meter_get takes a lock and may allocate) and keep the pointer; adding to it is one relaxed atomic and may be
 * done from any thread, at any rate. Meters are never freed.
 */
#ifndef PLIMSOLL_BASE_METER_H
#define PLIMSOLL_BASE_METER_H

#include <stdatomic.h>
#include <stdint.h>

/* X(id, type, name, labels that its members carry, help) */
#define METER_MAP(X)                                                                                                   \
	X(ACCEPTED, counter, "plimsoll_agent_accepted_total", "signal, transport", "Spans, data points and log records accepted") \
	X(REFUSED, counter, "plimsoll_agent_refused_total", "signal, transport, reason", "Requests refused, by reason")           \
	X(REJECTED, counter, "plimsoll_agent_rejected_total", "signal", "Items rejected inside accepted requests (partial success)") \
	X(REQUESTS, counter, "plimsoll_agent_requests_total", "signal, transport", "Export requests received")                     \
	X(RECEIVED_BYTES, counter, "plimsoll_agent_received_bytes_total", "transport", "Request bytes received, as sent")          \
	X(CONNECTIONS, gauge, "plimsoll_agent_connections", "transport", "Open client connections")                               \
	X(CALLS, counter, "plimsoll_agent_calls_total", "counted", "Spans recognised as model calls or wrappers of them")          \
	X(BAD_ATTRIBUTES, counter, "plimsoll_agent_bad_attributes_total", "", "Known attributes of the wrong type, left alone")     \
	X(UNVERSIONED, counter, "plimsoll_agent_unversioned_calls_total", "", "Counted calls that name no prompt version")         \
	X(SERIES, gauge, "plimsoll_agent_series", "", "Label sets held for /metrics")                                              \
	X(SERIES_OVERFLOW, counter, "plimsoll_agent_series_overflow_total", "", "Calls counted under otel_metric_overflow")        \
	X(EXPORTED, counter, "plimsoll_agent_exported_total", "exporter, kind", "Items delivered")                                 \
	X(EXPORT_FAILURES, counter, "plimsoll_agent_export_failures_total", "exporter, reason", "Failed attempts to deliver")      \
	X(EXPORT_RETRIES, counter, "plimsoll_agent_export_retries_total", "exporter", "Attempts that were repeated")               \
	X(DROPPED, counter, "plimsoll_agent_dropped_total", "exporter, kind, reason", "Items given up, by reason")                 \
	X(REDACTED, counter, "plimsoll_agent_redacted_total", "detector", "Finds that were redacted; `denied` by key, `unscanned` whole values that could not be looked into") \
	X(SAMPLED, counter, "plimsoll_agent_sampled_total", "decision", "Spans by what sampling decided: `kept` for a reason, by `rate`, `dropped`; of these `early` for want of memory") \
	X(SAMPLING_BYTES, gauge, "plimsoll_agent_sampling_bytes", "", "Bytes of spans that wait for the decision on their trace") \
	X(QUEUE_BYTES, gauge, "plimsoll_agent_queue_bytes", "exporter", "Bytes waiting in the sending queue")                      \
	X(QUEUE_LIMIT, gauge, "plimsoll_agent_queue_limit_bytes", "exporter", "Most bytes that the sending queue may hold")        \
	X(SET_ASIDE, gauge, "plimsoll_agent_set_aside", "", "Batches that a peer refused for good and that are kept to look at") \
	X(BASELINE_SERIES, gauge, "plimsoll_agent_baseline_series", "", "Baselines held")                                          \
	X(BASELINE_REJECTED, counter, "plimsoll_agent_baseline_rejected_total", "reason", "Observations that no baseline took")    \
	X(BASELINE_ADJUSTED, counter, "plimsoll_agent_baseline_adjusted_total", "reason", "Observations taken under the key `other` (pooled) or at their time of arrival (clock)") \
	X(BASELINE_KEYS_DROPPED, counter, "plimsoll_agent_baseline_keys_dropped_total", "", "Baseline keys forgotten: silent for too long, or to make room for a new one") \
	X(SAMPLES_DROPPED, counter, "plimsoll_agent_samples_dropped_total", "", "Observations lost because the baseline queue was full") \
	X(JUDGEMENTS, counter, "plimsoll_agent_judgements_total", "result, reason", "Evaluations and feedback, by what became of them") \
	X(CALLS_FORGOTTEN, counter, "plimsoll_agent_calls_forgotten_total", "reason", "Counted calls that no later evaluation or feedback will find") \
	X(VERSIONS_LEFT_OUT, counter, "plimsoll_agent_prompt_versions_left_out_total", "", "Calls that no comparison of prompt versions takes, since more versions serve than are held") \
	X(CASE_TEXTS, counter, "plimsoll_agent_case_texts_total", "result, reason", "Texts of calls that may become evaluation cases: `kept`, or `dropped` and why") \
	X(ALERTS, counter, "plimsoll_agent_alerts_total", "kind", "Alerts raised")                                                 \
	X(NOTIFICATIONS, counter, "plimsoll_agent_notifications_total", "channel, result", "Alert notifications, by result")       \
	X(STORE_BYTES, gauge, "plimsoll_agent_store_bytes", "store", "Bytes in use in the LMDB file (store=\"queue\": of the queues)")  \
	X(STORE_COMMITS, counter, "plimsoll_agent_store_commits_total", "store", "LMDB transactions committed")                         \
	X(STATE_SAVES, counter, "plimsoll_agent_state_saves_total", "", "Times that baselines and alerts were saved")               \
	X(STORE_FAILURES, counter, "plimsoll_agent_store_failures_total", "store, reason", "Store writes that failed, bad values")          \
	X(CERTIFICATE_EXPIRY, gauge, "plimsoll_agent_certificate_expiry_timestamp_seconds", "key", "When the certificate in use ends, unix time; key says which option names it") \
	X(FILE_RELOADS, counter, "plimsoll_agent_file_reloads_total", "key, result", "Changed certificates, keys and tokens: `applied`, or `refused` and the old ones kept") \
	X(PROMPT_MANIFESTS, counter, "plimsoll_agent_prompt_manifests_total", "result", "Prompt manifests, by what became of them: taken, refused, mistake") \
	X(PROMPT_WEBHOOKS, counter, "plimsoll_agent_prompt_webhooks_total", "result", "Webhooks of prompt platforms, by what became of them: taken, ignored (nothing to know in it), refused, mistake, unsigned") \
	X(CONFIG_RELOADS, counter, "plimsoll_agent_config_reloads_total", "result", "SIGHUP reloads")                              \
	X(PRICE_TABLE_TIME, gauge, "plimsoll_price_table_timestamp_seconds", "source, version", "Date of the price table, unix time") \
	X(MEMORY, gauge, "plimsoll_agent_memory_bytes", "", "Resident memory that no file stands behind, as limits.memory measures it") \
	X(MEMORY_LIMIT, gauge, "plimsoll_agent_memory_limit_bytes", "", "What limits.memory allows; 0 where nothing is limited") \
	X(IN_FLIGHT_BYTES, gauge, "plimsoll_agent_in_flight_bytes", "", "Request bytes being worked on")

enum meter_family {
#define X(id, type, name, labels, help) METER_##id,
	METER_MAP(X)
#undef X
	METER_FAMILY_COUNT
};

struct meter {
	_Atomic int64_t value;
	enum meter_family family;
	char *labels;       /* `exporter="otlp/a",kind="traces"`, escaped for the exposition format; "" for none */
	struct meter *next; /* the registry, for meter_first */
};

/* The meter of this family with these label values, registered on first use. labels: as in struct meter, made by the
 * caller with values it controls (configured names, literals). Never NULL: aborts without memory, at start. */
struct meter *meter_get(enum meter_family family, const char *labels);

static inline void meter_add(struct meter *m, int64_t n)
{
	atomic_fetch_add_explicit(&m->value, n, memory_order_relaxed);
}

static inline void meter_set(struct meter *m, int64_t n)
{
	atomic_store_explicit(&m->value, n, memory_order_relaxed);
}

/* The value of a gauge that is not shown until it is set again: what it was about is no more. */
#define METER_GONE INT64_MIN

static inline int64_t meter_value(const struct meter *m)
{
	return atomic_load_explicit(&m->value, memory_order_relaxed);
}

/* All meters, newest first; the list only grows, so walking it needs no lock. */
const struct meter *meter_first(void);

extern const struct meter_info {
	const char *name, *type, *labels, *help;
} meter_infos[METER_FAMILY_COUNT];

#endif
