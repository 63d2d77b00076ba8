/* SPDX-License-Identifier: Apache-2.0
 * daemon/alerts_api.c - reads requests, has them answered under the judge's lock, writes JSON.
 */
#include "agent/daemon/alerts_api.h"

#include "agent/alerts/runbook.h"
#include "agent/base/clock.h"
#include "agent/base/json.h"
#include "agent/daemon/pending.h"

#define BODY_ARENA_BYTES ((size_t)64 << 10)
#define RECORD_TEXT_MAX  1000
#define RECORD_AHEAD_S   86400u /* what is later is most likely in milliseconds, and would never be too old to keep */
#define BUSY             "the agent is busy; try again"

static void refuse(struct api_reply *reply, struct status s)
{
	switch (s.code) {
	case STATUS_OK:
		return;
	case STATUS_NOTFOUND:
		api_fail(reply, 404, "%s", s.why);
		return;
	case STATUS_INVALID:
		api_fail(reply, 400, "%s", s.why);
		return;
	case STATUS_FULL:
		api_fail(reply, 409, "%s", s.why);
		return;
	default:
		api_fail(reply, 500, "%s", s.why);
	}
}

/* ---------------------------------------------------------------- bodies: flat objects */
struct field {
	const char *name;
	struct slice *text;
	uint64_t *number;
	bool *flag;
};

static bool read_field(struct json *j, struct arena *arena, const struct field *f)
{
	struct slice digits;

	if (f->text != NULL)
		return json_text(j, arena, f->text);
	if (f->flag != NULL)
		return json_bool(j, f->flag);
	return json_number(j, &digits) && slice_to_u64(digits, f->number);
}

/* False after a 400. Fields that are not named are an error: a misspelt matcher must not silence everything. */
static bool read_body(const struct api_request *q, struct arena *arena, const struct field *fields, size_t count,
		      struct api_reply *reply)
{
	struct json j;
	struct json_string key;

	json_init(&j, q->body);
	if (!json_object(&j)) {
		api_fail(reply, 400, "the body is no JSON object");
		return false;
	}
	while (json_member(&j, &key)) {
		size_t i = 0;
		while (i < count && !slice_equal(slice_of(fields[i].name), key.raw))
			i++;
		if (i < count && read_field(&j, arena, &fields[i]))
			continue;
		api_fail(reply, 400, "'%.*s' %s", SLICE_ARG(slice_head(key.raw, 60)),
			 i < count ? "has a value of the wrong type" : "is no field of this request");
		return false;
	}
	struct status s = json_finish(&j);
	if (FAILED(s))
		api_fail(reply, 400, "the body is no JSON: %s", s.why);
	return !FAILED(s);
}

/* ---------------------------------------------------------------- lists */
struct listing {
	struct buf *out;
	const struct alerts_config *config;
	double sigma;
	bool more;
};

static void separate(struct listing *l)
{
	buf_text(l->out, l->more ? "," : "");
	l->more = true;
}

static void write_alert(void *context, const struct alert *a)
{
	struct listing *l = context;

	separate(l);
	alert_json(a, l->config, l->out);
}

static void write_pending(void *context, const struct standing_view *v)
{
	struct listing *l = context;

	if (!standing_is_pending(v, l->sigma))
		return;
	separate(l);
	buf_text(l->out, "{\"state\":\"pending\"");
	json_write_text(l->out, "metric", slice_of(v->metric));
	json_write_text(l->out, "feature", v->feature);
	json_write_text(l->out, "model", v->model);
	json_write_text(l->out, "prompt_version", v->prompt_version);
	json_write_number(l->out, "value", v->value);
	json_write_number(l->out, "baseline_mean", v->mean);
	json_write_number(l->out, "baseline_stddev", v->stddev);
	json_write_number(l->out, "deviation", v->deviation);
	buf_byte(l->out, '}');
}

struct asking {
	struct alerts_api *api;
	const struct api_request *q;
	struct api_reply *reply;
	struct silence_wish wish;
	struct slice id, channel;
	bool all, resolved;
	struct status status;
	unsigned number;
	struct buf names;
	const struct alert *found;
};

static void list(void *context, struct alerts *alerts, struct detector *detector)
{
	struct asking *ask = context;
	struct listing l = { .out = &ask->reply->body, .config = judge_alerts_config(ask->api->judge) };

	l.sigma = judge_sigma(ask->api->judge);
	buf_text(l.out, "{\"alerts\":[");
	alerts_visit(alerts, !ask->all, write_alert, &l);
	buf_text(l.out, "],\"pending\":[");
	l.more = false;
	detector_visit(detector, write_pending, &l);
	buf_text(l.out, "]}");
}

static void answer_list(void *context, const struct api_request *q, struct api_reply *reply)
{
	struct slice state = api_parameter(q, "state");
	struct asking ask = { .api = context, .q = q, .reply = reply, .all = slice_equal(state, SLICE("all")) };

	if (state.len == 0 || ask.all || slice_equal(state, SLICE("firing")))
		judge_look(ask.api->judge, list, &ask);
	else
		api_fail(reply, 400, "state is firing or all, not '%.*s'", SLICE_ARG(slice_head(state, 60)));
}

static void show(void *context, struct alerts *alerts, struct detector *detector)
{
	struct asking *ask = context;

	(void)detector;
	if (!alerts_show(alerts, ask->q->rest, &ask->reply->body))
		api_fail(ask->reply, 404, "no alert has the id '%.*s'; plimsoll alerts list --all shows them",
			 SLICE_ARG(slice_head(ask->q->rest, 60)));
}

static void answer_show(void *context, const struct api_request *q, struct api_reply *reply)
{
	struct asking ask = { .api = context, .q = q, .reply = reply };

	judge_look(ask.api->judge, show, &ask);
}

/* ---------------------------------------------------------------- accept */
static void find_alert(void *context, const struct alert *a)
{
	struct asking *ask = context;

	if (slice_equal(slice_of(a->id), ask->id))
		ask->found = a;
}

static void accept_level(void *context, struct alerts *alerts, struct detector *detector)
{
	struct asking *ask = context;

	alerts_visit(alerts, true, find_alert, ask);
	ask->status = ask->found != NULL ? detector_accept(detector, &ask->found->verdict) :
					   FAIL(NOTFOUND, "no alert of this id fires");
}

/* And answers only when both the change and its entry are kept. */
static void record(struct alerts_api *api, const char *kind, struct slice subject, struct slice by, struct slice text)
{
	const struct audit_entry entry = { .at_s = clock_unix_ns() / NS_PER_SECOND,
					   .kind = slice_of(kind),
					   .subject = subject,
					   .by = by,
					   .text = text };

	audit_record(api->audit, &entry);
	judge_settle(api->judge);
}

static void answer_accept(void *context, const struct api_request *q, struct api_reply *reply)
{
	struct asking ask = { .api = context, .q = q, .reply = reply };
	struct slice by = SLICE_NONE;
	const struct field fields[] = { { .name = "by", .text = &by } };
	struct arena arena;

	if (!slice_ends_with(q->rest, SLICE("/accept"))) {
		api_fail(reply, 404, "what can be done with an alert is ID/accept");
		return;
	}
	ask.id = slice_head(q->rest, q->rest.len - strlen("/accept"));
	arena_init(&arena, BODY_ARENA_BYTES);
	if (read_body(q, &arena, fields, 1, reply)) {
		if (!judge_change(ask.api->judge, accept_level, &ask))
			api_fail(reply, 503, BUSY);
		else if (FAILED(ask.status))
			refuse(reply, ask.status);
		else
			record(ask.api, AUDIT_ACCEPTED, ask.id, by, SLICE("the level of this alert is the baseline now"));
	}
	arena_release(&arena);
	if (reply->status < 300)
		buf_text(&reply->body, "{\"accepted\":true}");
}

/* ---------------------------------------------------------------- silences */
static void list_silences(void *context, struct alerts *alerts, struct detector *detector)
{
	struct asking *ask = context;

	(void)detector;
	buf_text(&ask->reply->body, "{\"silences\":");
	alerts_silences_json(alerts, &ask->reply->body);
	buf_byte(&ask->reply->body, '}');
}

static void answer_silences(void *context, const struct api_request *q, struct api_reply *reply)
{
	struct asking ask = { .api = context, .q = q, .reply = reply };

	judge_look(ask.api->judge, list_silences, &ask);
}

static void silence(void *context, struct alerts *alerts, struct detector *detector)
{
	struct asking *ask = context;

	(void)detector;
	ask->status = alerts_silence(alerts, &ask->wish, &ask->reply->body);
}

static void answer_silence(void *context, const struct api_request *q, struct api_reply *reply)
{
	struct asking ask = { .api = context, .q = q, .reply = reply };
	struct silence_wish *w = &ask.wish;
	const struct field fields[] = { { .name = "matchers", .text = &w->matchers },
					{ .name = "by", .text = &w->by },
					{ .name = "comment", .text = &w->comment },
					{ .name = "duration_s", .number = &w->duration_s } };
	struct arena arena;

	arena_init(&arena, BODY_ARENA_BYTES);
	if (read_body(q, &arena, fields, sizeof(fields) / sizeof(fields[0]), reply)) {
		reply->status = 201;
		if (!judge_change(ask.api->judge, silence, &ask))
			api_fail(reply, 503, BUSY);
		else if (FAILED(ask.status))
			refuse(reply, ask.status);
		else
			record(ask.api, AUDIT_SILENCED, w->matchers, w->by, w->comment);
	}
	arena_release(&arena);
}

static void unsilence(void *context, struct alerts *alerts, struct detector *detector)
{
	struct asking *ask = context;

	(void)detector;
	ask->status = alerts_unsilence(alerts, ask->q->rest);
}

static void answer_unsilence(void *context, const struct api_request *q, struct api_reply *reply)
{
	struct asking ask = { .api = context, .q = q, .reply = reply };

	if (!judge_change(ask.api->judge, unsilence, &ask)) {
		api_fail(reply, 503, BUSY);
	} else if (FAILED(ask.status)) {
		refuse(reply, ask.status);
	} else {
		record(ask.api, AUDIT_UNSILENCED, q->rest, SLICE_NONE, SLICE_NONE);
		buf_text(&reply->body, "{\"ended\":true}");
	}
}

/* ---------------------------------------------------------------- tests of channels */
static void start_test(void *context, struct alerts *alerts, struct detector *detector)
{
	struct asking *ask = context;

	(void)detector;
	ask->status = alerts_test_channel(alerts, ask->channel, ask->resolved, &ask->number, &ask->names);
}

static void answer_start_test(void *context, const struct api_request *q, struct api_reply *reply)
{
	struct asking ask = { .api = context, .q = q, .reply = reply };
	const struct field fields[] = { { .name = "channel", .text = &ask.channel },
					{ .name = "resolved", .flag = &ask.resolved } };
	struct arena arena;

	arena_init(&arena, BODY_ARENA_BYTES);
	if (read_body(q, &arena, fields, 2, reply)) {
		reply->status = 202;
		if (!judge_change(ask.api->judge, start_test, &ask))
			api_fail(reply, 503, BUSY);
		else if (ask.status.code == STATUS_NOTFOUND)
			api_fail(reply, 404, "no channel is called '%.*s'; there are: %s",
				 SLICE_ARG(slice_head(ask.channel, 60)),
				 ask.names.len > 0 ? buf_string(&ask.names) : "none (alerts.channels is empty)");
		else if (FAILED(ask.status))
			refuse(reply, ask.status);
		else
			buf_printf(&reply->body, "{\"test\":%u}", ask.number);
	}
	arena_release(&arena);
	buf_release(&ask.names);
}

static void look_at_test(void *context, struct alerts *alerts, struct detector *detector)
{
	struct asking *ask = context;
	uint64_t number = 0;

	(void)detector;
	if (!slice_to_u64(ask->q->rest, &number) || number > UINT32_MAX ||
	    !alerts_channel_test_json(alerts, (unsigned)number, &ask->reply->body))
		api_fail(ask->reply, 404, "no such test; the last eight are remembered");
}

static void answer_test(void *context, const struct api_request *q, struct api_reply *reply)
{
	struct asking ask = { .api = context, .q = q, .reply = reply };

	judge_look(ask.api->judge, look_at_test, &ask);
}

/* ---------------------------------------------------------------- audit, runbooks */
static void answer_audit(void *context, const struct api_request *q, struct api_reply *reply)
{
	struct alerts_api *api = context;
	struct slice since = api_parameter(q, "since");
	uint64_t since_s = 0;

	if (since.len > 0 && !slice_to_u64(since, &since_s)) {
		api_fail(reply, 400, "since is a time in unix seconds");
		return;
	}
	struct status s = audit_json(api->audit, since_s, &reply->body);
	if (FAILED(s))
		api_fail(reply, 500, "%s", s.why);
}

/* A pipeline tells of what it has rolled out, so that an alert can name it. */
static void answer_record(void *context, const struct api_request *q, struct api_reply *reply)
{
	struct alerts_api *api = context;
	uint64_t now_s = clock_unix_ns() / NS_PER_SECOND;
	struct audit_entry e = { .at_s = now_s };
	const struct field fields[] = { { .name = "kind", .text = &e.kind },       { .name = "feature", .text = &e.feature },
					{ .name = "subject", .text = &e.subject }, { .name = "by", .text = &e.by },
					{ .name = "text", .text = &e.text },       { .name = "time", .number = &e.at_s } };
	struct arena arena;

	arena_init(&arena, BODY_ARENA_BYTES);
	if (read_body(q, &arena, fields, sizeof(fields) / sizeof(fields[0]), reply)) {
		if (!slice_equal(e.kind, SLICE(AUDIT_DEPLOY)) && !slice_equal(e.kind, SLICE(AUDIT_ROLLBACK)))
			api_fail(reply, 400, "kind is deploy or rollback; everything else the agent notes by itself");
		else if (e.subject.len == 0 || e.text.len > RECORD_TEXT_MAX || e.subject.len > RECORD_TEXT_MAX)
			api_fail(reply, 400, "subject is wanted, such as support@1.5.0; no text beyond 1000 bytes");
		else if (e.at_s > now_s + RECORD_AHEAD_S)
			api_fail(reply, 400, "time is in unix seconds, and more than a day from now");
		else
			audit_record(api->audit, &e);
	}
	arena_release(&arena);
	if (reply->status < 300) {
		judge_settle(api->judge);
		reply->status = 201;
		buf_text(&reply->body, "{\"recorded\":true}");
	}
}

static void answer_runbook(void *context, const struct api_request *q, struct api_reply *reply)
{
	const struct runbook *r = runbook_named(q->rest);

	(void)context;
	if (r == NULL) {
		api_fail(reply, 404, "no runbook of this name; there is one for each kind of alert");
		return;
	}
	reply->content_type = "text/html; charset=utf-8";
	runbook_html(r, &reply->body);
}

const struct api_route alerts_api_routes[] = {
	{ "GET", "/api/v1/alerts", false, answer_list },
	{ "GET", "/api/v1/alerts/", false, answer_show },
	{ "POST", "/api/v1/alerts/", true, answer_accept },
	{ "GET", "/api/v1/silences", false, answer_silences },
	{ "POST", "/api/v1/silences", true, answer_silence },
	{ "DELETE", "/api/v1/silences/", true, answer_unsilence },
	{ "POST", "/api/v1/channels/test", true, answer_start_test },
	{ "GET", "/api/v1/channels/test/", false, answer_test },
	{ "GET", "/api/v1/audit", false, answer_audit },
	{ "POST", "/api/v1/audit", true, answer_record },
	{ "GET", "/runbooks/", false, answer_runbook },
	{ .path = NULL },
};
