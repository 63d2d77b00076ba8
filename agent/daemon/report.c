/* SPDX-License-Identifier: Apache-2.0
 * daemon/report.c - reads the summary's JSON and aligns it.
 */
#include "agent/daemon/report.h"

#include <stdlib.h>

#include "agent/base/json.h"

#define NAME_BYTES 40

/* One row of the summary; numbers stay texts, "null" where unknown. */
struct row {
	struct slice name, requests, errors, unpriced, cost, cost_each, input, output, p50, p95;
};

static const struct {
	const char *key;
	size_t offset;
} members[] = {
	{ "name", offsetof(struct row, name) },
	{ "requests", offsetof(struct row, requests) },
	{ "errors", offsetof(struct row, errors) },
	{ "unpriced", offsetof(struct row, unpriced) },
	{ "cost_usd", offsetof(struct row, cost) },
	{ "cost_per_request_usd", offsetof(struct row, cost_each) },
	{ "input_tokens", offsetof(struct row, input) },
	{ "output_tokens", offsetof(struct row, output) },
	{ "latency_p50_s", offsetof(struct row, p50) },
	{ "latency_p95_s", offsetof(struct row, p95) },
};

static struct slice unquote(struct slice text)
{
	if (text.len >= 2 && text.ptr[0] == '"')
		return (struct slice){ text.ptr + 1, text.len - 2 };
	return text;
}

static void read_row(struct json *j, struct row *out)
{
	struct json_string key;
	struct slice value;

	*out = (struct row){ 0 };
	if (!json_object(j))
		return;
	while (json_member(j, &key)) {
		if (!json_raw(j, &value))
			return;
		for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
			if (slice_equal(key.raw, slice_of(members[i].key)))
				*(struct slice *)(void *)((char *)out + members[i].offset) = unquote(value);
	}
}

static bool is_known(struct slice text)
{
	return text.len > 0 && !slice_equal(text, SLICE("null"));
}

static void write_text(struct buf *out, int width, struct slice text)
{
	buf_printf(out, " %*.*s", width, SLICE_ARG(is_known(text) ? text : SLICE("-")));
}

static void write_decimal(struct buf *out, int width, int digits, struct slice text)
{
	double value;

	if (slice_to_double(text, &value))
		buf_printf(out, " %*.*f", width, digits, value);
	else
		buf_printf(out, " %*s", width, "unknown");
}

static void write_row(struct buf *out, const struct row *r)
{
	buf_printf(out, "  %-*.*s", NAME_BYTES, (int)(r->name.len < NAME_BYTES ? r->name.len : NAME_BYTES), r->name.ptr);
	write_text(out, 9, r->requests);
	write_text(out, 7, r->errors);
	write_text(out, 8, r->unpriced);
	write_decimal(out, 12, 6, r->cost);
	write_decimal(out, 11, 6, r->cost_each);
	write_text(out, 11, r->input);
	write_text(out, 11, r->output);
	write_decimal(out, 8, 2, r->p50);
	write_decimal(out, 8, 2, r->p95);
	buf_byte(out, '\n');
}

static void write_heading(struct buf *out, const char *name)
{
	buf_printf(out, "\n  %-*s %9s %7s %8s %12s %11s %11s %11s %8s %8s\n", NAME_BYTES, name, "requests", "errors",
		   "unpriced", "cost USD", "each USD", "input tok", "output tok", "p50 s", "p95 s");
}

static void write_rows(struct buf *out, struct json *j, const char *name)
{
	struct row r;

	if (!json_array(j))
		return;
	write_heading(out, name);
	while (json_element(j)) {
		read_row(j, &r);
		write_row(out, &r);
	}
}

static void write_groups(struct buf *out, struct json *j)
{
	struct json_string key;

	if (!json_object(j))
		return;
	while (json_member(j, &key)) {
		char name[16] = "";
		memcpy(name, key.raw.ptr, key.raw.len < sizeof(name) ? key.raw.len : sizeof(name) - 1);
		write_rows(out, j, name);
	}
}

void report_write(struct buf *out, struct slice summary)
{
	struct json j;
	struct json_string key;
	struct row totals;

	json_init(&j, summary);
	if (!json_object(&j))
		return;
	while (json_member(&j, &key)) {
		if (slice_equal(key.raw, SLICE("totals"))) {
			read_row(&j, &totals);
			totals.name = SLICE("all calls");
			write_heading(out, "");
			write_row(out, &totals);
		} else if (slice_equal(key.raw, SLICE("by"))) {
			write_groups(out, &j);
		} else if (!json_skip(&j)) {
			return;
		}
	}
}
