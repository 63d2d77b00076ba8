/* SPDX-License-Identifier: Apache-2.0
 * exporters/clickhouse/schema.c - makes the tables, and brings those of an older version up to date.
 *
 * One statement after the other. The version that a database has stands in plimsoll_schema; a change of the tables is a
 * new row in `migrations`, and a database that is newer than this program is refused. Two agents that start at once do
 * no harm: every statement may run twice.
 *
 * The traces table has the columns of the Collector's exporter, so that user interfaces made for that work. Servers
 * before 22 know neither maps nor nanoseconds nor TTL and have arrays of keys and values instead.
 */
#include <stdio.h>
#include <stdlib.h>

#include "exporters/clickhouse/clickhouse_priv.h"

#define MODERN_MAJOR 22

static const char record_columns[] =
	"time %s, trace_id String, span_id String, provider Nullable(String), model Nullable(String), "
	"request_model Nullable(String), operation Nullable(String), feature Nullable(String), workflow "
	"Nullable(String), "
	"user_segment Nullable(String), prompt_version Nullable(String), session_id Nullable(String), "
	"environment Nullable(String), release Nullable(String), service Nullable(String), latency_ms "
	"Nullable(Float64), "
	"ttft_ms Nullable(Float64), input_tokens Nullable(UInt64), output_tokens Nullable(UInt64), "
	"cache_read_tokens Nullable(UInt64), cache_write_tokens Nullable(UInt64), reasoning_tokens Nullable(UInt64), "
	"cost_usd Nullable(Decimal(18, 12)), computed_cost_usd Nullable(Decimal(18, 12)), "
	"reported_cost_usd Nullable(Decimal(18, 12)), cache_savings_usd Nullable(Decimal(18, 12)), price "
	"Nullable(String), "
	"retrieved_docs Nullable(UInt32), policy_result Nullable(String), user_rating Nullable(Float64), "
	"outcome Nullable(String), error_type Nullable(String), finish_reasons Array(String)";

static const char span_columns_old[] =
	"Timestamp DateTime, TraceId String, SpanId String, ParentSpanId String, TraceState String, SpanName String, "
	"SpanKind String, ServiceName String, ResourceAttributes Nested(key String, value String), ScopeName String, "
	"ScopeVersion String, SpanAttributes Nested(key String, value String), Duration UInt64, StatusCode String, "
	"StatusMessage String, Events Nested(Timestamp DateTime, Name String, Attributes String)";

static const char span_columns[] =
	"Timestamp DateTime64(9), TraceId String, SpanId String, ParentSpanId String, TraceState String, "
	"SpanName LowCardinality(String), SpanKind LowCardinality(String), ServiceName LowCardinality(String), "
	"ResourceAttributes Map(LowCardinality(String), String), ScopeName String, ScopeVersion String, "
	"SpanAttributes Map(LowCardinality(String), String), Duration UInt64, StatusCode LowCardinality(String), "
	"StatusMessage String, Events Nested(Timestamp DateTime64(9), Name LowCardinality(String), "
	"Attributes Map(LowCardinality(String), String)), Links Nested(TraceId String, SpanId String, TraceState "
	"String, "
	"Attributes Map(LowCardinality(String), String))";

struct schema {
	struct clickhouse *clickhouse;
	void (*done)(struct clickhouse *c, const struct delivery *d);
	unsigned step;
	int64_t version; /* that the database has */
	struct buf text;
};

/* ------------------------------------------------------------------ tables */

/* What follows the columns. Where the server can, a block that is sent twice is kept once. */
static void write_engine(const struct clickhouse *c, const char *time, const char *order, struct buf *out)
{
	buf_printf(out, ") ENGINE = MergeTree PARTITION BY toYYYYMMDD(%s) ORDER BY (%s)", time, order);
	if (!c->server.is_modern)
		return;
	if (c->options->ttl_ms > 0)
		buf_printf(out, " TTL toDateTime(%s) + toIntervalSecond(%llu)", time,
			   (unsigned long long)(c->options->ttl_ms / 1000));
	buf_text(out, " SETTINGS non_replicated_deduplication_window = 1000");
}

static void create_records(const struct clickhouse *c, struct buf *out)
{
	buf_printf(out, "CREATE TABLE IF NOT EXISTS %s.%s (", c->options->database, c->options->records_table);
	buf_printf(out, record_columns, c->server.is_modern ? "DateTime64(9)" : "DateTime");
	write_engine(c, "time", "time, trace_id, span_id", out);
}

static void create_traces(const struct clickhouse *c, struct buf *out)
{
	buf_printf(out, "CREATE TABLE IF NOT EXISTS %s.%s (", c->options->database, c->options->traces_table);
	buf_text(out, c->server.is_modern ? span_columns : span_columns_old);
	write_engine(c, "Timestamp",
		     c->server.is_modern ? "ServiceName, SpanName, toDateTime(Timestamp)"
					 : "ServiceName, SpanName, Timestamp",
		     out);
}

/* The statements that lead to each version. A new version is added at the end; what stands here never changes. */
static const struct migration {
	int64_t version;
	void (*write)(const struct clickhouse *c, struct buf *out);
} migrations[] = {
	{ 1, create_records },
	{ 1, create_traces },
};

#define MIGRATIONS     (sizeof(migrations) / sizeof(migrations[0]))
#define SCHEMA_VERSION 1

/* ------------------------------------------------------------------ steps */

enum {
	STEP_SERVER,
	STEP_DATABASE,
	STEP_VERSIONS,
	STEP_VERSION,
	STEP_MIGRATE,
	STEP_NOTE = STEP_MIGRATE + MIGRATIONS,
	STEP_END
};

/* What a step asks; nothing where it is not needed. */
static void write_step(const struct schema *s, struct buf *out)
{
	const struct clickhouse *c = s->clickhouse;
	const char *database = c->options->database;

	switch (s->step) {
	case STEP_SERVER:
		buf_text(out, "SELECT version()");
		break;
	case STEP_DATABASE:
		buf_printf(out, "CREATE DATABASE IF NOT EXISTS %s", database);
		break;
	case STEP_VERSIONS:
		buf_printf(out,
			   "CREATE TABLE IF NOT EXISTS %s.plimsoll_schema (version UInt32, applied DateTime) "
			   "ENGINE = MergeTree PARTITION BY tuple() ORDER BY version",
			   database);
		break;
	case STEP_VERSION:
		buf_printf(out, "SELECT max(version) FROM %s.plimsoll_schema", database);
		break;
	case STEP_NOTE:
		if (s->version < SCHEMA_VERSION)
			buf_printf(out, "INSERT INTO %s.plimsoll_schema SELECT %d, now()", database, SCHEMA_VERSION);
		break;
	default:
		if (migrations[s->step - STEP_MIGRATE].version > s->version)
			migrations[s->step - STEP_MIGRATE].write(c, out);
	}
}

static void end(struct schema *s, const struct delivery *d)
{
	struct clickhouse *c = s->clickhouse;
	void (*done)(struct clickhouse *, const struct delivery *) = s->done;

	c->schema = NULL;
	c->is_ready = d->result == DELIVERY_DONE;
	buf_release(&s->text);
	free(s);
	done(c, d);
}

/* False where what the server answered makes it useless to go on. */
static bool read_step(struct schema *s, struct slice text, struct delivery *d)
{
	int64_t number;

	text = slice_trim(text);
	if (s->step == STEP_SERVER) {
		ptrdiff_t dot = slice_find(text, SLICE("."));
		struct slice major = slice_head(text, dot < 0 ? text.len : (size_t)dot);
		s->clickhouse->server.is_modern = slice_to_i64(major, &number) && number >= MODERN_MAJOR;
	} else if (s->step == STEP_VERSION && slice_to_i64(text, &number)) {
		s->version = number;
	}
	if (s->version <= SCHEMA_VERSION)
		return true;
	*d = (struct delivery){ .result = DELIVERY_RETRY };
	snprintf(d->reason, sizeof(d->reason),
		 "schema: database %s has version %lld of the tables, newer than this program (%d)",
		 s->clickhouse->options->database, (long long)s->version, SCHEMA_VERSION);
	return false;
}

static void next_step(struct schema *s);

static void on_step(void *context, const struct delivery *d, int code, struct slice text)
{
	struct schema *s = context;
	struct delivery outcome = *d;

	(void)code;
	if (d->result != DELIVERY_DONE || !read_step(s, text, &outcome)) {
		end(s, &outcome);
		return;
	}
	s->step = s->step == STEP_SERVER && !s->clickhouse->options->create_schema ? STEP_END : s->step + 1;
	next_step(s);
}

static void next_step(struct schema *s)
{
	struct delivery d = { .result = DELIVERY_DONE };

	buf_reset(&s->text);
	while (s->step < STEP_END && (write_step(s, &s->text), s->text.len == 0))
		s->step++;
	if (s->step == STEP_END) {
		end(s, &d);
		return;
	}
	struct status status = clickhouse_post(s->clickhouse, "", buf_view(&s->text), NULL, on_step, s);
	if (FAILED(status)) {
		d = (struct delivery){ .result = DELIVERY_RETRY };
		snprintf(d.reason, sizeof(d.reason), "%s: %s", status_name(status.code), status.why);
		end(s, &d);
	}
}

void clickhouse_prepare(struct clickhouse *c, void (*done)(struct clickhouse *c, const struct delivery *d))
{
	struct schema *s = calloc(1, sizeof(*s));
	struct delivery d = { .result = DELIVERY_RETRY, .reason = "NOMEM: no memory to prepare the tables" };

	if (s == NULL) {
		done(c, &d);
		return;
	}
	*s = (struct schema){ .clickhouse = c, .done = done };
	c->schema = s;
	next_step(s);
}
