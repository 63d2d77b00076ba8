/* SPDX-License-Identifier: Apache-2.0
 * net/password_file.c - crypt(3), and what spares us most of it.
 */
#include "agent/net/password_file.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/clock.h"
#include "agent/net/file_watch.h"

#define DIGEST_BYTES   32
#define PASSWORD_BYTES 512 /* CRYPT_MAX_PASSPHRASE_SIZE of libxcrypt, with the NUL */

struct user {
	struct slice name;
	const char *hash;
	bool is_remembered;
	unsigned char remembered[DIGEST_BYTES]; /* of the right pair */
};

struct password_file {
	const char *inline_text;
	struct file_watch *watch;
	unsigned char secret[DIGEST_BYTES]; /* of the remembered digests */

	pthread_mutex_t lock; /* of all that follows */
	struct buf text;      /* the users' names and hashes lie in it */
	struct buf users;     /* struct user; never empty */
	uint64_t window_s;
	unsigned guesses; /* in that second */
};

/* ------------------------------------------------------------------ reading the file */

static struct status refuse_line(struct buf *why, unsigned number, const char *text)
{
	buf_printf(why, "line %u %s", number, text);
	return FAIL(INVALID, "not a file of users and hashes");
}

/* One line of a text that belongs to us; ends the hash with a NUL. */
static struct status add_line(struct buf *users, char *line, size_t n, unsigned number, struct buf *why)
{
	struct slice text = slice_trim((struct slice){ line, n });

	if (text.len == 0 || text.ptr[0] == '#')
		return OK;
	ptrdiff_t colon = slice_find(text, SLICE(":"));
	if (colon <= 0)
		return refuse_line(why, number, "is not user:hash");
	struct user u = { .name = slice_head(text, (size_t)colon), .hash = text.ptr + colon + 1 };
	line[text.ptr + text.len - line] = '\0';
	int kind = crypt_checksalt(u.hash);
	if (kind == CRYPT_SALT_METHOD_LEGACY)
		return refuse_line(why, number, "has a hash that is too weak; make it with htpasswd -B");
	if (kind != CRYPT_SALT_OK)
		return refuse_line(why, number, "has a hash that crypt(3) does not know; make it with htpasswd -B");
	buf_append(users, &u, sizeof(u));
	return buf_failed(users) ? FAIL(NOMEM, "no memory for users") : OK;
}

static struct status read_lines(struct buf *text, struct buf *users, struct buf *why)
{
	unsigned number = 0;

	for (size_t at = 0; at < text->len;) {
		char *line = text->ptr + at;
		char *end = memchr(line, '\n', text->len - at);
		size_t n = end != NULL ? (size_t)(end - line) : text->len - at;
		TRY(add_line(users, line, n, ++number, why));
		at += n + 1;
	}
	return users->len > 0 ? OK : refuse_line(why, number, "is the last, and there is no user");
}

static void adopt(struct password_file *p, struct buf *text, struct buf *users)
{
	struct buf old_text, old_users;

	pthread_mutex_lock(&p->lock);
	old_text = p->text;
	old_users = p->users;
	p->text = *text;
	p->users = *users;
	pthread_mutex_unlock(&p->lock);
	buf_release(&old_text);
	buf_release(&old_users);
}

static struct status load(void *context, const struct slice contents[], struct buf *why)
{
	struct password_file *p = context;
	struct buf text = BUF_INIT, users = BUF_INIT;

	if (p->inline_text != NULL)
		buf_printf(&text, "%s\n", p->inline_text);
	buf_slice(&text, contents[0]);
	buf_byte(&text, '\n');
	struct status s = buf_failed(&text) ? FAIL(NOMEM, "no memory for users") : read_lines(&text, &users, why);
	if (FAILED(s)) {
		buf_release(&text);
		buf_release(&users);
		return s;
	}
	adopt(p, &text, &users);
	return OK;
}

struct status password_file_new(const char *filename, const char *inline_text, const char *key,
				struct password_file **out, struct buf *why)
{
	struct password_file *p = calloc(1, sizeof(*p));
	const struct file_watch_spec spec = {
		.key = key, .paths = { filename }, .interval_ms = FILE_WATCH_INTERVAL_MS, .load = load, .context = p
	};

	if (p == NULL)
		return FAIL(NOMEM, "no memory for users");
	p->inline_text = inline_text;
	pthread_mutex_init(&p->lock, NULL);
	struct status s = RAND_bytes(p->secret, sizeof(p->secret)) == 1 ? OK : FAIL(IO, "no random numbers");
	if (!FAILED(s))
		s = file_watch_new(&spec, &p->watch, why);
	if (FAILED(s))
		password_file_free(p);
	else
		*out = p;
	return s;
}

void password_file_free(struct password_file *p)
{
	if (p == NULL)
		return;
	file_watch_free(p->watch);
	pthread_mutex_destroy(&p->lock);
	buf_release(&p->text);
	buf_release(&p->users);
	free(p);
}

/* ------------------------------------------------------------------ asking */

static void digest_of(const struct password_file *p, struct slice pair, unsigned char out[DIGEST_BYTES])
{
	unsigned n = DIGEST_BYTES;

	HMAC(EVP_sha256(), p->secret, sizeof(p->secret), (const unsigned char *)pair.ptr, pair.len, out, &n);
}

/* The last one of that name, or NULL. Holds the lock. */
static struct user *find_user(struct password_file *p, struct slice name)
{
	struct user *users = (struct user *)(void *)p->users.ptr, *found = NULL;

	for (size_t i = 0; i < p->users.len / sizeof(*users); i++)
		if (slice_equal(users[i].name, name))
			found = &users[i];
	return found;
}

static bool remembers(const struct user *u, const unsigned char digest[DIGEST_BYTES])
{
	return u != NULL && u->is_remembered && CRYPTO_memcmp(u->remembered, digest, DIGEST_BYTES) == 0;
}

/* Copies the hash to compare with: the user's, or somebody's, so that it takes as long for a user whom nobody knows. */
static void copy_hash(const struct password_file *p, const struct user *u, char *out, size_t size)
{
	if (u == NULL)
		u = (const struct user *)(const void *)p->users.ptr;
	snprintf(out, size, "%s", u->hash);
}

/* The file may have changed meanwhile: what was right is, as long as the hash is the same. */
static void remember(struct password_file *p, struct slice name, const char *hash, const unsigned char digest[DIGEST_BYTES])
{
	pthread_mutex_lock(&p->lock);
	struct user *u = find_user(p, name);
	if (u != NULL && strcmp(u->hash, hash) == 0) {
		memcpy(u->remembered, digest, DIGEST_BYTES);
		u->is_remembered = true;
	}
	p->guesses -= p->guesses > 0; /* only wrong ones are limited */
	pthread_mutex_unlock(&p->lock);
}

static bool may_guess(struct password_file *p)
{
	uint64_t now_s = clock_mono_ns() / NS_PER_SECOND;

	if (now_s != p->window_s)
		p->guesses = 0;
	p->window_s = now_s;
	return p->guesses++ < PASSWORD_GUESSES_PER_SECOND;
}

static bool matches(const char *password, const char *hash)
{
	struct crypt_data *data = calloc(1, sizeof(*data));
	const char *made = data != NULL ? crypt_rn(password, hash, data, (int)sizeof(*data)) : NULL;
	size_t n = strlen(hash);
	bool same = made != NULL && strlen(made) == n && CRYPTO_memcmp(made, hash, n) == 0;

	if (data != NULL)
		OPENSSL_cleanse(data, sizeof(*data));
	free(data);
	return same;
}

struct status password_file_check(struct password_file *p, struct slice pair)
{
	unsigned char digest[DIGEST_BYTES];
	char password[PASSWORD_BYTES], hash[CRYPT_OUTPUT_SIZE];
	ptrdiff_t colon = slice_find(pair, SLICE(":"));
	const struct status wrong = FAIL(UNAUTHENTICATED, "user or password is wrong");

	if (colon < 0 || pair.len - (size_t)colon > sizeof(password) || memchr(pair.ptr, '\0', pair.len) != NULL)
		return wrong;
	struct slice name = slice_head(pair, (size_t)colon), given = slice_skip(pair, (size_t)colon + 1);
	digest_of(p, pair, digest);
	pthread_mutex_lock(&p->lock);
	const struct user *u = find_user(p, name);
	bool has_user = u != NULL, is_known = remembers(u, digest), may = is_known || may_guess(p);
	copy_hash(p, u, hash, sizeof(hash));
	pthread_mutex_unlock(&p->lock);
	if (is_known)
		return OK;
	if (!may)
		return FAIL(UNAVAILABLE, "too many wrong passwords of late: come again");
	memcpy(password, given.ptr, given.len);
	password[given.len] = '\0';
	bool is_right = matches(password, hash) && has_user;
	OPENSSL_cleanse(password, sizeof(password));
	if (!is_right)
		return wrong;
	remember(p, name, hash, digest);
	return OK;
}
