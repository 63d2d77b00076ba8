/* SPDX-License-Identifier: Apache-2.0
 * Signatures are those of Standard Webhooks; secrets that are none are refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/alerts/signature.h"

static void a_known_message_has_its_known_signature(void **state)
{
	struct signing_key key;
	char out[SIGNATURE_SIZE];

	(void)state;
	assert_int_equal(signing_key_read("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", &key).code, STATUS_OK);
	assert_int_equal(key.len, 24);
	assert_int_equal(
		signature_make(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, SLICE("{\"test\": 2432232314}"), out)
			.code,
		STATUS_OK);
	assert_string_equal(out, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

static void padded_secrets_are_read(void **state)
{
	struct signing_key key;

	(void)state;
	assert_int_equal(signing_key_read("whsec_cGxpbXNvbGwgdGVzdCBrZXksIDI0IGJ5dA==", &key).code, STATUS_OK);
	assert_int_equal(key.len, 25);
	assert_memory_equal(key.bytes, "plimsoll test key, 24 byt", 25);
}

static void secrets_that_are_none_are_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"whsec_",
		"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",      /* no prefix */
		"whsec_c2hvcnQ=",                        /* 5 bytes */
		"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", /* a digit short */
		"whsec_!!!!9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
		"whsec_QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=",
	};
	struct signing_key key;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (!FAILED(signing_key_read(bad[i], &key)))
			fail_msg("accepted: %s", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_known_message_has_its_known_signature),
		cmocka_unit_test(padded_secrets_are_read),
		cmocka_unit_test(secrets_that_are_none_are_refused),
	};
	return cmocka_run_group_tests_name("alerts/signature", tests, NULL, NULL);
}
