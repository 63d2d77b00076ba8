/* SPDX-License-Identifier: Apache-2.0
 * daemon/agent.c - joins the stages of one running agent.
 */
#include "agent/daemon/agent.h"

#include <stdlib.h>

#include "agent/admin/admin.h"
#include "agent/base/clock.h"
#include "agent/base/log.h"
#include "agent/base/meter.h"
#include "agent/budgets/envoy_server.h"
#include "agent/daemon/alerts_api.h"
#include "agent/daemon/audit.h"
#include "agent/daemon/baseline_api.h"
#include "agent/daemon/canary_api.h"
#include "agent/daemon/case_words.h"
#include "agent/daemon/decisions.h"
#include "agent/daemon/exposure.h"
#include "agent/daemon/judge.h"
#include "agent/daemon/judgements.h"
#include "agent/daemon/kinds.h"
#include "agent/daemon/memory_guard.h"
#include "agent/daemon/pipeline.h"
#include "agent/daemon/prompts.h"
#include "agent/daemon/prompts_api.h"
#include "agent/daemon/refused_api.h"
#include "agent/daemon/review_api.h"
#include "agent/daemon/spending.h"
#include "agent/daemon/price_change.h"
#include "agent/net/file_watch.h"
#include "agent/daemon/state_dir.h"
#include "agent/store/store.h"

#define RECEIVER_STOP_MS 2000u
#define PRICE_CHECK_TICKS 10u

struct agent {
	struct config *config;   /* as started: what needs a restart stays as it was */
	struct config *reloaded; /* newest one that SIGHUP brought, or NULL */
	uv_loop_t *loop;
	struct buf state_dir, queue_dir;
	struct {
		struct buf grpc, http, admin, envoy; /* "http://localhost:4317"; empty where nothing listens */
	} urls; /* made once the ports are open, read-only from then on: the admin's threads look at them */
	struct store *store;
	struct http_client *http;
	struct exporter_env exporter_env;
	struct senders *senders;
	struct outbound *outbound;
	struct observer *observer;
	struct counting *counting;
	struct decisions *decisions; /* NULL: no admin endpoint */
	struct model_watch *models;
	struct audit *audit;
	struct judge *judge;
	struct case_words *words; /* NULL: not configured */
	struct prompts *prompts;
	struct judgements *judgements; /* NULL: switched off */
	struct spending *spending;
	struct envoy_server *envoy; /* NULL: not configured */
	struct alerts_api alerts_api;
	struct pipeline *pipeline;
	struct memory_guard *memory;
	struct grpc_receiver *grpc;
	struct http_receiver *http_receiver;
	struct admin *admin;
	struct price_book *prices; /* owned by the pipeline's settings once these exist */
	unsigned ticks;
	struct meter *reloads_applied, *reloads_refused;
	uint64_t drain_until_ms;
	void (*drained)(void *context);
	void *drained_context;
};

static unsigned grpc_lanes(const struct config *c)
{
	return c->grpc.enabled ? (unsigned)c->grpc.threads : 0;
}

static unsigned loop_lane(const struct config *c)
{
	return grpc_lanes(c) + 1;
}

/* gRPC's, HTTP's and the loop's. */
static unsigned lanes(const struct config *c)
{
	return loop_lane(c) + 1;
}

/* Of what goes out: judgements come in by HTTP too, and have one of their own, which the joiner's lock guards. */
static unsigned judgement_lane(const struct config *c)
{
	return lanes(c);
}

static struct status open_state(struct agent *a, struct buf *why)
{
	if (a->config->storage.directory != NULL)
		buf_text(&a->state_dir, a->config->storage.directory);
	else
		state_dir_default(&a->state_dir);
	buf_printf(&a->queue_dir, "%s/queue", buf_string(&a->state_dir));
	return store_open(buf_string(&a->state_dir), a->config->storage.max_size_bytes, &a->store, why);
}

/* All series, for exporters that push them; their timers run once the agent has started. */
static void write_series(void *context, struct buf *out)
{
	struct agent *a = context;
	struct scrape *s = scrape_new(a->observer, EXPOSITION_OPENMETRICS);

	while (s != NULL && scrape_next(s, out))
		;
	scrape_free(s);
}

static struct status open_outlets(struct agent *a, struct buf *why)
{
	struct status s = http_client_new(a->loop, &a->http);

	if (FAILED(s)) {
		buf_printf(why, "cannot set up outbound HTTP: %s", s.why);
		return s;
	}
	a->exporter_env = (struct exporter_env){ .loop = a->loop,
						.http = a->http,
						.queue_directory = buf_string(&a->queue_dir),
						.scrape = { write_series, a } };
	TRY(senders_open(a->config, &a->exporter_env, &a->senders, why));
	TRY(outbound_new(a->config, a->senders, judgement_lane(a->config) + 1, &a->outbound, why));
	a->counting = counting_new(a->config->limits.max_counting_bytes);
	a->decisions = a->config->admin.enabled ? decisions_new() : NULL; /* without memory nobody is told */
	a->models = model_watch_new();
	a->observer = observer_new(a->config, lanes(a->config));
	if (a->counting == NULL || a->models == NULL || a->observer == NULL)
		return FAIL(NOMEM, "no memory for the metrics");
	s = audit_new(a->store, &a->config->alerts, &a->audit);
	if (FAILED(s)) {
		buf_printf(why, "cannot read the audit: %s", s.why);
		return s;
	}
	TRY(judge_new(a->config, a->loop, a->http, a->store, a->audit, a->counting, a->models, &a->judge, why));
	judge_log_to(a->judge, a->senders);
	if (a->config->cases.keep_content)
		TRY(case_words_new(a->config, judge_case_bar(a->judge), lanes(a->config), &a->words, why));
	judge_words(a->judge, a->words);
	a->alerts_api = (struct alerts_api){ a->judge, a->audit };
	observer_add_source(a->observer, judge_render, a->judge);
	judge_watch(a->judge, outbound_keep, a->outbound);
	TRY(prompts_new(a->config, a->loop, a->store, a->audit, a->judge, &a->prompts, why));
	observer_add_source(a->observer, prompts_render, a->prompts);
	return OK;
}

static struct status open_judgements(struct agent *a, struct buf *why)
{
	struct judgement_outlets outlets = {
		.store = a->store,
		.observer = a->observer,
		.senders = a->senders,
		.outbound = a->outbound,
		.lane = judgement_lane(a->config),
		.judge = prompts_offer,
		.judge_context = a->prompts,
	};

	return a->config->judgements.enabled ? judgements_new(a->config, a->loop, &outlets, &a->judgements, why) : OK;
}

static struct status open_spending(struct agent *a, struct buf *why)
{
	TRY(spending_new(a->config, a->store, a->audit, a->prices, &a->spending, why));
	observer_add_source(a->observer, spending_render, a->spending);
	judge_budgets(a->judge, spending_budgets(a->spending));
	return OK;
}

static struct status open_pipeline(struct agent *a, struct buf *why)
{
	struct pipeline_outlets outlets = {
		.observer = a->observer,
		.counting = a->counting,
		.decisions = a->decisions,
		.models = a->models,
		.bars = judge_runaway_bars(a->judge),
		.words = a->words,
		.senders = a->senders,
		.outbound = a->outbound,
		.judge = judge_offer,
		.judge_context = a->judge,
		.recall = a->judgements != NULL ? judgements_offer : NULL,
		.admit = a->judgements != NULL ? judgements_admit : NULL,
		.recall_context = a->judgements,
	};

	TRY(price_book_new(a->config, &a->prices, why));
	struct status s = open_spending(a, why);
	outlets.budgets = FAILED(s) ? NULL : spending_budgets(a->spending);
	if (!FAILED(s))
		s = pipeline_new(a->config, a->prices, lanes(a->config), &outlets, &a->pipeline, why);
	if (FAILED(s)) {
		price_book_free(a->prices);
	} else {
		price_book_report(a->prices, clock_unix_ns() / NS_PER_SECOND);
		prompts_serve(a->prompts, a->pipeline);
	}
	return s;
}

static void *metrics_open(void *context, bool openmetrics)
{
	struct agent *a = context;

	return scrape_new(a->observer, openmetrics ? EXPOSITION_OPENMETRICS : EXPOSITION_TEXT);
}

static bool metrics_next(void *scrape, struct buf *out)
{
	return scrape_next(scrape, out);
}

static void metrics_close(void *scrape)
{
	scrape_free(scrape);
}

/* The address to paste, with the port that was really bound. tls: NULL where there is none. */
static void write_url(struct buf *out, const char *endpoint, uint16_t bound, const struct tls_server_config *tls)
{
	char host[256];
	uint16_t port;

	if (endpoint_unix_path(endpoint) != NULL) {
		buf_printf(out, "unix:%s", endpoint_unix_path(endpoint));
		buf_string(out);
		return;
	}
	if (FAILED(endpoint_split(endpoint, host, sizeof(host), &port)))
		return;
	bool any = host[0] == '\0' || strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
	bool bare_v6 = !any && strchr(host, ':') != NULL;
	bool is_tls = tls != NULL && tls->cert_file != NULL;
	buf_printf(out, "http%s://%s%s%s:%u", is_tls ? "s" : "", bare_v6 ? "[" : "", any ? "localhost" : host,
		   bare_v6 ? "]" : "", bound);
	buf_string(out);
}

static const char *url_or_null(const struct buf *url)
{
	return url->len > 0 ? url->ptr : NULL;
}

static void write_summary(void *context, struct buf *out)
{
	const struct agent *a = context;
	struct observe_about about = {
		.otlp_grpc_endpoint = url_or_null(&a->urls.grpc),
		.otlp_http_endpoint = url_or_null(&a->urls.http),
		.config_path = a->config->path,
	};

	observer_summary(a->observer, &about, out);
}

static struct status open_ports(struct agent *a, struct buf *why)
{
	struct admin_source source = {
		.context = a,
		.metrics_open = metrics_open,
		.metrics_next = metrics_next,
		.metrics_close = metrics_close,
		.summary = write_summary,
		.tables = { { alerts_api_routes, &a->alerts_api } },
		.table_count = 1,
	};
	if (a->judgements != NULL)
		source.tables[source.table_count++] = (struct api_table){ judgement_routes, a->judgements };
	source.tables[source.table_count++] = (struct api_table){ baseline_routes, a->judge };
	source.tables[source.table_count++] = (struct api_table){ canary_routes, a->judge };
	source.tables[source.table_count++] = (struct api_table){ review_routes, &a->alerts_api };
	source.tables[source.table_count++] = (struct api_table){ refused_routes, a->senders };
	source.tables[source.table_count++] = (struct api_table){ budget_routes, a->spending };
	if (a->decisions != NULL)
		source.tables[source.table_count++] = (struct api_table){ decision_routes, a->decisions };
	source.tables[source.table_count++] = (struct api_table){ prompt_routes, a->prompts };
	struct config receiving = *a->config; /* no more in flight than the memory limit leaves room for */
	struct ingest grpc = { pipeline_ingest, a->pipeline, 0 };
	struct ingest http = { pipeline_ingest, a->pipeline, grpc_lanes(a->config) };

	memory_limit_apply(memory_limit_of(a->config), &receiving);
	if (a->config->grpc.enabled)
		TRY(grpc_receiver_start(&receiving, grpc, &a->grpc, why));
	if (a->grpc != NULL)
		write_url(&a->urls.grpc, a->config->grpc.endpoint, grpc_receiver_port(a->grpc), &a->config->grpc.tls);
	if (a->config->http.enabled)
		TRY(http_receiver_start(&receiving, http, &a->http_receiver, why));
	if (a->http_receiver != NULL)
		write_url(&a->urls.http, a->config->http.endpoint, http_receiver_port(a->http_receiver),
			  &a->config->http.tls);
	if (a->config->budgets.envoy_endpoint != NULL)
		TRY(envoy_server_start(a->config, spending_budgets(a->spending), &a->envoy, why));
	if (a->envoy != NULL)
		write_url(&a->urls.envoy, a->config->budgets.envoy_endpoint, envoy_server_port(a->envoy), NULL);
	if (a->config->admin.enabled) /* last: it shows what the others have opened */
		TRY(admin_start(a->config, &source, &a->admin, why));
	if (a->admin != NULL)
		write_url(&a->urls.admin, a->config->admin.endpoint, admin_port(a->admin), &a->config->admin.tls);
	return OK;
}

static struct status open_all(struct agent *a, struct buf *why)
{
	TRY(open_state(a, why));
	TRY(open_outlets(a, why));
	TRY(open_judgements(a, why));
	TRY(open_pipeline(a, why));
	a->memory = memory_guard_start(a->config, a->loop, a->senders);
	return open_ports(a, why);
}

struct status agent_start(struct config *config, uv_loop_t *loop, struct agent **out, struct buf *why)
{
	struct agent *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return FAIL(NOMEM, "no memory");
	a->config = config;
	a->loop = loop;
	log_set_level((enum log_level)config->log.level);
	a->reloads_applied = meter_get(METER_CONFIG_RELOADS, "result=\"applied\"");
	a->reloads_refused = meter_get(METER_CONFIG_RELOADS, "result=\"refused\"");
	struct status s = open_all(a, why);
	if (FAILED(s)) {
		a->config = NULL; /* still the caller's */
		agent_free(a);
		return s;
	}
	if (a->admin != NULL)
		admin_set_ready(a->admin, true, "ready");
	exposure_warn(a->config);
	*out = a;
	return OK;
}

static void banner_line(struct buf *out, const char *what, const char *url, const char *path)
{
	if (url != NULL)
		buf_printf(out, "  %-12s%s%s\n", what, url, endpoint_unix_path(url) == NULL ? path : "");
}

void agent_banner(const struct agent *a, struct buf *out)
{
	const char *grpc = url_or_null(&a->urls.grpc), *http = url_or_null(&a->urls.http);
	const char *admin = url_or_null(&a->urls.admin);

	buf_printf(out, "plimsoll %s is ready\n", PLIMSOLL_VERSION);
	banner_line(out, "OTLP/gRPC", grpc, "");
	banner_line(out, "OTLP/HTTP", http, "");
	banner_line(out, "Envoy", url_or_null(&a->urls.envoy), "");
	banner_line(out, "page", admin, "/");
	banner_line(out, "metrics", admin, "/metrics");
	banner_line(out, "state", a->state_dir.ptr, "");
	banner_line(out, "config", a->config->path != NULL ? a->config->path : "built-in defaults", "");
	if (http != NULL || grpc != NULL)
		buf_printf(out,
			   "Point an OpenTelemetry SDK here:\n"
			   "  export OTEL_EXPORTER_OTLP_ENDPOINT=%s OTEL_EXPORTER_OTLP_PROTOCOL=%s\n",
			   http != NULL ? http : grpc, http != NULL ? "http/protobuf" : "grpc");
}

static const struct config *in_force(const struct agent *a)
{
	return a->reloaded != NULL ? a->reloaded : a->config;
}

/* Settings from the configuration and its price files. */
static struct status make_settings(const struct config *fresh, struct settings **out, struct buf *why)
{
	struct price_book *prices;

	TRY(price_book_new(fresh, &prices, why));
	struct status s = settings_new(fresh, prices, out);
	if (FAILED(s)) {
		buf_printf(why, "cannot use the new dimensions: %s", s.why);
		price_book_free(prices);
	}
	return s;
}

/* Budgets and alerts, both or neither. */
static struct status reload_judgement(struct agent *a, const struct config *fresh, struct buf *why)
{
	struct budgets_change *budgets;
	struct status s = budgets_prepare(fresh, &budgets);

	if (FAILED(s)) {
		buf_printf(why, "cannot use the new budgets: %s", s.why);
		return s;
	}
	s = judge_reload(a->judge, fresh, budgets, why);
	if (FAILED(s))
		budgets_discard(budgets);
	return s;
}

/* Builds what the configuration asks for beside what runs, then swaps: on failure nothing has changed, and nothing
 * holds on to fresh. */
static struct status apply(struct agent *a, const struct config *fresh, struct buf *why)
{
	struct settings *settings;

	TRY(make_settings(fresh, &settings, why));
	struct status s = reload_judgement(a, fresh, why);
	if (FAILED(s)) {
		settings_unref(settings);
		return s;
	}
	spending_reprice(a->spending, settings->prices);
	audit_reload(a->audit, &fresh->alerts);
	prompts_reload(a->prompts, fresh);
	price_change_tell(a->judge, a->prices, settings->prices);
	a->prices = settings->prices;
	price_book_report(a->prices, clock_unix_ns() / NS_PER_SECOND);
	pipeline_adopt(a->pipeline, settings);
	log_set_level((enum log_level)fresh->log.level);
	return OK;
}

static struct status load_and_apply(struct agent *a, struct buf *why)
{
	struct config *fresh;
	struct buf needs_restart = BUF_INIT;

	TRY(config_load(a->config->path, exporter_config_kinds(), exporter_config_kind_count(), &fresh, why));
	struct status s = apply(a, fresh, why);
	if (FAILED(s)) {
		config_free(fresh);
		return s;
	}
	config_diff_reload(a->config, fresh, &needs_restart); /* an earlier reload has not applied them either */
	if (needs_restart.len > 0)
		LOG(WARN, "daemon", "restart_needed", "keys=\"%s\" kept=\"what the agent was started with\"",
		    buf_string(&needs_restart));
	buf_release(&needs_restart);
	config_free(a->reloaded);
	a->reloaded = fresh;
	return OK;
}

void agent_reload(struct agent *a)
{
	struct buf why = BUF_INIT;
	struct status s = load_and_apply(a, &why);

	meter_add(FAILED(s) ? a->reloads_refused : a->reloads_applied, 1);
	if (FAILED(s))
		LOG(ERROR, "daemon", "reload_refused", "kept=\"the configuration in force\" reason=\"%.*s\"",
		    SLICE_ARG(slice_trim(buf_view(&why))));
	else
		LOG(INFO, "daemon", "reload_applied", "config=\"%s\"", a->config->path != NULL ? a->config->path : "defaults");
	if (!FAILED(s))
		audit_note(a->audit, AUDIT_CONFIG, a->config->path, "the configuration was reloaded");
	buf_release(&why);
}

static void reload_prices(struct agent *a)
{
	struct buf why = BUF_INIT;
	struct status s = apply(a, in_force(a), &why);

	if (FAILED(s))
		LOG(ERROR, "daemon", "prices_refused", "kept=\"the prices in force\" reason=\"%.*s\"",
		    SLICE_ARG(slice_trim(buf_view(&why))));
	else
		LOG(INFO, "daemon", "prices_reloaded", "reason=\"a price file changed\"");
	if (!FAILED(s))
		audit_note(a->audit, AUDIT_PRICES, NULL, "a price file changed, and new calls are priced by it");
	buf_release(&why);
}

void agent_tick(struct agent *a)
{
	observer_tick(a->observer, clock_mono_ns());
	file_watches_check(clock_mono_ns());
	prompts_tick(a->prompts);
	pipeline_promote(a->pipeline, loop_lane(a->config), clock_mono_ns() / NS_PER_SECOND, false);
	pipeline_release(a->pipeline, loop_lane(a->config), false);
	if (++a->ticks % PRICE_CHECK_TICKS == 0 && price_book_is_stale(a->prices))
		reload_prices(a);
}

static uint64_t ms_left(const struct agent *a)
{
	uint64_t now_ms = clock_mono_ns() / NS_PER_MS;

	return a->drain_until_ms > now_ms ? a->drain_until_ms - now_ms : 0;
}

static void senders_drained(void *context)
{
	struct agent *a = context;

	judge_drain(a->judge, ms_left(a), a->drained, a->drained_context);
}

void agent_drain(struct agent *a, void (*done)(void *context), void *context)
{
	a->drain_until_ms = clock_mono_ns() / NS_PER_MS + AGENT_DRAIN_MS;
	a->drained = done;
	a->drained_context = context;
	if (a->admin != NULL)
		admin_set_ready(a->admin, false, "draining");
	if (a->grpc != NULL) {
		grpc_receiver_set_serving(a->grpc, false);
		grpc_receiver_stop(a->grpc, RECEIVER_STOP_MS);
	}
	if (a->http_receiver != NULL)
		http_receiver_stop(a->http_receiver, RECEIVER_STOP_MS);
	a->grpc = NULL;
	a->http_receiver = NULL;
	if (a->judgements != NULL)
		judgements_drain(a->judgements);
	pipeline_release(a->pipeline, loop_lane(a->config), true);
	prompts_drain(a->prompts);
	senders_drain(a->senders, ms_left(a), senders_drained, a);
}

void agent_free(struct agent *a)
{
	if (a == NULL)
		return;
	if (a->grpc != NULL) /* a start that failed half way */
		grpc_receiver_stop(a->grpc, 0);
	if (a->http_receiver != NULL)
		http_receiver_stop(a->http_receiver, 0);
	admin_stop(a->admin);
	envoy_server_stop(a->envoy);
	memory_guard_stop(a->memory);
	pipeline_free(a->pipeline);
	senders_free(a->senders);
	judgements_free(a->judgements);
	outbound_free(a->outbound);
	prompts_free(a->prompts);
	judge_free(a->judge);
	case_words_free(a->words);
	audit_free(a->audit);
	if (a->http != NULL)
		http_client_free(a->http);
	store_close(a->store);
	spending_free(a->spending);
	observer_free(a->observer);
	counting_free(a->counting);
	decisions_free(a->decisions);
	model_watch_free(a->models);
	buf_release(&a->state_dir);
	buf_release(&a->queue_dir);
	buf_release(&a->urls.grpc);
	buf_release(&a->urls.http);
	buf_release(&a->urls.admin);
	buf_release(&a->urls.envoy);
	config_free(a->reloaded);
	config_free(a->config);
	free(a);
}
