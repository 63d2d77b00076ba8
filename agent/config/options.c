/* SPDX-License-Identifier: Apache-2.0
 * config/options.c - every key of the file: type, default, range, documentation.
 *
 * What is shared with the OpenTelemetry Collector has its key and, unless the row says otherwise, its default.
 * `reloads` is a promise: whoever owns the value applies a change on SIGHUP.
 */
#include <math.h>

#include "agent/config/config.h"

#define KIB    1024.0
#define MIB    (1024.0 * KIB)
#define GIB    (1024.0 * MIB)
#define TIB    (1024.0 * GIB)
#define SECOND 1000.0
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

/* Where a member lies; rows name struct and member once. */
#define AT(type, member) .offset = offsetof(struct type, member)

/* ------------------------------------------------------------------ shared by exporters */

#define SIZER(doc_text) { "sizer", CONF_ENUM, AT(queue_config, sizer), .fallback = "bytes", .choices = "bytes", .doc = doc_text }

static const struct conf_option batch_options[] = {
	SIZER("What max_size and min_size count, for files that a Collector reads too."),
	{ "max_size", CONF_SIZE, AT(queue_config, max_batch_bytes), .fallback = "4MiB", .min = KIB, .max = GIB,
	  .doc = "Requests that wait are joined up to this size, before compression, and larger ones are split. 4 MiB is what "
		 "gRPC servers, and so Collectors, accept by default; lower it for a peer that takes less." },
	{ "min_size", CONF_SIZE, AT(queue_config, min_batch_bytes), .fallback = "0", .max = GIB,
	  .doc = "What waits is sent once it is this large, or after flush_timeout; 0 sends as soon as a consumer is free." },
	{ "max_items", CONF_INT, AT(queue_config, max_batch_items), .fallback = "0", .max = 1e9,
	  .doc = "The most spans, data points, log records or request records in one request; 0 means any number." },
	{ "flush_timeout", CONF_DURATION, AT(queue_config, flush_timeout_ms), .fallback = "200ms", .min = 1, .max = HOUR,
	  .doc = "The longest that something waits for min_size." },
	{ "max_attribute_length", CONF_SIZE, AT(queue_config, max_attribute_bytes), .fallback = "0", .max = GIB,
	  .doc = "Longer string values in spans, logs and their resources are cut to this many bytes, a mark included, for "
		 "this exporter alone; 0 means any length." },
	{ .name = NULL },
};

const struct conf_option queue_options[] = {
	{ "enabled", CONF_BOOL, AT(queue_config, enabled), .fallback = "true",
	  .doc = "Keep what cannot be sent at once; without a queue it is dropped and counted." },
	{ "storage", CONF_ENUM, AT(queue_config, storage), .fallback = "memory", .choices = "memory|lmdb",
	  .doc = "Where it waits. With lmdb a sender is told yes only once its request is on the disk (below "
		 "storage.directory), so that neither a crash nor a restart loses it." },
	SIZER("What queue_size counts, for files that a Collector reads too (its default is requests)."),
	{ "queue_size", CONF_SIZE, AT(queue_config, queue_size_bytes), .fallback = "64MiB", .min = 64 * KIB, .max = TIB,
	  .doc = "The most that may wait, in bytes." },
	{ "block_on_overflow", CONF_ENUM, AT(queue_config, block_on_overflow), .fallback = "by_storage",
	  .choices = "by_storage|false|true",
	  .doc = "When the queue is full: true tells senders to come again (which holds back what the other exporters "
		 "would get), false drops for this exporter and counts it; by_storage is true with lmdb, else false." },
	{ "max_age", CONF_DURATION, AT(queue_config, max_age_ms), .fallback = "0s", .max = 365 * DAY,
	  .doc = "What waits for longer than this is dropped and counted as expired; 0 keeps it." },
	{ "num_consumers", CONF_INT, AT(queue_config, num_consumers), .fallback = "1", .min = 1, .max = 16,
	  .doc = "Requests on their way at a time. 1 keeps the order in which they came and costs the least CPU; more help "
		 "where the peer is far away (the Collector's default is 10)." },
	{ "batch", CONF_SECTION, .section = batch_options, .doc = "How waiting requests are joined." },
	{ .name = NULL },
};

const struct conf_option retry_options[] = {
	{ "enabled", CONF_BOOL, AT(retry_config, enabled), .fallback = "true",
	  .doc = "Try again after a failure that may pass." },
	{ "initial_interval", CONF_DURATION, AT(retry_config, initial_interval_ms), .fallback = "5s", .min = 10,
	  .max = HOUR, .doc = "The wait before the first retry." },
	{ "max_interval", CONF_DURATION, AT(retry_config, max_interval_ms), .fallback = "30s", .min = 10, .max = DAY,
	  .doc = "The longest wait between two attempts." },
	{ "max_elapsed_time", CONF_DURATION, AT(retry_config, max_elapsed_time_ms), .fallback = "5m", .max = 30 * DAY,
	  .doc = "When to give up and drop; 0 means never." },
	{ "multiplier", CONF_DOUBLE, AT(retry_config, multiplier), .fallback = "1.5", .min = 1, .max = 10,
	  .doc = "How much longer each wait is than the one before." },
	{ "randomization_factor", CONF_DOUBLE, AT(retry_config, randomization_factor), .fallback = "0.5", .max = 1,
	  .doc = "Waits vary at random by this share, so that agents do not retry in step." },
	{ .name = NULL },
};

/* ------------------------------------------------------------------ receivers */

static const struct conf_option grpc_options[] = {
	{ "endpoint", CONF_STRING, AT(config, grpc.endpoint), .fallback = "localhost:4317",
	  .doc = "Where to listen: host:port, or unix:/path; 0.0.0.0:4317 opens it to other machines." },
	{ "socket_mode", CONF_STRING, AT(config, grpc.socket_mode), .fallback = "0660",
	  .doc = "Permissions of a unix socket, in octal." },
	{ "tls", CONF_SECTION, AT(config, grpc.tls), .section = tls_server_options, .doc = "TLS, and clients' certificates." },
	{ "auth", CONF_SECTION, AT(config, grpc.auth), .section = server_auth_options,
	  .doc = "Who may send; without it everybody who can connect. Health checks are open." },
	{ "max_recv_msg_size_mib", CONF_MIB, AT(config, grpc.max_recv_msg_size_bytes), .fallback = "64", .min = 1,
	  .max = 1024,
	  .doc = "The largest request, in MiB, before and after decompression (the Collector's default is 4)." },
	{ "max_concurrent_streams", CONF_INT, AT(config, grpc.max_concurrent_streams), .fallback = "16", .min = 1,
	  .max = 10000, .doc = "Calls at a time on one connection; further ones wait at the client." },
	{ "threads", CONF_INT, AT(config, grpc.threads), .fallback = "1", .min = 1, .max = 64,
	  .doc = "Receiving threads; a second one costs a third more CPU per span, so only for loads that one cannot "
		 "carry." },
	{ .name = NULL },
};

const struct conf_option cors_options[] = {
	{ "allowed_origins", CONF_LIST, AT(cors_config, allowed_origins),
	  .doc = "Origins of pages, such as https://app.example or http://localhost:3000; one * in each stands for any text." },
	{ "allowed_headers", CONF_LIST, AT(cors_config, allowed_headers),
	  .doc = "Headers that pages may send beside Content-Type, such as authorization; * allows any." },
	{ "max_age", CONF_INT, AT(cors_config, max_age_s), .fallback = "0", .max = 86400,
	  .doc = "For how many seconds a browser need not ask again; 0 leaves it to the browser." },
	{ .name = NULL },
};

static const struct conf_option http_options[] = {
	{ "endpoint", CONF_STRING, AT(config, http.endpoint), .fallback = "localhost:4318",
	  .doc = "Where to listen: host:port, or unix:/path; 0.0.0.0:4318 opens it to other machines." },
	{ "socket_mode", CONF_STRING, AT(config, http.socket_mode), .fallback = "0660",
	  .doc = "Permissions of a unix socket, in octal." },
	{ "tls", CONF_SECTION, AT(config, http.tls), .section = tls_server_options, .doc = "TLS, and clients' certificates." },
	{ "auth", CONF_SECTION, AT(config, http.auth), .section = server_auth_options,
	  .doc = "Who may send; without it everybody who can connect." },
	{ "cors", CONF_SECTION, AT(config, http.cors), .section = cors_options,
	  .doc = "Web pages that may send, for SDKs in browsers; without it none may." },
	{ "max_request_body_size", CONF_SIZE, AT(config, http.max_request_body_size_bytes), .fallback = "64MiB",
	  .min = KIB, .max = GIB,
	  .doc = "The largest body, before and after decompression (the Collector's default is 20 MiB)." },
	{ "read_timeout", CONF_DURATION, AT(config, http.read_timeout_ms), .fallback = "30s", .min = SECOND,
	  .max = HOUR, .doc = "How long a connection may stay silent before it is closed." },
	{ "max_connections", CONF_INT, AT(config, http.max_connections), .fallback = "1024", .min = 1, .max = 65535,
	  .doc = "Connections at a time; further ones are refused." },
	{ .name = NULL },
};

static const struct conf_option protocols_options[] = {
	{ "grpc", CONF_SECTION, .section = grpc_options, .doc = "OTLP over gRPC." },
	{ "http", CONF_SECTION, .section = http_options, .doc = "OTLP over HTTP, protobuf and JSON." },
	{ .name = NULL },
};

static const struct conf_option otlp_options[] = {
	{ "protocols", CONF_SECTION, .section = protocols_options,
	  .doc = "A protocol that is not named here is off, as in the Collector." },
	{ .name = NULL },
};

static const struct conf_option receivers_options[] = {
	{ "otlp", CONF_SECTION, .section = otlp_options, .doc = "OTLP: traces, metrics and logs." },
	{ .name = NULL },
};

/* ------------------------------------------------------------------ what calls are counted by */

static const struct conf_option dimensions_options[] = {
	{ "feature", CONF_LIST, AT(config, dimensions.feature), .reloads = true,
	  .fallback =
		  "plimsoll.feature, feature, app.feature, feature.name, baggage.plimsoll.feature, baggage.feature, "
		  "baggage.app.feature, service.name",
	  .doc = "Names what the call was made for. On the span first, then on its resource, so service.name is the last resort." },
	{ "workflow", CONF_LIST, AT(config, dimensions.workflow), .reloads = true,
	  .fallback = "plimsoll.workflow, workflow, app.workflow, workflow.name, baggage.plimsoll.workflow, "
		      "baggage.workflow, baggage.app.workflow",
	  .doc = "Names the larger task that the call is a step of." },
	{ "user_segment", CONF_LIST, AT(config, dimensions.user_segment), .reloads = true,
	  .fallback = "plimsoll.user_segment, user_segment, user.segment, app.user_segment, "
		      "baggage.plimsoll.user_segment, baggage.user_segment, baggage.user.segment",
	  .doc = "Names the kind of user, such as a plan or a region; never a single user." },
	{ "environment", CONF_LIST, AT(config, dimensions.environment), .reloads = true,
	  .fallback = "deployment.environment.name, deployment.environment, environment, env, baggage.environment",
	  .doc = "Names the deployment, such as production." },
	{ "release", CONF_LIST, AT(config, dimensions.release), .reloads = true,
	  .fallback = "plimsoll.release, release, app.release, service.version, baggage.release",
	  .doc = "Names the version of the application." },
	{ "tenant", CONF_LIST, AT(config, dimensions.tenant), .reloads = true,
	  .fallback = "plimsoll.tenant, tenant.id, tenant, tenant_id, organization.id, baggage.plimsoll.tenant, "
		      "baggage.tenant.id, baggage.tenant",
	  .doc = "Names the customer on whose behalf the call is made; for budgets." },
	{ .name = NULL },
};

/* ------------------------------------------------------------------ state, money, judgement */

static const struct conf_option storage_options[] = {
	{ "directory", CONF_STRING, AT(config, storage.directory),
	  .doc = "Where baselines and other lasting state are kept (LMDB); without it /var/lib/plimsoll where root runs the "
		 "agent, else $XDG_STATE_HOME/plimsoll or ~/.local/state/plimsoll." },
	{ "max_size", CONF_SIZE, AT(config, storage.max_size_bytes), .fallback = "1GiB", .min = MIB, .max = TIB,
	  .doc = "The most that the store may hold; the file grows as needed." },
	{ .name = NULL },
};

static const struct conf_option prices_options[] = {
	{ "file", CONF_STRING, AT(config, prices.file), .is_read = true, .reloads = true,
	  .doc = "A price table that is looked up before the built-in one." },
	{ "override_file", CONF_STRING, AT(config, prices.override_file), .is_read = true, .reloads = true,
	  .doc = "Prices of your own contract, looked up before any table." },
	{ "cost_source", CONF_ENUM, AT(config, prices.cost_source), .fallback = "computed",
	  .choices = "computed|reported", .reloads = true,
	  .doc = "Which cost counts where a span reports one itself: the one computed here, or the span's." },
	{ .name = NULL },
};

/* ------------------------------------------------------------------ what leaves, and where to */

const struct conf_option exporter_common_options[] = {
	{ "match", CONF_MAP, AT(exporter_common, match),
	  .doc = "Send here only what has these attributes, each with its value (a|b: either; *: any; prod*: what begins so). "
		 "Looked for on the span, log record or data point, then on its resource. Without it the exporter gets "
		 "everything." },
	{ "spans", CONF_ENUM, AT(exporter_common, spans), .choices = "all|llm", .fallback = "all",
	  .doc = "llm: of spans only model calls, what wraps them, and their ancestors as far as they came in the same request." },
	{ "redaction", CONF_ENUM, AT(exporter_common, redaction), .choices = "default|on|off", .fallback = "default",
	  .doc = "default: as redaction.enabled says, and on for request records and for files." },
	{ "sampling", CONF_ENUM, AT(exporter_common, sampling), .choices = "default|on|off", .fallback = "default",
	  .doc = "off: gets every span with all its content, whatever the sampling section says." },
	{ .name = NULL },
};

static const struct conf_option routing_options[] = {
	{ "default", CONF_LIST, AT(config, routing.default_exporters),
	  .doc = "Exporters that get what no other exporter's `match` took, and nothing else." },
	{ .name = NULL },
};

#define SAMPLING(member) AT(config, sampling.member)

static const struct conf_option keep_options[] = {
	{ "errors", CONF_BOOL, SAMPLING(keep.errors), .fallback = "true",
	  .doc = "Traces with a span that failed, by its status or outcome." },
	{ "refusals", CONF_BOOL, SAMPLING(keep.refusals), .fallback = "true",
	  .doc = "Traces in which a model refused, or a content filter stepped in." },
	{ "outliers", CONF_BOOL, SAMPLING(keep.outliers), .fallback = "true",
	  .doc = "Traces with a runaway request: a span with plimsoll.outlier, or one that an alert names." },
	{ "alerts", CONF_BOOL, SAMPLING(keep.alerts), .fallback = "true",
	  .doc = "Traces that an alert names, where it fires within decision_wait." },
	{ "scores_below", CONF_DOUBLE, SAMPLING(keep.scores_below), .fallback = "0.5", .min = -1000000, .max = 1000000,
	  .doc = "Traces with an evaluation score or rating below this (gen_ai.evaluation.score.value)." },
	{ "slower_than", CONF_DURATION, SAMPLING(keep.slower_than_ms), .fallback = "0s", .max = DAY,
	  .doc = "Traces with a span that took longer; 0 switches it off." },
	{ "attributes", CONF_MAP, SAMPLING(keep.attributes),
	  .doc = "Traces with a span that has any of these attributes with its value, written as in exporters.match." },
	{ .name = NULL },
};

static const struct conf_option sampling_options[] = {
	{ "rate", CONF_DOUBLE, SAMPLING(rate), .fallback = "1", .min = 0, .max = 1,
	  .doc = "The share of traces that is passed on, chosen by trace id as OpenTelemetry's probability sampling does and "
		 "written to tracestate (ot=th:...). Metrics, baselines and request records see everything." },
	{ "decision_wait", CONF_DURATION, SAMPLING(decision_wait_ms), .fallback = "10s", .max = HOUR,
	  .doc = "How long a trace waits for a reason to keep it, from its first span on; 0: each span is judged alone, at once." },
	{ "max_bytes", CONF_SIZE, SAMPLING(max_bytes), .fallback = "32MiB", .min = MIB, .max = TIB,
	  .doc = "The most that may wait; beyond it the oldest traces are decided early, and a counter says so." },
	{ "max_decisions", CONF_INT, SAMPLING(max_decisions), .fallback = "65536", .min = 1024, .max = 16777216,
	  .doc = "Traces whose decision is remembered for spans that come late." },
	{ "content_rate", CONF_DOUBLE, SAMPLING(content_rate), .fallback = "1", .min = 0, .max = 1,
	  .doc = "The share of the traces whose prompts and answers are passed on; the others' spans go without them. Traces "
		 "that are kept for a reason keep them." },
	{ "keep", CONF_SECTION, .section = keep_options, .doc = "Traces that are kept whatever the rate." },
	{ .name = NULL },
};

#define REDACTION(member) AT(config, redaction.member)

static const struct conf_option redaction_options[] = {
	{ "enabled", CONF_BOOL, REDACTION(enabled), .fallback = "false",
	  .doc = "Redact spans, logs and metrics before they leave; an exporter's own `redaction` goes before this. Request "
		 "records are redacted without it." },
	{ "detectors", CONF_LIST, REDACTION(detectors),
	  .fallback = "email, phone, card, iban, aws_key, gcp_key, github_token, openai_key, anthropic_key, slack_token, "
		      "stripe_key, api_key, jwt, private_key, bearer, password, us_ssn, uk_nino, es_id, nl_bsn, "
		      "de_tax_id, fr_nir, br_cpf",
	  .doc = "What is looked for in texts. ipv4 and ipv6 exist too." },
	{ "patterns", CONF_MAP, REDACTION(patterns),
	  .doc = "What else is looked for: a name for each regular expression (PCRE2), such as {employee: 'EMP-\\d{6}'}." },
	{ "allow_keys", CONF_LIST, REDACTION(allow_keys),
	  .fallback = "plimsoll.*, gen_ai.usage.*, gen_ai.request.model, gen_ai.response.model, gen_ai.response.id, "
		      "gen_ai.prompt.name, gen_ai.prompt.version, telemetry.sdk.*, service.version",
	  .doc = "Attributes that are passed unread: whole keys, or the beginning of keys up to a dot, followed by *." },
	{ "deny_keys", CONF_LIST, REDACTION(deny_keys),
	  .doc = "Attributes, and members of JSON in texts, whose whole value is redacted, whatever it is. Written as in "
		 "allow_keys." },
	{ "action", CONF_ENUM, REDACTION(action), .choices = "mask|hash|drop", .fallback = "mask",
	  .doc = "What becomes of a find: its name in brackets ([email]), a stable pseudonym ([email:1f2e...], HMAC-SHA-256 with "
		 "hash_key), or the whole attribute is left out." },
	{ "actions", CONF_MAP, REDACTION(actions), .doc = "Other actions for some detectors and patterns, such as {email: hash}." },
	{ "hash_key", CONF_SECRET, REDACTION(hash_key), .doc = "The key of pseudonyms; wanted where an action is hash." },
	{ "span_names", CONF_BOOL, REDACTION(span_names), .fallback = "false", .doc = "Look into the names of spans too." },
	{ "max_value_bytes", CONF_SIZE, REDACTION(max_value_bytes), .fallback = "1MiB", .min = KIB, .max = 16 * MIB,
	  .doc = "Longer values are not looked into but redacted whole." },
	{ .name = NULL },
};

/* As agent/baselines/metric.h and tail_latency.h name them; a test compares. */
#define METRIC_NAMES                                                                                                   \
	"cost|latency|ttft|tpot|output_tokens|error_rate|refusal_rate|eval_score|cost_tail|latency_tail|requests|"     \
	"input_tokens|output_tokens_per_second|cache_hit_share|rate_limited_rate|timeout_rate|content_filter_rate|"    \
	"truncated_rate|empty_rate|invalid_json_rate|schema_violation_rate|unpriced_rate|feedback_negative_rate|"      \
	"feedback_rating|citation_share|groundedness|empty_retrieval_rate|retrieval_score|latency_p99|ttft_p99"

static const struct conf_option baselines_options[] = {
	{ "enabled", CONF_BOOL, AT(config, baselines.enabled), .fallback = "true",
	  .doc = "Learn what is usual, and judge by it." },
	{ "sigma", CONF_DOUBLE, AT(config, baselines.sigma), .fallback = "2", .min = 0.5, .max = 10, .reloads = true,
	  .doc = "A time bucket further than this many standard deviations from its baseline is a breach." },
	{ "false_alert_budget", CONF_DOUBLE, AT(config, baselines.false_alert_budget), .fallback = "0.01", .min = 1e-9,
	  .max = 1, .reloads = true,
	  .doc = "False alerts to put up with at most, for each metric and key, in a week." },
	{ "false_alerts_per_week", CONF_DOUBLE, AT(config, baselines.false_alerts_per_week), .fallback = "1", .min = 0,
	  .max = 1e6, .reloads = true,
	  .doc = "And of all of them together: where that is less for each, which it is from a hundred series on, "
		 "thresholds rise with their number. 0: no such limit." },
	{ "metrics", CONF_LIST, AT(config, baselines.metrics), .choices = METRIC_NAMES, .reloads = true,
	  .doc = "Metrics to judge beside the default ones: requests, input_tokens, output_tokens_per_second, "
		 "cache_hit_share, latency_p99, ttft_p99." },
	{ "without", CONF_LIST, AT(config, baselines.without), .choices = METRIC_NAMES, .reloads = true,
	  .doc = "Metrics not to judge." },
	{ "rollups", CONF_LIST, AT(config, baselines.rollups), .choices = "feature|model|segment|workflow|all",
	  .reloads = true,
	  .doc = "Wider keys that have baselines of their own, beside feature, model and prompt version: all traffic of "
		 "a feature, of a model, of a user segment, of a workflow, or all there is." },
	{ "idle_after", CONF_DURATION, AT(config, baselines.idle_after_ms), .fallback = "720h", .min = 86400000,
	  .max = 4e10, .reloads = true, .doc = "A key without traffic for so long is forgotten." },
	{ "alias_notice_every", CONF_DURATION, AT(config, baselines.alias_notice_every_ms), .fallback = "0s", .max = 4e10,
	  .reloads = true,
	  .doc = "Tell that production asks for a floating model alias, at most once in this time for each; 0: never." },
	{ "max_series", CONF_INT, AT(config, baselines.max_series), .fallback = "10000", .min = 1, .max = 1000000,
	  .doc = "Metrics times keys that have a baseline. A further key takes the place of one long silent, else it "
		 "shares the key `other`, and a counter says so." },
	{ "utc_offset_hours", CONF_DOUBLE, AT(config, baselines.utc_offset_hours), .fallback = "0", .min = -12,
	  .max = 14, .doc = "Where the day begins, for daily totals and the usual course of a day." },
	{ .name = NULL },
};

#define CANARY_METRICS                                                                                                 \
	"cost|latency|ttft|output_tokens|error_rate|refusal_rate|invalid_json_rate|schema_violation_rate|empty_rate|"  \
	"truncated_rate|eval_score|feedback_negative_rate|feedback_rating"

#define CANARY_MARGIN(name, default, text)                                                                             \
	{ #name, CONF_DOUBLE, AT(config, canary.margins.name), .fallback = default, .min = 1e-6, .max = 100,           \
	  .reloads = true, .doc = text }

static const struct conf_option canary_margin_options[] = {
	CANARY_MARGIN(cost, "0.1", "Of a typical call, as a share: 0.1 is ten percent."),
	CANARY_MARGIN(latency, "0.1", "The same of the total time."),
	CANARY_MARGIN(ttft, "0.1", "The same of the time to the first token."),
	CANARY_MARGIN(output_tokens, "0.2", "The same of the length of answers."),
	CANARY_MARGIN(rate, "0.01", "Of errors, refusals and broken answers, in shares of calls: 0.01 is one point."),
	CANARY_MARGIN(score, "0.03", "Of evaluation scores, in their own unit."),
	CANARY_MARGIN(vote, "0.05", "Of negative votes, in shares of all votes."),
	CANARY_MARGIN(rating, "0.15", "Of ratings, in their own unit."),
	{ .name = NULL },
};

static const struct conf_option canary_options[] = {
	{ "enabled", CONF_BOOL, AT(config, canary.enabled), .fallback = "true", .reloads = true,
	  .doc = "Compare the versions of a prompt that serve, and tell when the newer one is worse." },
	{ "alpha", CONF_DOUBLE, AT(config, canary.alpha), .fallback = "0.01", .min = 1e-6, .max = 0.5, .reloads = true,
	  .doc = "How often two versions that are the same may be told apart at any time, for all guarded metrics of a "
		 "feature and model together." },
	{ "guard", CONF_LIST, AT(config, canary.guard), .choices = CANARY_METRICS, .reloads = true,
	  .fallback = "cost, latency, ttft, error_rate, refusal_rate, invalid_json_rate, schema_violation_rate, "
		      "empty_rate, truncated_rate, eval_score, feedback_negative_rate, feedback_rating",
	  .doc = "Metrics that must be equal or better; the others are shown." },
	{ "margins", CONF_SECTION, .section = canary_margin_options, .doc = "Smaller differences do not matter." },
	{ .name = NULL },
};

/* ------------------------------------------------------------------ what was promised */

#define SLO_GOAL                                                                                                       \
	{ "objective", CONF_DOUBLE, AT(slo_config, objective), .required = true, .min = 0.5, .max = 0.99999,           \
	  .reloads = true, .doc = "Share of calls that must meet it, such as 0.95." },                                 \
	{ "window", CONF_DURATION, AT(slo_config, window_ms), .fallback = "720h", .min = 24 * HOUR,                    \
	  .max = 90 * 24 * HOUR, .reloads = true, .doc = "Period of the error budget." },                              \
	{ "feature", CONF_STRING, AT(slo_config, feature), .reloads = true, .doc = "Only calls of this feature." },    \
	{ "model", CONF_STRING, AT(slo_config, model), .reloads = true, .doc = "Only calls that this model answered." }, \
	{ "prompt", CONF_STRING, AT(slo_config, prompt), .reloads = true,                                              \
	  .doc = "Only calls of this prompt version, name@version." },                                                 \
	{ "context", CONF_STRING, AT(slo_config, context), .reloads = true,                                            \
	  .doc = "Only calls whose input is of this size class: 1k, 4k, 16k, 64k, 256k, over." },                      \
	{ "by", CONF_LIST, AT(slo_config, by), .fallback = "model, prompt, context",                                   \
	  .choices = "feature|model|prompt|context", .reloads = true,                                                  \
	  .doc = "What has a budget of its own; empty: one budget for all." },                                         \
	{ .name = NULL }

#define SLO_TIME                                                                                                       \
	{ "threshold", CONF_DURATION, AT(slo_config, threshold_ms), .required = true, .min = 1, .max = HOUR,           \
	  .reloads = true, .doc = "The longest time that meets it." }

static const struct conf_option slo_time_options[] = { SLO_TIME, SLO_GOAL };
static const struct conf_option slo_success_options[] = { SLO_GOAL };

const struct config_kind slo_kinds[] = {
	{ "ttft", slo_time_options, sizeof(struct slo_config), "Time to the first token, of streamed answers.", NULL },
	{ "latency", slo_time_options, sizeof(struct slo_config), "Total time, of calls that were answered.", NULL },
	{ "success", slo_success_options, sizeof(struct slo_config), "Calls that did not fail.", NULL },
	{ .name = NULL },
};

/* ------------------------------------------------------------------ prompts */

#define PROMPTS(member) AT(config, prompts.member)

static const struct conf_option prompts_options[] = {
	{ "directory", CONF_STRING, PROMPTS(directory), .reloads = true,
	  .doc = "A folder of manifests, one YAML or JSON file for each prompt version: a git checkout, a mounted ConfigMap." },
	{ "poll_interval", CONF_DURATION, PROMPTS(poll_interval_ms), .fallback = "10s", .min = SECOND, .max = HOUR,
	  .reloads = true, .doc = "How often the folder is looked at where the system tells of no change." },
	{ "rules", CONF_LIST, PROMPTS(rules), .reloads = true,
	  .doc = "Which prompt a call belongs to whose span says nothing about it: \"feature=checkout service=web* -> "
		 "answer@1.4.0\". The first that fits wins; without a version it is the one that the release or environment has." },
	{ "deploy_command", CONF_LIST, PROMPTS(deploy_command), .reloads = true,
	  .doc = "Run by `plimsoll prompts deploy` and `rollback`: program and arguments, without a shell. PLIMSOLL_PROMPT, "
		 "PLIMSOLL_VERSION, PLIMSOLL_ENVIRONMENT and others in its environment say what for." },
	{ "deploy_timeout", CONF_DURATION, PROMPTS(deploy_timeout_ms), .fallback = "60s", .min = SECOND, .max = HOUR,
	  .reloads = true, .doc = "It is killed after that time." },
	{ "langfuse_webhook_secret", CONF_SECRET, PROMPTS(langfuse_webhook_secret), .reloads = true,
	  .doc = "Signing secret of Langfuse's prompt webhooks to /api/v1/prompts/webhook/langfuse." },
	{ "braintrust_webhook_secret", CONF_SECRET, PROMPTS(braintrust_webhook_secret), .reloads = true,
	  .doc = "Secret of environment alerts to /api/v1/prompts/webhook/braintrust?token=SECRET; or of a relay that "
		 "signs them, or sends it as a bearer's." },
	{ .name = NULL },
};

/* ------------------------------------------------------------------ the agent itself */

static const struct conf_option memory_options[] = {
	{ "limit_mib", CONF_MIB, AT(config, limits.memory.limit_bytes), .fallback = "0", .max = 1024 * 1024,
	  .doc = "The most memory, in MiB, that the process may take: above it, what waits in memory for exporters is "
		 "dropped, oldest first, and counted. 0 means limit_percentage of what the container allows." },
	{ "spike_limit_mib", CONF_MIB, AT(config, limits.memory.spike_limit_bytes), .fallback = "0", .max = 1024 * 1024,
	  .doc = "How far below the limit, in MiB, senders begin to be told to come again; 0 means a fifth of the limit." },
	{ "limit_percentage", CONF_INT, AT(config, limits.memory.limit_percentage), .fallback = "80", .min = 1, .max = 100,
	  .doc = "The share of the control group's memory limit that is ours, where limit_mib is 0." },
	{ "check_interval", CONF_DURATION, AT(config, limits.memory.check_interval_ms), .fallback = "100ms", .min = 10,
	  .max = MINUTE, .doc = "How often that is looked at (the Collector's default is 1s)." },
	{ .name = NULL },
};

static const struct conf_option limits_options[] = {
	{ "memory", CONF_SECTION, .section = memory_options,
	  .doc = "The Collector's memory_limiter: refuses work in time, so that the process is never killed for its size. One "
		 "request may take an eighth of the limit, all that are worked on a quarter." },
	{ "max_series", CONF_INT, AT(config, limits.max_series), .fallback = "2000", .min = 10, .max = 1000000,
	  .doc = "Label sets on /metrics, and values of each dimension of attribution; further ones are counted "
		 "together, with otel_metric_overflow=\"true\"." },
	{ "max_in_flight_bytes", CONF_SIZE, AT(config, limits.max_in_flight_bytes), .fallback = "256MiB", .min = MIB,
	  .max = TIB,
	  .doc = "Request bytes being worked on, all connections together; past it senders are told to come back." },
	{ "max_counting_bytes", CONF_SIZE, AT(config, limits.max_counting_bytes), .fallback = "8MiB", .min = MIB, .max = TIB,
	  .doc = "Memory for the spans of the last while, by which each model call is counted once; 8 MiB know about "
		 "40,000 spans, a minute of 650 a second." },
	{ "max_label_bytes", CONF_SIZE, AT(config, limits.max_label_bytes), .fallback = "128", .min = 16, .max = 4096,
	  .doc = "Longer label values are cut." },
	{ .name = NULL },
};

static const struct conf_option judgements_options[] = {
	{ "enabled", CONF_BOOL, AT(config, judgements.enabled), .fallback = "true",
	  .doc = "Join evaluations and users' feedback to the model calls they are about, whenever they come." },
	{ "keep", CONF_DURATION, AT(config, judgements.keep_ms), .fallback = "72h", .min = MINUTE, .max = 400 * DAY,
	  .doc = "How long a call is remembered for them." },
	{ "max_size", CONF_SIZE, AT(config, judgements.max_size_bytes), .fallback = "64MiB", .min = MIB, .max = TIB,
	  .doc = "The most that remembered calls may take in the store; the oldest are forgotten first. A call takes about 60 "
		 "bytes, 64 MiB know a million. An eighth of it is held in memory besides." },
	{ "wait", CONF_DURATION, AT(config, judgements.wait_ms), .fallback = "10m", .min = SECOND, .max = DAY,
	  .doc = "How long a judgement waits for a call that has not come yet; then it counts with unknown labels." },
	{ .name = NULL },
};

static const struct conf_option cases_options[] = {
	{ "keep_content", CONF_BOOL, AT(config, cases.keep_content), .fallback = "false",
	  .doc = "Keep the question, what led to it and the answer of calls that become evaluation cases, redacted by `redaction` "
		 "(whether or not that is enabled; allow_keys do not hold here), for two weeks at most. Whoever may read the store, "
		 "or change state over HTTP, can read them. false: none, and what was kept is deleted at the next start." },
	{ "max_content_size", CONF_SIZE, AT(config, cases.max_content_bytes), .fallback = "8MiB", .min = 64 * KIB,
	  .max = GIB,
	  .doc = "The most that these texts may take, in memory and again in the store; beyond it the oldest go. A call has about 28 KiB "
		 "of them at most, and 20 calls or 1 MiB a second are looked at." },
	{ .name = NULL },
};

static const struct conf_option admin_options[] = {
	{ "enabled", CONF_BOOL, AT(config, admin.enabled), .fallback = "true",
	  .doc = "Serve /metrics, /livez, /readyz, the API and the page." },
	{ "endpoint", CONF_STRING, AT(config, admin.endpoint), .fallback = "localhost:9464",
	  .doc = "Where to listen: host:port, or unix:/path." },
	{ "socket_mode", CONF_STRING, AT(config, admin.socket_mode), .fallback = "0660",
	  .doc = "Permissions of a unix socket, in octal." },
	{ "tls", CONF_SECTION, AT(config, admin.tls), .section = tls_server_options, .doc = "TLS, and clients' certificates." },
	{ "token", CONF_SECRET, AT(config, admin.token),
	  .doc = "Bearer token for requests that change state, or show prompts and answers, and do not come over loopback or "
		 "a unix socket; without it those are refused." },
	{ .name = NULL },
};

static const struct conf_option log_options[] = {
	{ "level", CONF_ENUM, AT(config, log.level), .fallback = "info", .choices = "debug|info|warn|error",
	  .reloads = true, .doc = "The least important lines to write." },
	{ .name = NULL },
};

const struct conf_option config_options[] = {
	{ "receivers", CONF_SECTION, .section = receivers_options,
	  .doc = "Where telemetry comes in. Without this section, gRPC and HTTP are both on." },
	{ "exporters", CONF_KINDS,
	  .doc = "Where enriched telemetry goes: \"kind\" or \"kind/name\" with the kind's own keys and those that all "
		 "have: match, spans, redaction, sampling. Every exporter gets everything that it can take, unless its match says "
		 "otherwise." },
	{ "storage", CONF_SECTION, .section = storage_options, .doc = "What outlives the process." },
	{ "dimensions", CONF_SECTION, .section = dimensions_options,
	  .doc = "Which attributes say what a call belongs to. Each is a list of keys: the first that the span has "
		 "wins, then the first that its resource has." },
	{ "prices", CONF_SECTION, .section = prices_options, .doc = "How tokens become money." },
	{ "redaction", CONF_SECTION, .section = redaction_options, .doc = "What must not leave." },
	{ "sampling", CONF_SECTION, .section = sampling_options,
	  .doc = "How many spans leave. An exporter may opt out with `sampling: off`." },
	{ "routing", CONF_SECTION, .section = routing_options,
	  .doc = "Which exporters get what, beside their own `match`." },
	{ "baselines", CONF_SECTION, .section = baselines_options, .doc = "What counts as unusual." },
	{ "canary", CONF_SECTION, .section = canary_options, .doc = "When a new version of a prompt is as good as the old one." },
	{ "alerts", CONF_SECTION, .section = alerts_options, .doc = "Who is told about it." },
	{ "prompts", CONF_SECTION, .section = prompts_options, .doc = "Prompt versions: what they are, and which calls are theirs." },
	{ "slos", CONF_KINDS, .kinds = slo_kinds, .reloads = true,
	  .doc = "Service level objectives, \"kind\" or \"kind/name\"; an alert says when an error budget burns too fast." },
	{ "budgets", CONF_SECTION, .section = budgets_options, .doc = "Limits on spend, and what happens at them." },
	{ "judgements", CONF_SECTION, .section = judgements_options, .doc = "What others say about the calls." },
	{ "cases", CONF_SECTION, .section = cases_options, .doc = "The worst calls, for `plimsoll cases export`." },
	{ "limits", CONF_SECTION, .section = limits_options, .doc = "What bounds the agent's memory." },
	{ "admin", CONF_SECTION, .section = admin_options, .doc = "The agent's own HTTP endpoint." },
	{ "log", CONF_SECTION, .section = log_options, .doc = "What the agent writes to standard error." },
	{ "user", CONF_STRING, AT(config, user),
	  .doc = "Started as root, become this user once the configuration is read. The files that it names must be readable "
		 "for that user, where they are looked at again later." },
	{ .name = NULL },
};
