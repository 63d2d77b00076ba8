/* SPDX-License-Identifier: Apache-2.0
 * A configuration from text, with one made-up kind of exporter that has every type of value.
 */
#ifndef PLIMSOLL_TESTS_CONFIG_FIXTURE_H
#define PLIMSOLL_TESTS_CONFIG_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/config/config.h"

struct fake_options {
	bool flag;
	int64_t number;
	double ratio;
	uint64_t wait_ms, room_bytes, message_bytes;
	const char *endpoint, *token;
	int color;
	struct string_list list;
	struct string_map headers;
	struct tls_client_config tls;
	struct queue_config queue;
	struct retry_config retry;
};

#define FAKE(member) .offset = offsetof(struct fake_options, member)

static const struct conf_option fake_table[] = {
	{ "flag", CONF_BOOL, FAKE(flag), .reloads = true, .doc = "Flag." },
	{ "number", CONF_INT, FAKE(number), .fallback = "7", .min = -10, .max = 10, .doc = "Number." },
	{ "ratio", CONF_DOUBLE, FAKE(ratio), .fallback = "0.5", .max = 1, .doc = "Ratio." },
	{ "wait", CONF_DURATION, FAKE(wait_ms), .fallback = "90s", .min = 100, .max = 86400000, .doc = "Wait." },
	{ "room", CONF_SIZE, FAKE(room_bytes), .fallback = "1KiB", .max = 1 << 20, .doc = "Room." },
	{ "message_mib", CONF_MIB, FAKE(message_bytes), .fallback = "4", .min = 1, .max = 16, .doc = "Message." },
	{ "endpoint", CONF_STRING, FAKE(endpoint), .fallback = "localhost:1", .doc = "Endpoint." },
	{ "token", CONF_SECRET, FAKE(token), .doc = "Token." },
	{ "color", CONF_ENUM, FAKE(color), .fallback = "green", .choices = "red|green|blue", .doc = "Color." },
	{ "list", CONF_LIST, FAKE(list), .fallback = "a, b", .doc = "List." },
	{ "headers", CONF_MAP, FAKE(headers), .doc = "Headers." },
	{ "tls", CONF_SECTION, FAKE(tls), .section = tls_client_options, .doc = "TLS." },
	{ "sending_queue", CONF_SECTION, FAKE(queue), .section = queue_options, .doc = "Queue." },
	{ "retry_on_failure", CONF_SECTION, FAKE(retry), .section = retry_options, .doc = "Retry." },
	{ .name = NULL },
};

static const struct config_kind fake_kinds[] = { { "fake", fake_table, sizeof(struct fake_options), "A fake.", NULL } };

/* The file's name is the same in every run; programs run one at a time, each with its own. */
static inline const char *fixture_write(struct slice text)
{
	static char path[64];

	snprintf(path, sizeof(path), "/tmp/plimsoll-config-%ld", (long)getpid());
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text.ptr, 1, text.len, file), text.len);
	assert_int_equal(fclose(file), 0);
	return path;
}

/* NULL where the text is refused; errors then holds the lines, "f" in the place of the file's name. */
static inline struct config *fixture_try(struct slice text, struct buf *errors)
{
	const char *path = fixture_write(text);
	struct buf raw = BUF_INIT;
	struct config *c = NULL;
	struct status s = config_load(path, fake_kinds, 1, &c, &raw);

	unlink(path);
	assert_true(s.code == STATUS_OK || s.code == STATUS_INVALID);
	assert_true((c != NULL) == (s.code == STATUS_OK));
	for (struct slice rest = buf_view(&raw); rest.len > 0;) {
		ptrdiff_t at = slice_find(rest, slice_of(path));
		buf_slice(errors, slice_head(rest, at < 0 ? rest.len : (size_t)at));
		if (at >= 0)
			buf_byte(errors, 'f');
		rest = slice_skip(rest, at < 0 ? rest.len : (size_t)at + strlen(path));
	}
	buf_release(&raw);
	return c;
}

static inline struct config *fixture_load(const char *text)
{
	struct buf errors = BUF_INIT;
	struct config *c = fixture_try(slice_of(text), &errors);

	if (c == NULL)
		fail_msg("refused: %s\n%s", text, buf_string(&errors));
	buf_release(&errors);
	return c;
}

/* The text is refused with exactly these lines. */
static inline void fixture_refuses(const char *text, const char *lines)
{
	struct buf errors = BUF_INIT;
	struct config *c = fixture_try(slice_of(text), &errors);

	if (c != NULL)
		fail_msg("accepted: %s", text);
	assert_string_equal(buf_string(&errors), lines);
	buf_release(&errors);
}

static inline const struct fake_options *fixture_fake(const struct config *c)
{
	assert_true(c->exporter_count > 0);
	return c->exporters[0].options;
}

#endif
