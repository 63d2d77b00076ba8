/* SPDX-License-Identifier: Apache-2.0
 * daemon/refused_api.c - the list, and one of it.
 */
#include "agent/daemon/refused_api.h"

#include "agent/base/json.h"
#include "exporters/sender.h"

/* What is set aside is the reason, a newline, and the bytes. */
static struct slice split_reason(struct slice value, struct slice *bytes)
{
	ptrdiff_t at = slice_find(value, SLICE("\n"));
	size_t n = at < 0 ? value.len : (size_t)at;

	*bytes = slice_skip(value, at < 0 ? n : n + 1);
	return slice_head(value, n);
}

static bool list_one(void *context, const struct spool_entry *e, struct slice value)
{
	struct buf *out = context;
	struct slice bytes, why = split_reason(value, &bytes);

	json_write_comma(out);
	buf_printf(out, "{\"id\":%llu,\"kind\":\"%s\",\"items\":%u,\"bytes\":%zu,\"time\":%.3f,\"why\":",
		   (unsigned long long)e->seq, payload_kind_names[e->kind], e->items, bytes.len,
		   (double)e->created_unix_ms / 1000);
	json_write_string(out, why);
	buf_byte(out, '}');
	return !buf_failed(out);
}

static void fail_to_read(struct api_reply *reply, struct status s)
{
	api_fail(reply, 503, "cannot read the queue on the disk: %s", s.why);
}

static void answer_list(void *context, const struct api_request *q, struct api_reply *reply)
{
	(void)q;
	buf_text(&reply->body, "{\"batches\":[");
	struct status s = senders_visit_aside(context, list_one, &reply->body);
	if (FAILED(s))
		fail_to_read(reply, s);
	else
		buf_text(&reply->body, "]}");
}

struct wanted {
	uint64_t id;
	struct api_reply *reply;
	bool found;
};

static bool give_one(void *context, const struct spool_entry *e, struct slice value)
{
	struct wanted *w = context;
	struct slice bytes;

	if (e->seq != w->id)
		return true;
	split_reason(value, &bytes);
	buf_slice(&w->reply->body, bytes);
	w->reply->content_type = e->kind <= PAYLOAD_LOGS ? "application/x-protobuf" : "application/x-ndjson";
	w->found = true;
	return false;
}

static void answer_one(void *context, const struct api_request *q, struct api_reply *reply)
{
	struct wanted w = { .reply = reply };
	struct status s = slice_to_u64(q->rest, &w.id) ? senders_visit_aside(context, give_one, &w) : OK;

	if (FAILED(s))
		fail_to_read(reply, s);
	else if (!w.found)
		api_fail(reply, 404, "no refused batch has this id; GET /api/v1/refused lists them");
}

const struct api_route refused_routes[] = {
	{ "GET", "/api/v1/refused", false, answer_list },
	{ "GET", "/api/v1/refused/", true, answer_one },
	{ .path = NULL },
};
