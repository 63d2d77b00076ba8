/* SPDX-License-Identifier: Apache-2.0
 * daemon/baseline_api.c - routes that look into the detector, or put something into it.
 */
#include "agent/daemon/baseline_api.h"

#include "agent/base/json.h"
#include "agent/baselines/exchange.h"
#include "agent/daemon/judge.h"

struct wanted {
	struct slice feature, model, metric;
	struct buf *out;
};

static bool fits(struct slice wanted, struct slice is)
{
	return wanted.len == 0 || slice_equal(wanted, is);
}

static void write_standing(void *context, const struct standing_view *v)
{
	const struct wanted *w = context;
	const struct {
		const char *name;
		double value;
	} figures[] = { { "value", v->value }, { "mean", v->mean }, { "stddev", v->stddev },
			{ "deviation", v->deviation }, { "learned_hours", v->learned_hours } };

	if (!fits(w->feature, v->feature) || !fits(w->model, v->model) || !fits(w->metric, slice_of(v->metric)))
		return;
	json_write_comma(w->out);
	buf_byte(w->out, '{');
	json_write_text(w->out, "feature", v->feature);
	json_write_text(w->out, "model", v->model);
	json_write_text(w->out, "prompt_version", v->prompt_version);
	json_write_text_if_any(w->out, "workflow", v->workflow);
	json_write_text_if_any(w->out, "user_segment", v->user_segment);
	json_write_text(w->out, "metric", slice_of(v->metric));
	json_write_text_if_any(w->out, "name", v->name);
	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
		json_write_key(w->out, figures[i].name);
		json_write_double(w->out, figures[i].value);
	}
	json_write_key(w->out, "firing");
	buf_text(w->out, v->firing ? "true}" : "false}");
}

void baselines_write_json(const struct detector *d, struct slice feature, struct slice model, struct slice metric,
			  struct buf *out)
{
	struct wanted w = { feature, model, metric, out };

	buf_byte(out, '[');
	if (!buf_failed(out))
		detector_visit(d, write_standing, &w);
	buf_byte(out, ']');
}

struct visit {
	const struct api_request *request;
	struct api_reply *reply;
};

static void list(void *context, struct detector *d)
{
	struct visit *v = context;

	buf_text(&v->reply->body, "{\"baselines\":");
	baselines_write_json(d, api_parameter(v->request, "feature"), api_parameter(v->request, "model"),
			     api_parameter(v->request, "metric"), &v->reply->body);
	buf_byte(&v->reply->body, '}');
}

static void export(void *context, struct detector *d)
{
	struct visit *v = context;

	v->reply->content_type = "application/x-ndjson";
	exchange_export(d, &v->reply->body);
}

static void import(void *context, struct detector *d)
{
	struct visit *v = context;
	struct slice mode = api_parameter(v->request, "mode");
	struct exchange_result result;
	struct buf why = BUF_INIT;
	bool merges = slice_equal(mode, SLICE("merge"));

	if (!merges && mode.len > 0 && !slice_equal(mode, SLICE("import"))) {
		api_fail(v->reply, 400, "mode is import or merge, not '%.*s'", SLICE_ARG(mode));
		return;
	}
	struct status s = exchange_import(d, v->request->body, merges ? EXCHANGE_MERGE : EXCHANGE_IMPORT, false,
					  &result, &why);
	if (FAILED(s))
		api_fail(v->reply, s.code == STATUS_FULL || s.code == STATUS_NOMEM ? 409 : 422, "%s", buf_string(&why));
	else
		buf_printf(&v->reply->body, "{\"added\":%llu,\"changed\":%llu,\"skipped\":%llu}",
			   (unsigned long long)result.added, (unsigned long long)result.changed,
			   (unsigned long long)result.skipped);
	buf_release(&why);
}

static void reset(void *context, struct detector *d)
{
	struct visit *v = context;
	struct slice feature = api_parameter(v->request, "feature"), model = api_parameter(v->request, "model");
	struct slice version = api_parameter(v->request, "prompt_version");

	if (feature.len + model.len + version.len == 0 &&
	    !slice_equal(api_parameter(v->request, "all"), SLICE("true"))) {
		api_fail(v->reply, 400, "name a feature, model or prompt_version, or say all=true");
		return;
	}
	buf_printf(&v->reply->body, "{\"keys\":%llu}", (unsigned long long)detector_reset(d, feature, model, version));
}

static void answer_list(void *context, const struct api_request *q, struct api_reply *reply)
{
	struct visit v = { q, reply };

	judge_with_detector(context, list, &v);
}

static void answer_export(void *context, const struct api_request *q, struct api_reply *reply)
{
	struct visit v = { q, reply };

	judge_with_detector(context, export, &v);
}

static void answer_import(void *context, const struct api_request *q, struct api_reply *reply)
{
	struct visit v = { q, reply };

	judge_with_detector(context, import, &v);
	judge_settle(context);
}

static void answer_reset(void *context, const struct api_request *q, struct api_reply *reply)
{
	struct visit v = { q, reply };

	judge_with_detector(context, reset, &v);
	judge_settle(context);
}

const struct api_route baseline_routes[] = {
	{ "GET", "/api/v1/baselines", false, answer_list },
	{ "GET", "/api/v1/baselines/export", false, answer_export },
	{ "POST", "/api/v1/baselines/import", true, answer_import },
	{ "POST", "/api/v1/baselines/reset", true, answer_reset },
	{ .path = NULL },
};
