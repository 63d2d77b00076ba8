/* SPDX-License-Identifier: Apache-2.0
 * Exporters as the agent runs them: configured by YAML text, fed through the senders, on a loop of their own.
 */
#ifndef PLIMSOLL_TESTS_EXPORTER_RIG_H
#define PLIMSOLL_TESTS_EXPORTER_RIG_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/base/clock.h"
#include "agent/base/meter.h"
#include "exporters/sender.h"

#define RIG_KINDS_MAX 16

struct rig {
	uv_loop_t loop;
	struct http_client *http;
	struct config *config;
	struct senders *senders;
	struct buf why; /* of a failed start */
	int drained;
};

static inline struct status rig_load(struct rig *rig, const char *yaml)
{
	char path[] = "/tmp/plimsoll-rig-XXXXXX";
	struct config_kind kinds[RIG_KINDS_MAX];
	size_t count = 0;
	int fd = mkstemp(path);

	for (; exporter_kinds[count] != NULL; count++)
		kinds[count] = (struct config_kind){ exporter_kinds[count]->name, exporter_kinds[count]->options,
						     exporter_kinds[count]->options_size, exporter_kinds[count]->doc,
						     exporter_kinds[count]->check };
	if (fd < 0 || write(fd, yaml, strlen(yaml)) != (ssize_t)strlen(yaml))
		return FAIL(IO, "cannot write the configuration");
	close(fd);
	struct status status = config_load(path, kinds, count, &rig->config, &rig->why);
	unlink(path);
	return status;
}

/* yaml: a whole configuration. scrape: what exporters that push /metrics are given. On failure rig->why says what is
 * wrong; rig_stop is due all the same. */
static inline struct status rig_start_with(struct rig *rig, const char *yaml, void (*scrape)(void *, struct buf *),
					   void *context)
{
	*rig = (struct rig){ .why = BUF_INIT };
	uv_loop_init(&rig->loop);
	TRY(http_client_new(&rig->loop, &rig->http));
	TRY(rig_load(rig, yaml));
	struct exporter_env env = { .loop = &rig->loop, .http = rig->http, .scrape = { scrape, context } };
	return senders_open(rig->config, &env, &rig->senders, &rig->why);
}

static inline struct status rig_start(struct rig *rig, const char *yaml)
{
	return rig_start_with(rig, yaml, NULL, NULL);
}

static inline void rig_offer(struct rig *rig, enum payload_kind kind, struct slice bytes, uint32_t items)
{
	struct payload *p = payload_new(kind, bytes.len, items);

	memcpy(p->bytes, bytes.ptr, bytes.len);
	senders_offer(rig->senders, p);
	payload_unref(p);
}

/* The meter's value. labels as in meter.h. */
static inline int64_t rig_count(enum meter_family family, const char *labels)
{
	return meter_value(meter_get(family, labels));
}

/* Turns the loop until the meter reaches the value; false after half a minute. */
static inline bool rig_wait(struct rig *rig, enum meter_family family, const char *labels, int64_t value)
{
	uint64_t end_ns = clock_mono_ns() + 30 * NS_PER_SECOND;

	while (rig_count(family, labels) < value) {
		if (clock_mono_ns() > end_ns)
			return false;
		uv_run(&rig->loop, UV_RUN_NOWAIT);
		usleep(200);
	}
	return true;
}

static inline void rig_note_drained(void *context)
{
	((struct rig *)context)->drained = 1;
}

static inline void rig_drain(struct rig *rig, uint64_t deadline_ms)
{
	senders_drain(rig->senders, deadline_ms, rig_note_drained, rig);
	while (!rig->drained) {
		uv_run(&rig->loop, UV_RUN_NOWAIT);
		usleep(200);
	}
}

/* 0 where the loop is left with nothing open. Counts start from zero again. */
static inline int rig_stop(struct rig *rig)
{
	if (rig->senders != NULL && !rig->drained)
		rig_drain(rig, 0);
	senders_free(rig->senders);
	http_client_free(rig->http);
	uv_run(&rig->loop, UV_RUN_DEFAULT);
	if (rig->config != NULL)
		config_free(rig->config);
	buf_release(&rig->why);
	for (const struct meter *m = meter_first(); m != NULL; m = m->next)
		meter_set((struct meter *)m, 0);
	return uv_loop_close(&rig->loop);
}

#endif
