/* SPDX-License-Identifier: Apache-2.0
 * Who is not told: silences, probation, alerts that say less than another, alerts that fire too often.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/base/clock.h"
#include "agent/base/meter.h"
#include "tests/unit/alerts_fixture.h"
#include "tests/unit/http_peer.h"

static uv_loop_t loop;
static struct http_client *client;
static struct alerts *alerts;
static struct http_peer peer;
static struct channel_config channel;
static struct alerts_config config;
static int64_t delivered_before;

static const struct http_peer_reply yes = { .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" };

static int set_up(void **state)
{
	static char url[64];

	(void)state;
	uv_loop_init(&loop);
	http_peer_start(&peer, &yes, 1);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/", peer.port);
	channel = (struct channel_config){ .name = "webhook/quiet", .url = url, .send_resolved = true,
					   .timeout_ms = 5000 };
	config = (struct alerts_config){ .channels = &channel, .channel_count = 1 };
	return FAILED(http_client_new(&loop, &client)) ? -1 : 0;
}

static void open_alerts(void)
{
	assert_int_equal(alerts_new(&config, &loop, client, &alerts, NULL).code, STATUS_OK);
	delivered_before = meter_value(meter_get(METER_NOTIFICATIONS,
						 "channel=\"webhook/quiet\",result=\"delivered\""));
}

static int tear_down(void **state)
{
	(void)state;
	alerts_free(alerts);
	alerts = NULL;
	http_client_free(client);
	uv_run(&loop, UV_RUN_DEFAULT);
	http_peer_stop(&peer);
	return uv_loop_close(&loop);
}

/* Notifications that arrived, once all that were queued are through. */
static int told(void)
{
	const struct meter *m = meter_get(METER_NOTIFICATIONS, "channel=\"webhook/quiet\",result=\"delivered\"");

	alerts_settle(alerts);
	for (int i = 0; i < 20; i++) {
		uv_run(&loop, UV_RUN_NOWAIT);
		usleep(2000);
	}
	return (int)(meter_value(m) - delivered_before);
}

static void happen(struct verdict v)
{
	alerts_verdict(alerts, &v);
}

static struct verdict of_metric(struct verdict v, const char *metric)
{
	v.metric = metric;
	return v;
}

static enum alert_mute mute_seen;
static char metric_seen[32];

static void see(void *context, const struct alert *a)
{
	(void)context;
	if (strcmp(a->verdict.metric, metric_seen) == 0)
		mute_seen = a->mute;
}

static enum alert_mute mute_of(const char *metric)
{
	snprintf(metric_seen, sizeof(metric_seen), "%s", metric);
	alerts_visit(alerts, false, see, NULL);
	return mute_seen;
}

static void a_silence_holds_back_and_its_end_lets_go(void **state)
{
	struct silence_wish wish = { SLICE("feature=check* metric=cost"), SLICE("me"), SLICE("known"), 3600 };
	struct buf made = BUF_INIT;

	(void)state;
	open_alerts();
	assert_false(FAILED(alerts_silence(alerts, &wish, &made)));
	happen(cost_shift(START));
	assert_int_equal(told(), 0);
	assert_int_equal(mute_of("cost"), ALERT_MUTE_SILENCED);
	struct slice id = { strstr(buf_string(&made), "\"id\":\"") + 6, 16 };
	assert_int_equal(alerts_unsilence(alerts, SLICE("nonsense")).code, STATUS_NOTFOUND);
	assert_false(FAILED(alerts_unsilence(alerts, id)));
	assert_int_equal(told(), 1);
	buf_release(&made);
}

static void what_was_silenced_to_its_end_is_never_told(void **state)
{
	struct silence_wish wish = { SLICE("feature=checkout"), SLICE("me"), SLICE(""), 3600 };
	struct buf made = BUF_INIT;

	(void)state;
	open_alerts();
	assert_false(FAILED(alerts_silence(alerts, &wish, &made)));
	happen(cost_shift(START));
	happen(later(cost_shift(START), VERDICT_RESOLVED, START + 60));
	assert_int_equal(told(), 0);
	buf_release(&made);
}

static void silences_are_checked_and_outlive_a_restart(void **state)
{
	static const char *const wrong[] = { "", "feature", "colour=red", "=x" };
	static struct kept_pairs pairs;
	struct silence_wish wish = { SLICE("model=gpt*"), SLICE("me"), SLICE(""), 3600 };
	struct buf made = BUF_INIT;

	(void)state;
	open_alerts();
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct silence_wish bad = wish;
		bad.matchers = slice_of(wrong[i]);
		assert_int_equal(alerts_silence(alerts, &bad, &made).code, STATUS_INVALID);
	}
	wish.duration_s = 0;
	assert_int_equal(alerts_silence(alerts, &wish, &made).code, STATUS_INVALID);
	wish.duration_s = 60;
	assert_false(FAILED(alerts_silence(alerts, &wish, &made)));
	alerts_save(alerts, false, keep_pair, &pairs);
	assert_int_equal(pairs.count, 1);
	alerts_free(alerts);
	open_alerts();
	pairs.items[0].key.ptr[3] ^= 1; /* under another's, every start would read it again */
	assert_int_equal(load_pairs(&pairs, alerts), 0);
	pairs.items[0].key.ptr[3] ^= 1;
	assert_int_equal(load_pairs(&pairs, alerts), 1);
	happen(cost_shift(START));
	assert_int_equal(told(), 0);
	buf_release(&made);
	release_pairs(&pairs);
}

/* Who asked for it was told that it lasts. */
static void a_silence_and_its_end_are_better_saved_soon(void **state)
{
	static struct kept_pairs pairs;
	struct silence_wish wish = { SLICE("model=gpt*"), SLICE("me"), SLICE(""), 3600 };
	struct buf made = BUF_INIT;

	(void)state;
	open_alerts();
	assert_false(FAILED(alerts_silence(alerts, &wish, &made)));
	assert_true(alerts_unsaved(alerts));
	alerts_save(alerts, false, keep_pair, &pairs);
	assert_false(alerts_unsaved(alerts));
	assert_false(FAILED(alerts_unsilence(alerts, (struct slice){ strstr(buf_string(&made), "\"id\":\"") + 6, 16 })));
	assert_true(alerts_unsaved(alerts));
	buf_release(&made);
	release_pairs(&pairs);
}

/* A client that had no answer asks again. */
static void two_silences_of_one_moment_are_two(void **state)
{
	static struct kept_pairs pairs;
	struct silences two = { .count = 0 };
	const struct silence *one, *other;

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_false(FAILED(silences_add(&two, SLICE("model=gpt*"), START, START + 3600, SLICE("me"), SLICE(""),
						 i == 0 ? &one : &other)));
	assert_string_not_equal(one->id, other->id);
	silences_save(&two, false, keep_pair, &pairs);
	assert_int_equal(pairs.count, 2);
	silences_release(&two);
	release_pairs(&pairs);
}

static void a_silence_lasts_also_when_the_clock_is_set_back(void **state)
{
	struct silences one = { .count = 0 };
	struct match_labels labels = { .of = { [MATCH_MODEL] = SLICE("gpt-4o") } };
	const struct silence *made;

	(void)state;
	assert_false(FAILED(silences_add(&one, SLICE("model=gpt*"), START, START + 3600, SLICE("me"), SLICE(""),
					 &made)));
	assert_ptr_equal(silences_cover(&one, &labels, START), made);
	assert_ptr_equal(silences_cover(&one, &labels, START - 600), made);
	assert_null(silences_cover(&one, &labels, START + 3600));
	silences_release(&one);
}

static void probation_lists_and_does_not_tell(void **state)
{
	const char *rules[] = { "metric=cost" };

	(void)state;
	config.shadow = (struct string_list){ rules, 1 };
	open_alerts();
	happen(cost_shift(START));
	assert_int_equal(told(), 0);
	assert_int_equal(mute_of("cost"), ALERT_MUTE_SHADOW);
}

static void errors_hide_the_latency_of_their_feature_only(void **state)
{
	struct verdict errors = of_metric(cost_shift(START), "error_rate");
	struct verdict slow = of_metric(cost_shift(START + 7200), "latency"), elsewhere = slow;

	(void)state;
	elsewhere.feature = SLICE("search");
	open_alerts();
	happen(errors);
	assert_int_equal(told(), 1);
	happen(slow);
	assert_int_equal(told(), 1);
	assert_int_equal(mute_of("latency"), ALERT_MUTE_HIDDEN);
	happen(elsewhere);
	assert_int_equal(told(), 2);
	happen(later(errors, VERDICT_RESOLVED, START + 7300));
	assert_int_equal(told(), 4); /* the end of errors, and the latency that is still high */
}

static void errors_hide_what_follows_from_them_and_nothing_else(void **state)
{
	static const struct {
		const char *metric;
		enum alert_mute mute;
	} rows[] = { { "latency_tail", ALERT_MUTE_HIDDEN }, { "ttft", ALERT_MUTE_HIDDEN },
		     { "tpot", ALERT_MUTE_HIDDEN },
		     { "output_tokens", ALERT_MUTE_HIDDEN }, { "timeout_rate", ALERT_MUTE_HIDDEN },
		     { "truncated_rate", ALERT_MUTE_NONE } };

	(void)state;
	open_alerts();
	happen(of_metric(cost_shift(START), "error_rate"));
	assert_int_equal(told(), 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		happen(of_metric(cost_shift(START + 7200), rows[i].metric));
		told();
		if (mute_of(rows[i].metric) != rows[i].mute)
			fail_msg("%s is muted by %d", rows[i].metric, (int)mute_of(rows[i].metric));
	}
}

static void of_one_incident_the_most_telling_is_told_and_its_end_waits_for_all(void **state)
{
	struct verdict tokens = of_metric(cost_shift(START), "output_tokens"), cost = cost_shift(START + 60);

	(void)state;
	open_alerts();
	happen(tokens);
	happen(cost);
	assert_int_equal(told(), 1);
	assert_non_null(strstr(peer.requests[0].body, "\"metric\":\"cost\""));
	assert_non_null(strstr(peer.requests[0].body, "\"members\":[{"));
	assert_int_equal(mute_of("output_tokens"), ALERT_MUTE_MEMBER);
	happen(later(cost, VERDICT_RESOLVED, START + 600));
	assert_int_equal(told(), 1);
	happen(later(tokens, VERDICT_RESOLVED, START + 900));
	assert_int_equal(told(), 2);
}

/* Alertmanager takes for ended what it is not reminded of. */
static void an_incident_is_kept_alive_by_its_leader_until_all_have_ended(void **state)
{
	struct verdict tokens = of_metric(cost_shift(START), "output_tokens"), cost = cost_shift(START + 60);

	(void)state;
	channel.type = CHANNEL_ALERTMANAGER;
	channel.resend_interval_ms = 1;
	open_alerts();
	happen(tokens);
	happen(cost);
	assert_int_equal(told(), 1);
	happen(later(cost, VERDICT_RESOLVED, START + 600));
	assert_int_equal(told(), 2);
	assert_non_null(strstr(peer.requests[1].body, "\"metric\":\"cost\""));
	assert_null(strstr(peer.requests[1].body, "endsAt"));
	channel.resend_interval_ms = 3600000;
	happen(later(tokens, VERDICT_RESOLVED, START + 900));
	assert_int_equal(told(), 3);
	assert_non_null(strstr(peer.requests[2].body, "endsAt"));
	assert_int_equal(told(), 3);
}

static void what_fires_again_and_again_is_told_so_often_only(void **state)
{
	(void)state;
	config.flap_limit = 2;
	open_alerts();
	for (uint64_t i = 0; i < 4; i++) {
		struct verdict v = cost_shift(START + i * 5000);
		happen(v);
		told();
		happen(later(v, VERDICT_RESOLVED, START + i * 5000 + 900));
	}
	assert_int_equal(told(), 4); /* two of them, and their ends */
	assert_int_equal(mute_of("cost"), ALERT_MUTE_FLAPPING);
}

static void an_alert_that_comes_and_goes_at_once_is_told_with_its_end(void **state)
{
	(void)state;
	open_alerts();
	happen(cost_shift(START));
	happen(later(cost_shift(START), VERDICT_RESOLVED, START + 900));
	assert_int_equal(told(), 2);
}

static void channels_take_what_they_match(void **state)
{
	const char *match[] = { "severity=critical" };

	(void)state;
	channel.match = (struct string_list){ match, 1 };
	open_alerts();
	happen(cost_shift(START));
	assert_int_equal(told(), 0);
	happen(of_metric(cost_shift(START + 7200), "error_rate"));
	assert_int_equal(told(), 1);
}

#define QUIET_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		QUIET_TEST(a_silence_holds_back_and_its_end_lets_go),
		QUIET_TEST(what_was_silenced_to_its_end_is_never_told),
		QUIET_TEST(silences_are_checked_and_outlive_a_restart),
		QUIET_TEST(a_silence_and_its_end_are_better_saved_soon),
		cmocka_unit_test(two_silences_of_one_moment_are_two),
		cmocka_unit_test(a_silence_lasts_also_when_the_clock_is_set_back),
		QUIET_TEST(probation_lists_and_does_not_tell),
		QUIET_TEST(errors_hide_the_latency_of_their_feature_only),
		QUIET_TEST(errors_hide_what_follows_from_them_and_nothing_else),
		QUIET_TEST(of_one_incident_the_most_telling_is_told_and_its_end_waits_for_all),
		QUIET_TEST(an_incident_is_kept_alive_by_its_leader_until_all_have_ended),
		QUIET_TEST(what_fires_again_and_again_is_told_so_often_only),
		QUIET_TEST(an_alert_that_comes_and_goes_at_once_is_told_with_its_end),
		QUIET_TEST(channels_take_what_they_match),
	};

	return cmocka_run_group_tests_name("alerts/quiet", tests, NULL, NULL);
}
