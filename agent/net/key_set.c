/* SPDX-License-Identifier: Apache-2.0
 * net/key_set.c - SHA-256 digests in an array.
 */
#include "agent/net/key_set.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <stdlib.h>

#include "agent/net/file_watch.h"

struct digest {
	unsigned char bytes[SHA256_DIGEST_LENGTH];
};

struct key_set {
	const char *literal;
	struct file_watch *watch; /* NULL: no file */
	pthread_rwlock_t lock;
	struct digest *digests; /* under lock, as is count */
	size_t count;
};

static struct digest digest_of(struct slice text)
{
	struct digest d;

	SHA256((const unsigned char *)text.ptr, text.len, d.bytes);
	return d;
}

static bool next_line(struct slice *rest, struct slice *line)
{
	if (rest->len == 0)
		return false;
	ptrdiff_t end = slice_find(*rest, SLICE("\n"));
	size_t n = end < 0 ? rest->len : (size_t)end;
	*line = slice_trim(slice_head(*rest, n));
	*rest = slice_skip(*rest, n + 1);
	return true;
}

static void adopt(struct key_set *k, struct digest *digests, size_t count)
{
	pthread_rwlock_wrlock(&k->lock);
	struct digest *old = k->digests;
	k->digests = digests;
	k->count = count;
	pthread_rwlock_unlock(&k->lock);
	free(old);
}

static struct status load(void *context, const struct slice contents[], struct buf *why)
{
	struct key_set *k = context;
	struct slice rest = contents[0], line;
	struct buf digests = BUF_INIT;

	if (k->literal != NULL) {
		struct digest d = digest_of(slice_of(k->literal));
		buf_append(&digests, &d, sizeof(d));
	}
	while (next_line(&rest, &line)) {
		if (line.len == 0 || line.ptr[0] == '#')
			continue;
		struct digest d = digest_of(line);
		buf_append(&digests, &d, sizeof(d));
	}
	if (buf_failed(&digests) || digests.len == 0) {
		bool is_empty = !buf_failed(&digests);
		buf_release(&digests);
		if (is_empty)
			buf_text(why, "the file holds no key");
		return is_empty ? FAIL(INVALID, "no key") : FAIL(NOMEM, "no memory for keys");
	}
	adopt(k, (struct digest *)digests.ptr, digests.len / sizeof(struct digest));
	return OK;
}

struct status key_set_new(const char *literal, const char *filename, const char *key, struct key_set **out,
			  struct buf *why)
{
	struct key_set *k = calloc(1, sizeof(*k));
	const struct file_watch_spec spec = {
		.key = key, .paths = { filename }, .interval_ms = FILE_WATCH_INTERVAL_MS, .load = load, .context = k
	};

	if (k == NULL)
		return FAIL(NOMEM, "no memory for keys");
	k->literal = literal;
	pthread_rwlock_init(&k->lock, NULL);
	struct status s = file_watch_new(&spec, &k->watch, why);
	if (FAILED(s))
		key_set_free(k);
	else
		*out = k;
	return s;
}

void key_set_free(struct key_set *k)
{
	if (k == NULL)
		return;
	file_watch_free(k->watch);
	pthread_rwlock_destroy(&k->lock);
	free(k->digests);
	free(k);
}

bool key_set_has(struct key_set *k, struct slice offered)
{
	struct digest d = digest_of(offered);
	unsigned found = 0;

	pthread_rwlock_rdlock(&k->lock);
	for (size_t i = 0; i < k->count; i++)
		found |= CRYPTO_memcmp(d.bytes, k->digests[i].bytes, sizeof(d.bytes)) == 0;
	pthread_rwlock_unlock(&k->lock);
	return found != 0;
}
