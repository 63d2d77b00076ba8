/* SPDX-License-Identifier: Apache-2.0
 * Notifications reach a webhook at least once, under one id, signed, in order; a receiver that fails delays its own
 * only.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "agent/alerts/signature.h"
#include "agent/base/json.h"
#include "agent/base/meter.h"
#include "tests/unit/alerts_fixture.h"
#include "tests/unit/http_peer.h"

#define REPLY(line)                                                                                                    \
	{                                                                                                              \
		.bytes = "HTTP/1.1 " line "\r\nContent-Length: 0\r\n\r\n"                                              \
	}
#define PEER(peer, ...)                                                                                                \
	static struct http_peer peer;                                                                                  \
	const struct http_peer_reply peer##_replies[] = { __VA_ARGS__ };                                               \
	http_peer_start(&peer, peer##_replies, sizeof(peer##_replies) / sizeof(peer##_replies[0]))

#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

static uv_loop_t loop;
static struct http_client *client;
static struct alerts *alerts;
static struct channel_config channel;
static struct alerts_config config = { .channels = &channel, .channel_count = 1 };
static char url[64];

static void open_alerts(uint16_t port)
{
	struct buf why = BUF_INIT;

	snprintf(url, sizeof(url), "http://127.0.0.1:%u/hook", port);
	channel.url = url;
	assert_int_equal(alerts_new(&config, &loop, client, &alerts, &why).code, STATUS_OK);
	buf_release(&why);
}

static void close_alerts(void)
{
	alerts_free(alerts);
	alerts = NULL;
}

static int set_up(void **state)
{
	static struct string_pair extra[] = { { "x-team", "search" } };

	(void)state;
	uv_loop_init(&loop);
	channel = (struct channel_config){
		.name = "webhook/test",
		.send_resolved = true,
		.headers = { extra, 1 },
		.timeout_ms = 5000,
		.retry = { .enabled = true,
			   .initial_interval_ms = 5,
			   .max_interval_ms = 20,
			   .max_elapsed_time_ms = 60000,
			   .multiplier = 2,
			   .randomization_factor = 0.5 },
	};
	return FAILED(http_client_new(&loop, &client)) ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	alerts_free(alerts);
	alerts = NULL;
	http_client_free(client);
	uv_run(&loop, UV_RUN_DEFAULT);
	return uv_loop_close(&loop);
}

static int64_t result(const char *name)
{
	char labels[64];

	snprintf(labels, sizeof(labels), "channel=\"webhook/test\",result=\"%s\"", name);
	return meter_value(meter_get(METER_NOTIFICATIONS, labels));
}

static void wait_for_result(const char *name, int64_t value)
{
	while (result(name) < value)
		assert_true(uv_run(&loop, UV_RUN_ONCE) != 0 || result(name) >= value);
}

static void raise_at(uint64_t started_at_s)
{
	struct verdict v = cost_shift(started_at_s);

	alerts_verdict(alerts, &v);
	alerts_settle(alerts);
}

static void header(const struct http_peer_request *r, const char *name, char *out, size_t size)
{
	char line[64];

	snprintf(line, sizeof(line), "\r\n%s: ", name);
	const char *at = strcasestr(r->head, line);
	assert_non_null(at);
	at += strlen(line);
	snprintf(out, size, "%.*s", (int)strcspn(at, "\r"), at);
}

static void a_notification_is_a_signed_standard_webhook(void **state)
{
	char id[64], timestamp[32], signature[64], team[16], want[SIGNATURE_SIZE];
	struct signing_key key;

	(void)state;
	PEER(peer, REPLY("204 No Content"));
	channel.secret = SECRET;
	open_alerts(peer.port);
	int64_t before = result("delivered");
	raise_at(START);
	wait_for_result("delivered", before + 1);
	const struct http_peer_request *r = &peer.requests[0];
	header(r, "webhook-id", id, sizeof(id));
	header(r, "webhook-timestamp", timestamp, sizeof(timestamp));
	header(r, "webhook-signature", signature, sizeof(signature));
	header(r, "x-team", team, sizeof(team));
	struct slice body = { r->body, r->body_bytes };
	assert_false(FAILED(signing_key_read(SECRET, &key)));
	assert_false(FAILED(signature_make(&key, id, strtoull(timestamp, NULL, 10), body, want)));
	assert_string_equal(signature, want);
	assert_string_equal(team, "search");
	assert_true(json_is_valid(body));
	assert_non_null(
		strstr(r->body, "{\"type\":\"alert.firing\",\"timestamp\":\"2026-03-06T11:00:00Z\",\"data\":{"));
	http_peer_stop(&peer);
}

static void without_a_secret_nothing_is_signed(void **state)
{
	(void)state;
	PEER(peer, REPLY("200 OK"));
	open_alerts(peer.port);
	int64_t before = result("delivered");
	raise_at(START);
	wait_for_result("delivered", before + 1);
	assert_null(strcasestr(peer.requests[0].head, "webhook-signature"));
	http_peer_stop(&peer);
}

static void failures_redirects_and_hang_ups_are_retried_under_one_id(void **state)
{
	char first[64], other[64];

	(void)state;
	PEER(peer, REPLY("500 Oh"), REPLY("302 Found\r\nLocation: /elsewhere"), REPLY("404 No"),
	     { .bytes = "HTTP/1.1 200 OK\r\nContent-Le", .resets = 1 }, REPLY("200 OK"));
	open_alerts(peer.port);
	int64_t delivered = result("delivered"), failed = result("failed");
	raise_at(START);
	wait_for_result("delivered", delivered + 1);
	assert_int_equal(result("failed") - failed, 4);
	assert_int_equal(http_peer_served(&peer), 5);
	header(&peer.requests[0], "webhook-id", first, sizeof(first));
	for (size_t i = 1; i < 5; i++) {
		header(&peer.requests[i], "webhook-id", other, sizeof(other));
		assert_string_equal(first, other);
		assert_string_equal(peer.requests[0].body, peer.requests[i].body);
	}
	http_peer_stop(&peer);
}

static void firing_and_resolved_are_two_messages_and_a_return_is_none(void **state)
{
	char id[64];
	struct verdict v = cost_shift(START), over = later(v, VERDICT_RESOLVED, START + 600);
	struct verdict again = later(v, VERDICT_REOPENED, START + 900), end = later(v, VERDICT_RESOLVED, START + 1200);

	(void)state;
	PEER(peer, REPLY("200 OK"));
	open_alerts(peer.port);
	int64_t before = result("delivered");
	alerts_verdict(alerts, &v);
	alerts_verdict(alerts, &over);
	alerts_verdict(alerts, &again);
	alerts_verdict(alerts, &end);
	raise_at(START + 9000);
	wait_for_result("delivered", before + 3);
	header(&peer.requests[0], "webhook-id", id, sizeof(id));
	assert_non_null(strstr(id, "_firing"));
	header(&peer.requests[1], "webhook-id", id, sizeof(id));
	assert_non_null(strstr(id, "_resolved"));
	assert_non_null(strstr(peer.requests[1].body, "\"type\":\"alert.resolved\""));
	assert_non_null(strstr(peer.requests[2].body, "\"started_at\":1772803800"));
	http_peer_stop(&peer);
}

static void gone_disables_the_channel(void **state)
{
	(void)state;
	PEER(peer, REPLY("410 Gone"));
	open_alerts(peer.port);
	int64_t before = result("disabled");
	raise_at(START);
	raise_at(START + 9000);
	wait_for_result("disabled", before + 2);
	raise_at(START + 18000);
	assert_int_equal(result("disabled"), before + 3);
	assert_int_equal(http_peer_served(&peer), 1);
	http_peer_stop(&peer);
}

static void a_receiver_that_never_answers_is_given_up_in_the_end(void **state)
{
	(void)state;
	channel.retry.max_elapsed_time_ms = 30;
	open_alerts(http_peer_dead_port());
	int64_t before = result("gave_up");
	raise_at(START);
	wait_for_result("gave_up", before + 1);
}

static void only_so_many_notifications_wait(void **state)
{
	(void)state;
	channel.retry.initial_interval_ms = channel.retry.max_interval_ms = 3600000;
	open_alerts(http_peer_dead_port());
	int64_t before = result("dropped");
	for (uint64_t i = 0; i < 300; i++)
		raise_at(START + i * 7200);
	/* each also ends the one three days before it, which is told */
	assert_true(result("dropped") - before >= 300 - 256);
}

static void count_down(void *context)
{
	--*(int *)context;
}

static void lose_pair(void *context, struct slice key, struct slice value)
{
	(void)context;
	(void)key;
	(void)value;
}

static void what_was_not_delivered_is_sent_after_a_restart(void **state)
{
	static struct kept_pairs pairs;
	int undone = 1;

	(void)state;
	channel.retry.initial_interval_ms = 3600000;
	open_alerts(http_peer_dead_port());
	int64_t failed = result("failed"), delivered = result("delivered");
	raise_at(START);
	wait_for_result("failed", failed + 1);
	alerts_drain(alerts, 1000, count_down, &undone);
	assert_int_equal(undone, 1);
	while (undone > 0)
		uv_run(&loop, UV_RUN_ONCE);
	alerts_save(alerts, false, keep_pair, &pairs);
	assert_int_equal(pairs.count, 2); /* the alert and its notification */
	close_alerts();
	PEER(peer, REPLY("200 OK"));
	open_alerts(peer.port);
	assert_int_equal(load_pairs(&pairs, alerts), 2);
	wait_for_result("delivered", delivered + 1);
	alerts_save(alerts, false, lose_pair, NULL); /* the disk is full: all of it is saved again */
	alerts_save(alerts, true, lose_pair, NULL);
	alerts_save(alerts, true, keep_pair, &pairs);
	assert_int_equal(pairs.count, 1);
	http_peer_stop(&peer);
	release_pairs(&pairs);
}

static void a_drain_waits_for_a_slow_answer_but_not_for_ever(void **state)
{
	static struct kept_pairs pairs;
	int undone = 2;

	(void)state;
	PEER(peer, { .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", .delay_ms = 50 },
	     { .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", .delay_ms = 2000 });
	open_alerts(peer.port);
	int64_t delivered = result("delivered");
	raise_at(START);
	alerts_drain(alerts, 5000, count_down, &undone);
	while (undone > 1)
		uv_run(&loop, UV_RUN_ONCE);
	assert_int_equal(result("delivered"), delivered + 1);
	close_alerts();
	open_alerts(peer.port);
	raise_at(START);
	alerts_drain(alerts, 20, count_down, &undone);
	while (undone > 0)
		uv_run(&loop, UV_RUN_ONCE);
	assert_int_equal(result("delivered"), delivered + 1);
	alerts_save(alerts, false, keep_pair, &pairs);
	assert_int_equal(pairs.count, 2);
	http_peer_stop(&peer);
	release_pairs(&pairs);
}

static void a_reload_keeps_what_waits_and_takes_the_new_address(void **state)
{
	struct buf why = BUF_INIT;

	(void)state;
	channel.retry.initial_interval_ms = 3600000;
	open_alerts(http_peer_dead_port());
	int64_t failed = result("failed"), delivered = result("delivered");
	raise_at(START);
	wait_for_result("failed", failed + 1);
	PEER(peer, REPLY("200 OK"));
	struct channel_config moved = channel;
	struct alerts_config next = { .channels = &moved, .channel_count = 1 };
	char address[64];
	snprintf(address, sizeof(address), "http://127.0.0.1:%u/new", peer.port);
	moved.url = address;
	assert_int_equal(alerts_reload(alerts, &next, &why).code, STATUS_OK);
	wait_for_result("delivered", delivered + 1);
	moved.secret = "nonsense";
	assert_int_equal(alerts_reload(alerts, &next, &why).code, STATUS_INVALID);
	assert_non_null(strstr(buf_string(&why), "alerts.channels.webhook/test: signing_secret"));
	close_alerts();
	http_peer_stop(&peer);
	buf_release(&why);
}

#define LOOP_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOOP_TEST(a_notification_is_a_signed_standard_webhook),
		LOOP_TEST(without_a_secret_nothing_is_signed),
		LOOP_TEST(failures_redirects_and_hang_ups_are_retried_under_one_id),
		LOOP_TEST(firing_and_resolved_are_two_messages_and_a_return_is_none),
		LOOP_TEST(gone_disables_the_channel),
		LOOP_TEST(a_receiver_that_never_answers_is_given_up_in_the_end),
		LOOP_TEST(only_so_many_notifications_wait),
		LOOP_TEST(what_was_not_delivered_is_sent_after_a_restart),
		LOOP_TEST(a_drain_waits_for_a_slow_answer_but_not_for_ever),
		LOOP_TEST(a_reload_keeps_what_waits_and_takes_the_new_address),
	};
	return cmocka_run_group_tests_name("alerts/notifier", tests, NULL, NULL);
}
