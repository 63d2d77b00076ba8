/* SPDX-License-Identifier: Apache-2.0
 * exporters/file/file.c - appends request records and judgements, or OTLP requests, to a file: one JSON object a line,
 * or protobuf with its length (4 bytes, big-endian) before each request, as the Collector's file exporter writes them.
 *
 * A payload is written whole or not at all: what a failed write left behind is cut off again, so the next attempt
 * repeats no line and joins none. Nothing is buffered here. A file that somebody else moves away is opened anew.
 * Rotation is in rotate.c, what becomes of full files in pack.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/otlp/json_write.h"
#include "exporters/file/pack.h"
#include "exporters/file/rotate.h"
#include "exporters/kinds.h"

#define AT(member) .offset = offsetof(struct file_options, member)

enum file_format { FORMAT_RECORDS, FORMAT_JSON, FORMAT_PROTO };

struct file_options {
	const char *path;
	int format; /* enum file_format */
	bool packs_backups;
	uint64_t max_bytes;
	int64_t max_backups;
	struct queue_config queue;
	struct retry_config retry;
};

struct file_exporter {
	const struct file_options *options;
	uv_loop_t *loop;
	struct buf text; /* a request as it is written */
	int fd;          /* -1: not open */
	struct stat stat;
};

static const struct conf_option rotation_options[] = {
	{ "max_megabytes", CONF_MIB, AT(max_bytes), .fallback = "100", .max = 1024 * 1024,
	  .doc = "The size, in MiB, at which a new file is begun; 0 means never." },
	{ "max_backups", CONF_INT, AT(max_backups), .fallback = "100", .max = 100000,
	  .doc = "How many older files are kept, named by the time of their end; 0 keeps all." },
	{ "compress", CONF_BOOL, AT(packs_backups), .fallback = "false", .doc = "Compress older files with gzip." },
	{ .name = NULL },
};

static const struct conf_option file_option_table[] = {
	{ "path", CONF_STRING, AT(path), .required = true, .doc = "The file that is appended to." },
	{ "format", CONF_ENUM, AT(format), .choices = "records|json|proto", .fallback = "records",
	  .doc = "records: a request record a line; json: an OTLP request a line, as the Collector's default; proto: "
		 "OTLP in "
		 "protobuf, each request behind its length. plimsoll replay reads records and json." },
	{ "rotation", CONF_SECTION, .section = rotation_options,
	  .doc = "When a new file is begun, and how many are kept." },
	{ "sending_queue", CONF_SECTION, AT(queue), .section = queue_options,
	  .doc = "What waits while the file cannot be written." },
	{ "retry_on_failure", CONF_SECTION, AT(retry), .section = retry_options,
	  .doc = "When writing is tried again." },
	{ .name = NULL },
};

static struct delivery failure(const struct file_exporter *f, const char *verb, int error)
{
	struct delivery d = { .result = DELIVERY_RETRY };
	bool is_full = error == ENOSPC || error == EDQUOT;

	snprintf(d.reason, sizeof(d.reason), "%s: cannot %s '%s': %s", is_full ? "disk_full" : "io", verb,
		 f->options->path, strerror(error));
	return d;
}

static void close_file(struct file_exporter *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

static bool was_moved(const struct file_exporter *f)
{
	struct stat now;

	return stat(f->options->path, &now) != 0 || now.st_ino != f->stat.st_ino || now.st_dev != f->stat.st_dev;
}

/* 0, or errno. Records name features and user segments: for the owner alone, as the Collector does it. Opening a pipe must
 * not wait for its reader: without one that is ENXIO. */
static int open_file(struct file_exporter *f)
{
	if (f->fd >= 0 && was_moved(f))
		close_file(f);
	if (f->fd < 0) {
		f->fd = open(f->options->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
		if (f->fd >= 0)
			fcntl(f->fd, F_SETFL, O_APPEND);
	}
	if (f->fd < 0 || fstat(f->fd, &f->stat) != 0)
		return errno;
	return 0;
}

/* 0, or errno. */
static int write_whole(int fd, struct slice bytes)
{
	while (bytes.len > 0) {
		ssize_t n = write(fd, bytes.ptr, bytes.len);
		if (n < 0 && errno != EINTR)
			return errno;
		if (n > 0)
			bytes = slice_skip(bytes, (size_t)n);
	}
	return 0;
}

static bool must_rotate(const struct file_exporter *f, size_t more_bytes)
{
	uint64_t size = (uint64_t)f->stat.st_size;

	return f->options->max_bytes > 0 && S_ISREG(f->stat.st_mode) && size > 0 &&
	       (size > f->options->max_bytes || more_bytes > f->options->max_bytes - size);
}

static struct delivery append(struct file_exporter *f, struct slice lines)
{
	int error = open_file(f);

	if (error == 0 && must_rotate(f, lines.len)) {
		char backup[PATH_MAX];
		error = rotate_file(f->options->path, f->options->max_backups, backup);
		if (error != 0)
			return failure(f, "rotate", error);
		if (f->options->packs_backups)
			pack_backup(f->loop, backup);
		error = open_file(f);
	}
	if (error != 0)
		return failure(f, "open", error);
	error = write_whole(f->fd, lines);
	if (error == 0)
		return (struct delivery){ .result = DELIVERY_DONE };
	if (S_ISREG(f->stat.st_mode) && ftruncate(f->fd, f->stat.st_size) != 0)
		return failure(f, "cut a torn line off", errno);
	return failure(f, "write to", error);
}

static struct status file_open(const char *id, const void *options, struct exporter_env *env, void **state,
			       struct buf *why)
{
	struct file_exporter *f = calloc(1, sizeof(*f));

	if (f == NULL) {
		buf_printf(why, "exporters.%s: no memory", id);
		return FAIL(NOMEM, "no memory for the exporter");
	}
	f->options = options;
	f->loop = env->loop;
	f->fd = -1;
	*state = f;
	return OK;
}

static struct status write_json(struct file_exporter *f, const struct payload *p)
{
	static const enum signal signal_of[] = {
		[PAYLOAD_TRACES] = SIGNAL_TRACES,
		[PAYLOAD_METRICS] = SIGNAL_METRICS,
		[PAYLOAD_LOGS] = SIGNAL_LOGS,
	};

	TRY(wire_to_json(payload_view(p), signal_of[p->kind], &f->text));
	buf_byte(&f->text, '\n');
	return OK;
}

static struct status write_proto(struct file_exporter *f, const struct payload *p)
{
	uint32_t length = htobe32((uint32_t)p->size_bytes);

	if (p->size_bytes > UINT32_MAX)
		return FAIL(TOOBIG, "a request of more than 4 GiB");
	buf_append(&f->text, &length, sizeof(length));
	buf_slice(&f->text, payload_view(p));
	return OK;
}

/* The bytes of a payload in the file's format. Errors: MALFORMED, NOMEM, TOOBIG. */
static struct status make_text(struct file_exporter *f, const struct payload *p, struct slice *out)
{
	*out = payload_view(p);
	if (f->options->format == FORMAT_RECORDS)
		return OK;
	buf_reset(&f->text);
	TRY(f->options->format == FORMAT_JSON ? write_json(f, p) : write_proto(f, p));
	*out = buf_view(&f->text);
	return buf_failed(&f->text) ? FAIL(NOMEM, "no memory to write the request") : OK;
}

static void file_send(void *state, struct payload *p, delivery_done done, void *context)
{
	struct file_exporter *f = state;
	struct slice text;
	struct status s = make_text(f, p, &text);
	struct delivery d = { .result = s.code == STATUS_NOMEM ? DELIVERY_RETRY : DELIVERY_REFUSED };

	if (FAILED(s))
		snprintf(d.reason, sizeof(d.reason), "%s: %s", status_name(s.code), s.why);
	else
		d = append(f, text);
	done(context, &d);
}

static void file_close(void *state)
{
	struct file_exporter *f = state;

	close_file(f);
	buf_release(&f->text);
	free(f);
}

static uint32_t file_wants(const void *options)
{
	const struct file_options *o = options;

	return o->format == FORMAT_RECORDS ? PAYLOADS_LINES : PAYLOADS_OTLP;
}

const struct exporter_kind exporter_file = {
	.name = "file",
	.doc = "Appends request records and judgements, or OTLP in JSON lines or protobuf, to a rotating file.",
	.accepts = PAYLOADS_OTLP | PAYLOADS_LINES,
	.wants = file_wants,
	.options = file_option_table,
	.options_size = sizeof(struct file_options),
	.open = file_open,
	.send = file_send,
	.close = file_close,
	.queue_offset = offsetof(struct file_options, queue),
	.retry_offset = offsetof(struct file_options, retry),
};
