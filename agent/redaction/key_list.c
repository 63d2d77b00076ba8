/* SPDX-License-Identifier: Apache-2.0
 * redaction/key_list.c - a hash of whole keys, a list of beginnings.
 */
#include "agent/redaction/key_list.h"

#include <stdlib.h>

#include "agent/base/hash.h"

static bool is_beginning(struct slice key)
{
	return slice_ends_with(key, SLICE(".*"));
}

static void put(struct key_list *l, struct slice key)
{
	size_t i = hash_slice(key) & l->mask;

	while (l->keys[i].ptr != NULL)
		i = (i + 1) & l->mask;
	l->keys[i] = key;
}

struct status key_list_init(struct key_list *l, const struct string_list *keys, const char *name, struct buf *why)
{
	size_t room = 8;

	*l = (struct key_list){ 0 };
	while (room < keys->count * 2)
		room *= 2;
	l->keys = calloc(room, sizeof(*l->keys));
	l->beginnings = calloc(keys->count + 1, sizeof(*l->beginnings));
	if (l->keys == NULL || l->beginnings == NULL)
		return FAIL(NOMEM, "no memory for a list of keys");
	l->mask = room - 1;
	for (size_t i = 0; i < keys->count; i++) {
		struct slice key = slice_of(keys->items[i]);
		if (is_beginning(key)) {
			l->beginnings[l->beginning_count++] = slice_head(key, key.len - 1);
		} else if (memchr(key.ptr, '*', key.len) != NULL) {
			buf_printf(why, "redaction.%s: '%s': a * stands only for the rest behind a dot, as in gen_ai.usage.*\n",
				   name, keys->items[i]);
			return FAIL(INVALID, "a key that is none");
		} else {
			put(l, key);
		}
	}
	l->count = keys->count;
	return OK;
}

void key_list_release(struct key_list *l)
{
	free(l->keys);
	free(l->beginnings);
	*l = (struct key_list){ 0 };
}

bool key_list_has(const struct key_list *l, struct slice key)
{
	if (l->count == 0 || key.len == 0)
		return false;
	for (size_t i = 0; i < l->beginning_count; i++)
		if (slice_starts_with(key, l->beginnings[i]))
			return true;
	for (size_t i = hash_slice(key) & l->mask; l->keys[i].ptr != NULL; i = (i + 1) & l->mask)
		if (slice_equal(l->keys[i], key))
			return true;
	return false;
}
