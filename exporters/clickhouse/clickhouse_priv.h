/* SPDX-License-Identifier: Apache-2.0
 * exporters/clickhouse/clickhouse_priv.h - what clickhouse.c (options, inserts), schema.c, query.c and rows.c share.
 */
#ifndef PLIMSOLL_EXPORTERS_CLICKHOUSE_CLICKHOUSE_PRIV_H
#define PLIMSOLL_EXPORTERS_CLICKHOUSE_CLICKHOUSE_PRIV_H

#include "agent/base/buf.h"
#include "exporters/exporter.h"

struct clickhouse_options {
	const char *endpoint, *username, *password, *database;
	const char *traces_table, *records_table;
	bool create_schema;
	uint64_t ttl_ms;
	int compression;
	uint64_t timeout_ms;
	struct tls_client_config tls;
	struct queue_config queue;
	struct retry_config retry;
};

/* What the server can do, by its version. */
struct clickhouse_server {
	bool is_modern; /* 22 or later: maps, nanoseconds, TTL, deduplication tokens */
};

struct clickhouse {
	const char *id;
	const struct clickhouse_options *options;
	struct http_client *http;
	struct string_map headers;
	struct string_pair header_items[3];
	struct clickhouse_server server;
	struct schema *schema; /* being prepared; NULL: not now */
	bool is_ready;         /* the schema is there */
	struct insert *running;
	struct query *queries;
};

/* ------------------------------------------------------------------ query.c */

/* What became of a query. text: the head of the server's answer where it went well. */
typedef void (*query_done)(void *context, const struct delivery *d, int code, struct slice text);

/* POSTs a body to `endpoint/?parameters`. parameters: as in a URL. body: borrowed until done. code in done: the
 * server's own error number, 0 where there is none. Errors: as http_client_post. */
struct status clickhouse_post(struct clickhouse *c, const char *parameters, struct slice body,
			      const char *content_encoding, query_done done, void *context) MUST_USE;

/* Ends all queries; their done is called before this returns. */
void clickhouse_cancel_queries(struct clickhouse *c);

#define CLICKHOUSE_UNKNOWN_TABLE    60
#define CLICKHOUSE_UNKNOWN_DATABASE 81

/* ------------------------------------------------------------------ schema.c */

/* Makes or migrates the tables; then *done is called once, with what came of it. */
void clickhouse_prepare(struct clickhouse *c, void (*done)(struct clickhouse *c, const struct delivery *d));

/* ------------------------------------------------------------------ rows.c */

/* Appends the spans of a request as JSON rows of the traces table. Errors: MALFORMED, NOMEM. */
struct status clickhouse_rows(const struct clickhouse_server *server, struct slice request, struct buf *out) MUST_USE;

#endif
