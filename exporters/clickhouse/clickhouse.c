/* SPDX-License-Identifier: Apache-2.0
 * exporters/clickhouse/clickhouse.c - request records and spans into ClickHouse, over its HTTP interface.
 *
 * One INSERT a payload, in JSONEachRow; records go as they are, since their members are the columns. The server says
 * yes when the rows are written (no asynchronous inserts). A payload that is sent again is the same block with the same
 * token: servers that know deduplication keep it once.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/hash.h"
#include "exporters/clickhouse/clickhouse_priv.h"
#include "exporters/compress.h"
#include "exporters/http_delivery.h"
#include "exporters/kinds.h"

#define AT(member) .offset = offsetof(struct clickhouse_options, member)

/* One payload on its way; waits while the tables are being prepared. */
struct insert {
	struct clickhouse *clickhouse;
	struct insert *next, **link;
	struct payload *payload;
	bool is_sent;
	struct buf body;
	delivery_done done;
	void *context;
};

static const struct conf_option clickhouse_option_table[] = {
	{ "endpoint", CONF_STRING, AT(endpoint), .required = true,
	  .doc = "URL of the server's HTTP interface, such as http://clickhouse:8123 (not the native protocol's "
		 "tcp://)." },
	{ "username", CONF_STRING, AT(username), .fallback = "default", .doc = "The user." },
	{ "password", CONF_SECRET, AT(password), .doc = "The password." },
	{ "database", CONF_STRING, AT(database), .fallback = "default",
	  .doc = "The database, made where it is missing." },
	{ "traces_table_name", CONF_STRING, AT(traces_table), .fallback = "otel_traces",
	  .doc = "The table of spans, in the Collector's columns." },
	{ "records_table_name", CONF_STRING, AT(records_table), .fallback = "plimsoll_records",
	  .doc = "The table of request records, a row for each model call." },
	{ "create_schema", CONF_BOOL, AT(create_schema), .fallback = "true",
	  .doc = "Make the tables, and bring older ones up to date; plimsoll_schema says which version they have." },
	{ "ttl", CONF_DURATION, AT(ttl_ms), .fallback = "0s", .max = 3650.0 * 86400000,
	  .doc = "When the server deletes rows, for tables that are made anew (needs ClickHouse 22 or later); 0 keeps "
		 "them." },
	{ "compression", CONF_ENUM, AT(compression), .choices = "gzip|none", .fallback = "gzip",
	  .doc = "How rows are compressed on the way." },
	{ "timeout", CONF_DURATION, AT(timeout_ms), .fallback = "30s", .min = 1, .max = 3600000,
	  .doc = "The longest that one attempt may take." },
	{ "tls", CONF_SECTION, AT(tls), .section = tls_client_options, .doc = "TLS, for https:// URLs." },
	{ "sending_queue", CONF_SECTION, AT(queue), .section = queue_options,
	  .doc = "What waits to be sent. ClickHouse likes few large inserts: batch.min_size and batch.flush_timeout "
		 "gather." },
	{ "retry_on_failure", CONF_SECTION, AT(retry), .section = retry_options,
	  .doc = "When an attempt is repeated." },
	{ .name = NULL },
};

/* ------------------------------------------------------------------ inserts */

static void insert_end(struct insert *i, const struct delivery *d)
{
	delivery_done done = i->done;
	void *context = i->context;

	*i->link = i->next;
	if (i->next != NULL)
		i->next->link = i->link;
	buf_release(&i->body);
	payload_unref(i->payload);
	free(i);
	done(context, d);
}

static void on_inserted(void *context, const struct delivery *d, int code, struct slice text)
{
	struct insert *i = context;

	(void)text;
	if (code == CLICKHOUSE_UNKNOWN_TABLE || code == CLICKHOUSE_UNKNOWN_DATABASE)
		i->clickhouse->is_ready = false; /* the next attempt makes it again */
	insert_end(i, d);
}

static const char *table_of(const struct insert *i)
{
	const struct clickhouse_options *o = i->clickhouse->options;

	return i->payload->kind == PAYLOAD_RECORDS ? o->records_table : o->traces_table;
}

static void write_parameters(const struct insert *i, struct slice rows, struct buf *out)
{
	struct buf query = BUF_INIT;

	buf_printf(&query, "INSERT INTO %s.%s FORMAT JSONEachRow", i->clickhouse->options->database, table_of(i));
	buf_text(out, "&date_time_input_format=best_effort&input_format_skip_unknown_fields=1");
	if (i->clickhouse->server.is_modern)
		buf_printf(out, "&async_insert=0&insert_deduplication_token=%016llx%zx",
			   (unsigned long long)hash_stable(rows.ptr, rows.len), rows.len);
	buf_text(out, "&query=");
	buf_percent(out, buf_view(&query));
	buf_release(&query);
}

/* The payload's rows; spans are made into some. */
static struct status make_rows(struct insert *i, struct buf *made, struct slice *rows)
{
	*rows = payload_view(i->payload);
	if (i->payload->kind == PAYLOAD_RECORDS)
		return OK;
	TRY(clickhouse_rows(&i->clickhouse->server, *rows, made));
	*rows = buf_view(made);
	return OK;
}

static struct status insert_post(struct insert *i, struct buf *made, struct buf *parameters)
{
	enum compression how = i->clickhouse->options->compression == 0 ? COMPRESSION_GZIP : COMPRESSION_NONE;
	struct slice rows;

	TRY(make_rows(i, made, &rows));
	write_parameters(i, rows, parameters);
	if (how == COMPRESSION_GZIP)
		TRY(compress_append(how, rows, &i->body));
	else
		buf_slice(&i->body, rows);
	if (buf_failed(&i->body) || buf_failed(parameters))
		return FAIL(NOMEM, "no memory for the rows");
	return clickhouse_post(i->clickhouse, buf_string(parameters), buf_view(&i->body), compression_encoding(how),
			       on_inserted, i);
}

static void insert_start(struct insert *i)
{
	struct buf made = BUF_INIT, parameters = BUF_INIT;

	i->is_sent = true;
	struct status s = insert_post(i, &made, &parameters);
	buf_release(&made);
	buf_release(&parameters);
	if (FAILED(s)) {
		struct delivery d = http_not_started(s);
		insert_end(i, &d);
	}
}

/* The tables are there, or will not be: what has waited goes on or ends. */
static void on_prepared(struct clickhouse *c, const struct delivery *d)
{
	struct insert *next;

	for (struct insert *i = c->running; i != NULL; i = next) {
		next = i->next;
		if (i->is_sent)
			continue;
		if (d->result == DELIVERY_DONE)
			insert_start(i);
		else
			insert_end(i, d);
	}
}

static void clickhouse_send(void *state, struct payload *p, delivery_done done, void *context)
{
	struct clickhouse *c = state;
	struct insert *i = calloc(1, sizeof(*i));

	if (i == NULL) {
		struct delivery d = http_not_started(FAIL(NOMEM, "no memory for the rows"));
		done(context, &d);
		return;
	}
	*i = (struct insert){ .clickhouse = c, .payload = payload_ref(p), .done = done, .context = context };
	i->next = c->running;
	i->link = &c->running;
	if (i->next != NULL)
		i->next->link = &i->next;
	c->running = i;
	if (c->is_ready)
		insert_start(i);
	else if (c->schema == NULL)
		clickhouse_prepare(c, on_prepared);
}

/* ------------------------------------------------------------------ life */

static bool is_identifier(const char *text)
{
	bool is_good = isalpha((unsigned char)text[0]) || text[0] == '_';

	for (; *text != '\0'; text++)
		is_good &= isalnum((unsigned char)*text) || *text == '_';
	return is_good;
}

static struct status clickhouse_check(const void *options, struct buf *why)
{
	const struct clickhouse_options *o = options;
	const struct {
		const char *key, *value;
	} names[] = {
		{ "database", o->database },
		{ "traces_table_name", o->traces_table },
		{ "records_table_name", o->records_table },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!is_identifier(names[i].value)) {
			buf_printf(why, "%s: '%.60s' is no plain name; use letters, digits and _", names[i].key,
				   names[i].value);
			return FAIL(INVALID, "not an identifier");
		}
	if (strncmp(o->endpoint, "http://", 7) == 0 || strncmp(o->endpoint, "https://", 8) == 0)
		return OK;
	buf_text(why,
		 "endpoint must start with http:// or https://; the HTTP interface is on port 8123 (8443 with TLS)");
	return FAIL(INVALID, "not an http:// or https:// URL");
}

static struct status clickhouse_open(const char *id, const void *options, struct exporter_env *env, void **state,
				     struct buf *why)
{
	struct clickhouse *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		buf_printf(why, "exporters.%s: no memory", id);
		return FAIL(NOMEM, "no memory for the exporter");
	}
	*c = (struct clickhouse){ .id = id, .options = options, .http = env->http };
	c->headers.items = c->header_items;
	c->header_items[c->headers.count++] = (struct string_pair){ "X-ClickHouse-User", c->options->username };
	if (c->options->password != NULL)
		c->header_items[c->headers.count++] = (struct string_pair){ "X-ClickHouse-Key", c->options->password };
	*state = c;
	return OK;
}

static void clickhouse_cancel(void *state)
{
	struct clickhouse *c = state;

	clickhouse_cancel_queries(c);
}

static void clickhouse_close(void *state)
{
	free(state);
}

const struct exporter_kind exporter_clickhouse = {
	.name = "clickhouse",
	.doc = "Inserts request records and spans into ClickHouse tables.",
	.accepts = 1u << PAYLOAD_TRACES | 1u << PAYLOAD_RECORDS,
	.options = clickhouse_option_table,
	.options_size = sizeof(struct clickhouse_options),
	.check = clickhouse_check,
	.open = clickhouse_open,
	.send = clickhouse_send,
	.cancel = clickhouse_cancel,
	.close = clickhouse_close,
	.queue_offset = offsetof(struct clickhouse_options, queue),
	.retry_offset = offsetof(struct clickhouse_options, retry),
};
