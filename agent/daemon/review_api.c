/* SPDX-License-Identifier: Apache-2.0
 * daemon/review_api.c - days, alerts and changes, gathered for one answer.
 */
#include "agent/daemon/review_api.h"

#include "agent/base/clock.h"
#include "agent/base/json.h"
#include "agent/cases/cases.h"
#include "agent/daemon/alerts_api.h"
#include "agent/review/review.h"

#define DAYS_DEFAULT 7u
#define DAYS_MAX     30u
#define CASES_DEFAULT 50u
#define CASES_MAX     1000u
#define SECONDS_A_DAY UINT64_C(86400)

struct look {
	uint32_t days;
	uint64_t begin_s, end_s;
	struct buf *out;
};

static void begin_item(struct buf *out)
{
	if (out->len > 0 && out->ptr[out->len - 1] != '[')
		buf_byte(out, ',');
}

static void write_alert(void *context, const struct alert *a)
{
	struct look *l = context;
	struct buf summary = BUF_INIT;

	if (a->verdict.started_at_s < l->begin_s || a->verdict.started_at_s >= l->end_s)
		return;
	begin_item(l->out);
	alert_summary(a, &summary);
	buf_byte(l->out, '{');
	json_write_text(l->out, "id", slice_of(a->id));
	json_write_text(l->out, "kind", slice_of(verdict_kind_names[a->verdict.kind]));
	json_write_text(l->out, "state", slice_of(alert_state_names[a->state]));
	json_write_key(l->out, "started_at");
	buf_printf(l->out, "%llu", (unsigned long long)a->verdict.started_at_s);
	json_write_text(l->out, "summary", buf_view(&summary));
	buf_byte(l->out, '}');
	buf_release(&summary);
}

static void look_back(void *context, const struct review *r, const struct alerts *a)
{
	struct look *l = context;
	struct review_span span = review_span(r, l->days, (uint32_t)(clock_unix_ns() / NS_PER_SECOND / SECONDS_A_DAY));

	l->begin_s = span.first * SECONDS_A_DAY;
	l->end_s = span.end * SECONDS_A_DAY;
	review_write(r, &span, l->out);
	json_write_key(l->out, "alerts");
	buf_byte(l->out, '[');
	alerts_visit(a, false, write_alert, l);
	buf_byte(l->out, ']');
}

static void write_change(void *context, const struct audit_entry *e)
{
	struct look *l = context;

	if (e->at_s < l->begin_s || e->at_s >= l->end_s)
		return;
	begin_item(l->out);
	audit_entry_json(e, l->out);
}

static void answer_report(void *context, const struct api_request *q, struct api_reply *reply)
{
	struct alerts_api *api = context;
	struct slice wanted = api_parameter(q, "days");
	struct look l = { .days = DAYS_DEFAULT, .out = &reply->body };
	uint64_t days = DAYS_DEFAULT;

	if (wanted.len > 0 && (!slice_to_u64(wanted, &days) || days == 0 || days > DAYS_MAX)) {
		api_fail(reply, 400, "days is a number from 1 to %u", DAYS_MAX);
		return;
	}
	l.days = (uint32_t)days;
	buf_byte(l.out, '{');
	judge_look_back(api->judge, look_back, &l);
	json_write_key(l.out, "changes");
	buf_byte(l.out, '[');
	audit_changes(api->audit, write_change, &l);
	buf_text(l.out, "]}");
}

struct cases_look {
	uint64_t since_s, most;
	bool with_texts;
	struct buf *out;
};

static void look_at_cases(void *context, const struct cases *c)
{
	struct cases_look *l = context;

	cases_write(c, l->since_s, (size_t)l->most, l->with_texts, l->out);
}

static void write_cases(struct alerts_api *api, const struct api_request *q, bool with_texts, struct api_reply *reply)
{
	struct slice since = api_parameter(q, "since"), worst = api_parameter(q, "worst");
	struct cases_look l = { .most = CASES_DEFAULT, .with_texts = with_texts, .out = &reply->body };

	if (since.len > 0 && !slice_to_u64(since, &l.since_s))
		api_fail(reply, 400, "since is a time in unix seconds, not '%.*s'", SLICE_ARG(slice_head(since, 40)));
	else if (worst.len > 0 && (!slice_to_u64(worst, &l.most) || l.most == 0 || l.most > CASES_MAX))
		api_fail(reply, 400, "worst is a number of cases from 1 to %u, not '%.*s'", CASES_MAX,
			 SLICE_ARG(slice_head(worst, 40)));
	else
		judge_look_cases(api->judge, look_at_cases, &l);
}

static void answer_cases(void *context, const struct api_request *q, struct api_reply *reply)
{
	write_cases(context, q, false, reply);
}

static void answer_cases_with_content(void *context, const struct api_request *q, struct api_reply *reply)
{
	write_cases(context, q, true, reply);
}

/* Words of users are for those only who may change something here. */
const struct api_route review_routes[] = {
	{ "GET", "/api/v1/cases", false, answer_cases },
	{ "GET", "/api/v1/cases/content", true, answer_cases_with_content },
	{ "GET", "/api/v1/report", false, answer_report },
	{ .path = NULL },
};
