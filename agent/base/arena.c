/* SPDX-License-Identifier: Apache-2.0
 * base/arena.c - chunks that double in size up to the cap.
 */
#include "agent/base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define ALIGN 16u
#define FIRST_CHUNK_BYTES (32u * 1024u)

struct arena_chunk {
	struct arena_chunk *older;
	size_t size_bytes; /* of the payload */
	_Alignas(ALIGN) char bytes[];
};

void arena_init(struct arena *a, size_t cap_bytes)
{
	*a = (struct arena){ .cap_bytes = cap_bytes < FIRST_CHUNK_BYTES ? FIRST_CHUNK_BYTES : cap_bytes };
}

static void free_chunks(struct arena_chunk *c)
{
	while (c != NULL) {
		struct arena_chunk *older = c->older;
		free(c);
		c = older;
	}
}

void arena_release(struct arena *a)
{
	free_chunks(a->chunk);
	arena_init(a, a->cap_bytes);
}

void arena_reset(struct arena *a)
{
	if (a->chunk == NULL)
		return;
	free_chunks(a->chunk->older);
	a->chunk->older = NULL;
	a->held_bytes = a->chunk->size_bytes;
	a->at = a->chunk->bytes;
	a->end = a->at + a->chunk->size_bytes;
}

static bool grow(struct arena *a, size_t n)
{
	size_t room = a->cap_bytes - a->held_bytes;
	size_t size = a->chunk != NULL ? a->chunk->size_bytes * 2 : FIRST_CHUNK_BYTES;

	if (n > room)
		return false;
	if (size > room)
		size = room;
	if (size < n)
		size = n;
	struct arena_chunk *c = malloc(sizeof(*c) + size);
	if (c == NULL)
		return false;
	c->older = a->chunk;
	c->size_bytes = size;
	a->chunk = c;
	a->held_bytes += size;
	a->at = c->bytes;
	a->end = c->bytes + size;
	return true;
}

void *arena_alloc(struct arena *a, size_t n)
{
	if (n > SIZE_MAX - ALIGN)
		return NULL;
	n = (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (a->chunk == NULL || n > (size_t)(a->end - a->at))
		if (!grow(a, n))
			return NULL;
	void *p = a->at;
	a->at += n;
	return p;
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
	size_t n;

	return __builtin_mul_overflow(count, size, &n) ? NULL : arena_alloc(a, n);
}

struct slice arena_dup(struct arena *a, struct slice s)
{
	char *p = s.len < SIZE_MAX ? arena_alloc(a, s.len + 1) : NULL;

	if (p == NULL)
		return SLICE_NONE;
	if (s.len > 0)
		memcpy(p, s.ptr, s.len);
	p[s.len] = '\0';
	return (struct slice){ p, s.len };
}

struct slice arena_printf(struct arena *a, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	char *p = n >= 0 ? arena_alloc(a, (size_t)n + 1) : NULL;
	if (p == NULL)
		return SLICE_NONE;
	va_start(args, format);
	vsnprintf(p, (size_t)n + 1, format, args);
	va_end(args);
	return (struct slice){ p, (size_t)n };
}
