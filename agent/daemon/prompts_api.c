/* SPDX-License-Identifier: Apache-2.0
 * daemon/prompts_api.c - reads what was asked, and lets the registry do it.
 *
 * A prompt with all its texts is shown to this machine and to bearers of the token only.
 */
#include "agent/daemon/prompts_api.h"

#include <math.h>

#include "agent/base/clock.h"
#include "agent/base/json.h"
#include "agent/base/log.h"
#include "agent/daemon/gate_note.h"
#include "agent/daemon/prompts.h"
#include "agent/daemon/prompts_webhook.h"
#include "agent/daemon/trials.h"

#define ARENA_BYTES (8u << 20)

static void fail(struct api_reply *reply, struct status s, struct buf *why)
{
	unsigned code = s.code == STATUS_NOTFOUND ? 404 : s.code == STATUS_INVALID || s.code == STATUS_MALFORMED ? 400 :
			s.code == STATUS_TOOBIG	  ? 413 : 503;

	api_fail(reply, code, "%s", why->len > 0 ? buf_string(why) : s.why);
}

/* ---------------------------------------------------------------- looking */
static void answer_list(void *context, const struct api_request *q, struct api_reply *reply)
{
	struct slice top = api_parameter(q, "top");
	uint64_t most = 0;

	if (top.len == 0)
		registry_write_list(prompts_registry(context), &reply->body);
	else if (slice_to_u64(top, &most) && most > 0 && most <= REGISTRY_TOP_MAX)
		registry_write_top(prompts_registry(context), most, &reply->body);
	else
		api_fail(reply, 400, "top is a number of prompts, %u at most", REGISTRY_TOP_MAX);
}

static void answer_gate(struct prompts *p, struct slice name, struct slice version, struct api_reply *reply)
{
	struct prompt_gate gate = { .open = false };
	struct buf key = BUF_INIT, value = BUF_INIT;
	bool is_there = registry_gate_key(prompts_registry(p), name, version, &key) &&
			!FAILED(store_get(prompts_store(p), STORE_PROMPTS, buf_view(&key), &value));
	struct record r = record_reader(buf_view(&value));

	if (is_there)
		prompt_gate_record(&r, &gate);
	if (is_there && record_ok(&r))
		buf_slice(&reply->body, gate.json);
	else
		api_fail(reply, 404, "no gate's result is kept of version '%.*s' of prompt '%.*s'; `plimsoll gate --prompt` leaves "
			 "one", SLICE_ARG(version), SLICE_ARG(name));
	buf_release(&key);
	buf_release(&value);
}

static void answer_one(void *context, const struct api_request *q, struct api_reply *reply)
{
	struct slice version = api_parameter(q, "gate_of");

	if (version.len > 0)
		answer_gate(context, q->rest, version, reply);
	else if (!registry_write_one(prompts_registry(context), q->rest, &reply->body))
		api_fail(reply, 404, "no prompt is named '%.*s'; 'plimsoll prompts list' and GET /api/v1/prompts name "
			 "those that are known", SLICE_ARG(q->rest));
}

/* ---------------------------------------------------------------- deploying */
struct wish {
	struct slice version, environment, by, ticket;
	double canary_share;
	bool forced;
};

static bool read_wish(struct slice body, struct arena *a, struct wish *out, struct buf *why)
{
	const struct {
		const char *name;
		struct slice *text;
	} texts[] = { { "version", &out->version }, { "environment", &out->environment }, { "by", &out->by },
		      { "ticket", &out->ticket } };
	struct json_string key;
	struct slice number;
	struct json j;

	json_init(&j, body);
	json_object(&j);
	while (json_member(&j, &key)) {
		size_t i = 0;
		while (i < 4 && !slice_equal(key.raw, slice_of(texts[i].name)))
			i++;
		bool good = i < 4 ? json_text(&j, a, texts[i].text) :
			    slice_equal(key.raw, SLICE("force")) ? json_bool(&j, &out->forced) :
			    slice_equal(key.raw, SLICE("canary")) && json_number(&j, &number) &&
				    slice_to_double(number, &out->canary_share);
		if (!good) {
			buf_printf(why, "'%.*s': known are version, environment, by, ticket (texts), canary (a share) and force (a "
				   "boolean)",
				   SLICE_ARG(slice_head(key.raw, 60)));
			return false;
		}
	}
	bool good = !FAILED(json_finish(&j));
	if (!good)
		buf_text(why, "the body is no JSON object");
	return good;
}

static void write_answer(const struct prompt_deployment *d, struct buf *out)
{
	const struct {
		const char *name;
		struct slice text;
	} texts[] = { { "prompt", d->name },     { "version", d->version }, { "environment", d->environment },
		      { "previous", d->previous }, { "reason", d->reason } };

	buf_byte(out, '{');
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (texts[i].text.len == 0)
			continue;
		json_write_key(out, texts[i].name);
		json_write_string(out, texts[i].text);
	}
	buf_printf(out, ",\"time\":%llu,\"number\":%u,\"command\":%s}\n", (unsigned long long)d->at_s, d->number,
		   d->command == PROMPT_COMMAND_NONE ? "false" : "true");
}

static void deploy(struct prompts *p, struct slice name, const struct wish *w, uint8_t kind, struct api_reply *reply)
{
	struct prompt_deployment d = { .kind = kind, .at_s = clock_unix_ns() / NS_PER_SECOND, .name = name,
				       .version = w->version, .environment = w->environment, .by = w->by,
				       .ticket = w->ticket, .canary_share = w->canary_share };
	struct buf why = BUF_INIT, reason = BUF_INIT;
	struct prompt_versions versions;
	bool is_deploy = kind == PROMPT_DEPLOY;
	struct status s = OK;

	trials_note(prompts_trials(p), name, w->environment);
	if (is_deploy && !trials_permit(prompts_trials(p), &d, w->forced, &reason, &why)) {
		api_fail(reply, 409, "%s", buf_string(&why));
		goto out;
	}
	d.reason = buf_view(&reason);
	s = is_deploy ? registry_deploy(prompts_registry(p), &d, &versions, &why) :
			registry_rollback(prompts_registry(p), &d, &versions, &reason, &why);
	if (FAILED(s)) {
		fail(reply, s, &why);
	} else {
		prompts_deployed(p, &d);
		(void)store_flush(prompts_store(p)).code; /* what fails is logged, and saved again */
		write_answer(&d, &reply->body);
	}
out:
	buf_release(&reason);
	buf_release(&why);
}

static void answer_deployment(struct prompts *p, struct slice name, struct slice body, uint8_t kind,
			      struct api_reply *reply)
{
	struct wish wish = { .canary_share = 1 };
	struct buf why = BUF_INIT;
	struct arena arena;

	arena_init(&arena, ARENA_BYTES);
	if (!read_wish(body, &arena, &wish, &why))
		api_fail(reply, 400, "%s", buf_string(&why));
	else if (kind == PROMPT_DEPLOY && wish.version.len == 0)
		api_fail(reply, 400, "'version' is missing");
	else
		deploy(p, name, &wish, kind, reply);
	arena_release(&arena);
	buf_release(&why);
}

/* ---------------------------------------------------------------- gates */
static uint64_t count_elements(struct slice list)
{
	struct json j;
	uint64_t n = 0;

	json_init(&j, list);
	if (list.len > 0 && json_array(&j))
		while (json_element(&j) && json_skip(&j))
			n++;
	return n;
}

/* The next gate may ask for it at once; and nobody else has it, should the store not take it. */
static struct status await_gate(struct prompts *p, const struct prompt_gate *g)
{
	struct buf key = BUF_INIT, value = BUF_INIT;

	prompt_gate_key(g, &key);
	(void)store_flush(prompts_store(p)).code; /* it says how the last of all changes went */
	struct status s = buf_failed(&key) ? FAIL(NOMEM, "no memory for the result") :
					     store_get(prompts_store(p), STORE_PROMPTS, buf_view(&key), &value);
	if (FAILED(s))
		registry_forget_gate(prompts_registry(p), g);
	buf_release(&key);
	buf_release(&value);
	return s.code != STATUS_NOTFOUND ? s :
	       FAIL(FULL, "the result was not stored: the disk fails, or it or storage.max_size is full; the agent's log says which");
}

/* The body is what `plimsoll gate --output json` prints, with "version" beside it, and who asked:
 * {"version":"2","by":"alice","gate":{...}}. */
static void keep_gate(struct prompts *p, struct slice name, struct slice body, struct api_reply *reply)
{
	struct slice gate = json_find(body, SLICE("gate")), criteria = json_find(gate, SLICE("criteria"));
	struct slice rate = json_find(json_find(criteria, SLICE("pass_rate")), SLICE("value"));
	struct buf why = BUF_INIT;
	struct arena arena;
	struct prompt_gate g = { .name = name, .at_s = clock_unix_ns() / NS_PER_SECOND, .json = gate, .pass_rate = NAN };

	arena_init(&arena, ARENA_BYTES);
	struct json j;
	struct slice who = json_find(body, SLICE("by")), by = SLICE_NONE;
	json_init(&j, json_find(body, SLICE("version")));
	bool is_named = json_text(&j, &arena, &g.version);
	json_init(&j, who);
	if (who.len > 0 && !json_text(&j, &arena, &by))
		by = SLICE_NONE;
	struct slice open = json_find(gate, SLICE("open"));
	g.open = slice_equal(open, SLICE("true"));
	bool is_told = g.open || slice_equal(open, SLICE("false"));
	g.cases = count_elements(json_find(gate, SLICE("cases")));
	if (!slice_to_double(rate, &g.pass_rate))
		g.pass_rate = NAN;
	struct status s = is_named && is_told && json_is_valid(body) ?
		registry_gate(prompts_registry(p), &g, &why) :
		FAIL(INVALID, "the body is {\"version\":\"...\",\"gate\":{\"open\":true or false,...}}");
	if (!FAILED(s)) {
		gate_note(prompts_audit(p), &g, by);
		s = await_gate(p, &g);
	}
	if (FAILED(s))
		fail(reply, s, &why);
	else
		buf_text(&reply->body, "{\"kept\":true}\n");
	arena_release(&arena);
	buf_release(&why);
}

/* POST /api/v1/prompts/NAME/VERB; a name may hold slashes. */
static void answer_change(void *context, const struct api_request *q, struct api_reply *reply)
{
	size_t at = q->rest.len;

	while (at > 0 && q->rest.ptr[at - 1] != '/')
		at--;
	struct slice verb = slice_skip(q->rest, at), name = slice_head(q->rest, at > 0 ? at - 1 : 0);
	if (name.len > 0 && slice_equal(verb, SLICE("deploy")))
		answer_deployment(context, name, q->body, PROMPT_DEPLOY, reply);
	else if (name.len > 0 && slice_equal(verb, SLICE("rollback")))
		answer_deployment(context, name, q->body, PROMPT_ROLLBACK, reply);
	else if (name.len > 0 && slice_equal(verb, SLICE("gate")))
		keep_gate(context, name, q->body, reply);
	else
		api_fail(reply, 404, "POST goes to /api/v1/prompts/NAME/deploy, /rollback or /gate");
}

const struct api_route prompt_routes[] = {
	{ "GET", "/api/v1/prompts", false, answer_list },
	{ "GET", "/api/v1/prompts/", true, answer_one },
	{ "POST", "/api/v1/prompts/", true, answer_change },
	{ "POST", "/api/v1/prompts/webhook/langfuse", false, prompts_answer_langfuse },
	{ "POST", "/api/v1/prompts/webhook/braintrust", false, prompts_answer_braintrust },
	{ .path = NULL },
};
