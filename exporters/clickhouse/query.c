/* SPDX-License-Identifier: Apache-2.0
 * exporters/clickhouse/query.c - one query over ClickHouse's HTTP interface, and what its answer means.
 *
 * The server's words may quote the row that it could not read, so only its error number is kept.
 */
#include <stdio.h>
#include <stdlib.h>

#include "agent/net/url.h"
#include "exporters/clickhouse/clickhouse_priv.h"

struct query {
	struct clickhouse *clickhouse;
	struct query *next, **link;
	query_done done;
	void *context;
};

#define TOO_MANY_PARTS 252

/* ClickHouse's ErrorCodes.cpp; those that are not here are the data's or the configuration's fault. */
static const struct {
	int code;
	bool is_retryable;
	const char *word;
} errors[] = {
	{ CLICKHOUSE_UNKNOWN_TABLE, true, "UNKNOWN_TABLE" },
	{ CLICKHOUSE_UNKNOWN_DATABASE, true, "UNKNOWN_DATABASE" },
	{ 159, true, "TIMEOUT_EXCEEDED" },
	{ 173, true, "CANNOT_ALLOCATE_MEMORY" },
	{ 201, true, "QUOTA_EXCEEDED" },
	{ 202, true, "TOO_MANY_SIMULTANEOUS_QUERIES" },
	{ 203, true, "NO_FREE_CONNECTION" },
	{ 209, true, "SOCKET_TIMEOUT" },
	{ 210, true, "NETWORK_ERROR" },
	{ 225, true, "NO_ZOOKEEPER" },
	{ 236, true, "ABORTED" },
	{ 241, true, "MEMORY_LIMIT_EXCEEDED" },
	{ 242, true, "TABLE_IS_READ_ONLY" },
	{ 243, true, "NOT_ENOUGH_SPACE" },
	{ 244, true, "UNEXPECTED_ZOOKEEPER_ERROR" },
	{ TOO_MANY_PARTS, true, "TOO_MANY_PARTS" },
	{ 254, true, "NO_ACTIVE_REPLICAS" },
	{ 279, true, "ALL_CONNECTION_TRIES_FAILED" },
	{ 285, true, "TOO_FEW_LIVE_REPLICAS" },
	{ 286, true, "UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE" },
	{ 319, true, "UNKNOWN_STATUS_OF_INSERT" },
	{ 394, true, "QUERY_WAS_CANCELLED" },
	{ 425, true, "SYSTEM_ERROR" },
	{ 439, true, "CANNOT_SCHEDULE_TASK" },
	{ 499, true, "S3_ERROR" },
	{ 574, true, "DISTRIBUTED_TOO_MANY_PENDING_BYTES" },
	{ 700, true, "USER_SESSION_LIMIT_EXCEEDED" },
	{ 745, true, "SERVER_OVERLOADED" },
	{ 749, true, "TCP_CONNECTION_LIMIT_REACHED" },
	{ 762, true, "HTTP_CONNECTION_LIMIT_REACHED" },
	{ 999, true, "KEEPER_EXCEPTION" },
	{ 16, false, "NO_SUCH_COLUMN_IN_TABLE" },
	{ 27, false, "CANNOT_PARSE_INPUT" },
	{ 62, false, "SYNTAX_ERROR" },
	{ 117, false, "INCORRECT_DATA" },
	{ 164, false, "READONLY" },
	{ 192, false, "UNKNOWN_USER" },
	{ 193, false, "WRONG_PASSWORD" },
	{ 194, false, "REQUIRED_PASSWORD" },
	{ 497, false, "ACCESS_DENIED" },
	{ 516, false, "AUTHENTICATION_FAILED" },
};

/* From the header, or from "Code: 60, ..." of servers that send none. 0: no error is told. */
static int error_code(const struct http_response *response)
{
	const char *header = http_response_header(response, "X-ClickHouse-Exception-Code");
	struct slice body = response->body;
	int64_t code;

	if (header != NULL && slice_to_i64(slice_of(header), &code))
		return (int)code;
	if (response->code == 200 || !slice_starts_with(body, SLICE("Code: ")))
		return 0;
	body = slice_skip(body, strlen("Code: "));
	size_t digits = 0;
	while (digits < body.len && body.ptr[digits] >= '0' && body.ptr[digits] <= '9')
		digits++;
	return slice_to_i64(slice_head(body, digits), &code) && code < INT32_MAX ? (int)code : 0;
}

/* Of the two errors with this number one passes, and one is about rows of more than 100 days in one insert. */
static bool has_too_many_days(const struct http_response *response, int code)
{
	return code == TOO_MANY_PARTS && slice_find(response->body, SLICE("single INSERT block")) >= 0;
}

static struct delivery describe(const char *url, const struct http_response *response, int code)
{
	struct delivery d = { .result = DELIVERY_REFUSED, .retry_after_ms = response->retry_after_ms };
	const char *word = "error";

	if (response->code == 429 || response->code == 503 || (code == 0 && response->code >= 500))
		d.result = DELIVERY_RETRY; /* of something between us and the server, or of an error that is not known here */
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (errors[i].code == code) {
			d.result = errors[i].is_retryable ? DELIVERY_RETRY : DELIVERY_REFUSED;
			word = errors[i].word;
		}
	if (has_too_many_days(response, code)) {
		d.result = DELIVERY_TOO_BIG;
		word = "too many days in one insert";
	}
	if (code != 0)
		snprintf(d.reason, sizeof(d.reason), "clickhouse_%d: %s says %s", code, url, word);
	else
		snprintf(d.reason, sizeof(d.reason), "http_%u: answer of %s", response->code, url);
	return d;
}

static void query_link(struct query *q)
{
	q->next = q->clickhouse->queries;
	q->link = &q->clickhouse->queries;
	if (q->next != NULL)
		q->next->link = &q->next;
	q->clickhouse->queries = q;
}

static void query_unlink(struct query *q)
{
	*q->link = q->next;
	if (q->next != NULL)
		q->next->link = q->link;
}

void clickhouse_cancel_queries(struct clickhouse *c)
{
	while (c->queries != NULL)
		http_client_cancel(c->http, c->queries);
}

static void on_answer(void *context, const struct http_response *response)
{
	struct query query = *(struct query *)context;
	struct delivery d = { .result = DELIVERY_DONE };
	char url[80];
	int code = 0;

	query_unlink(context);
	free(context);
	url_for_log(query.clickhouse->options->endpoint, url, sizeof(url));
	if (FAILED(response->status)) {
		d.result = DELIVERY_RETRY;
		snprintf(d.reason, sizeof(d.reason), "%s: %s: %s", status_name(response->status.code), url,
			 response->error);
	} else {
		code = error_code(response);
		if (code != 0 || response->code != 200)
			d = describe(url, response, code);
	}
	query.done(query.context, &d, code, d.result == DELIVERY_DONE ? response->body : SLICE_NONE);
}

struct status clickhouse_post(struct clickhouse *c, const char *parameters, struct slice body,
			      const char *content_encoding, query_done done, void *context)
{
	struct query *query = malloc(sizeof(*query));
	size_t base = strcspn(c->options->endpoint, "?");
	struct buf url = BUF_INIT;

	while (base > 0 && c->options->endpoint[base - 1] == '/')
		base--;
	buf_printf(&url, "%.*s/?wait_end_of_query=1%s", (int)base, c->options->endpoint, parameters);
	if (query == NULL || buf_failed(&url)) {
		free(query);
		buf_release(&url);
		return FAIL(NOMEM, "no memory for the query");
	}
	*query = (struct query){ .clickhouse = c, .done = done, .context = context };
	const struct http_request request = {
		.url = buf_string(&url),
		.content_type = "application/octet-stream",
		.content_encoding = content_encoding,
		.headers = &c->headers,
		.tls = &c->options->tls,
		.body = body,
		.timeout_ms = c->options->timeout_ms,
	};
	struct status s = http_client_post(c->http, &request, on_answer, query);
	if (FAILED(s))
		free(query);
	else
		query_link(query);
	buf_release(&url);
	return s;
}
