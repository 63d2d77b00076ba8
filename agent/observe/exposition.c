/* SPDX-License-Identifier: Apache-2.0
 * observe/exposition.c - see the header.
 */
#include "agent/observe/exposition.h"

#include <math.h>
#include <stdio.h>

#include "agent/base/hex.h"
#include "agent/base/json.h"

static const struct {
	const char *text_word, *openmetrics_word;
	const char *suffix; /* of the samples, and in the text format of the family */
} types[] = {
	[METRIC_COUNTER] = { "counter", "counter", "_total" },
	[METRIC_GAUGE] = { "gauge", "gauge", "" },
	[METRIC_HISTOGRAM] = { "histogram", "histogram", "" },
	[METRIC_INFO] = { "gauge", "info", "_info" },
};

static const char *const units[] = { "seconds", "bytes", "usd" };

static void write_escaped(struct buf *out, struct slice s, bool quotes)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		if (c == '\n') {
			buf_text(out, "\\n");
			continue;
		}
		if (c == '\\' || (c == '"' && quotes))
			buf_byte(out, '\\');
		buf_byte(out, c);
	}
}

void exposition_label(struct buf *labels, const char *name, struct slice value)
{
	if (labels->len > 0)
		buf_byte(labels, ',');
	buf_text(labels, name);
	buf_text(labels, "=\"");
	write_escaped(labels, value, true);
	buf_byte(labels, '"');
}

static void write_unit(struct exposition *x, struct slice name)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		struct slice unit = slice_of(units[i]);
		if (name.len > unit.len && slice_ends_with(name, unit) && name.ptr[name.len - unit.len - 1] == '_')
			buf_printf(x->out, "# UNIT %.*s %s\n", SLICE_ARG(name), units[i]);
	}
}

void exposition_family(struct exposition *x, const struct metric_family *family)
{
	bool openmetrics = x->format == EXPOSITION_OPENMETRICS;
	const char *suffix = openmetrics ? "" : types[family->type].suffix;

	x->family = family;
	buf_printf(x->out, "# HELP %s%s ", family->name, suffix);
	write_escaped(x->out, slice_of(family->help), openmetrics);
	buf_printf(x->out, "\n# TYPE %s%s %s\n", family->name, suffix,
		   openmetrics ? types[family->type].openmetrics_word : types[family->type].text_word);
	if (openmetrics)
		write_unit(x, slice_of(family->name));
}

static void write_name(struct exposition *x, const char *suffix, struct slice labels)
{
	buf_text(x->out, x->family->name);
	buf_text(x->out, suffix);
	if (labels.len > 0) {
		buf_byte(x->out, '{');
		buf_slice(x->out, labels);
		buf_byte(x->out, '}');
	}
	buf_byte(x->out, ' ');
}

static void write_u64(struct buf *out, uint64_t value)
{
	char text[20], *at = text + sizeof(text);

	do {
		*--at = (char)('0' + (int)(value % 10));
		value /= 10;
	} while (value > 0);
	buf_append(out, at, (size_t)(text + sizeof(text) - at));
}

void exposition_u64(struct exposition *x, struct slice labels, uint64_t value)
{
	write_name(x, types[x->family->type].suffix, labels);
	write_u64(x->out, value);
	buf_byte(x->out, '\n');
}

void exposition_i64(struct exposition *x, struct slice labels, int64_t value)
{
	exposition_decimal(x, labels, (struct decimal){ value, 0 });
}

void exposition_decimal(struct exposition *x, struct slice labels, struct decimal value)
{
	write_name(x, types[x->family->type].suffix, labels);
	decimal_format(x->out, value);
	buf_byte(x->out, '\n');
}

void exposition_double(struct exposition *x, struct slice labels, double value)
{
	write_name(x, types[x->family->type].suffix, labels);
	if (isfinite(value))
		json_write_double(x->out, value);
	else
		buf_text(x->out, isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf");
	buf_byte(x->out, '\n');
}

static void write_exemplar(struct buf *out, const struct exemplar *e, unsigned scale)
{
	buf_text(out, " # {trace_id=\"");
	buf_hex(out, e->trace_id, sizeof(e->trace_id));
	buf_text(out, "\",span_id=\"");
	buf_hex(out, e->span_id, sizeof(e->span_id));
	buf_text(out, "\"} ");
	decimal_format(out, (struct decimal){ e->value, scale });
	buf_byte(out, ' ');
	decimal_format(out, (struct decimal){ e->time_unix_ns / 1000000u, 3 });
}

/* The latest exemplar among the kept buckets first..last, which the view shows as one. NULL where there is none. */
static const struct exemplar *exemplar_of(const struct histogram *h, unsigned first, unsigned last)
{
	const struct exemplar *best = NULL;

	for (unsigned i = 0; h->exemplars != NULL && i < HISTOGRAM_EXEMPLARS; i++) {
		const struct exemplar *e = &h->exemplars[i];
		if (e->time_unix_ns > 0 && e->bucket >= first && e->bucket <= last &&
		    (best == NULL || e->time_unix_ns > best->time_unix_ns))
			best = e;
	}
	return best;
}

static void write_bucket(struct exposition *x, struct slice labels, const char *le, uint64_t cumulative,
			 const struct exemplar *e, unsigned scale)
{
	buf_text(x->out, x->family->name);
	buf_text(x->out, "_bucket{");
	buf_slice(x->out, labels);
	buf_text(x->out, labels.len > 0 ? ",le=\"" : "le=\"");
	buf_text(x->out, le);
	buf_text(x->out, "\"} ");
	write_u64(x->out, cumulative);
	if (e != NULL && x->format == EXPOSITION_OPENMETRICS)
		write_exemplar(x->out, e, scale);
	buf_byte(x->out, '\n');
}

void exposition_histogram(struct exposition *x, struct slice labels, const struct histogram_view *view,
			  const struct histogram *h)
{
	const struct histogram_layout *l = &histogram_layouts[view->kind];
	unsigned next = 0; /* first kept bucket that is not yet in cumulative */
	uint64_t cumulative = 0;

	for (unsigned i = 0; i <= view->bounds; i++) {
		bool infinite = i == view->bounds;
		unsigned first = next, last = infinite ? l->bounds : view->first + i * view->step;
		for (; next <= last; next++)
			cumulative += h->counts[next];
		write_bucket(x, labels, infinite ? "+Inf" : l->le[last], cumulative, exemplar_of(h, first, last),
			     l->scale);
	}
	write_name(x, "_sum", labels);
	decimal_format(x->out, (struct decimal){ h->sum, l->scale });
	buf_byte(x->out, '\n');
	write_name(x, "_count", labels);
	write_u64(x->out, cumulative);
	buf_byte(x->out, '\n');
}

void exposition_buckets(struct exposition *x, struct slice labels, const char *const *le, const uint64_t *counts,
			unsigned bounds, double sum)
{
	uint64_t cumulative = 0;

	for (unsigned i = 0; i <= bounds; i++) {
		cumulative += counts[i];
		write_bucket(x, labels, i < bounds ? le[i] : "+Inf", cumulative, NULL, 0);
	}
	write_name(x, "_sum", labels);
	json_write_double(x->out, sum);
	buf_byte(x->out, '\n');
	write_name(x, "_count", labels);
	write_u64(x->out, cumulative);
	buf_byte(x->out, '\n');
}

void exposition_finish(struct exposition *x)
{
	if (x->format == EXPOSITION_OPENMETRICS)
		buf_text(x->out, "# EOF\n");
}
