/* SPDX-License-Identifier: Apache-2.0
 * admin/routes.c - the paths that the admin endpoint itself knows, in one table.
 */
#include "agent/admin/admin_priv.h"
#include "agent/admin/embedded.h"

struct route {
	const char *path;
	enum MHD_Result (*answer)(const struct request *r, const struct route *route);
	const char *content_type;
	const char *bytes, *end; /* of static ones */
};

static enum MHD_Result answer_static(const struct request *r, const struct route *route)
{
	return reply_static(r, MHD_HTTP_OK, route->content_type, route->bytes, (size_t)(route->end - route->bytes));
}

static enum MHD_Result answer_metrics(const struct request *r, const struct route *route)
{
	(void)route; /* its content type is negotiated */
	return metrics_reply(r);
}

static enum MHD_Result answer_live(const struct request *r, const struct route *route)
{
	return reply_static(r, MHD_HTTP_OK, route->content_type, "ok\n", 3);
}

static enum MHD_Result answer_ready(const struct request *r, const struct route *route)
{
	const char *why = atomic_load(&r->admin->not_ready_why);
	struct buf body = BUF_INIT;

	if (why != NULL)
		buf_printf(&body, "not ready: %s\n", why);
	else
		buf_text(&body, "ready\n");
	return reply_buf(r, why != NULL ? MHD_HTTP_SERVICE_UNAVAILABLE : MHD_HTTP_OK, route->content_type, &body);
}

static enum MHD_Result answer_summary(const struct request *r, const struct route *route)
{
	struct buf body = BUF_INIT;

	r->admin->source.summary(r->admin->source.context, &body);
	return reply_buf(r, MHD_HTTP_OK, route->content_type, &body);
}

static const struct route routes[] = {
	{ "/", answer_static, "text/html; charset=utf-8", page_html, page_html_end },
	{ "/page.js", answer_static, "text/javascript; charset=utf-8", page_js, page_js_end },
	{ "/words.js", answer_static, "text/javascript; charset=utf-8", page_words, page_words_end },
	{ "/alerts.js", answer_static, "text/javascript; charset=utf-8", page_alerts, page_alerts_end },
	{ "/budgets.js", answer_static, "text/javascript; charset=utf-8", page_budgets, page_budgets_end },
	{ "/prompts.js", answer_static, "text/javascript; charset=utf-8", page_prompts, page_prompts_end },
	{ "/page.css", answer_static, "text/css; charset=utf-8", page_css, page_css_end },
	{ .path = "/metrics", .answer = answer_metrics },
	{ "/livez", answer_live, "text/plain; charset=utf-8", NULL, NULL },
	{ "/readyz", answer_ready, "text/plain; charset=utf-8", NULL, NULL },
	{ "/api/v1/summary", answer_summary, "application/json", NULL, NULL },
};

static const struct route *find(const char *path)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		if (strcmp(path, routes[i].path) == 0)
			return &routes[i];
	return NULL;
}

bool route_exists(const char *path)
{
	return find(path) != NULL;
}

void route_list(struct buf *out)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		buf_printf(out, "%s%s", i > 0 ? ", " : "", routes[i].path);
}

enum MHD_Result route_request(const struct request *r, const char *path)
{
	const struct route *route = find(path);

	return route->answer(r, route);
}
