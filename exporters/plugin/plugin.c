/* SPDX-License-Identifier: Apache-2.0
 * exporters/plugin/plugin.c - an exporter in a shared object, behind the interface of plimsoll_exporter.h.
 *
 * The object runs on a thread of its own, so that it may block; the loop hands it one payload at a time and hears of the
 * outcome by uv_async_send. When the agent stops while the object hangs in send, the attempt ends without it: its thread
 * and the object stay until the process ends.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/log.h"
#include "exporters/kinds.h"
#include "exporters/plugin/plimsoll_exporter.h"

#define AT(member) .offset = offsetof(struct plugin_options, member)

struct plugin_options {
	const char *path;
	struct string_map settings;
	struct queue_config queue;
	struct retry_config retry;
};

static const struct conf_option plugin_option_table[] = {
	{ "path", CONF_STRING, AT(path), .required = true,
	  .doc = "The shared object; exporters/plugin/plimsoll_exporter.h is its interface." },
	{ "settings", CONF_MAP, AT(settings), .doc = "Handed to the object as they stand." },
	{ "sending_queue", CONF_SECTION, AT(queue), .section = queue_options, .doc = "What waits for the object." },
	{ "retry_on_failure", CONF_SECTION, AT(retry), .section = retry_options,
	  .doc = "When a payload is given to it again." },
	{ .name = NULL },
};

static struct status check_options(const void *options, struct buf *why)
{
	const struct plugin_options *o = options;

	if (o->queue.num_consumers == 1)
		return OK;
	buf_text(why, "sending_queue.num_consumers must be 1: an object is handed one payload at a time");
	return FAIL(INVALID, "more than one consumer");
}

/* Shared by the loop and the object's thread; lives until both have let go. */
struct job {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uv_async_t *done;        /* NULL: the loop has let go */
	struct payload *payload; /* to send; NULL: none */
	bool has_outcome, ends, has_ended;
	struct plimsoll_outcome outcome;
	const struct plimsoll_exporter *object;
	void *state;
};

struct plugin {
	void *library;
	pthread_t thread;
	uv_async_t wake;
	struct job *job;
	delivery_done done; /* of the attempt that runs; NULL: none does */
	void *context;
};

static const enum plimsoll_signal signals[PAYLOAD_KIND_COUNT] = {
	[PAYLOAD_TRACES] = PLIMSOLL_TRACES,   [PAYLOAD_METRICS] = PLIMSOLL_METRICS,
	[PAYLOAD_LOGS] = PLIMSOLL_LOGS,	      [PAYLOAD_RECORDS] = PLIMSOLL_RECORDS,
	[PAYLOAD_JUDGEMENTS] = PLIMSOLL_JUDGEMENTS,
};

/* ---------------------------------------------------------------- the object's thread */
static void send_now(struct job *j, struct payload *p)
{
	const struct plimsoll_payload payload = {
		.size = sizeof(payload), .signal = signals[p->kind], .bytes = p->bytes, .length = p->size_bytes,
		.items = p->items,
	};
	struct plimsoll_outcome outcome = { .size = sizeof(outcome) };

	j->object->send(j->state, &payload, &outcome);
	outcome.reason[sizeof(outcome.reason) - 1] = '\0';
	payload_unref(p);
	pthread_mutex_lock(&j->lock);
	j->outcome = outcome;
	j->has_outcome = true;
	if (j->done != NULL)
		uv_async_send(j->done);
	pthread_mutex_unlock(&j->lock);
}

static void free_job(struct job *j)
{
	pthread_cond_destroy(&j->changed);
	pthread_mutex_destroy(&j->lock);
	free(j);
}

static void *work(void *context)
{
	struct job *j = context;

	for (;;) {
		pthread_mutex_lock(&j->lock);
		while (j->payload == NULL && !j->ends)
			pthread_cond_wait(&j->changed, &j->lock);
		struct payload *p = j->payload;
		j->payload = NULL;
		pthread_mutex_unlock(&j->lock);
		if (p == NULL)
			break;
		send_now(j, p);
	}
	j->object->close(j->state);
	pthread_mutex_lock(&j->lock);
	j->has_ended = true;
	bool is_last = j->done == NULL;
	pthread_cond_signal(&j->changed);
	pthread_mutex_unlock(&j->lock);
	if (is_last)
		free_job(j);
	return NULL;
}

/* ---------------------------------------------------------------- the loop's side */
static void settle(struct plugin *p, const struct delivery *d)
{
	delivery_done done = p->done;

	p->done = NULL;
	if (done != NULL)
		done(p->context, d);
}

static void on_outcome(uv_async_t *wake)
{
	static const enum delivery_result results[] = {
		[PLIMSOLL_DELIVERED] = DELIVERY_DONE,
		[PLIMSOLL_RETRY] = DELIVERY_RETRY,
		[PLIMSOLL_TOO_BIG] = DELIVERY_TOO_BIG,
		[PLIMSOLL_REFUSED] = DELIVERY_REFUSED,
	};
	struct plugin *p = wake->data;

	pthread_mutex_lock(&p->job->lock);
	bool is_news = p->job->has_outcome;
	struct plimsoll_outcome o = p->job->outcome;
	p->job->has_outcome = false;
	pthread_mutex_unlock(&p->job->lock);
	if (!is_news)
		return;
	struct delivery d = { .result = DELIVERY_REFUSED, .retry_after_ms = o.retry_after_ms,
			      .rejected_items = o.rejected_items };
	snprintf(d.reason, sizeof(d.reason), "%s", o.reason);
	if (o.result < sizeof(results) / sizeof(results[0]))
		d.result = results[o.result];
	else
		snprintf(d.reason, sizeof(d.reason), "object: answers %u, which is no result", o.result);
	settle(p, &d);
}

static void plugin_send(void *state, struct payload *payload, delivery_done done, void *context)
{
	struct plugin *p = state;

	p->done = done;
	p->context = context;
	pthread_mutex_lock(&p->job->lock);
	p->job->payload = payload_ref(payload);
	pthread_cond_signal(&p->job->changed);
	pthread_mutex_unlock(&p->job->lock);
}

static void plugin_cancel(void *state)
{
	const struct delivery d = { .result = DELIVERY_RETRY, .reason = "cancelled: the agent stops" };

	settle(state, &d);
}

/* ---------------------------------------------------------------- loading */
static struct status refuse(struct buf *why, const char *id, const char *path, const char *what)
{
	buf_printf(why, "exporters.%s: '%s' %s", id, path, what);
	return FAIL(INVALID, "the shared object cannot be used");
}

/* The object's description, checked. */
static struct status find_object(const char *id, const char *path, void *library, const struct plimsoll_exporter **out,
				 struct buf *why)
{
	const struct plimsoll_exporter *(*describe)(void);
	void *symbol = dlsym(library, "plimsoll_exporter");

	if (symbol == NULL)
		return refuse(why, id, path, "has no symbol plimsoll_exporter");
	memcpy(&describe, &symbol, sizeof(describe)); /* as POSIX has it: C knows no such cast */
	const struct plimsoll_exporter *o = describe();
	if (o == NULL || o->version != PLIMSOLL_EXPORTER_VERSION) {
		buf_printf(why, "exporters.%s: '%s' was made for version %u of the interface, this is version %u", id, path,
			   o != NULL ? o->version : 0, PLIMSOLL_EXPORTER_VERSION);
		return FAIL(INVALID, "another version of the interface");
	}
	if (o->size < sizeof(*o) || o->open == NULL || o->send == NULL || o->close == NULL)
		return refuse(why, id, path, "does not describe open, send and close");
	*out = o;
	return OK;
}

/* What the object wants; all of it where it cannot be asked, since open is about to say why. */
static uint32_t plugin_wants(const void *options)
{
	const struct plugin_options *o = options;
	const struct plimsoll_exporter *object;
	struct buf why = BUF_INIT;
	void *library = dlopen(o->path, RTLD_NOW | RTLD_LOCAL);
	uint32_t wanted = PAYLOADS_OTLP | PAYLOADS_LINES;

	if (library != NULL && !FAILED(find_object("", o->path, library, &object, &why)))
		for (int kind = 0; kind < PAYLOAD_KIND_COUNT; kind++)
			if ((object->signals >> signals[kind] & 1u) == 0)
				wanted &= ~(1u << kind);
	if (library != NULL)
		dlclose(library);
	buf_release(&why);
	return wanted;
}

static struct status open_object(const char *id, const struct plugin_options *options, struct job *j, struct buf *why)
{
	size_t n = options->settings.count;
	struct plimsoll_setting *settings = calloc(n + 1, sizeof(*settings));
	char reason[256] = "";

	if (settings == NULL)
		return FAIL(NOMEM, "no memory for the exporter");
	for (size_t i = 0; i < n; i++)
		settings[i] = (struct plimsoll_setting){ options->settings.items[i].key, options->settings.items[i].value };
	int rc = j->object->open(settings, n, &j->state, reason, sizeof(reason));
	free(settings);
	reason[sizeof(reason) - 1] = '\0';
	if (rc == 0)
		return OK;
	buf_printf(why, "exporters.%s: '%s' does not open: %s", id, options->path,
		   reason[0] != '\0' ? reason : "it says no more");
	return FAIL(INVALID, "the shared object does not open");
}

static struct status load(const char *id, const struct plugin_options *options, struct plugin *p, struct buf *why)
{
	p->library = dlopen(options->path, RTLD_NOW | RTLD_LOCAL);
	if (p->library == NULL) {
		buf_printf(why, "exporters.%s: cannot load: %s", id, dlerror());
		return FAIL(IO, "the shared object cannot be loaded");
	}
	TRY(find_object(id, options->path, p->library, &p->job->object, why));
	return open_object(id, options, p->job, why);
}

static struct status start(const char *id, struct exporter_env *env, struct plugin *p, struct buf *why)
{
	if (pthread_create(&p->thread, NULL, work, p->job) != 0) {
		p->job->object->close(p->job->state);
		buf_printf(why, "exporters.%s: cannot start its thread", id);
		return FAIL(NOMEM, "no thread for the exporter");
	}
	uv_async_init(env->loop, &p->wake, on_outcome);
	p->wake.data = p;
	p->job->done = &p->wake;
	return OK;
}

static struct status plugin_open(const char *id, const void *options, struct exporter_env *env, void **state,
				 struct buf *why)
{
	struct plugin *p = calloc(1, sizeof(*p));
	struct job *j = calloc(1, sizeof(*j));
	struct status s = FAIL(NOMEM, "no memory for the exporter");

	if (p != NULL && j != NULL) {
		pthread_mutex_init(&j->lock, NULL);
		pthread_cond_init(&j->changed, NULL);
		p->job = j;
		s = load(id, options, p, why);
		if (!FAILED(s))
			s = start(id, env, p, why);
	}
	if (!FAILED(s)) {
		*state = p;
		return OK;
	}
	if (why->len == 0)
		buf_printf(why, "exporters.%s: %s", id, s.why);
	if (p != NULL && p->library != NULL)
		dlclose(p->library);
	free(p);
	free(j);
	return s;
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

/* A second is what an object that does not hang needs to close; one that hangs in send is left behind. */
static void plugin_close(void *state)
{
	struct plugin *p = state;
	struct job *j = p->job;
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 1;
	pthread_mutex_lock(&j->lock);
	j->ends = true;
	pthread_cond_signal(&j->changed);
	while (!j->has_ended && pthread_cond_timedwait(&j->changed, &j->lock, &until) == 0)
		;
	bool has_ended = j->has_ended;
	j->done = NULL;
	pthread_mutex_unlock(&j->lock);
	if (has_ended) {
		pthread_join(p->thread, NULL);
		free_job(j);
		dlclose(p->library);
	} else {
		LOG(WARN, "plugin", "left_behind", "reason=\"the shared object does not return from send\"");
		pthread_detach(p->thread);
	}
	uv_close((uv_handle_t *)&p->wake, on_closed);
}

const struct exporter_kind exporter_plugin = {
	.name = "plugin",
	.doc = "Hands everything to a shared object of yours.",
	.accepts = PAYLOADS_OTLP | PAYLOADS_LINES,
	.wants = plugin_wants,
	.options = plugin_option_table,
	.options_size = sizeof(struct plugin_options),
	.check = check_options,
	.open = plugin_open,
	.send = plugin_send,
	.cancel = plugin_cancel,
	.close = plugin_close,
	.queue_offset = offsetof(struct plugin_options, queue),
	.retry_offset = offsetof(struct plugin_options, retry),
};
