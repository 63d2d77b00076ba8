/* SPDX-License-Identifier: Apache-2.0
 * gate/results.c - looks what a file is, and takes it apart into rows.
 */
#include "agent/gate/results.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "agent/base/file.h"
#include "agent/base/json.h"
#include "agent/config/yaml_tree.h"
#include "agent/gate/csv.h"
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

/* Where the text stops being JSON, and why where that is a usual slip. first: its line in the file. */
static struct status refuse_json(struct slice text, size_t first, struct buf *why)
{
	unsigned line, column;
	struct json j;

	json_init(&j, text);
	(void)(json_skip(&j) && !FAILED(json_finish(&j)));
	json_where(&j, &line, &column);
	struct slice rest = slice_skip(text, (size_t)(j.at - text.ptr));
	bool is_nan = slice_starts_with(rest, SLICE("NaN")) || slice_starts_with(rest, SLICE("Infinity")) ||
		      slice_starts_with(rest, SLICE("-Infinity"));
	buf_printf(why, "%zu:%u: %s", first + line - 1, column,
		   is_nan ? "JSON has no such number: write null where it is unknown" : "no JSON");
	return FAIL(MALFORMED, "no JSON");
}

static struct status read_lines(struct reading *r, struct slice text, struct buf *why)
{
	for (size_t number = 1; text.len > 0; number++) {
		ptrdiff_t end = slice_find(text, SLICE("\n"));
		struct slice line = slice_trim(slice_head(text, end < 0 ? text.len : (size_t)end));
		if (line.len > 0 && !json_is_valid(line))
			return refuse_json(line, number, why);
		struct status s = line.len > 0 ? read_row(r, SLICE("{}"), line) : OK;
		if (FAILED(s)) {
			buf_printf(why, "%zu:1: %s", number, s.why);
			return s;
		}
		text = slice_skip(text, end < 0 ? text.len : (size_t)end + 1);
	}
	return OK;
}

/* Recorded telemetry as it was sent; a line of a recording is one such object. */
static bool is_otlp(struct slice json)
{
	return json_find(json, SLICE("resourceSpans")).len > 0 || json_find(json, SLICE("resourceLogs")).len > 0;
}

static struct status refuse_otlp(struct buf *why)
{
	buf_text(why, "it is recorded telemetry (OTLP): `plimsoll replay --output json FILE` makes results of it");
	return FAIL(INVALID, "OTLP");
}

static struct status read_document(struct results *out, struct slice json, double pass_score, struct buf *why)
{
	struct reading r = { .out = out, .pass_score = pass_score };
	struct status s = read_list(&r, json, rows_of(json));

	if (FAILED(s))
		buf_printf(why, "result %zu: %s", out->count, s.why);
	return s;
}

static struct status read_csv_row(void *context, struct slice object)
{
	return read_row(context, SLICE("{}"), object);
}

/* Promptfoo writes its results as YAML, too; nobody else does. */
static struct status read_yaml(struct results *out, struct slice text, double pass_score, struct buf *why)
{
	struct conf_errors errors = { .file = "" };
	const struct tree_node *root = NULL;
	struct buf json = BUF_INIT;
	struct arena arena;

	arena_init(&arena, ARENA_BYTES);
	struct status s = yaml_tree_read(text, &arena, &errors, &root);
	if (!FAILED(s) && root != NULL && (root->kind == TREE_MAP || root->kind == TREE_LIST)) {
		tree_write_json(root, tree_json_bytes(text), &json);
		s = buf_failed(&json) ? FAIL(NOMEM, "no memory for the results") :
					read_document(out, buf_view(&json), pass_score, why);
	} else {
		buf_text(why, "it is no JSON, no JSON lines, no CSV, no YAML and no JUnit XML");
		s = FAIL(MALFORMED, "an unknown format");
	}
	arena_release(&arena);
	buf_release(&json);
	conf_errors_finish(&errors, &json);
	buf_release(&json);
	return s;
}

static bool is_replay(struct slice first_line)
{
	struct slice type = json_find(first_line, SLICE("type"));

	return slice_equal(type, SLICE("\"call\"")) || slice_equal(type, SLICE("\"evaluation\"")) ||
	       slice_equal(type, SLICE("\"retrieval\"")) || slice_equal(type, SLICE("\"feedback\""));
}

static struct status read_json(struct results *out, struct slice text, struct slice first, double pass_score,
			       struct buf *why)
{
	struct reading r = { .out = out, .pass_score = pass_score };

	if (is_otlp(first) || is_otlp(text))
		return refuse_otlp(why);
	if (is_replay(first)) {
		out->source = "replay";
		return traces_read(text, pass_score, out, why);
	}
	if (json_is_valid(text))
		return read_document(out, text, pass_score, why);
	return first.len < text.len && json_is_valid(first) ? read_lines(&r, text, why) : refuse_json(text, 1, why);
}

/* The header of CSV: names and commas, and nothing that YAML has between a key and its value. */
static bool is_csv(struct slice first)
{
	return slice_find(first, SLICE(",")) >= 0 && slice_find(first, SLICE(": ")) < 0;
}

static struct status read_text(struct results *out, struct slice text, double pass_score, struct buf *why)
{
	struct reading r = { .out = out, .pass_score = pass_score };

	if (slice_starts_with(text, SLICE("\xef\xbb\xbf"))) /* a byte order mark, as spreadsheets write it */
		text = slice_skip(text, 3);
	text = slice_trim(text);
	if (text.len == 0) {
		buf_text(why, "it is empty");
		return FAIL(MALFORMED, "no results");
	}
	ptrdiff_t end = slice_find(text, SLICE("\n"));
	struct slice first = slice_trim(slice_head(text, end < 0 ? text.len : (size_t)end));
	if (text.ptr[0] == '<') {
		out->source = "junit";
		return junit_read(text, out, why);
	}
	if (text.ptr[0] == '{' || text.ptr[0] == '[')
		return read_json(out, text, first, pass_score, why);
	if (is_csv(first))
		return csv_read(text, read_csv_row, &r, why);
	return read_yaml(out, text, pass_score, why);
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
