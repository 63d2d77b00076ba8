/* SPDX-License-Identifier: Apache-2.0
 * daemon/budgets_api.c - the routes of budgets: decisions for gateways and SDKs, lists and a new start for people.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/clock.h"
#include "agent/base/hex.h"
#include "agent/base/json.h"
#include "agent/base/money.h"
#include "agent/daemon/budget_question.h"
#include "agent/daemon/spending.h"

static int64_t now_s(void)
{
	return (int64_t)(clock_unix_ns() / NS_PER_SECOND);
}

static void write_usd(struct buf *out, const char *name, bool is_known, __int128_t pusd)
{
	json_write_key(out, name);
	if (is_known)
		pusd_write(out, pusd);
	else
		buf_text(out, "null");
}

static void write_count(struct buf *out, const char *name, bool is_known, __int128_t n)
{
	json_write_key(out, name);
	if (is_known)
		buf_printf(out, "%lld", (long long)n);
	else
		buf_text(out, "null");
}

/* ---------------------------------------------------------------- the answer */

static void write_answer(const struct budget_answer *a, struct buf *out)
{
	char until[21];

	buf_byte(out, '{');
	json_write_text(out, "decision", slice_of(budget_decision_names[a->decision]));
	json_write_text(out, "reason", slice_of(a->reason));
	json_write_text_or_null(out, "budget", slice_of(a->budget));
	write_usd(out, "remaining_usd", a->is_limited[AMOUNT_PUSD], a->remaining.n[AMOUNT_PUSD]);
	write_count(out, "remaining_tokens", a->is_limited[AMOUNT_TOKENS], a->remaining.n[AMOUNT_TOKENS]);
	write_count(out, "remaining_requests", a->is_limited[AMOUNT_REQUESTS], a->remaining.n[AMOUNT_REQUESTS]);
	write_usd(out, "estimate_usd", a->has_estimate, a->estimate_pusd);
	json_write_key(out, "retry_after_s");
	if (a->retry_after_s > 0)
		json_write_double(out, a->retry_after_s);
	else
		buf_text(out, "null");
	json_write_key(out, "max_age_s");
	buf_printf(out, "%" PRIu32, a->max_age_s);
	if (a->period_ends_s > 0) {
		clock_format_utc((uint64_t)a->period_ends_s, until);
		json_write_text(out, "period_ends", slice_of(until));
	}
	if (a->reservation != 0) {
		json_write_key(out, "reservation_id");
		buf_printf(out, "\"%016" PRIx64 "\"", a->reservation);
		clock_format_utc((uint64_t)a->reserved_until_s, until);
		json_write_text(out, "reserved_until", slice_of(until));
	}
	buf_byte(out, '}');
}

static void decide(struct spending *s, const struct api_request *request, bool reserves, struct api_reply *reply)
{
	struct budget_fields f = { .request = request };
	struct budget_question q = { .reserves = reserves };
	struct budget_answer answer;

	arena_init(&f.arena, 64 * 1024);
	if (budget_question_read(&f, &q, reply)) {
		budgets_decide(spending_budgets(s), &q, now_s(), &answer);
		write_answer(&answer, &reply->body);
		if (reserves || answer.max_age_s == 0)
			api_header(reply, "Cache-Control", "no-store");
		else
			api_header(reply, "Cache-Control", "max-age=%u", answer.max_age_s);
	}
	arena_release(&f.arena);
}

static void answer_ask(void *context, const struct api_request *q, struct api_reply *reply)
{
	decide(context, q, false, reply);
}

static void answer_reserve(void *context, const struct api_request *q, struct api_reply *reply)
{
	if (q->body.len > 0 && !json_is_valid(q->body))
		api_fail(reply, 400, "the body is no JSON");
	else
		decide(context, q, true, reply);
}

static void answer_cancel(void *context, const struct api_request *q, struct api_reply *reply)
{
	uint8_t bytes[8];
	uint64_t id = 0;
	bool is_id = hex_parse(q->rest, bytes, sizeof(bytes));

	for (size_t i = 0; is_id && i < sizeof(bytes); i++)
		id = id << 8 | bytes[i];
	if (!is_id || !budgets_cancel(spending_budgets(context), id))
		api_fail(reply, 404, "no open reservation has this id");
	else
		buf_text(&reply->body, "{\"cancelled\":true}");
}

/* ---------------------------------------------------------------- lists */

struct listing {
	struct buf *out;
	struct slice only; /* a budget's id; empty: all */
	size_t count;
};

static void comma(struct buf *out)
{
	if (out->len > 0 && out->ptr[out->len - 1] != '[')
		buf_byte(out, ',');
}

static void write_period(struct buf *out, const char *start, const char *end, struct period p)
{
	char text[21];

	clock_format_utc((uint64_t)p.start_s, text);
	json_write_text(out, start, slice_of(text));
	clock_format_utc((uint64_t)p.end_s, text);
	json_write_text(out, end, slice_of(text));
}

static void write_limit(struct buf *out, const struct amount *limit)
{
	write_usd(out, "limit_usd", limit->n[AMOUNT_PUSD] > 0, limit->n[AMOUNT_PUSD]);
	write_count(out, "limit_tokens", limit->n[AMOUNT_TOKENS] > 0, limit->n[AMOUNT_TOKENS]);
	write_count(out, "limit_requests", limit->n[AMOUNT_REQUESTS] > 0, limit->n[AMOUNT_REQUESTS]);
}

static double used_share(const struct budget_view *v)
{
	double most = 0;

	for (int unit = 0; unit < AMOUNT_KINDS; unit++) {
		double used = (double)(v->spent.n[unit] - v->forgiven.n[unit]), limit = (double)v->limit.n[unit];
		if (limit > 0 && used / limit > most)
			most = used / limit;
	}
	return most;
}

static void write_group(void *context, const struct budget_view *v)
{
	struct listing *l = context;
	struct buf *out = l->out;
	struct amount left = v->limit;

	amount_add(&left, &v->forgiven);
	amount_subtract(&left, &v->spent);
	amount_subtract(&left, &v->reserved);
	if (l->only.len > 0 && !slice_equal(l->only, slice_of(v->budget)))
		return;
	comma(out);
	buf_byte(out, '{');
	json_write_text(out, "budget", slice_of(v->budget));
	json_write_key(out, "group");
	buf_byte(out, '{');
	for (int d = 0; d < BUDGET_DIMENSIONS; d++)
		json_write_text_if_any(out, budget_dimension_names[d], v->labels[d]);
	buf_byte(out, '}');
	write_period(out, "period_starts", "period_ends", v->period);
	write_limit(out, &v->limit);
	write_usd(out, "spent_usd", true, v->spent.n[AMOUNT_PUSD]);
	write_count(out, "spent_tokens", true, v->spent.n[AMOUNT_TOKENS]);
	write_count(out, "calls", true, v->calls);
	write_count(out, "unpriced_calls", true, v->unpriced);
	write_usd(out, "reserved_usd", true, v->reserved.n[AMOUNT_PUSD]);
	write_count(out, "reserved_tokens", true, v->reserved.n[AMOUNT_TOKENS]);
	write_count(out, "reserved_requests", true, v->reserved.n[AMOUNT_REQUESTS]);
	write_usd(out, "forgiven_usd", true, v->forgiven.n[AMOUNT_PUSD]);
	write_count(out, "forgiven_tokens", true, v->forgiven.n[AMOUNT_TOKENS]);
	write_count(out, "forgiven_requests", true, v->forgiven.n[AMOUNT_REQUESTS]);
	write_usd(out, "remaining_usd", v->limit.n[AMOUNT_PUSD] > 0, left.n[AMOUNT_PUSD]);
	write_count(out, "remaining_tokens", v->limit.n[AMOUNT_TOKENS] > 0, left.n[AMOUNT_TOKENS]);
	write_count(out, "remaining_requests", v->limit.n[AMOUNT_REQUESTS] > 0, left.n[AMOUNT_REQUESTS]);
	json_write_key(out, "used");
	json_write_double(out, used_share(v));
	json_write_text(out, "state", slice_of(budget_decision_names[v->state]));
	json_write_key(out, "forecast_usd");
	json_write_double(out, v->forecast_usd);
	write_usd(out, "previous_spent_usd", v->previous.end_s != 0, v->previous_spent.n[AMOUNT_PUSD]);
	buf_byte(out, '}');
}

static void write_rule(void *context, const struct budget_counts *c)
{
	static const char *const hards[] = { "none", "deny", "throttle" };
	struct listing *l = context;
	struct buf *out = l->out;

	if (l->only.len > 0 && !slice_equal(l->only, slice_of(c->budget)))
		return;
	l->count++;
	comma(out);
	buf_byte(out, '{');
	json_write_text(out, "budget", slice_of(c->budget));
	write_limit(out, &c->limit);
	json_write_text(out, "hard", slice_of(hards[c->config->hard]));
	json_write_text(out, "time_zone", slice_of(c->config->time_zone != NULL ? c->config->time_zone : "UTC"));
	json_write_key(out, "by");
	buf_byte(out, '[');
	for (size_t i = 0; i < c->config->by.count; i++) {
		comma(out);
		json_write_string(out, slice_of(c->config->by.items[i]));
	}
	buf_text(out, "]");
	json_write_key(out, "decisions");
	buf_byte(out, '{');
	for (int d = 0; d < DECISION_COUNT; d++)
		write_count(out, budget_decision_names[d], true, c->decisions[d]);
	buf_byte(out, '}');
	write_count(out, "unpriced_calls", true, c->unpriced);
	write_count(out, "late_calls", true, c->late);
	write_count(out, "pooled", true, c->pooled);
	write_count(out, "groups", true, c->groups);
	buf_byte(out, '}');
}

static void list(struct spending *s, const struct api_request *q, struct api_reply *reply)
{
	struct slice only = q->rest, top = api_parameter(q, "top");
	struct listing l = { .out = &reply->body, .only = only };
	uint64_t most = 0;

	if (top.len > 0 && (!slice_to_u64(top, &most) || most == 0 || most > BUDGETS_TOP_MAX)) {
		api_fail(reply, 400, "top is a number of groups of each budget, %u at most", BUDGETS_TOP_MAX);
		return;
	}
	buf_text(&reply->body, "{\"budgets\":[");
	budgets_visit_rules(spending_budgets(s), write_rule, &l);
	buf_text(&reply->body, "],\"groups\":[");
	if (most > 0)
		budgets_visit_top(spending_budgets(s), now_s(), only, most, write_group, &l);
	else
		budgets_visit(spending_budgets(s), now_s(), write_group, &l);
	buf_printf(&reply->body, "],\"reservations\":%" PRIu64 "}", budgets_reservations(spending_budgets(s)));
	if (only.len > 0 && l.count == 0)
		api_fail(reply, 404, "there is no budget '%.*s'; `plimsoll budgets` and GET /api/v1/budgets list them",
			 SLICE_ARG(slice_head(only, 60)));
}

static void answer_list(void *context, const struct api_request *q, struct api_reply *reply)
{
	list(context, q, reply);
}

static void answer_reset(void *context, const struct api_request *q, struct api_reply *reply)
{
	struct spending *s = context;
	struct budget_fields f = { .request = q };
	char subject[128];

	arena_init(&f.arena, 64 * 1024);
	struct slice budget = budget_field(&f, "budget"), by = budget_field(&f, "by");
	if (budget.len == 0) {
		api_fail(reply, 400, "name the budget: {\"budget\":\"day/assistant\"}");
	} else if (!budgets_reset(spending_budgets(s), budget, now_s())) {
		api_fail(reply, 404, "there is no budget '%.*s'; `plimsoll budgets` and GET /api/v1/budgets list them",
			 SLICE_ARG(slice_head(budget, 60)));
	} else {
		snprintf(subject, sizeof(subject), "%.*s", SLICE_ARG(slice_head(budget, sizeof(subject) - 1)));
		struct audit_entry entry = {
			.at_s = (uint64_t)now_s(),
			.kind = SLICE(AUDIT_BUDGET_RESET),
			.subject = slice_of(subject),
			.by = by,
			.text = SLICE("the budget starts anew: what was spent in this period counts no more")
		};
		audit_record(spending_audit(s), &entry);
		spending_settle(s);
		buf_text(&reply->body, "{\"reset\":");
		json_write_string(&reply->body, budget);
		buf_byte(&reply->body, '}');
	}
	arena_release(&f.arena);
}

const struct api_route budget_routes[] = {
	{ "GET", "/api/v1/budgets", false, answer_list },
	{ "GET", "/api/v1/budgets/", false, answer_list },
	{ "GET", "/api/v1/budgets/decision", false, answer_ask },
	{ "POST", "/api/v1/budgets/decision", true, answer_reserve },
	{ "DELETE", "/api/v1/budgets/reservations/", true, answer_cancel },
	{ "POST", "/api/v1/budgets/reset", true, answer_reset },
	{ .path = NULL },
};
