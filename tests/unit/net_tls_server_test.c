/* SPDX-License-Identifier: Apache-2.0
 * net/tls_server.h: material follows its files, and what was taken stays what it was.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/base/clock.h"
#include "agent/base/meter.h"
#include "agent/net/certificate.h"
#include "agent/net/file_watch.h"
#include "agent/net/tls_server.h"
#include "tests/unit/test_certificate.h"

#define KEY "test.tls"

static char directory[] = "/tmp/plimsoll-tls-XXXXXX", cert[64], key[64], broken[64];

static int set_up(void **state)
{
	(void)state;
	if (mkdtemp(directory) == NULL)
		return -1;
	snprintf(cert, sizeof(cert), "%s/cert.pem", directory);
	snprintf(key, sizeof(key), "%s/key.pem", directory);
	return test_certificate_write(cert, key) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(cert);
	unlink(key);
	return rmdir(directory);
}

static void look_later(void)
{
	static uint64_t later_ns;

	later_ns = (later_ns > 0 ? later_ns : clock_mono_ns()) + 60 * NS_PER_SECOND;
	file_watches_check(later_ns);
}

static void assert_refused(struct tls_server_config config, const char *text)
{
	struct tls_server *t;
	struct buf why = BUF_INIT;

	assert_true(FAILED(tls_server_new(&config, KEY, &t, &why)));
	if (strstr(buf_string(&why), text) == NULL)
		fail_msg("'%s' instead of '%s'", why.ptr, text);
	buf_release(&why);
}

static struct tls_server *open_server(void)
{
	const struct tls_server_config config = { .cert_file = cert, .key_file = key, .reload_interval_ms = 1000 };
	struct tls_server *t;
	struct buf why = BUF_INIT;

	if (FAILED(tls_server_new(&config, KEY, &t, &why)))
		fail_msg("%s", buf_string(&why));
	return t;
}

static void without_a_certificate_there_is_no_tls(void **state)
{
	const struct tls_server_config config = { .cert_file = NULL };
	struct tls_server *t;
	struct buf why = BUF_INIT;

	(void)state;
	assert_false(FAILED(tls_server_new(&config, KEY, &t, &why)));
	assert_null(t);
	assert_int_equal(tls_daemon_flags(t), 0);
	tls_server_free(t);
}

static void files_that_cannot_be_used_are_named(void **state)
{
	(void)state;
	assert_refused((struct tls_server_config){ .cert_file = cert, .key_file = "/nosuch" }, "cannot read '/nosuch'");
	assert_refused((struct tls_server_config){ .cert_file = key, .key_file = key },
		       "cert_file holds no PEM certificate");
	assert_refused((struct tls_server_config){ .cert_file = cert, .key_file = cert },
		       "key_file holds no PEM private key");
	assert_refused((struct tls_server_config){ .cert_file = cert, .key_file = key, .client_ca_file = key },
		       "client_ca_file holds no PEM certificate");
}

static void what_was_taken_outlives_a_change(void **state)
{
	struct tls_server *t = open_server();

	(void)state;
	struct tls_material *first = tls_server_take(t), *same = tls_server_take(t);
	assert_ptr_equal(first, same);
	look_later();
	assert_true(test_certificate_write(cert, key));
	look_later();
	struct tls_material *second = tls_server_take(t);
	assert_ptr_not_equal(first, second);
	assert_string_not_equal(first->cert, second->cert);
	assert_non_null(strstr(first->key, "PRIVATE KEY"));
	tls_server_free(t);
	assert_non_null(strstr(second->key, "PRIVATE KEY"));
	tls_material_release(first);
	tls_material_release(same);
	tls_material_release(second);
}

static void a_key_of_another_certificate_changes_nothing_until_both_fit(void **state)
{
	struct tls_server *t = open_server();
	struct meter *refused = meter_get(METER_FILE_RELOADS, "key=\"" KEY "\",result=\"refused\"");
	int64_t before = meter_value(refused);

	(void)state;
	struct tls_material *first = tls_server_take(t);
	snprintf(broken, sizeof(broken), "%s/other.pem", directory);
	assert_true(test_certificate_write(broken, key));
	look_later();
	look_later();
	struct tls_material *still = tls_server_take(t);
	assert_ptr_equal(first, still);
	assert_int_equal(meter_value(refused) - before, 1); /* once for one content */
	assert_int_equal(rename(broken, cert), 0);
	look_later();
	struct tls_material *second = tls_server_take(t);
	assert_ptr_not_equal(first, second);
	tls_material_release(first);
	tls_material_release(still);
	tls_material_release(second);
	tls_server_free(t);
}

static void the_end_of_a_certificate_is_measured_and_warned_of(void **state)
{
	const struct certificate_facts facts = { 1000000, 9000000 };
	struct tls_server *t = open_server();
	int64_t end_s = meter_value(meter_get(METER_CERTIFICATE_EXPIRY, "key=\"" KEY "\""));
	int64_t left_s = end_s - (int64_t)(clock_unix_ns() / NS_PER_SECOND);

	(void)state;
	assert_in_range(left_s, 3500, 3600);
	assert_string_equal(certificate_warning(&facts, 999999), "not_valid_yet");
	assert_null(certificate_warning(&facts, 1000000));
	assert_string_equal(certificate_warning(&facts, 9000000 - 7 * 86400 + 1), "expires_soon");
	assert_string_equal(certificate_warning(&facts, 9000000), "expired");
	tls_server_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_certificate_there_is_no_tls),
		cmocka_unit_test(files_that_cannot_be_used_are_named),
		cmocka_unit_test(what_was_taken_outlives_a_change),
		cmocka_unit_test(a_key_of_another_certificate_changes_nothing_until_both_fit),
		cmocka_unit_test(the_end_of_a_certificate_is_measured_and_warned_of),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
