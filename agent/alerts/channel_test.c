/* SPDX-License-Identifier: Apache-2.0
 * alerts/channel_test.c - a made-up alert on its way.
 */
#include "agent/alerts/channel_test.h"

#include <math.h>
#include <stdio.h>

#include "agent/base/clock.h"
#include "agent/base/json.h"

#define ANSWER_BYTES_KEPT 2048

static struct alert *made_up(bool resolved)
{
	uint64_t now_s = clock_unix_ns() / NS_PER_SECOND;
	const struct verdict v = {
		.kind = VERDICT_SHIFT,
		.metric = "test",
		.feature = SLICE("plimsoll-test"),
		.model = SLICE("none"),
		.prompt_version = SLICE("*"),
		.started_at_s = now_s,
		.at_s = now_s,
		.value = 2,
		.baseline_mean = 1,
		.baseline_stddev = 0.5,
		.deviation = 2,
		.pooled_deviation = NAN,
		.ratio = 2,
		.direction = 1,
	};
	struct alert *a = alert_new(&v);

	if (a == NULL)
		return NULL;
	buf_text(&a->cause, "somebody tests this channel; nothing is wrong");
	a->state = resolved ? ALERT_RESOLVED : ALERT_FIRING;
	a->ended_at_s = resolved ? now_s : 0;
	return a;
}

static void on_answer(void *context, const struct http_response *response)
{
	struct channel_test *t = context;

	pthread_mutex_lock(&t->all->lock);
	t->done = true;
	t->code = FAILED(response->status) ? 0 : response->code;
	t->why = FAILED(response->status) ? response->status.why : NULL;
	buf_reset(&t->answer);
	buf_slice(&t->answer, slice_head(response->body, ANSWER_BYTES_KEPT));
	pthread_mutex_unlock(&t->all->lock);
}

static struct status send_it(struct channel_test *t, struct outlet *o, const struct telling *telling)
{
	char id[CHANNEL_ID_SIZE];
	struct buf url = BUF_INIT, path = BUF_INIT;
	struct string_map headers;
	struct http_request request;

	telling_id(telling, id);
	buf_reset(&t->body);
	o->kind->body(o->config, telling, &t->body);
	if (o->kind->path != NULL)
		o->kind->path(telling, &path);
	struct status s = outlet_request(o, id, buf_string(&path), buf_view(&t->body), &url, &headers, &request);
	if (!FAILED(s))
		s = http_client_post(o->all->http, &request, on_answer, t);
	buf_release(&url);
	buf_release(&path);
	return s;
}

static void begin(struct channel_tests *t, struct channel_test *test, const char *channel)
{
	pthread_mutex_lock(&t->lock);
	test->all = t;
	test->number = ++t->last;
	test->done = false;
	test->code = 0;
	test->why = NULL;
	buf_reset(&test->answer);
	snprintf(test->channel, sizeof(test->channel), "%s", channel);
	pthread_mutex_unlock(&t->lock);
}

/* It was never sent. */
static void forget(struct channel_tests *t, struct channel_test *test)
{
	pthread_mutex_lock(&t->lock);
	test->number = 0;
	pthread_mutex_unlock(&t->lock);
}

struct status channel_tests_start(struct channel_tests *t, struct outlet *o, const struct alerts_config *config,
				  bool resolved, unsigned *number)
{
	struct channel_test *test = &t->items[(t->last + 1) % CHANNEL_TESTS_KEPT];
	struct alert *a;

	if (test->number != 0 && !test->done)
		return FAIL(FULL, "eight tests are running; wait for one to end");
	a = made_up(resolved);
	if (a == NULL)
		return FAIL(NOMEM, "no memory for a test");
	const struct telling telling = { .alert = a, .config = config };
	begin(t, test, o->name);
	struct status s = send_it(test, o, &telling);
	if (FAILED(s))
		forget(t, test);
	*number = test->number;
	alert_free(a);
	return s;
}

static void write_test(const struct channel_test *t, struct buf *out)
{
	buf_printf(out, "{\"test\":%u,\"channel\":", t->number);
	json_write_string(out, slice_of(t->channel));
	buf_printf(out, ",\"done\":%s,\"ok\":%s,\"code\":%u,\"answer\":", t->done ? "true" : "false",
		   t->code / 100 == 2 ? "true" : "false", t->code);
	json_write_string(out, buf_view(&t->answer));
	if (t->why != NULL) {
		json_write_key(out, "error");
		json_write_string(out, slice_of(t->why));
	}
	buf_byte(out, '}');
}

bool channel_tests_json(struct channel_tests *t, unsigned number, struct buf *out)
{
	const struct channel_test *test = &t->items[number % CHANNEL_TESTS_KEPT];

	pthread_mutex_lock(&t->lock);
	bool is_known = number != 0 && test->number == number;
	if (is_known)
		write_test(test, out);
	pthread_mutex_unlock(&t->lock);
	return is_known;
}

void channel_tests_release(struct channel_tests *t, struct http_client *http)
{
	for (size_t i = 0; i < CHANNEL_TESTS_KEPT; i++) {
		if (t->items[i].number != 0 && !t->items[i].done)
			http_client_cancel(http, &t->items[i]);
		buf_release(&t->items[i].body);
		buf_release(&t->items[i].answer);
	}
	pthread_mutex_destroy(&t->lock);
}

void channel_tests_init(struct channel_tests *t)
{
	pthread_mutex_init(&t->lock, NULL);
}
