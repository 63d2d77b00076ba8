/* SPDX-License-Identifier: Apache-2.0
 * exporters/remotewrite/exposition_read.c - see the header.
 */
#include "exporters/remotewrite/exposition_read.h"

#include <math.h>

static struct slice take_line(struct slice *rest)
{
	const char *end = memchr(rest->ptr, '\n', rest->len);
	struct slice line = slice_head(*rest, end != NULL ? (size_t)(end - rest->ptr) : rest->len);

	*rest = slice_skip(*rest, line.len + 1);
	return line;
}

/* Up to the next blank, which is taken too. */
static struct slice take_word(struct slice *line)
{
	const char *end = line->len > 0 ? memchr(line->ptr, ' ', line->len) : NULL;
	struct slice word = slice_head(*line, end != NULL ? (size_t)(end - line->ptr) : line->len);

	*line = slice_skip(*line, word.len + 1);
	return word;
}

/* Length of what a series is named by: up to the blank that is not inside quotes. */
static size_t series_span(struct slice line)
{
	bool is_quoted = false;
	size_t i = 0;

	for (; i < line.len && (is_quoted || line.ptr[i] != ' '); i++) {
		if (is_quoted && line.ptr[i] == '\\')
			i++;
		else if (line.ptr[i] == '"')
			is_quoted = !is_quoted;
	}
	return i < line.len ? i : line.len;
}

void exposition_split(struct slice series, struct slice *name, struct slice *labels)
{
	const char *brace = series.len > 0 ? memchr(series.ptr, '{', series.len) : NULL;

	*name = brace != NULL ? slice_head(series, (size_t)(brace - series.ptr)) : series;
	*labels = slice_skip(series, name->len + 1);
	if (labels->len > 0)
		labels->len--; /* the closing brace */
}

static bool read_number(struct slice text, double *out)
{
	if (slice_equal(text, SLICE("NaN")))
		*out = (double)NAN;
	else if (slice_equal(text, SLICE("+Inf")))
		*out = (double)INFINITY;
	else if (slice_equal(text, SLICE("-Inf")))
		*out = -(double)INFINITY;
	else
		return slice_to_double(text, out);
	return true;
}

/* `# {labels} value seconds` behind a sample. */
static void read_exemplar(struct slice text, struct exposition_sample *out)
{
	double seconds;

	if (!slice_starts_with(text, SLICE("# {")))
		return;
	text = slice_skip(text, 3);
	const char *end =
		text.len > 0 ? memchr(text.ptr, '}', text.len) : NULL; /* trace and span ids: no quoted brace */
	if (end == NULL)
		return;
	out->exemplar_labels = slice_head(text, (size_t)(end - text.ptr));
	text = slice_skip(text, out->exemplar_labels.len + 2);
	if (!read_number(take_word(&text), &out->exemplar_value) || !read_number(take_word(&text), &seconds))
		return;
	out->exemplar_ms = llround(seconds * 1000);
	out->has_exemplar = true;
}

static bool read_sample(struct slice line, struct exposition_sample *out)
{
	*out = (struct exposition_sample){ .series = slice_head(line, series_span(line)) };
	line = slice_skip(line, out->series.len + 1);
	if (!read_number(take_word(&line), &out->value))
		return false;
	exposition_split(out->series, &out->name, &out->labels);
	read_exemplar(line, out);
	return out->name.len > 0;
}

static enum family_type type_of(struct slice word)
{
	static const struct {
		const char *word;
		enum family_type type;
	} types[] = {
		{ "counter", FAMILY_COUNTER },
		{ "gauge", FAMILY_GAUGE },
		{ "histogram", FAMILY_HISTOGRAM },
		{ "info", FAMILY_INFO },
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (slice_equal(word, slice_of(types[i].word)))
			return types[i].type;
	return FAMILY_UNKNOWN;
}

static void begin_family(struct exposition_reader *r, struct slice name)
{
	if (slice_equal(r->family.name, name))
		return;
	r->family.name = name;
	r->family.help = r->family.unit = SLICE_NONE;
	r->family.type = FAMILY_UNKNOWN;
}

/* A line that begins with '#'. NOTHING: it only changed what the reader knows. */
static enum exposition_item read_comment(struct exposition_reader *r, struct slice line)
{
	line = slice_skip(line, 2);
	struct slice word = take_word(&line);
	if (slice_equal(word, SLICE("EOF")))
		return EXPOSITION_END;
	if (slice_equal(word, SLICE("AT")))
		return slice_to_i64(line, &r->time_ms) ? EXPOSITION_BEGIN : EXPOSITION_NOTHING;
	begin_family(r, take_word(&line));
	if (slice_equal(word, SLICE("TYPE")))
		r->family.type = type_of(line);
	else if (slice_equal(word, SLICE("HELP")))
		r->family.help = line;
	else if (slice_equal(word, SLICE("UNIT")))
		r->family.unit = line;
	return EXPOSITION_NOTHING;
}

enum exposition_item exposition_next(struct exposition_reader *r, struct exposition_sample *out)
{
	while (r->rest.len > 0) {
		struct slice line = take_line(&r->rest);
		if (line.len == 0)
			continue;
		enum exposition_item item = EXPOSITION_NOTHING;
		if (line.ptr[0] == '#')
			item = read_comment(r, line);
		else if (read_sample(line, out))
			item = EXPOSITION_SAMPLE;
		if (item != EXPOSITION_NOTHING)
			return item;
	}
	return EXPOSITION_NOTHING;
}

bool exposition_label_next(struct slice *labels, struct slice *name, struct slice *value)
{
	const char *equals = labels->len > 0 ? memchr(labels->ptr, '=', labels->len) : NULL;
	size_t end = 0;

	if (equals == NULL)
		return false;
	*name = slice_head(*labels, (size_t)(equals - labels->ptr));
	*value = slice_skip(*labels, name->len + 2); /* the opening quote */
	while (end < value->len && value->ptr[end] != '"')
		end += value->ptr[end] == '\\' ? 2 : 1;
	if (end >= value->len)
		return false;
	*labels = slice_skip(*value, end + 1);
	if (labels->len > 0 && labels->ptr[0] == ',')
		*labels = slice_skip(*labels, 1);
	value->len = end;
	return true;
}

struct slice exposition_unescape(struct slice value, struct arena *a)
{
	if (value.len == 0 || memchr(value.ptr, '\\', value.len) == NULL)
		return value;
	char *out = arena_alloc(a, value.len);
	size_t n = 0;
	for (size_t i = 0; out != NULL && i < value.len; i++) {
		bool is_escape = value.ptr[i] == '\\' && i + 1 < value.len;
		char c = value.ptr[is_escape ? ++i : i];
		out[n++] = (char)(is_escape && c == 'n' ? '\n' : c);
	}
	return (struct slice){ out, n };
}
