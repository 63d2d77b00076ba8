/* SPDX-License-Identifier: Apache-2.0
 * Requests put together by hand, field by field, and the memory they are made in.
 */
#ifndef PLIMSOLL_TESTS_OTLP_WALK_RIG_H
#define PLIMSOLL_TESTS_OTLP_WALK_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "agent/otlp/walk.h"
#include "agent/otlp/wire.h"

#define ARENA_BYTES (64u << 20)

static struct arena arena;

/* *state: where messages are made. */
static inline int set_up(void **state)
{
	arena_init(&arena, ARENA_BYTES);
	*state = &arena;
	return 0;
}

static inline int tear_down(void **state)
{
	arena_release(*state);
	return 0;
}

/* The content as a field. */
static inline struct slice field(struct arena *a, uint32_t number, struct slice content)
{
	char *out = arena_alloc(a, content.len + 2 * WIRE_VARINT_MAX);
	size_t n = wire_put_varint(out, (uint64_t)number << 3 | WIRE_BYTES);

	n += wire_put_varint(out + n, content.len);
	if (content.len > 0)
		memcpy(out + n, content.ptr, content.len);
	return (struct slice){ out, n + content.len };
}

static inline struct slice join(struct arena *a, struct slice x, struct slice y)
{
	char *out = arena_alloc(a, x.len + y.len);

	memcpy(out, x.ptr, x.len);
	memcpy(out + x.len, y.ptr, y.len);
	return (struct slice){ out, x.len + y.len };
}

static inline struct slice attribute(struct arena *a, uint32_t number, struct slice key)
{
	return field(a, number, join(a, field(a, 1, key), field(a, 2, SLICE("\x18\x01"))));
}

/* Spans, or whatever a signal has, alone in one scope of one resource. */
static inline struct slice request_of(struct arena *a, struct slice items)
{
	return field(a, 1, field(a, 2, items));
}

/* A span's trace id and its own. */
#define IDS "\x0a\x10" "0123456789abcdef" "\x12\x08" "01234567"

#endif
