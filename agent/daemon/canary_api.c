/* SPDX-License-Identifier: Apache-2.0
 * daemon/canary_api.c - comparisons, made under the judge's lock.
 */
#include "agent/daemon/canary_api.h"

#include "agent/canary/canary_json.h"
#include "agent/daemon/judge.h"

struct visit {
	const struct api_request *request;
	struct api_reply *reply;
};

static void list(void *context, const struct canary *c)
{
	struct visit *v = context;

	canary_write_list(c, &v->reply->body);
}

static void show(void *context, const struct canary *c)
{
	struct visit *v = context;
	struct canary_wish wish = {
		.name = v->request->rest,
		.from = api_parameter(v->request, "from"),
		.to = api_parameter(v->request, "to"),
		.feature = api_parameter(v->request, "feature"),
		.model = api_parameter(v->request, "model"),
		.environment = api_parameter(v->request, "environment"),
	};

	if (wish.environment.len == 0)
		wish.environment = SLICE_NONE; /* any */
	struct buf why = BUF_INIT;

	if (FAILED(canary_write_json(c, &wish, "", &v->reply->body))) {
		canary_write_missing(c, &wish, &why);
		api_fail(v->reply, 404, "%.*s", SLICE_ARG(buf_view(&why)));
	}
	buf_release(&why);
}

static void answer_list(void *context, const struct api_request *q, struct api_reply *reply)
{
	struct visit v = { q, reply };

	judge_look_versions(context, list, &v);
}

static void answer_show(void *context, const struct api_request *q, struct api_reply *reply)
{
	struct visit v = { q, reply };

	judge_look_versions(context, show, &v);
}

const struct api_route canary_routes[] = {
	{ "GET", "/api/v1/canary", false, answer_list },
	{ "GET", "/api/v1/canary/", false, answer_show },
	{ .path = NULL },
};
