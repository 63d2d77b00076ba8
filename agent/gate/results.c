/* SPDX-License-Identifier: Apache-2.0
 * gate/results.c - looks what a file is, and takes it apart into rows.
 */
#include "agent/gate/results.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "agent/base/file.h"
#include "agent/base/json.h"
#include "agent/gate/results_priv.h"

#define FILE_BYTES_MAX (256u << 20)
#define ARENA_BYTES    (512u << 20)

struct result *results_add(struct results *r)
{
	if (r->count == r->cap) {
		size_t cap = r->cap > 0 ? 2 * r->cap : 64;
		struct result *items = realloc(r->items, cap * sizeof(*items));
		if (items == NULL)
			return NULL;
		r->items = items;
		r->cap = cap;
	}
	r->items[r->count] = (struct result){
		.passed = TRI_UNKNOWN, .score = NAN, .cost_usd = NAN, .latency_ms = NAN,
		.input_tokens = NAN, .output_tokens = NAN,
	};
	return &r->items[r->count++];
}

/* ---------------------------------------------------------------- shapes of JSON */
struct reading {
	struct results *out;
	double pass_score;
	const struct row_format *format;
};

/* The list of rows in a whole document: itself, or where a tool puts it. */
static struct slice rows_of(struct slice root)
{
	static const char *const places[] = { "results", "examples_with_runs", "events", "rows", "data" };
	struct json j;

	json_init(&j, root);
	for (size_t i = 0; json_peek(&j) == JSON_OBJECT && i < sizeof(places) / sizeof(places[0]); i++) {
		struct slice inner = json_find(root, slice_of(places[i]));
		if (inner.len > 0)
			return rows_of(inner); /* Promptfoo has results in results */
	}
	return root;
}

/* LangSmith: an example with the runs that answered it. */
static struct status read_runs(struct reading *r, struct slice runs)
{
	struct json j;
	struct slice run;

	json_init(&j, runs);
	if (!json_array(&j))
		return OK;
	while (json_element(&j) && json_raw(&j, &run))
		TRY(row_read(r->format, run, r->pass_score, r->out));
	return OK;
}

static struct status read_row(struct reading *r, struct slice root, struct slice row)
{
	struct slice runs = json_find(row, SLICE("runs"));
	bool has_runs = runs.len > 0 && runs.ptr[0] == '[';

	if (r->format == NULL) {
		r->format = has_runs ? row_format_langsmith() : row_format_of(root, row);
		r->out->source = row_format_name(r->format);
	}
	return has_runs ? read_runs(r, runs) : row_read(r->format, row, r->pass_score, r->out);
}

static struct status read_list(struct reading *r, struct slice root, struct slice list)
{
	struct json j;
	struct slice row;

	json_init(&j, list);
	if (json_peek(&j) != JSON_ARRAY || !json_array(&j))
		return read_row(r, root, list);
	while (json_element(&j) && json_raw(&j, &row))
		TRY(read_row(r, root, row));
	return OK;
}

static struct status read_lines(struct reading *r, struct slice text, struct buf *why)
{
	for (size_t number = 1; text.len > 0; number++) {
		ptrdiff_t end = slice_find(text, SLICE("\n"));
		struct slice line = slice_trim(slice_head(text, end < 0 ? text.len : (size_t)end));
		struct status s = line.len == 0 ? OK :
				  json_is_valid(line) ? read_row(r, SLICE("{}"), line) :
							FAIL(MALFORMED, "no JSON value");
		if (FAILED(s)) {
			buf_printf(why, "%zu:1: %s", number, s.why);
			return s;
		}
		text = slice_skip(text, end < 0 ? text.len : (size_t)end + 1);
	}
	return OK;
}

static bool is_replay(struct slice first_line)
{
	struct slice type = json_find(first_line, SLICE("type"));

	return slice_equal(type, SLICE("\"call\"")) || slice_equal(type, SLICE("\"evaluation\"")) ||
	       slice_equal(type, SLICE("\"retrieval\"")) || slice_equal(type, SLICE("\"feedback\""));
}

static struct status read_json(struct results *out, struct slice text, double pass_score, struct buf *why)
{
	struct reading r = { .out = out, .pass_score = pass_score };
	ptrdiff_t end = slice_find(text, SLICE("\n"));
	struct slice first = slice_head(text, end < 0 ? text.len : (size_t)end);

	if (json_is_valid(text)) {
		if (is_replay(text))
			return traces_read(text, pass_score, out, why);
		struct status s = read_list(&r, text, rows_of(text));
		if (FAILED(s))
			buf_printf(why, "result %zu: %s", out->count, s.why);
		return s;
	}
	if (is_replay(first)) {
		out->source = "replay";
		return traces_read(text, pass_score, out, why);
	}
	return read_lines(&r, text, why);
}

static struct status read_text(struct results *out, struct slice text, double pass_score, struct buf *why)
{
	text = slice_trim(text);
	if (text.len == 0) {
		buf_text(why, "it is empty");
		return FAIL(MALFORMED, "no results");
	}
	if (text.ptr[0] != '<')
		return read_json(out, text, pass_score, why);
	out->source = "junit";
	return junit_read(text, out, why);
}

struct status results_read(const char *name, struct slice text, double pass_score, struct results **out, struct buf *why)
{
	struct results *r = calloc(1, sizeof(*r));
	struct buf detail = BUF_INIT;

	if (r == NULL)
		return FAIL(NOMEM, "no memory for the results");
	arena_init(&r->arena, ARENA_BYTES);
	r->source = "json";
	struct status s = read_text(r, text, pass_score, &detail);
	if (!FAILED(s) && r->count == 0) {
		s = FAIL(MALFORMED, "no results");
		buf_text(&detail, "there is no result in it");
	}
	if (FAILED(s)) {
		buf_printf(why, "results '%s': %s", name, detail.len > 0 ? buf_string(&detail) : s.why);
		results_free(r);
	} else {
		*out = r;
	}
	buf_release(&detail);
	return s;
}

struct status results_load(const char *path, double pass_score, struct results **out, struct buf *why)
{
	struct buf text = BUF_INIT;
	struct status s = file_read(path, FILE_BYTES_MAX, &text);

	if (FAILED(s))
		buf_printf(why, "results '%s': %s", path, s.code == STATUS_IO ? strerror(errno) : s.why);
	else
		s = results_read(path, buf_view(&text), pass_score, out, why);
	buf_release(&text);
	return s;
}

void results_free(struct results *r)
{
	if (r == NULL)
		return;
	arena_release(&r->arena);
	free(r->items);
	free(r);
}
