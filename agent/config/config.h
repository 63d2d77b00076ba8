/* SPDX-License-Identifier: Apache-2.0
 * config/config.h - the whole configuration as plain structs, filled from one YAML file or from defaults.
 *
 * Read-only once loaded; any thread may read it. Strings are NUL-terminated and live as long as the config.
 */
#ifndef PLIMSOLL_CONFIG_CONFIG_H
#define PLIMSOLL_CONFIG_CONFIG_H

#include "agent/base/arena.h"
#include "agent/base/buf.h"
#include "agent/base/status.h"
#include "agent/config/security.h"

enum queue_storage { QUEUE_IN_MEMORY, QUEUE_IN_LMDB };
enum queue_overflow { OVERFLOW_BY_STORAGE, OVERFLOW_DROPS, OVERFLOW_BLOCKS };

struct queue_config {
	bool enabled; /* false: not sent at once means dropped */
	int storage;  /* enum queue_storage */
	int sizer;    /* only bytes; the Collector knows others */
	int block_on_overflow; /* enum queue_overflow: whether senders are told to come again, or what comes is dropped */
	uint64_t queue_size_bytes;
	uint64_t max_age_ms;      /* what waits for longer is dropped; 0: any age */
	int64_t num_consumers;    /* attempts in flight at once; 1 keeps the order */
	uint64_t max_batch_bytes; /* waiting requests are joined up to this size, larger ones split */
	uint64_t min_batch_bytes; /* less than this waits for more, but for flush_timeout_ms at most */
	int64_t max_batch_items;  /* 0: any number */
	uint64_t flush_timeout_ms;
	uint64_t max_attribute_bytes; /* longer string values are shortened; 0: any length */
};

struct retry_config {
	bool enabled;
	uint64_t initial_interval_ms, max_interval_ms, max_elapsed_time_ms; /* max_elapsed 0: never gives up */
	double multiplier, randomization_factor;
};

struct receiver_grpc_config {
	bool enabled;
	const char *endpoint;             /* "localhost:4317" */
	const char *socket_mode;          /* of a unix socket, octal */
	struct tls_server_config tls;
	struct server_auth_config auth;
	uint64_t max_recv_msg_size_bytes; /* before and after decompression */
	int64_t max_concurrent_streams;
	int64_t threads;
};

/* Web pages that may send: by their origins ("https://app.example"); none: no page may. */
struct cors_config {
	struct string_list allowed_origins, allowed_headers;
	int64_t max_age_s; /* 0: not said */
};

struct receiver_http_config {
	bool enabled;
	const char *endpoint, *socket_mode;
	struct tls_server_config tls;
	struct server_auth_config auth;
	struct cors_config cors;
	uint64_t max_request_body_size_bytes;
	uint64_t read_timeout_ms;
	int64_t max_connections;
};

struct dimensions_config {
	struct string_list feature, workflow, user_segment; /* attribute keys, first hit wins: span, then resource */
	struct string_list environment, release, tenant;
};

enum redaction_action { REDACTION_MASK, REDACTION_HASH, REDACTION_REMOVE };

struct redaction_config {
	bool enabled; /* for OTLP; request records are always redacted unless their exporter says otherwise */
	struct string_list detectors;
	struct string_map patterns;               /* name -> PCRE2 */
	struct string_list allow_keys, deny_keys; /* "key" or "prefix.*" */
	int action;                               /* enum redaction_action */
	struct string_map actions;                /* detector or pattern -> action */
	const char *hash_key;                     /* NULL: no action hashes */
	bool span_names;
	uint64_t max_value_bytes;
};

/* Which traces are kept whatever the rate. */
struct sampling_keep_config {
	bool errors, refusals, outliers, alerts;
	double scores_below;      /* NaN: none */
	uint64_t slower_than_ms;  /* 0: none */
	struct string_map attributes;
};

struct sampling_config {
	double rate, content_rate; /* shares of the traces; 1: all */
	uint64_t decision_wait_ms; /* 0: each span for itself */
	uint64_t max_bytes;        /* that wait for a decision */
	int64_t max_decisions;     /* that are remembered */
	struct sampling_keep_config keep;
};

struct baselines_config {
	bool enabled;
	double sigma;              /* k of facts: a bucket beyond this many sigma is a breach */
	double false_alert_budget; /* tolerated false alerts per metric, key and week */
	double false_alerts_per_week; /* and of all of them together; 0: no such limit */
	struct string_list metrics, without; /* judged beside the default ones; not judged */
	struct string_list rollups;
	uint64_t idle_after_ms;
	uint64_t alias_notice_every_ms; /* 0: never */
	int64_t max_series;
	double utc_offset_hours; /* where a day starts, and which hour of day a season has */
};

/* How different two versions of a prompt may be and still be as good as each other. */
struct canary_config {
	bool enabled;
	double alpha;             /* of all guarded metrics of one feature and model together */
	struct string_list guard; /* metrics that must be equal or better */
	struct {
		double cost, latency, ttft, output_tokens; /* ratios, 0.1: ten percent */
		double rate, score, vote, rating;          /* differences */
	} margins;
};

enum channel_type {
	CHANNEL_WEBHOOK,
	CHANNEL_ALERTMANAGER,
	CHANNEL_SLACK,
	CHANNEL_PAGERDUTY,
	CHANNEL_OPSGENIE,
	CHANNEL_TEAMS,
	CHANNEL_TYPE_COUNT
};

struct channel_config {
	const char *name; /* "webhook/oncall" */
	enum channel_type type;
	const char *url;              /* of some kinds a secret; never logged */
	struct string_list endpoints; /* ALERTMANAGER: every instance */
	const char *secret;           /* signing_secret, routing_key or api_key, as the kind has it; NULL: none */
	struct string_map headers;
	struct string_map labels; /* ALERTMANAGER: added to every alert */
	uint64_t resend_interval_ms;
	const char *title, *text; /* templates; NULL: the kind's own words */
	int min_severity;         /* enum severity of alerts/severity.h */
	struct string_list match; /* matchers, all of which must hold */
	bool send_resolved;
	uint64_t timeout_ms;
	struct retry_config retry;
};

struct alerts_config {
	struct channel_config *channels;
	size_t channel_count;
	const char *runbook_url;  /* prefix; the alert's kind is appended */
	const char *external_url; /* of the admin endpoint, as people reach it; NULL: no links to it */
	uint64_t repeat_interval_ms; /* 0: told once */
	struct string_list shadow, inhibit, silences;
	int64_t flap_limit;
	bool log_records;
	uint64_t audit_max_age_ms, audit_max_size_bytes;
};

enum switch_word { SWITCH_DEFAULT, SWITCH_ON, SWITCH_OFF };

enum spans_wanted { SPANS_ALL, SPANS_LLM };

/* What every exporter has beside its kind's options. */
struct exporter_common {
	struct string_map match; /* attribute -> value; empty: everything */
	int redaction, sampling; /* enum switch_word */
	int spans;               /* enum spans_wanted */
};

/* What stands in the file under "kind" or "kind/name". */
struct config_instance {
	struct exporter_common common;   /* of exporters */
	const char *id;                  /* "otlp/backend", as in the file */
	const char *kind;                /* "otlp" */
	void *options;                   /* the kind's own struct, filled by its option table */
	const struct conf_option *table; /* that table */
};

struct config_instances {
	struct config_instance *items;
	size_t count;
};

/* A service level objective; the instance's kind is what it is about: "ttft", "latency", "success". */
struct slo_config {
	uint64_t threshold_ms;                        /* of ttft and latency */
	double objective;                             /* share of calls that meet it */
	uint64_t window_ms;                           /* period of the error budget */
	const char *feature, *model, *prompt, *context; /* only these calls; NULL: all */
	struct string_list by;
};

/* What a budget can tell apart: name in the configuration and in decisions, member of struct call. */
#define BUDGET_DIMENSION_MAP(X)             \
	X(FEATURE, "feature", feature)           \
	X(WORKFLOW, "workflow", workflow)        \
	X(USER_SEGMENT, "user_segment", user_segment) \
	X(USER, "user", user_id)                 \
	X(TENANT, "tenant", tenant)              \
	X(MODEL, "model", request_model)         \
	X(PROVIDER, "provider", provider)        \
	X(ENVIRONMENT, "environment", environment) \
	X(RELEASE, "release", release)           \
	X(SERVICE, "service", service)           \
	X(SESSION, "session", session_id)

enum budget_dimension {
#define X(id, name, member) BUDGET_BY_##id,
	BUDGET_DIMENSION_MAP(X)
#undef X
	BUDGET_DIMENSIONS
};

extern const char *const budget_dimension_names[BUDGET_DIMENSIONS];

enum budget_hard { BUDGET_TELLS, BUDGET_DENIES, BUDGET_THROTTLES };

/* A limit on spend; the instance's kind is its period: "request", "hour", "day", "month". */
struct budget_config {
	double limit_usd;                   /* 0: no such limit */
	int64_t limit_tokens, limit_requests; /* 0: no such limit */
	const char *time_zone;              /* IANA name */
	const char *only[BUDGET_DIMENSIONS]; /* only calls with this value; NULL: all */
	struct string_list by, soft;
	bool forecast;
	int hard;                           /* enum budget_hard */
	double throttle_per_minute;
	int64_t max_groups;
};

struct budgets_config {
	struct config_instances limits; /* options are struct budget_config */
	bool fails_closed;              /* a decision that cannot be made denies */
	uint64_t reservation_ms;
	const char *envoy_endpoint;     /* NULL: not served */
	const char *envoy_socket_mode;
	struct string_map envoy_keys;   /* dimension -> header or descriptor key */
};

/* Percentages of `soft`, in the file's order. At most BUDGET_SOFT_MAX; more are refused when the file is read. */
#define BUDGET_SOFT_MAX 8
#define BUDGETS_MAX     16
size_t budget_soft(const struct budget_config *c, double percent[BUDGET_SOFT_MAX]);

/* Which cost counts where a span reports one itself. */
enum cost_source { COST_COMPUTED, COST_REPORTED };

struct prompts_config {
	const char *directory; /* of manifests; NULL: none */
	uint64_t poll_interval_ms;
	struct string_list rules;          /* config/prompt_rule.h */
	struct string_list deploy_command; /* program and arguments; empty: none */
	uint64_t deploy_timeout_ms;
	const char *langfuse_webhook_secret, *braintrust_webhook_secret; /* NULL: such webhooks are refused */
};

struct config {
	struct arena arena;
	const char *path; /* NULL: defaults */
	struct receiver_grpc_config grpc;
	struct receiver_http_config http;
	struct dimensions_config dimensions;
	struct {
		const char *directory; /* NULL: chosen at start */
		uint64_t max_size_bytes;
	} storage;
	struct {
		const char *file; /* extra price table, looked up before the built-in one; NULL: none */
		const char *override_file;
		int cost_source; /* enum cost_source */
	} prices;
	struct redaction_config redaction;
	struct sampling_config sampling;
	struct {
		struct string_list default_exporters; /* ids */
	} routing;
	struct baselines_config baselines;
	struct canary_config canary;
	struct alerts_config alerts;
	struct prompts_config prompts;
	struct config_instances slos; /* options are struct slo_config */
	struct budgets_config budgets;
	struct {
		bool enabled;
		uint64_t max_size_bytes, keep_ms, wait_ms;
	} judgements;
	struct {
		bool keep_content;
		uint64_t max_content_bytes;
	} cases;
	struct {
		int64_t max_series;           /* label sets on /metrics */
		uint64_t max_in_flight_bytes; /* request bytes being worked on, all connections together */
		uint64_t max_label_bytes;     /* longer label values are cut */
		uint64_t max_counting_bytes;
		struct {
			uint64_t limit_bytes;       /* 0: limit_percentage of the control group's */
			uint64_t spike_limit_bytes; /* the soft limit lies this far below; 0: a fifth of it */
			int64_t limit_percentage;
			uint64_t check_interval_ms;
		} memory;
	} limits;
	struct {
		bool enabled;
		const char *endpoint, *socket_mode;
		struct tls_server_config tls;
		const char *token; /* bearer token for what changes state from outside loopback */
	} admin;
	struct {
		int level; /* enum log_level */
	} log;
	const char *user; /* whom to become when started as root; NULL: nobody else */
	struct config_instance *exporters;
	size_t exporter_count;
};

/* The tables that sections shared by exporters use: fields of type CONF_SECTION point to these. */
extern const struct conf_option queue_options[], retry_options[], cors_options[];

/* The keys of struct exporter_common. */
extern const struct conf_option exporter_common_options[];

/* The same of alert channels, which give up later. */
extern const struct conf_option channel_retry_options[];

/* The keys under `alerts` and `budgets`, which have files of their own. */
extern const struct conf_option alerts_options[], budgets_options[];

/* The whole file, and what may stand under alerts.channels (ends at name == NULL; fills struct channel_config) and under
 * slos (fills struct slo_config) and budgets.limits (fills struct budget_config). */
extern const struct conf_option config_options[];
extern const struct config_kind channel_kinds[], slo_kinds[], budget_kinds[];

/* Loads path, or the defaults where path is NULL, expanding ${env:NAME}. On failure *out is untouched, and errors gets
 * one line for every error found ("file:line:column: what, and the nearest known key"), not only the first.
 * Errors: INVALID, the file says something wrong; IO, it cannot be read; NOMEM. */
struct status config_load(const char *path, const struct config_kind *kinds, size_t kind_count, struct config **out,
			  struct buf *errors) MUST_USE;

/* What is asked of files that the configuration names. */
enum config_files {
	CONFIG_FILES_OF_SECRETS, /* secrets are read; who uses another file opens it: as config_load */
	CONFIG_FILES_ALL,        /* and every other that is read at the start can be read now (conf_option.is_read) */
	CONFIG_FILES_ELSEWHERE,  /* nothing, they are another machine's; secrets of files have a value that says so */
};

/* As config_load; for those who judge a configuration rather than use it. */
struct status config_load_as(enum config_files files, const char *path, const struct config_kind *kinds,
			     size_t kind_count, struct config **out, struct buf *errors) MUST_USE;

void config_free(struct config *c);

/* Appends the configuration in force as YAML, defaults included; secrets and map values read <redacted>. */
void config_print(const struct config *c, struct buf *out);

/* Appends the dotted names, joined by ", ", of what differs and waits for a restart (rows that do not reload, exporters
 * and protocols that come or go). Nothing is appended where SIGHUP can apply every change. */
void config_diff_reload(const struct config *old, const struct config *new, struct buf *needs_restart);

/* The path of "unix:/path" or "unix:///path", borrowed from it; NULL where the endpoint is another kind of address. */
const char *endpoint_unix_path(const char *endpoint);

/* "user:password" of a URL, or the token that some put there; empty where there is none. */
struct slice url_user(struct slice url);

/* A URL, or any other text, as it may be shown: <redacted> stands where its user does. */
void url_print(struct slice url, struct buf *out);

/* Permission bits of "0660"; false, and *mode left alone, where the text is none. */
bool socket_mode_read(const char *text, unsigned *mode);

/* Host and port of "host:port", "[::1]:port" or ":port" (host then empty). host_size: room at host. */
struct status endpoint_split(const char *endpoint, char *host, size_t host_size, uint16_t *port) MUST_USE;

#endif
