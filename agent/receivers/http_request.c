/* SPDX-License-Identifier: Apache-2.0
 * receivers/http_request.c - from headers to answer.
 */
#include "agent/receivers/http_request.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/net/http_framing.h"
#include "agent/otlp/json_transcode.h"
#include "agent/receivers/cors.h"
#include "agent/receivers/reply.h"
#include "agent/receivers/rpc_status.h"

#define SPARE_BYTES_MAX (1u << 20)
#define MS_PER_SECOND   1000

/* The format that a request and its answer are in. */
enum media { MEDIA_NONE, MEDIA_PROTOBUF, MEDIA_JSON };

static const char *const media_names[] = { "text/plain; charset=utf-8", "application/x-protobuf", "application/json" };

struct http_request {
	enum signal signal; /* SIGNAL_COUNT: the path is none of ours */
	enum media media;
	enum coding coding;
	struct status status; /* a failure: the request is refused and its body unwanted */
	unsigned http_status; /* of the refusal, where the status's own would not do; 0: it does */
	struct buf body;
	uint64_t taken_bytes; /* from the in-flight budget */
	struct MHD_Connection *connection;
	struct ingest_reply reply;
	struct ingest_later later;
	_Atomic int unsettled; /* suspended: the HTTP thread and the storing one; who comes last resumes */
	bool is_suspended;
	bool has_no_end; /* nobody knows where its body ends */
	bool is_preflight;
};

static struct http_connection *connection_of(struct MHD_Connection *connection)
{
	return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static struct slice header(struct MHD_Connection *connection, const char *name)
{
	return slice_trim(slice_of(MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name)));
}

/* ---------------------------------------------------------------- judging the headers */

static enum signal signal_of(const char *url)
{
	static const char *const paths[SIGNAL_COUNT] = {
		[SIGNAL_TRACES] = "/v1/traces",
		[SIGNAL_METRICS] = "/v1/metrics",
		[SIGNAL_LOGS] = "/v1/logs",
	};

	for (int s = 0; s < SIGNAL_COUNT; s++)
		if (strcmp(url, paths[s]) == 0)
			return (enum signal)s;
	return SIGNAL_COUNT;
}

static enum media media_of(struct slice content_type)
{
	const char *end = content_type.len > 0 ? memchr(content_type.ptr, ';', content_type.len) : NULL;
	struct slice name = content_type;

	if (end != NULL)
		name = slice_trim(slice_head(content_type, (size_t)(end - content_type.ptr)));
	for (int m = MEDIA_PROTOBUF; m <= MEDIA_JSON; m++)
		if (slice_equal_nocase(name, slice_of(media_names[m])))
			return (enum media)m;
	return MEDIA_NONE;
}

static void refuse(struct http_request *r, struct status why, unsigned http_status)
{
	if (FAILED(r->status))
		return; /* the first reason stands */
	r->status = why;
	r->http_status = http_status;
	buf_release(&r->body);
}

/* A header_lookup. */
static struct slice header_of(void *context, const char *name)
{
	return header(context, name);
}

static void judge(struct http_request *r, const struct http_lane *lane, struct MHD_Connection *connection,
		  const char *method)
{
	const struct lane *l = &lane->lane;
	uint64_t length;
	struct status s = http_framing_check(connection);

	r->has_no_end = FAILED(s);
	if (FAILED(s))
		refuse(r, s, s.code == STATUS_UNSUPPORTED ? 501 : 0);
	s = authenticator_check(lane->authenticator, header_of, connection);
	if (FAILED(s))
		refuse(r, s, 0);
	if (r->signal == SIGNAL_COUNT)
		refuse(r, FAIL(NOTFOUND, "no such path: OTLP is taken on /v1/traces, /v1/metrics and /v1/logs"), 0);
	if (strcmp(method, "POST") != 0)
		refuse(r, FAIL(UNSUPPORTED, "method not allowed: POST the request"), 405);
	if (r->media == MEDIA_NONE)
		refuse(r, FAIL(UNSUPPORTED, "content type is neither application/x-protobuf nor application/json"), 0);
	s = coding_parse(header(connection, "Content-Encoding"), &r->coding);
	if (FAILED(s))
		refuse(r, s, 0);
	if (slice_to_u64(header(connection, "Content-Length"), &length) && length > l->max_bytes)
		refuse(r, FAIL(TOOBIG, LARGER_THAN_THE_LIMIT), 0);
}

static struct http_request *request_new(struct http_lane *l, struct MHD_Connection *connection, const char *url,
					const char *method)
{
	struct http_request *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	*r = (struct http_request){ .signal = signal_of(url), .status = OK, .body = l->spare };
	l->spare = BUF_INIT;
	r->media = media_of(header(connection, "Content-Type"));
	r->is_preflight = cors_is_preflight(&l->cors, connection, method) && !FAILED(http_framing_check(connection));
	if (r->is_preflight)
		return r;
	judge(r, l, connection, method);
	if (r->signal < SIGNAL_COUNT && r->http_status != 405)
		meter_add(l->lane.requests[r->signal], 1);
	return r;
}

/* ---------------------------------------------------------------- collecting the body */

static void collect(struct http_request *r, struct http_lane *l, struct http_connection *c, struct slice piece)
{
	lane_received(&l->lane, piece.len);
	if (FAILED(r->status))
		return;
	if (piece.len > l->lane.max_bytes - r->body.len) {
		refuse(r, FAIL(TOOBIG, LARGER_THAN_THE_LIMIT), 0);
		return;
	}
	if (!in_flight_take(&l->lane.in_flight, piece.len)) {
		refuse(r, FAIL(UNAVAILABLE, "too many request bytes in flight, or short of memory"), 0);
		return;
	}
	r->taken_bytes += piece.len;
	http_connection_received(c, piece.len);
	buf_slice(&r->body, piece);
	if (buf_failed(&r->body))
		refuse(r, FAIL(UNAVAILABLE, "no memory for the request"), 0);
}

/* ---------------------------------------------------------------- answering */

static void write_body(struct http_lane *l, const struct http_request *r, const struct ingest_reply *reply)
{
	buf_reset(&l->scratch);
	if (r->media == MEDIA_NONE)
		buf_printf(&l->scratch, "%s\n", reply->status.why);
	else if (r->media == MEDIA_PROTOBUF && FAILED(reply->status))
		rpc_status_pack(reply, &l->scratch);
	else if (r->media == MEDIA_PROTOBUF)
		export_response_pack(reply, &l->scratch);
	else if (FAILED(reply->status))
		rpc_status_json(reply, &l->scratch);
	else
		export_response_json(reply, r->signal, &l->scratch);
}

static void add_headers(struct MHD_Response *response, const struct http_lane *l, const struct http_request *r,
			const struct ingest_reply *reply, unsigned http_status)
{
	char seconds[16];

	MHD_add_response_header(response, "Content-Type", media_names[r->media]);
	if (http_status == 401)
		MHD_add_response_header(response, "WWW-Authenticate", authenticator_challenge(l->authenticator));
	if (http_status == 405)
		MHD_add_response_header(response, "Allow", "POST");
	if (reply_row(reply->status.code)->retryable) {
		snprintf(seconds, sizeof(seconds), "%u",
			 (reply_retry_after_ms(reply) + MS_PER_SECOND - 1) / MS_PER_SECOND);
		MHD_add_response_header(response, "Retry-After", seconds);
	}
	if (l->is_draining || r->has_no_end)
		MHD_add_response_header(response, "Connection", "close");
}

static enum MHD_Result answer_preflight(const struct http_lane *l, struct MHD_Connection *connection)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);

	if (response == NULL)
		return MHD_NO;
	cors_answer_preflight(&l->cors, connection, response);
	enum MHD_Result result = MHD_queue_response(connection, MHD_HTTP_NO_CONTENT, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result answer(struct http_lane *l, const struct http_request *r, struct MHD_Connection *connection,
			      const struct ingest_reply *reply)
{
	unsigned http_status = r->http_status != 0 ? r->http_status : reply_row(reply->status.code)->http_status;

	if (FAILED(reply->status))
		lane_refused(&l->lane, r->signal, reply->status.code);
	write_body(l, r, reply);
	struct MHD_Response *response =
		MHD_create_response_from_buffer(l->scratch.len, l->scratch.ptr, MHD_RESPMEM_MUST_COPY);
	if (response == NULL)
		return MHD_NO;
	add_headers(response, l, r, reply, http_status);
	cors_add_headers(&l->cors, connection, response);
	enum MHD_Result result = MHD_queue_response(connection, http_status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result answer_refusal(struct http_lane *l, const struct http_request *r,
				      struct MHD_Connection *connection)
{
	const struct ingest_reply reply = { .status = r->status };

	return answer(l, r, connection, &reply);
}

/* The JSON body's wire bytes. A failure says where the trouble is; that text lives in l->reason. */
static struct status transcode(struct http_lane *l, const struct http_request *r, struct slice *body)
{
	char where[40] = "";
	struct status s = json_to_wire(*body, r->signal, l->lane.max_bytes, &l->lane.wire, where);

	if (s.code == STATUS_MALFORMED && where[0] != '\0') {
		buf_reset(&l->reason);
		buf_printf(&l->reason, "%s: %s", where, s.why);
		s.why = buf_string(&l->reason);
	}
	*body = buf_view(&l->lane.wire);
	return s;
}

static struct status wire_bytes(struct http_lane *l, const struct http_request *r, struct slice *body)
{
	struct lane *lane = &l->lane;

	*body = buf_view(&r->body);
	if (r->coding != CODING_IDENTITY) {
		TRY(inflater_begin(&lane->inflater, r->coding, lane->max_bytes, &lane->plain));
		TRY(inflater_feed(&lane->inflater, *body));
		TRY(inflater_end(&lane->inflater));
		*body = buf_view(&lane->plain);
	}
	return r->media == MEDIA_JSON ? transcode(l, r, body) : OK;
}

static void settle(struct http_request *r)
{
	if (atomic_fetch_sub(&r->unsettled, 1) == 1)
		MHD_resume_connection(r->connection);
}

static void on_stored(struct ingest_later *later, struct status result)
{
	struct http_request *r = (struct http_request *)((char *)later - offsetof(struct http_request, later));

	if (FAILED(result))
		r->reply.status = result;
	settle(r);
}

/* The daemon leaves the connection alone until it is resumed, and calls again then. */
static enum MHD_Result suspend(struct http_lane *l, struct http_request *r)
{
	r->is_suspended = true;
	l->suspended++;
	http_connection_wait(connection_of(r->connection));
	MHD_suspend_connection(r->connection);
	settle(r);
	return MHD_YES;
}

static enum MHD_Result run(struct http_lane *l, struct http_request *r, struct MHD_Connection *connection)
{
	struct slice body;

	r->connection = connection;
	r->later.done = on_stored;
	r->unsettled = 2;
	r->reply = (struct ingest_reply){ .later = &r->later };
	r->reply.status = wire_bytes(l, r, &body);
	if (!FAILED(r->reply.status))
		lane_ingest(&l->lane, r->signal, body, &r->reply);
	lane_rest(&l->lane);
	return r->reply.is_pending ? suspend(l, r) : answer(l, r, connection, &r->reply);
}

/* ---------------------------------------------------------------- the daemon's callbacks */

/* The sender waits for our word before it sends the body, or nobody can tell the body's end. */
static bool is_answered_first(const struct http_request *r, struct MHD_Connection *connection)
{
	return FAILED(r->status) &&
	       (r->has_no_end || slice_equal_nocase(header(connection, "Expect"), SLICE("100-continue")));
}

enum MHD_Result http_request_handle(void *context, struct MHD_Connection *connection, const char *url,
				    const char *method, const char *version, const char *upload, size_t *upload_size,
				    void **request)
{
	struct http_lane *l = context;
	struct http_request *r = *request;

	(void)version;
	if (r == NULL) {
		*request = r = request_new(l, connection, url, method);
		if (r == NULL)
			return MHD_NO;
		return is_answered_first(r, connection) ? answer_refusal(l, r, connection) : MHD_YES;
	}
	if (*upload_size > 0 && r->is_preflight) {
		*upload_size = 0;
		return MHD_YES;
	}
	if (*upload_size > 0) {
		collect(r, l, connection_of(connection), (struct slice){ upload, *upload_size });
		*upload_size = 0;
		return MHD_YES;
	}
	if (r->is_suspended) {
		l->suspended--;
		r->is_suspended = false;
		return answer(l, r, connection, &r->reply);
	}
	if (r->is_preflight)
		return answer_preflight(l, connection);
	return FAILED(r->status) ? answer_refusal(l, r, connection) : run(l, r, connection);
}

/* Keeps the body's memory for the next request, where that is worth it. */
static void keep_spare(struct http_lane *l, struct buf *body)
{
	if (l->spare.ptr != NULL || body->cap > SPARE_BYTES_MAX) {
		buf_release(body);
	} else {
		buf_reset(body);
		l->spare = *body;
	}
}

void http_request_done(void *context, struct MHD_Connection *connection, void **request,
		       enum MHD_RequestTerminationCode how)
{
	struct http_lane *l = context;
	struct http_request *r = *request;
	enum signal signal = r != NULL ? r->signal : SIGNAL_COUNT; /* NULL: it never had all its headers, or broken ones */

	http_connection_end(connection_of(connection));
	if (how == MHD_REQUEST_TERMINATED_TIMEOUT_REACHED)
		lane_refused(&l->lane, signal, STATUS_TIMEOUT);
	else if (how != MHD_REQUEST_TERMINATED_COMPLETED_OK)
		lane_refused(&l->lane, signal, STATUS_IO);
	if (r == NULL)
		return;
	in_flight_give(&l->lane.in_flight, r->taken_bytes);
	keep_spare(l, &r->body);
	free(r);
	*request = NULL;
}

void *http_request_begin(void *context, const char *uri, struct MHD_Connection *connection)
{
	(void)context;
	(void)uri;
	http_connection_begin(connection_of(connection));
	return NULL;
}

void http_connection_notify(void *context, struct MHD_Connection *connection, void **socket_context,
			    enum MHD_ConnectionNotificationCode code)
{
	struct http_lane *l = context;
	struct http_connection *c = *socket_context;

	if (code != MHD_CONNECTION_NOTIFY_STARTED) {
		if (c == NULL)
			return;
		if (http_connection_was_in_vain(c))
			lane_refused(&l->lane, SIGNAL_COUNT, STATUS_IO);
		http_connection_free(c);
		return;
	}
	c = http_connection_new(&l->connections,
				MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd);
	if (c != NULL)
		c->tls = tls_daemon_greet(l->tls, connection);
	*socket_context = c;
}
