/* SPDX-License-Identifier: Apache-2.0
 * admin/admin.h - the agent's own HTTP endpoint: the page, /metrics, health and the API.
 *
 * In:     HTTP/1.1 on admin.endpoint (every address of its name)
 * Out:    what the source's functions and the registered tables of routes (admin/api.h) write
 * Owns:   its sockets and one epoll thread for each of them
 *
 * Bound to loopback it answers only requests whose Host is a name of loopback or the configured one, so that a web page
 * cannot read it by pointing a name of its own at 127.0.0.1. admin/api.h says who may change something.
 */
#ifndef PLIMSOLL_ADMIN_ADMIN_H
#define PLIMSOLL_ADMIN_ADMIN_H

#include "agent/admin/api.h"
#include "agent/base/buf.h"
#include "agent/base/status.h"
#include "agent/config/config.h"

struct admin;

/* Where the answers come from. Called on the admin's threads, by several at once. */
struct admin_source {
	void *context;
	/* One scrape of /metrics: open (NULL without memory), pieces appended by next until it is false, close. */
	void *(*metrics_open)(void *context, bool openmetrics);
	bool (*metrics_next)(void *scrape, struct buf *out);
	void (*metrics_close)(void *scrape);
	/* Appends one JSON value: the summary that observe/observe.h describes. */
	void (*summary)(void *context, struct buf *out);
	/* What else is under /api/v1/; a table's context must outlive the endpoint. */
	struct api_table tables[API_TABLES_MAX];
	size_t table_count;
};

/* Listens and serves, not ready at first ("starting"). Copies the source; the config must outlive it.
 * why: filled on failure with the sentence to print, naming the address and the remedy.
 * Errors: INVALID, the endpoint; EXISTS, the port is taken; DENIED; IO; NOMEM. */
struct status admin_start(const struct config *config, const struct admin_source *source, struct admin **out,
			  struct buf *why) MUST_USE;

/* The port that was bound, for an endpoint that asks for port 0. */
uint16_t admin_port(const struct admin *a);

/* What /readyz answers: 200, or 503 with the reason (a literal: "starting", "draining"). Any thread. */
void admin_set_ready(struct admin *a, bool is_ready, const char *reason);

/* Ends open connections, joins the threads and frees. NULL is allowed. */
void admin_stop(struct admin *a);

#endif
