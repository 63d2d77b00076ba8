/* SPDX-License-Identifier: Apache-2.0
 * What libraries say when an exporter and its peer miss each other becomes what to change; the rest is left alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "exporters/advice.h"

static void tls_to_a_plain_port_is_named(void **state)
{
	(void)state;
	assert_non_null(strstr(
		advice_for("UNAVAILABLE: ... Ssl handshake failed: SSL_ERROR_SSL: error:0A00010B:SSL routines::wr"),
		"tls.insecure"));
	assert_non_null(strstr(advice_for("UNAVAILABLE: https://a:4318/v1/traces: OpenSSL/3.0.19: error:0A00010B:SSL "
					  "routines::wrong version number"),
			       "http://"));
}

static void otlps_two_ports_are_told_apart(void **state)
{
	(void)state;
	assert_non_null(
		strstr(advice_for("UNAVAILABLE: ipv4:127.0.0.1:4318: Trying to connect an http1.x server"), "4317"));
	assert_non_null(
		strstr(advice_for("INVALID: http://a:4317/v1/traces: Received HTTP/0.9 when not allowed"), "4318"));
}

static void what_says_enough_gets_no_advice(void **state)
{
	(void)state;
	assert_string_equal(advice_for(""), "");
	assert_string_equal(advice_for("UNAVAILABLE: Failed to connect to remote host: Connection refused"), "");
	assert_string_equal(advice_for("http_404: answer of http://localhost:9464/wrong/v1/traces"), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tls_to_a_plain_port_is_named),
		cmocka_unit_test(otlps_two_ports_are_told_apart),
		cmocka_unit_test(what_says_enough_gets_no_advice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
