/* SPDX-License-Identifier: Apache-2.0
 * admin/api.h - what a stage answers under /api/v1/: tables of routes that the daemon registers.
 *
 * A row says method, path and whether it changes state; its function gets what was asked and writes a status and
 * JSON. The endpoint itself sees to the rest: 404 and 405, the size and type of the body, and who may change something.
 *
 * What changes state is refused
 *   - from another machine without `Authorization: Bearer <admin.token>`: 401, or 403 where no token is configured.
 *     A peer on loopback or a unix socket needs none, as long as its Host header is this machine's;
 *   - without `Content-Type: application/json` on POST and where a body comes: 415. A web page of another origin cannot
 *     send that type without a preflight, which nobody answers here.
 *
 *     static void answer_list(void *context, const struct api_request *q, struct api_reply *reply) { ... }
 *     const struct api_route alerts_routes[] = {
 *             { "GET", "/api/v1/silences", false, answer_list },
 *             { "DELETE", "/api/v1/silences/", true, answer_delete },    q->rest is what follows the last slash
 *             { .path = NULL },
 *     };
 */
#ifndef PLIMSOLL_ADMIN_API_H
#define PLIMSOLL_ADMIN_API_H

#include "agent/base/buf.h"
#include "agent/base/slice.h"

#define API_BODY_MAX       ((size_t)1 << 20) /* bytes of one body: 413 beyond it */
#define API_PARAMETERS_MAX 32
#define API_TABLES_MAX     16

struct api_parameter {
	struct slice name, value; /* percent-decoded */
};

/* Borrowed for the call. */
struct api_request {
	const char *method; /* the route's; a HEAD request comes as GET */
	struct slice rest;  /* what follows a path that ends in '/', percent-decoded; never empty there, else empty */
	const struct api_parameter *parameters;
	size_t parameter_count; /* more than API_PARAMETERS_MAX are not looked at */
	struct slice body;      /* empty where none came; not yet checked to be JSON */
	const void *connection; /* for api_request_header */
};

struct api_reply {
	unsigned status;          /* 200 unless set */
	const char *content_type; /* application/json unless set; a literal */
	struct buf body;
	const char *header; /* one more header (Retry-After, Cache-Control), a literal; NULL: none */
	char header_value[128];
};

/* Called on the admin's threads, by several at once; it must not block longer than a request may take. */
typedef void api_answer(void *context, const struct api_request *request, struct api_reply *reply);

struct api_route {
	const char *method; /* GET, POST, PUT, DELETE */
	const char *path;   /* from the root; one that ends in '/' takes whatever follows */
	bool changes_state; /* or shows what people wrote: only for this machine, and who has the token */
	api_answer *answer;
};

struct api_table {
	const struct api_route *routes; /* ends at path == NULL; static, in any order: the longest path wins */
	void *context;
};

/* The value of a header; empty where there is none. */
struct slice api_request_header(const struct api_request *q, const char *name);

/* The first parameter of that name; empty where there is none. */
struct slice api_parameter(const struct api_request *q, const char *name);

/* Makes the reply {"error":"..."} of that status, dropping what was written before. */
void api_fail(struct api_reply *reply, unsigned status, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Sets the one extra header. name: a literal. */
void api_header(struct api_reply *reply, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
