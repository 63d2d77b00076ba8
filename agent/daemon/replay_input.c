/* SPDX-License-Identifier: Apache-2.0
 * daemon/replay_input.c - tells the formats apart by file name and by what a line holds.
 */
#include "agent/daemon/replay_input.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "agent/base/json.h"
#include "agent/otlp/json_transcode.h"

#define FILE_BYTES_MAX (UINT64_C(1) << 30)
#define READ_BYTES (256u << 10)

struct reading {
	const char *path;
	enum signal signal;
	const struct replay_sink *sink;
	struct buf *why;
	struct buf wire;
	bool may_describe;   /* one of a folder, by its name */
	bool is_passed_over; /* and by what it holds */
};

static struct status explain(struct reading *r, struct status s, unsigned long line, const char *detail)
{
	if (r->why->len > 0)
		return s; /* said already, deeper down */
	buf_printf(r->why, "cannot read '%s'", r->path);
	if (line > 0)
		buf_printf(r->why, ", line %lu", line);
	buf_printf(r->why, ": %s%s%s", s.why, detail[0] != '\0' ? ", " : "", detail);
	return s;
}

/* zlib reads plain files too, and takes the end of a file for that of its gzip stream until it is closed. */
static struct status read_whole(struct reading *r, gzFile in, struct buf *out)
{
	int n;

	do {
		char *at = buf_reserve(out, READ_BYTES);
		if (at == NULL)
			return explain(r, FAIL(NOMEM, "no memory for the file"), 0, "");
		n = gzread(in, at, READ_BYTES);
		if (n < 0)
			return explain(r, FAIL(MALFORMED, "the file cannot be read, or its gzip stream is broken"), 0, "");
		out->len += (size_t)n;
		if (out->len > FILE_BYTES_MAX)
			return explain(r, FAIL(TOOBIG, "larger than 1 GiB: split it"), 0, "");
	} while (n > 0);
	return OK;
}

/* The signal of an OTLP/JSON request by its first known key; SIGNAL_COUNT where it is none. */
static enum signal signal_of_json(struct slice text)
{
	static const struct {
		const char *key;
		enum signal signal;
	} keys[] = {
		{ "resourceSpans", SIGNAL_TRACES },
		{ "resourceMetrics", SIGNAL_METRICS },
		{ "resourceLogs", SIGNAL_LOGS },
	};
	struct json j;
	struct json_string key;

	json_init(&j, text);
	if (!json_object(&j))
		return SIGNAL_COUNT;
	while (json_member(&j, &key)) {
		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
			if (slice_equal(key.raw, slice_of(keys[i].key)))
				return keys[i].signal;
		if (!json_skip(&j))
			return SIGNAL_COUNT;
	}
	return SIGNAL_COUNT;
}

static struct status take_json(struct reading *r, struct slice text, unsigned long line)
{
	char where[40] = "";
	enum signal signal = signal_of_json(text);
	struct status s;

	if (signal == SIGNAL_COUNT) {
		s = r->sink->record(r->sink->context, text);
	} else {
		buf_reset(&r->wire);
		s = json_to_wire(text, signal, FILE_BYTES_MAX, &r->wire, where);
		if (!FAILED(s))
			s = r->sink->request(r->sink->context, signal, buf_view(&r->wire));
	}
	return FAILED(s) ? explain(r, s, line, where) : OK;
}

static struct status take_lines(struct reading *r, struct slice text)
{
	unsigned long line = 0;

	while (text.len > 0) {
		const char *end = memchr(text.ptr, '\n', text.len);
		size_t n = end != NULL ? (size_t)(end - text.ptr) : text.len;
		struct slice one = slice_trim(slice_head(text, n));
		line++;
		if (one.len > 0)
			TRY(take_json(r, one, line));
		text = slice_skip(text, n + 1);
	}
	return OK;
}

/* One JSON document, or several with one on each line. */
static struct status take_json_file(struct reading *r, struct slice text)
{
	struct json j;
	struct slice first;

	json_init(&j, text);
	if (json_raw(&j, &first) && !FAILED(json_finish(&j)))
		return take_json(r, first, 0);
	return take_lines(r, text);
}

static bool name_holds(const char *path, const char *part)
{
	const char *name = strrchr(path, '/');

	return strstr(name != NULL ? name : path, part) != NULL;
}

static enum signal signal_of_name(const struct reading *r)
{
	for (int s = 0; s < SIGNAL_COUNT; s++) {
		char part[16];
		snprintf(part, sizeof(part), ".%s.", signal_names[s]);
		if (name_holds(r->path, part))
			return (enum signal)s;
	}
	return r->signal;
}

static struct status take_file(struct reading *r, struct slice content)
{
	struct slice start = slice_trim(slice_head(content, 64));

	r->is_passed_over = r->may_describe && signal_of_json(content) == SIGNAL_COUNT;
	if (r->is_passed_over)
		return OK;
	if (name_holds(r->path, ".json") || (!name_holds(r->path, ".pb") && slice_starts_with(start, SLICE("{"))))
		return take_json_file(r, content);
	enum signal signal = signal_of_name(r);
	if (signal == SIGNAL_COUNT)
		return explain(r, FAIL(INVALID, "its name does not say what it holds; add --signal traces, metrics or logs"), 0, "");
	struct status s = r->sink->request(r->sink->context, signal, content);
	return FAILED(s) ? explain(r, s, 0, "") : OK;
}

static struct status read_one(struct reading *r)
{
	struct buf content = BUF_INIT;
	gzFile in = strcmp(r->path, "-") == 0 ? gzdopen(dup(STDIN_FILENO), "rb") : gzopen(r->path, "rb");

	if (in == NULL)
		return explain(r, FAIL(IO, "the file cannot be opened"), 0, errno != 0 ? strerror(errno) : "");
	gzbuffer(in, READ_BYTES);
	struct status s = read_whole(r, in, &content);
	int closed = gzclose(in);
	if (!FAILED(s) && closed == Z_BUF_ERROR)
		s = explain(r, FAIL(MALFORMED, "its gzip stream is cut off; gzip -dc FILE | plimsoll replay - takes what is there"),
			    0, "");
	if (!FAILED(s))
		s = take_file(r, buf_view(&content));
	buf_release(&content);
	buf_release(&r->wire);
	return s;
}

static bool ends_with_any(const char *name, const char *const endings[])
{
	for (size_t i = 0; endings[i] != NULL; i++)
		if (slice_ends_with(slice_of(name), slice_of(endings[i])))
			return true;
	return false;
}

static int is_recording(const struct dirent *entry)
{
	static const char *const endings[] = { ".pb", ".pb.gz", ".json", ".json.gz", ".jsonl", ".jsonl.gz", NULL };

	return ends_with_any(entry->d_name, endings);
}

/* What a folder of recordings may hold besides. */
static bool may_describe(const char *name)
{
	static const char *const recordings[] = { ".traces.json", ".logs.json", ".metrics.json", NULL };

	return slice_ends_with(slice_of(name), SLICE(".json")) && !ends_with_any(name, recordings);
}

static struct status read_path(struct reading *r);

/* taken: grows unless it only describes the others. */
static struct status read_entry(const struct reading *folder, const char *name, size_t *taken)
{
	struct reading r = *folder;
	struct buf path = BUF_INIT;

	buf_printf(&path, "%s/%s", folder->path, name);
	r.path = buf_string(&path);
	r.may_describe = may_describe(name);
	r.is_passed_over = false;
	struct status s = read_path(&r);
	*taken += !r.is_passed_over;
	buf_release(&path);
	return s;
}

static struct status read_folder(const struct reading *r)
{
	struct dirent **entries = NULL;
	int n = scandir(r->path, &entries, is_recording, alphasort);
	struct status s = OK;
	size_t taken = 0;

	if (n < 0) {
		buf_printf(r->why, "cannot read '%s': %s", r->path, strerror(errno));
		return FAIL(IO, "the folder cannot be read");
	}
	for (int i = 0; i < n; i++) {
		if (!FAILED(s))
			s = read_entry(r, entries[i]->d_name, &taken);
		free(entries[i]);
	}
	free(entries);
	if (FAILED(s) || taken > 0)
		return s;
	buf_printf(r->why, "cannot read '%s': no recordings in this folder (*.pb, *.jsonl, *.json of OTLP, also with .gz)",
		   r->path);
	return FAIL(NOTFOUND, "no recordings in the folder");
}

static struct status read_path(struct reading *r)
{
	struct stat info;

	if (strcmp(r->path, "-") == 0)
		return read_one(r);
	if (stat(r->path, &info) != 0) {
		buf_printf(r->why, "cannot read '%s': %s", r->path, strerror(errno));
		return FAIL(IO, "the file cannot be opened");
	}
	return S_ISDIR(info.st_mode) ? read_folder(r) : read_one(r);
}

struct status replay_read(const char *path, enum signal signal, const struct replay_sink *sink, struct buf *why)
{
	struct reading r = { .path = path, .signal = signal, .sink = sink, .why = why };

	return read_path(&r);
}
