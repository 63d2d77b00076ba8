/* SPDX-License-Identifier: Apache-2.0
 * net/authenticator.h and what it asks: who is let in, by which header, and what happens when the files change.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <crypt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "agent/base/clock.h"
#include "agent/net/authenticator.h"
#include "agent/net/file_watch.h"
#include "agent/net/password_file.h"

static struct slice authorization, key_header;

static struct slice look_up(void *context, const char *name)
{
	(void)context;
	return strcmp(name, "authorization") == 0 ? authorization : strcmp(name,
									   "X-Key") == 0 ? key_header : SLICE_NONE;
}

static struct authenticator *open_with(struct server_auth_config config)
{
	struct authenticator *a = NULL;
	struct buf why = BUF_INIT;

	if (config.bearer.scheme == NULL)
		config.bearer.scheme = "Bearer";
	if (FAILED(authenticator_new(&config, "test", &a, &why)))
		fail_msg("%s", buf_string(&why));
	buf_release(&why);
	return a;
}

static enum status_code ask(struct authenticator *a, const char *given)
{
	authorization = slice_of(given);
	return authenticator_check(a, look_up, NULL).code;
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* Long enough from now that every watch looks. */
static void look_later(void)
{
	static uint64_t later_ns;

	later_ns = (later_ns > 0 ? later_ns : clock_mono_ns()) + 60 * NS_PER_SECOND;
	file_watches_check(later_ns);
}

static void without_rules_everybody_is_let_in(void **state)
{
	struct authenticator *a = open_with((struct server_auth_config){ 0 });

	(void)state;
	assert_null(a);
	assert_int_equal(ask(a, NULL), STATUS_OK);
}

static void a_token_has_to_be_whole_and_behind_its_scheme(void **state)
{
	static const char *const wrong[] = { NULL,	   "",		"Bearer",	"Bearer ",    "Bearer abc",
					     "Bearer abcde", "abcd",	"Bearerabcd",	"Token abcd", "Bearer abcd x",
					     "Basic abcd",   "Bearer abcd\n" "e" };
	struct authenticator *a = open_with((struct server_auth_config){ .bearer.token = "abcd" });

	(void)state;
	assert_int_equal(ask(a, "Bearer abcd"), STATUS_OK);
	assert_int_equal(ask(a, " bearer   abcd "), STATUS_OK);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(ask(a, wrong[i]), STATUS_UNAUTHENTICATED);
	assert_string_equal(authenticator_challenge(a), "Bearer realm=\"plimsoll\"");
	authenticator_free(a);
}

static void any_of_the_ways_is_enough(void **state)
{
	struct authenticator *a =
		open_with((struct server_auth_config){ .bearer.token = "t", .header = { "X-Key", "k", NULL } });

	(void)state;
	key_header = SLICE("k");
	assert_int_equal(ask(a, "Bearer wrong"), STATUS_OK);
	key_header = SLICE("kk");
	assert_int_equal(ask(a, "Bearer wrong"), STATUS_UNAUTHENTICATED);
	assert_int_equal(ask(a, "Bearer t"), STATUS_OK);
	key_header = SLICE_NONE;
	assert_int_equal(ask(a, "Bearer "), STATUS_UNAUTHENTICATED);
	authenticator_free(a);
}

static void tokens_of_a_file_follow_it_and_a_broken_file_changes_nothing(void **state)
{
	char path[] = "/tmp/plimsoll-tokens-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	close(fd);
	write_file(path, "# of last week\nold\n\n  new  \n");
	struct authenticator *a = open_with((struct server_auth_config){ .bearer = { "Bearer", NULL, path } });
	assert_int_equal(ask(a, "Bearer old"), STATUS_OK);
	assert_int_equal(ask(a, "Bearer new"), STATUS_OK);
	assert_int_equal(ask(a, "Bearer # of last week"), STATUS_UNAUTHENTICATED);
	write_file(path, "new\n");
	look_later();
	assert_int_equal(ask(a, "Bearer old"), STATUS_UNAUTHENTICATED);
	write_file(path, "");
	look_later();
	assert_int_equal(ask(a, "Bearer new"), STATUS_OK);
	unlink(path);
	look_later();
	assert_int_equal(ask(a, "Bearer new"), STATUS_OK);
	authenticator_free(a);
}

static void a_password_is_right_for_its_own_user_only(void **state)
{
	char lines[400];
	struct crypt_data data = { 0 };

	(void)state;
	int n = snprintf(lines, sizeof(lines), "anna:%s\n", crypt_r("one", "$2b$04$abcdefghijklmnopqrstuu", &data));
	snprintf(lines + n, sizeof(lines) - (size_t)n, "bert:%s", crypt_r("two:three", "$6$rounds=1000$salt", &data));
	struct authenticator *a = open_with((struct server_auth_config){ .basic.inline_text = lines });
	assert_int_equal(ask(a, "Basic YW5uYTpvbmU="), STATUS_OK);             /* anna:one */
	assert_int_equal(ask(a, "basic YmVydDp0d286dGhyZWU="), STATUS_OK);     /* bert:two:three */
	assert_int_equal(ask(a, "Basic YmVydDpvbmU="), STATUS_UNAUTHENTICATED); /* bert:one */
	assert_int_equal(ask(a, "Basic eDpvbmU="), STATUS_UNAUTHENTICATED);     /* x:one */
	assert_int_equal(ask(a, "Basic YW5uYQ=="), STATUS_UNAUTHENTICATED);     /* anna */
	assert_int_equal(ask(a, "Basic YW5uYTpvbmU"), STATUS_UNAUTHENTICATED);
	assert_int_equal(ask(a, "Basic"), STATUS_UNAUTHENTICATED);
	authenticator_free(a);
}

static void guesses_are_limited_and_the_right_password_is_not(void **state)
{
	struct crypt_data data = { 0 };
	char line[200];
	struct password_file *p;
	struct buf why = BUF_INIT;
	bool limited = false;

	(void)state;
	snprintf(line, sizeof(line), "a:%s", crypt_r("b", "$2b$04$abcdefghijklmnopqrstuu", &data));
	assert_false(FAILED(password_file_new(NULL, line, "test", &p, &why)));
	assert_int_equal(password_file_check(p, SLICE("a:b")).code, STATUS_OK);
	for (int i = 0; i < 3 * PASSWORD_GUESSES_PER_SECOND; i++)
		limited |= password_file_check(p, SLICE("a:wrong")).code == STATUS_UNAVAILABLE;
	assert_true(limited);
	assert_int_equal(password_file_check(p, SLICE("a:b")).code, STATUS_OK);
	password_file_free(p);
}

static void a_right_password_is_remembered_however_many_users_there_are(void **state)
{
	enum { USERS = 100 };
	struct crypt_data data = { 0 };
	struct buf lines = BUF_INIT, why = BUF_INIT;
	struct password_file *p;
	char pair[32];

	(void)state;
	const char *hash = crypt_r("b", "$2b$04$abcdefghijklmnopqrstuu", &data);
	for (int i = 0; i < USERS; i++)
		buf_printf(&lines, "user%d:%s\n", i, hash);
	assert_false(FAILED(password_file_new(NULL, buf_string(&lines), "test", &p, &why)));
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < USERS; i++) {
			snprintf(pair, sizeof(pair), "user%d:b", i);
			assert_int_equal(password_file_check(p, slice_of(pair)).code, STATUS_OK);
		}
		for (int i = 0; i < 3 * PASSWORD_GUESSES_PER_SECOND; i++)
			/* now only the known ones pass */
			assert_true(FAILED(password_file_check(p, SLICE("user0:wrong"))));
	}
	password_file_free(p);
	buf_release(&lines);
}

static void *check_old(void *p)
{
	struct status ignored = password_file_check(p, SLICE("a:old"));

	(void)ignored;
	return NULL;
}

static void a_password_that_changes_while_it_is_looked_at_is_not_remembered(void **state)
{
	char path[] = "/tmp/plimsoll-users-XXXXXX", lines[200];
	struct crypt_data data = { 0 };
	struct buf why = BUF_INIT;
	struct password_file *p;
	pthread_t thread;
	int fd = mkstemp(path);

	(void)state;
	close(fd);
	snprintf(lines, sizeof(lines), "a:%s\n", crypt_r("old", "$2b$10$abcdefghijklmnopqrstuu", &data));
	write_file(path, lines);
	assert_false(FAILED(password_file_new(path, NULL, "test", &p, &why)));
	snprintf(lines, sizeof(lines), "a:%s\n", crypt_r("new", "$2b$04$abcdefghijklmnopqrstuu", &data));
	write_file(path, lines);
	assert_int_equal(pthread_create(&thread, NULL, check_old, p), 0);
	/* the hash takes some 60 ms; where the thread begins later, the old password is refused anyway */
	nanosleep(&(struct timespec){ .tv_nsec = 15 * 1000 * 1000 }, NULL);
	look_later();
	pthread_join(thread, NULL);
	assert_int_equal(password_file_check(p, SLICE("a:old")).code, STATUS_UNAUTHENTICATED);
	assert_int_equal(password_file_check(p, SLICE("a:new")).code, STATUS_OK);
	password_file_free(p);
	unlink(path);
}

static void hashes_that_do_not_protect_are_refused_with_the_line(void **state)
{
	static const struct {
		const char *lines, *why;
	} cases[] = {
		{ "a:$apr1$x$y", "test: line 1 has a hash that crypt(3) does not know; make it with htpasswd -B" },
		{ "\n# c\na:plain", "line 3 has a hash" },
		{ "a:$1$abc$0123456789012345678901", "line 1 has a hash that is too weak" },
		{ "nothing", "line 1 is not user:hash" },
		{ "\n\n", "there is no user" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct password_file *p;
		struct buf why = BUF_INIT;
		assert_int_equal(password_file_new(NULL, cases[i].lines, "test", &p, &why).code, STATUS_INVALID);
		if (strstr(buf_string(&why), cases[i].why) == NULL)
			fail_msg("'%s' for '%s'", why.ptr, cases[i].lines);
		buf_release(&why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_rules_everybody_is_let_in),
		cmocka_unit_test(a_token_has_to_be_whole_and_behind_its_scheme),
		cmocka_unit_test(any_of_the_ways_is_enough),
		cmocka_unit_test(tokens_of_a_file_follow_it_and_a_broken_file_changes_nothing),
		cmocka_unit_test(a_password_is_right_for_its_own_user_only),
		cmocka_unit_test(guesses_are_limited_and_the_right_password_is_not),
		cmocka_unit_test(a_right_password_is_remembered_however_many_users_there_are),
		cmocka_unit_test(a_password_that_changes_while_it_is_looked_at_is_not_remembered),
		cmocka_unit_test(hashes_that_do_not_protect_are_refused_with_the_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
