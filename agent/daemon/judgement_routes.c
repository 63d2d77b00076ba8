/* SPDX-License-Identifier: Apache-2.0
 * daemon/judgement_routes.c - POST /api/v1/scores and /api/v1/feedback.
 *
 * A request is taken as a whole or not at all. The answer says of each item what became of it:
 * {"accepted":2,"repeated":0,"items":[{"id":"...","state":"joined"},{"id":"...","state":"waiting"}]}
 */
#include <stdio.h>

#include "agent/base/clock.h"
#include "agent/base/json.h"
#include "agent/daemon/judgements_priv.h"
#include "agent/judgements/body.h"

#define ARENA_BYTES (8u << 20)

static void write_item(struct buf *out, const struct judgement *j, enum taken taken)
{
	char id[17];

	snprintf(id, sizeof(id), "%016llx", (unsigned long long)judgement_identity(j));
	buf_text(out, "{\"id\":");
	json_write_string(out, j->given_id.len > 0 ? j->given_id : slice_of(id));
	buf_printf(out, ",\"state\":\"%s\"}", taken_names[taken]);
}

static void take_all(struct judgements *j, const struct judgement_list *list, uint64_t now_ns, struct api_reply *reply)
{
	struct buf items = BUF_INIT;
	size_t repeated = 0;

	for (size_t i = 0; i < list->count; i++) {
		enum taken taken = judgements_take(j, &list->items[i], now_ns);
		repeated += taken == TAKEN_REPEATED;
		if (i > 0)
			buf_byte(&items, ',');
		write_item(&items, &list->items[i], taken);
	}
	reply->status = 202;
	buf_printf(&reply->body, "{\"accepted\":%zu,\"repeated\":%zu,\"items\":[", list->count - repeated, repeated);
	buf_slice(&reply->body, buf_view(&items));
	buf_text(&reply->body, "]}\n");
	buf_release(&items);
}

static void answer(struct judgements *j, const struct api_request *q, enum judgement_kind kind, struct api_reply *reply)
{
	struct arena arena;
	struct judgement_list list;
	struct buf why = BUF_INIT;
	uint64_t now_ns = clock_unix_ns();

	if (!judgements_enter(j)) {
		api_fail(reply, 503, "the agent is about to end, try again");
		api_header(reply, "Retry-After", "%d", 1);
		return;
	}
	arena_init(&arena, ARENA_BYTES);
	struct status s = judgement_body_read(q->body, kind, now_ns, &arena, &list, &why);
	if (FAILED(s))
		api_fail(reply, 400, "%s", buf_string(&why));
	else
		take_all(j, &list, now_ns, reply);
	judgements_leave(j);
	buf_release(&why);
	arena_release(&arena);
}

static void answer_scores(void *context, const struct api_request *q, struct api_reply *reply)
{
	answer(context, q, JUDGEMENT_EVALUATION, reply);
}

static void answer_feedback(void *context, const struct api_request *q, struct api_reply *reply)
{
	answer(context, q, JUDGEMENT_FEEDBACK, reply);
}

const struct api_route judgement_routes[] = {
	{ "POST", "/api/v1/scores", true, answer_scores },
	{ "POST", "/api/v1/feedback", true, answer_feedback },
	{ .path = NULL },
};
