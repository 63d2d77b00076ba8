/* SPDX-License-Identifier: Apache-2.0
 * admin/api.c - finds the route of a registered table, takes the body in, asks for the answer and sends it.
 */
#include "agent/admin/api.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/admin/access.h"
#include "agent/base/json.h"

/* All bodies that are being received; together they are held to this, so that no number of connections matters. */
#define BODIES_MAX ((size_t)8 << 20)

/* A request whose answer waits for its body. */
struct upload {
	const struct api_table *table;
	const struct api_route *route;
	struct buf body;
	unsigned refused; /* while reading: HTTP code, 0 while all is well */
};

struct slice api_parameter(const struct api_request *q, const char *name)
{
	for (size_t i = 0; i < q->parameter_count; i++)
		if (slice_equal(q->parameters[i].name, slice_of(name)))
			return q->parameters[i].value;
	return SLICE_NONE;
}

struct slice api_request_header(const struct api_request *q, const char *name)
{
	return q->connection != NULL ? request_header(q->connection, name) : SLICE_NONE;
}

void api_fail(struct api_reply *reply, unsigned status, const char *format, ...)
{
	struct buf message = BUF_INIT;
	va_list args;

	va_start(args, format);
	buf_vprintf(&message, format, args);
	va_end(args);
	reply->status = status;
	reply->content_type = "application/json";
	buf_reset(&reply->body);
	buf_text(&reply->body, "{\"error\":");
	json_write_string(&reply->body, buf_view(&message));
	buf_text(&reply->body, "}\n");
	buf_release(&message);
}

void api_header(struct api_reply *reply, const char *name, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(reply->header_value, sizeof(reply->header_value), format, args);
	va_end(args);
	reply->header = name;
}

/* ------------------------------------------------------------------ which route */

static bool takes_rest(const char *path)
{
	size_t n = strlen(path);

	return n > 1 && path[n - 1] == '/';
}

/* Length of the route's path where it covers the asked one, else 0. */
static size_t covers(const struct api_route *route, const char *path)
{
	size_t n = strlen(route->path);

	if (takes_rest(route->path))
		return strncmp(path, route->path, n) == 0 && path[n] != '\0' ? n : 0;
	return strcmp(path, route->path) == 0 ? n : 0;
}

/* Calls visit for every registered route until it returns false. */
static void each_route(const struct admin_source *s,
		       bool (*visit)(const struct api_table *, const struct api_route *, void *), void *context)
{
	for (size_t t = 0; t < s->table_count; t++)
		for (const struct api_route *r = s->tables[t].routes; r->path != NULL; r++)
			if (!visit(&s->tables[t], r, context))
				return;
}

struct search {
	const char *path;
	struct slice method;
	size_t best; /* length of the longest path that covers it, whatever the method */
	const struct api_table *table;
	const struct api_route *route; /* the one of that path and method */
};

static bool measure(const struct api_table *table, const struct api_route *route, void *context)
{
	struct search *s = context;
	size_t n = covers(route, s->path);

	(void)table;
	s->best = n > s->best ? n : s->best;
	return true;
}

static bool choose(const struct api_table *table, const struct api_route *route, void *context)
{
	struct search *s = context;

	if (covers(route, s->path) != s->best || !slice_equal(slice_of(route->method), s->method))
		return true;
	s->table = table;
	s->route = route;
	return false;
}

static struct search find(const struct request *r, const char *path, const char *method)
{
	struct search s = { .path = path, .method = slice_of(method) };

	if (strcmp(method, MHD_HTTP_METHOD_HEAD) == 0)
		s.method = SLICE(MHD_HTTP_METHOD_GET);
	each_route(&r->admin->source, measure, &s);
	if (s.best > 0)
		each_route(&r->admin->source, choose, &s);
	return s;
}

bool api_covers(const struct request *r, const char *path)
{
	return find(r, path, MHD_HTTP_METHOD_GET).best > 0;
}

static bool list_path(const struct api_table *table, const struct api_route *route, void *context)
{
	(void)table;
	buf_printf(context, ", %s %s", route->method, route->path);
	return true;
}

void api_list(const struct request *r, struct buf *out)
{
	each_route(&r->admin->source, list_path, out);
}

struct allowed {
	struct search search;
	struct buf methods;
};

static bool list_method(const struct api_table *table, const struct api_route *route, void *context)
{
	struct allowed *a = context;
	bool is_get = strcmp(route->method, MHD_HTTP_METHOD_GET) == 0;

	(void)table;
	if (covers(route, a->search.path) == a->search.best)
		buf_printf(&a->methods, "%s%s%s", a->methods.len > 0 ? ", " : "", route->method, is_get ? ", HEAD" : "");
	return true;
}

static enum MHD_Result reply_not_allowed(const struct request *r, struct search search)
{
	struct allowed a = { search, BUF_INIT };

	each_route(&r->admin->source, list_method, &a);
	enum MHD_Result result = reply_refusal(r, MHD_HTTP_METHOD_NOT_ALLOWED, "this path does not take that method",
					       MHD_HTTP_HEADER_ALLOW, buf_string(&a.methods));
	buf_release(&a.methods);
	return result;
}

/* ------------------------------------------------------------------ the body */

static enum MHD_Result reply_too_big(const struct request *r)
{
	return reply_refusal(r, MHD_HTTP_CONTENT_TOO_LARGE, "the body is larger than 1 MiB; send it in parts", NULL, NULL);
}

static bool declares_too_much(const struct request *r)
{
	struct slice length = request_header(r, MHD_HTTP_HEADER_CONTENT_LENGTH);
	uint64_t n;

	return length.len > 0 && (!slice_to_u64(length, &n) || n > API_BODY_MAX);
}

static bool has_body(const struct request *r)
{
	struct slice length = request_header(r, MHD_HTTP_HEADER_CONTENT_LENGTH);

	return request_header(r, MHD_HTTP_HEADER_TRANSFER_ENCODING).len > 0 ||
	       (length.len > 0 && !slice_equal(length, SLICE("0")));
}

static struct upload *upload_new(struct search s)
{
	struct upload *u = calloc(1, sizeof(*u));

	if (u != NULL)
		*u = (struct upload){ .table = s.table, .route = s.route };
	return u;
}

void upload_free(struct admin *a, struct upload *u)
{
	if (u == NULL)
		return;
	atomic_fetch_sub(&a->bodies, u->body.len);
	buf_release(&u->body);
	free(u);
}

enum MHD_Result api_begin(const struct request *r, const char *path, const char *method, struct upload **out)
{
	struct search s = find(r, path, method);
	bool is_post = strcmp(method, MHD_HTTP_METHOD_POST) == 0;
	const char *why = NULL;

	if (s.route == NULL)
		return reply_not_allowed(r, s);
	unsigned refused = s.route->changes_state ? access_refused(r, is_post || has_body(r), &why) : 0;
	if (refused == MHD_HTTP_UNAUTHORIZED)
		return reply_refusal(r, refused, why, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer realm=\"plimsoll\"");
	if (refused != 0)
		return reply_refusal(r, refused, why, NULL, NULL);
	if (declares_too_much(r))
		return reply_too_big(r);
	*out = upload_new(s);
	return *out != NULL ? MHD_YES : MHD_NO;
}

void api_take(struct admin *a, struct upload *u, const char *bytes, size_t n)
{
	if (u->refused != 0)
		return; /* read, so that the answer can be sent, and dropped */
	if (n > API_BODY_MAX - u->body.len)
		u->refused = MHD_HTTP_CONTENT_TOO_LARGE;
	else if (atomic_fetch_add(&a->bodies, n) + n > BODIES_MAX) {
		atomic_fetch_sub(&a->bodies, n);
		u->refused = MHD_HTTP_SERVICE_UNAVAILABLE;
	} else {
		buf_append(&u->body, bytes, n);
		if (buf_failed(&u->body)) {
			atomic_fetch_sub(&a->bodies, n);
			u->refused = MHD_HTTP_SERVICE_UNAVAILABLE;
		}
	}
}

/* ------------------------------------------------------------------ the answer */

struct parameters {
	struct api_parameter items[API_PARAMETERS_MAX];
	size_t count;
};

static enum MHD_Result collect(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct parameters *p = context;

	(void)kind;
	if (p->count == API_PARAMETERS_MAX)
		return MHD_NO;
	p->items[p->count++] = (struct api_parameter){ slice_of(name), slice_of(value) };
	return MHD_YES;
}

enum MHD_Result api_finish(const struct request *r, const char *path, const struct upload *u)
{
	struct parameters parameters = { .count = 0 };
	struct api_reply reply = { .status = MHD_HTTP_OK, .content_type = "application/json" };
	struct api_request q = { .method = u->route->method, .rest = SLICE_NONE, .body = buf_view(&u->body) };

	if (u->refused == MHD_HTTP_CONTENT_TOO_LARGE)
		return reply_too_big(r);
	if (u->refused != 0)
		return reply_refusal(r, u->refused, "too much is being sent at once, try again",
				     MHD_HTTP_HEADER_RETRY_AFTER, "1");
	MHD_get_connection_values(r->connection, MHD_GET_ARGUMENT_KIND, collect, &parameters);
	q.connection = r;
	q.parameters = parameters.items;
	q.parameter_count = parameters.count;
	if (takes_rest(u->route->path))
		q.rest = slice_of(path + strlen(u->route->path));
	u->route->answer(u->table->context, &q, &reply);
	return reply_with(r, reply.status, reply.content_type, &reply.body, reply.header, reply.header_value);
}
