/* SPDX-License-Identifier: Apache-2.0
 * What is found in a text, what stays, and that no text takes long.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "agent/base/clock.h"
#include "agent/base/json.h"
#include "agent/redaction/detector.h"
#include "agent/redaction/redaction.h"

#ifdef __SANITIZE_THREAD__
#define TIMES_SLOWER 10
#else
#define TIMES_SLOWER 1
#endif

static const char *all[DETECTOR_COUNT];

struct rig {
	struct redaction_config config;
	struct redactor *redactor;
	struct redaction_lane *lane;
	struct arena arena;
	struct buf why;
};

static void open_rig(struct rig *rig)
{
	for (int i = 0; i < DETECTOR_COUNT; i++)
		all[i] = detector_names[i];
	if (rig->config.detectors.items == NULL)
		rig->config.detectors = (struct string_list){ all, DETECTOR_COUNT };
	if (rig->config.max_value_bytes == 0)
		rig->config.max_value_bytes = 1 << 20;
	arena_init(&rig->arena, 64 << 20);
	assert_false(FAILED(redactor_new(&rig->config, &rig->redactor, &rig->why)));
	assert_int_equal(rig->why.len, 0);
	rig->lane = redaction_lane_new(rig->redactor);
	assert_non_null(rig->lane);
}

static void close_rig(struct rig *rig)
{
	redaction_lane_free(rig->lane);
	redactor_free(rig->redactor);
	arena_release(&rig->arena);
	buf_release(&rig->why);
}

static void becomes(struct rig *rig, const char *text, const char *wanted)
{
	struct slice out;
	char copy[4096];

	assert_false(FAILED(redact_text(rig->lane, slice_of(text), &rig->arena, &out)));
	snprintf(copy, sizeof(copy), "%.*s", SLICE_ARG(out));
	assert_string_equal(copy, wanted);
}

static void each_detector_finds_what_it_is_for(void **state)
{
	static const char *const cases[][2] = {
		{ "write to Jane.Doe+x@mail.example.org, please", "write to [email], please" },
		{ "<a@b.co>", "<[email]>" },
		{ "call +49 30 1234567 or (415) 555-2671.", "call [phone] or [phone]." },
		{ "415-555-2671; 1-415-555-2671; 030 12345678", "[phone]; [phone]; [phone]" },
		{ "0171 1234567, 0161 496 0000, 0800-123-4567", "[phone], [phone], [phone]" },
		{ "card 4111 1111 1111 1111 12/27", "card [card] 12/27" },
		{ "378282246310005 and 5555-5555-5555-4444", "[card] and [card]" },
		{ "pay DE89 3704 0044 0532 0130 00 now", "pay [iban] now" },
		{ "GB29NWBK60161331926819", "[iban]" },
		{ "from 10.1.2.3, 2001:db8::8a2e:370:7334: refused", "from [ipv4], [ipv6]: refused" },
		{ "10.1.2.3 404, 10.1.2.0/24, 10.1.2.3-10.1.2.9", "[ipv4] 404, [ipv4]/24, [ipv4]-[ipv4]" },
		{ "::ffff:10.1.2.3 and 2001:db8::8a2e:1.", "[ipv6] and [ipv6]." },
		{ "AKIAIOSFODNN7EXAMPLE", "[aws_key]" },
		{ "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "[aws_key]" },
		{ "AIzaSyA-1234567890abcdefghijklmnopqrstuv", "[gcp_key]" },
		{ "ghp_0123456789abcdefghijABCDEFGHIJ012345", "[github_token]" },
		{ "sk-proj-abcdefghijklmnopqrst", "[openai_key]" },
		{ "key=sk-abcdefghij1234567890abcd", "key=[openai_key]" },
		{ "sk-ant-api03-abcdefghijklmnopqrstuvwx", "[anthropic_key]" },
		{ "xoxb-123456789012-abcdefghij", "[slack_token]" },
		{ "sk_live_abcdefghijklmnop1234", "[stripe_key]" },
		{ "glpat-abcdefghij1234567890", "[api_key]" },
		{ "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_DEF", "[jwt]" },
		{ "a -----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY----- b", "a [private_key] b" },
		{ "Authorization: Bearer abcdefgh12345678", "Authorization: [bearer]" },
		{ "Authorization: Bearer hf_abcdefghijKLMNOPQRSTuvwxyzABCDefgh", "Authorization: Bearer [api_key]" },
		{ "bearer key=sk-ant-abcdefghijklmnopqrstuvwx", "bearer key=[anthropic_key]" },
		{ "postgres://app:s3cret@db:5432/shop", "postgres://[password]@db:5432/shop" },
		{ "https://ghp_0123456789:x-oauth-basic@example.org", "https://[password]@example.org" },
		{ "amqp://:p@ss@mq.example.org/v, http://a:80/", "amqp://[password]@mq.example.org/v, http://a:80/" },
		{ "authorization: basic YWxpY2U6c2VjcmV0", "authorization: [password]" },
		{ "ssn 123-45-6789, SSN: 123456789", "ssn [us_ssn], SSN: [us_ssn]" },
		{ "NI AB 12 34 56 C and AB123456C", "NI [uk_nino] and [uk_nino]" },
		{ "DNI 12345678Z, NIE X1234567L", "DNI [es_id], NIE [es_id]" },
		{ "BSN 111222333", "BSN [nl_bsn]" },
		{ "Steuer-ID 86095742719", "Steuer-ID [de_tax_id]" },
		{ "NIR 255081416802538", "NIR [fr_nir]" },
		{ "CPF 529.982.247-25", "CPF [br_cpf]" },
	};
	struct rig rig = { 0 };

	(void)state;
	open_rig(&rig);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		becomes(&rig, cases[i][0], cases[i][1]);
	close_rig(&rig);
}

static void what_only_looks_alike_stays(void **state)
{
	static const char *const texts[] = {
		"4111 1111 1111 1112",           /* Luhn says no */
		"4bf92f3577b34da6a3ce929d0e0e4736", "550e8400-e29b-41d4-a716-446655440000",
		"0.4111111111111111",            /* a fraction */
		"1732215838000000000",           /* a time */
		"111222333",                     /* nobody says that it is a BSN */
		"123456789",
		"DE89 3704 0044 0532 0130 01",   /* mod 97 says no */
		"000-12-3456", "666-12-3456",    /* areas never given out */
		"BG123456C", "12345678A", "12:30:45", "std::dead::beef", "2026-11-21 19:03:48", "version 1.2.3", "4.10.2.3.4",
		"sk-learn-estimators-are-fun-to-use", "the bearer of this letter", "user@localhost", "a@b",
		"open 0800 1200 1600", "0123-4567-8901", "100%25 of 10\xe2\x80\x93" "20",
		"git://git@example/a.git", "http://localhost:8080/@v1", "http://user:@host/", "https://a.org:443 @ me",
		"basic JavaScript", "Basic authentication", "the basic 12345678",
		"127.0.0.1", "-----BEGIN CERTIFICATE-----", "scikit-learn==1.4.2", "gpt-4o@genai-prices-0.2.3",
		"[1, 2, 3, 4]", "{\"total_tokens\": 1234}", "",
	};
	struct rig rig = { 0 };

	(void)state;
	open_rig(&rig);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		becomes(&rig, texts[i], texts[i]);
	close_rig(&rig);
}

static void what_is_written_for_a_url_is_read(void **state)
{
	static const char *const cases[][2] = {
		{ "GET /u?email=jane%40example.org&x=1", "GET /u?email=[email]&x=1" },
		{ "tel=%2B49%2030%201234567&card=4111%201111%201111%201111", "tel=[phone]&card=[card]" },
		{ "auth=Bearer%20abcdefgh12345678", "auth=[bearer]" },
		{ "{\"url\":\"https:\\/\\/a.org\\/?to=jane%40example.org\"}", "{\"url\":\"https:\\/\\/a.org\\/?to=[email]\"}" },
		{ "dsn=mysql%3A%2F%2Fapp%3As3cret%40db", "dsn=mysql%3A%2F%2F[password]%40db" },
		{ "50% of a@b.org, 100%", "50% of [email], 100%" },
	};
	struct rig rig = { 0 };

	(void)state;
	open_rig(&rig);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		becomes(&rig, cases[i][0], cases[i][1]);
	close_rig(&rig);
}

/* No-break space (U+00A0), narrow no-break space (U+202F), no-break hyphen (U+2011), en dash (U+2013). */
static void blanks_and_dashes_of_typesetters_separate_digits_too(void **state)
{
	static const char *const cases[][2] = {
		{ "card 4111\xc2\xa0" "1111\xc2\xa0" "1111\xc2\xa0" "1111.", "card [card]." },
		{ "\xe2\x80\x9c+33\xe2\x80\xaf" "1\xe2\x80\xaf" "23\xe2\x80\xaf" "45\xe2\x80\xaf" "67\xe2\x80\xaf" "89\xe2\x80\x9d",
		  "\xe2\x80\x9c[phone]\xe2\x80\x9d" },
		{ "call 415\xe2\x80\x91" "555\xe2\x80\x91" "2671", "call [phone]" },
		{ "(415)\xc2\xa0" "555\xe2\x80\x93" "2671", "[phone]" },
		{ "DE89\xc2\xa0" "3704\xc2\xa0" "0044\xc2\xa0" "0532\xc2\xa0" "0130\xc2\xa0" "00", "[iban]" },
		{ "pages 10\xe2\x80\x93" "20, 1\xc2\xa0" "000 times", "pages 10\xe2\x80\x93" "20, 1\xc2\xa0" "000 times" },
	};
	struct rig rig = { 0 };

	(void)state;
	open_rig(&rig);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		becomes(&rig, cases[i][0], cases[i][1]);
	close_rig(&rig);
}

static void json_stays_json_whatever_is_found_in_it(void **state)
{
	static const char *const cases[][2] = {
		{ "[{\"role\":\"user\",\"content\":\"I am a@b.org\"}]", "[{\"role\":\"user\",\"content\":\"I am [email]\"}]" },
		{ "{\"c\":\"a\\u0040b.org\\n\"}", "{\"c\":\"[email]\\n\"}" },
		{ "{\"card\": 4111111111111111, \"n\": 1}", "{\"card\": null, \"n\": 1}" },
		{ "{\"args\":\"{\\\"to\\\":\\\"a\\\\u0040b.org\\\",\\\"c\\\":4111111111111111}\"}",
		  "{\"args\":\"{\\\"to\\\":\\\"[email]\\\",\\\"c\\\":null}\"}" },
		{ "{\"a@b.org\":1}", "{\"[email]\":1}" },
		{ "\"a\\u0040b.org\"", "\"[email]\"" },
		{ "{\"cut\":\"a\\u0040b.org", "{\"cut\":\"[email]" },
		{ "{\"q\":\"\\u00fcm\\ud83d\\ude00 a@b.org\"}", "{\"q\":\"\\u00fcm\\ud83d\\ude00 [email]\"}" },
	};
	struct rig rig = { 0 };

	(void)state;
	open_rig(&rig);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		becomes(&rig, cases[i][0], cases[i][1]);
		assert_int_equal(json_is_valid(slice_of(cases[i][0])), json_is_valid(slice_of(cases[i][1])));
	}
	close_rig(&rig);
}

static void a_denied_member_goes_whatever_it_holds(void **state)
{
	const char *keys[] = { "password", "auth.*" };
	struct rig rig = { .config.deny_keys = { keys, 2 } };

	(void)state;
	open_rig(&rig);
	becomes(&rig, "{\"password\":\"x\",\"total_password\":\"y\"}",
		"{\"password\":\"[denied]\",\"total_password\":\"y\"}");
	becomes(&rig, "{\"p\\u0061ssword\":{\"a\":[1,2]},\"auth.x\":5}", "{\"p\\u0061ssword\":null,\"auth.x\":null}");
	close_rig(&rig);
}

static void a_denied_member_of_json_that_is_cut_off_goes(void **state)
{
	static const char *const cases[][2] = {
		{ "{\"password\":\"x\",\"text\":\"and so o", "{\"password\":\"[denied]\",\"text\":\"and so o" },
		{ "{\"a\":1,\"password\":\"hunt", "{\"a\":1,\"password\":\"[denied]" },
		{ "{\"a\":1,\"password\": {\"b\":\"hunt", "{\"a\":1,\"password\": [denied]" },
		{ "{\"args\":\"{\\\"password\\\":\\\"x\\\",\\\"b", "{\"args\":\"{\\\"password\\\":\\\"[denied]\\\",\\\"b" },
		{ "{\"password\":\"x\"}\n{\"password\":5}", "{\"password\":\"[denied]\"}\n{\"password\":null}" },
		{ "{\"disk\":\"5\\\"\", \"password\" : \"x\"} ...", "{\"disk\":\"5\\\"\", \"password\" : \"[denied]\"} ..." },
		{ "{\"password\": hunter, \"b\": 1", "{\"password\": [denied], \"b\": 1" },
		{ "the \"password\" is wrong", "the \"password\" is wrong" },
	};
	const char *key = "password";
	struct rig rig = { .config.deny_keys = { &key, 1 } };

	(void)state;
	open_rig(&rig);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		becomes(&rig, cases[i][0], cases[i][1]);
	close_rig(&rig);
}

static void a_member_whose_name_cannot_be_read_for_want_of_memory_leaves_nothing(void **state)
{
	const char *denied = "password";
	struct rig rig = { .config.deny_keys = { &denied, 1 } };
	struct slice out;

	(void)state;
	open_rig(&rig);
	while (arena_alloc(&rig.arena, 1 << 16) != NULL)
		;
	while (arena_alloc(&rig.arena, 1) != NULL)
		;
	assert_int_equal(redact_text(rig.lane, SLICE("{\"p\\u0061ssword\":\"hunter\"}"), &rig.arena, &out).code,
			 STATUS_NOMEM);
	close_rig(&rig);
}

static void a_pseudonym_is_the_same_for_the_same_and_tells_nothing(void **state)
{
	struct rig rig = { .config = { .action = REDACTION_HASH, .hash_key = "k" } };
	struct slice one, two, three;

	(void)state;
	open_rig(&rig);
	assert_false(FAILED(redact_text(rig.lane, SLICE("a@b.org"), &rig.arena, &one)));
	assert_false(FAILED(redact_text(rig.lane, SLICE("A@B.org"), &rig.arena, &two)));
	assert_false(FAILED(redact_text(rig.lane, SLICE("c@b.org"), &rig.arena, &three)));
	assert_int_equal(one.len, strlen("[email:0123456789abcdef]"));
	assert_true(slice_equal(one, two));
	assert_false(slice_equal(one, three));
	close_rig(&rig);
}

static void a_find_that_is_to_be_dropped_takes_the_value_along(void **state)
{
	struct string_pair action = { "email", "drop" };
	struct rig rig = { .config.actions = { &action, 1 } };
	struct slice out;

	(void)state;
	open_rig(&rig);
	assert_false(FAILED(redact_text(rig.lane, SLICE("I am a@b.org"), &rig.arena, &out)));
	assert_null(out.ptr);
	becomes(&rig, "call +49 30 1234567", "call [phone]");
	close_rig(&rig);
}

static void patterns_of_the_user_are_found_across_windows(void **state)
{
	struct string_pair pattern = { "employee", "EMP-\\d{6}" };
	struct rig rig = { .config.patterns = { &pattern, 1 } };
	char text[10000];
	struct slice out;

	(void)state;
	open_rig(&rig);
	becomes(&rig, "{\"who\":\"EMP-123456\"}", "{\"who\":\"[employee]\"}");
	for (size_t at = 4080; at < 4110; at++) {
		memset(text, ' ', sizeof(text));
		memcpy(text + at, "EMP-123456", 10);
		assert_false(FAILED(redact_text(rig.lane, (struct slice){ text, sizeof(text) }, &rig.arena, &out)));
		assert_int_equal(slice_find(out, SLICE("EMP")), -1);
		assert_int_equal(slice_find(out, SLICE("[employee]")), (ptrdiff_t)at);
	}
	close_rig(&rig);
}

static void a_pattern_that_may_take_long_is_refused(void **state)
{
	static const char *const bad[] = { "(a+)+$", "(a|a)*b", "(.*)*x", "a*a*a*a*b", "([a-z0-9]+)*@x" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct string_pair pattern = { "bad", bad[i] };
		struct redaction_config config = { .patterns = { &pattern, 1 }, .max_value_bytes = 1 << 20 };
		struct redactor *r = NULL;
		struct buf why = BUF_INIT;
		assert_int_equal(redactor_new(&config, &r, &why).code, STATUS_INVALID);
		assert_non_null(strstr(buf_string(&why), "redaction.patterns.bad: takes too long"));
		buf_release(&why);
	}
}

static void what_cannot_be_looked_into_goes_whole_and_soon(void **state)
{
	struct string_pair pattern = { "slow", "(x+x+)+y" }; /* slow on a letter that no probe has */
	struct rig rig = { .config = { .patterns = { &pattern, 1 }, .max_value_bytes = 1 << 20 } };
	size_t size = 16u << 20;
	char *text = malloc(size);
	uint64_t start_ns = clock_process_cpu_ns();
	struct slice out;

	(void)state;
	open_rig(&rig);
	memset(text, 'x', size);
	assert_false(FAILED(redact_text(rig.lane, (struct slice){ text, size }, &rig.arena, &out)));
	assert_true(slice_equal(out, SLICE("[unscanned]")));
	assert_false(FAILED(redact_text(rig.lane, (struct slice){ text, 1 << 20 }, &rig.arena, &out)));
	assert_true(slice_equal(out, SLICE("[unscanned]")));
	assert_true(clock_process_cpu_ns() - start_ns < 10 * NS_PER_SECOND);
	free(text);
	close_rig(&rig);
}

/* Texts on which a detector that begins again at each byte would take hours. */
static void texts_made_to_be_slow_are_not(void **state)
{
	static const char *const units[] = { "eyJ-", "sk-", "Bearer ", "a@", "1-", "4111 ", "::", "DE00 ", "(", "+1", "\\", "\\u0040",
					     "{\"a\":", "[", "-----BEGIN PRIVATE KEY" };
	struct rig rig = { 0 };
	size_t size = 1 << 20;
	char *text = malloc(size);

	(void)state;
	open_rig(&rig);
	for (size_t u = 0; u < sizeof(units) / sizeof(units[0]); u++) {
		struct slice out;
		uint64_t start_ns = clock_process_cpu_ns();
		for (size_t i = 0, n = strlen(units[u]); i < size; i++)
			text[i] = units[u][i % n];
		assert_false(FAILED(redact_text(rig.lane, (struct slice){ text, size }, &rig.arena, &out)));
		assert_true(clock_process_cpu_ns() - start_ns < TIMES_SLOWER * 5 * NS_PER_SECOND);
	}
	free(text);
	close_rig(&rig);
}

static void records_keep_their_ids_and_lose_their_addresses(void **state)
{
	struct rig rig = { 0 };
	struct slice out;

	(void)state;
	open_rig(&rig);
	assert_false(FAILED(redact_records(rig.lane,
					   SLICE("{\"span_id\":\"4111111111111111\",\"user_id\":\"a@b.org\"}\n"
						 "{\"feature\":\"x\",\"cost_usd\":0.1}\n{\"user_id\":\"\\u0061@b.org\"}\n"),
					   &rig.arena, &out)));
	assert_true(slice_equal(out, SLICE("{\"span_id\":\"4111111111111111\",\"user_id\":\"[email]\"}\n"
					   "{\"feature\":\"x\",\"cost_usd\":0.1}\n{\"user_id\":\"[email]\"}\n")));
	close_rig(&rig);
}

static void mistakes_are_named(void **state)
{
	const char *unknown = "emial", *star = "gen_ai*";
	struct string_pair broken = { "p", "(" }, action = { "email", "burn" };
	const struct {
		struct redaction_config config;
		const char *says;
	} cases[] = {
		{ { .detectors = { &unknown, 1 } }, "redaction.detectors: there is no 'emial'" },
		{ { .patterns = { &broken, 1 } }, "redaction.patterns.p: at offset" },
		{ { .actions = { &action, 1 } }, "redaction.actions: 'email: burn'" },
		{ { .action = REDACTION_HASH }, "redaction.hash_key: wanted" },
		{ { .deny_keys = { &star, 1 } }, "redaction.deny_keys: 'gen_ai*'" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct redactor *r = NULL;
		struct buf why = BUF_INIT;
		assert_int_equal(redactor_new(&cases[i].config, &r, &why).code, STATUS_INVALID);
		assert_non_null(strstr(buf_string(&why), cases[i].says));
		buf_release(&why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_detector_finds_what_it_is_for),
		cmocka_unit_test(what_only_looks_alike_stays),
		cmocka_unit_test(what_is_written_for_a_url_is_read),
		cmocka_unit_test(blanks_and_dashes_of_typesetters_separate_digits_too),
		cmocka_unit_test(json_stays_json_whatever_is_found_in_it),
		cmocka_unit_test(a_denied_member_goes_whatever_it_holds),
		cmocka_unit_test(a_denied_member_of_json_that_is_cut_off_goes),
		cmocka_unit_test(a_member_whose_name_cannot_be_read_for_want_of_memory_leaves_nothing),
		cmocka_unit_test(a_pseudonym_is_the_same_for_the_same_and_tells_nothing),
		cmocka_unit_test(a_find_that_is_to_be_dropped_takes_the_value_along),
		cmocka_unit_test(patterns_of_the_user_are_found_across_windows),
		cmocka_unit_test(a_pattern_that_may_take_long_is_refused),
		cmocka_unit_test(what_cannot_be_looked_into_goes_whole_and_soon),
		cmocka_unit_test(texts_made_to_be_slow_are_not),
		cmocka_unit_test(records_keep_their_ids_and_lose_their_addresses),
		cmocka_unit_test(mistakes_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
