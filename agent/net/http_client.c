/* SPDX-License-Identifier: Apache-2.0
 * net/http_client.c - curl's multi_socket interface driven by the loop.
 *
 * curl says which sockets it wants watched (watch_socket) and when it wants to be called again (set_timer); both end in
 * curl_multi_socket_action, after which finished transfers are collected. Nothing calls back into our caller from
 * inside curl. Easy handles are pooled; connections live in the multi handle and are kept alive there.
 */
#include "agent/net/http_client.h"

#include <stdlib.h>

#include "agent/net/http_transfer.h"

#define POOLED_MAX 16

struct http_client {
	CURLM *multi;
	uv_loop_t *loop;
	uv_timer_t timer;
	struct transfer *running, *pool;
	unsigned pooled;
	bool closing;
};

struct watch {
	uv_poll_t poll;
	curl_socket_t socket;
	struct http_client *client;
};

static struct transfer *transfer_take(struct http_client *c)
{
	struct transfer *t = c->pool;

	if (t != NULL) {
		c->pool = t->next;
		c->pooled--;
		return t;
	}
	t = calloc(1, sizeof(*t));
	if (t != NULL)
		t->easy = curl_easy_init();
	if (t == NULL || t->easy == NULL) {
		free(t);
		return NULL;
	}
	t->client = c;
	return t;
}

static void transfer_free(struct transfer *t)
{
	curl_easy_cleanup(t->easy);
	buf_release(&t->body);
	free(t);
}

static void transfer_give_back(struct transfer *t)
{
	struct http_client *c = t->client;

	curl_easy_reset(t->easy);
	curl_slist_free_all(t->headers);
	curl_slist_free_all(t->connect_to);
	t->headers = t->connect_to = NULL;
	buf_reset(&t->body);
	if (c->pooled == POOLED_MAX) {
		transfer_free(t);
		return;
	}
	t->next = c->pool;
	c->pool = t;
	c->pooled++;
}

static void transfer_link(struct transfer *t)
{
	struct http_client *c = t->client;

	t->next = c->running;
	t->link = &c->running;
	if (t->next != NULL)
		t->next->link = &t->next;
	c->running = t;
}

static void transfer_unlink(struct transfer *t)
{
	*t->link = t->next;
	if (t->next != NULL)
		t->next->link = t->link;
}

static void finish(struct transfer *t, struct http_response *response)
{
	curl_multi_remove_handle(t->client->multi, t->easy);
	transfer_unlink(t);
	t->done(t->context, response);
	transfer_give_back(t);
}

static void finish_with(struct transfer *t, CURLcode code)
{
	struct http_response response = transfer_outcome(t, code);

	finish(t, &response);
}

static void collect_finished(struct http_client *c)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(c->multi, &left)) != NULL) {
		struct transfer *t = NULL;
		if (message->msg != CURLMSG_DONE)
			continue;
		CURLcode code = message->data.result; /* the message dies with the handle's removal */
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &t);
		finish_with(t, code);
	}
}

static void act(struct http_client *c, curl_socket_t socket, int events)
{
	int running;

	curl_multi_socket_action(c->multi, socket, events, &running);
	collect_finished(c);
}

static void on_timer(uv_timer_t *timer)
{
	act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static void on_poll(uv_poll_t *poll, int failure, int events)
{
	struct watch *w = poll->data;
	int flags = failure < 0 ? CURL_CSELECT_ERR : 0;

	flags |= (events & UV_READABLE) != 0 ? CURL_CSELECT_IN : 0;
	flags |= (events & UV_WRITABLE) != 0 ? CURL_CSELECT_OUT : 0;
	act(w->client, w->socket, flags);
}

/* curl's CURLMOPT_TIMERFUNCTION. 0 becomes 1 ms: curl must not be entered from inside this call. */
static int set_timer(CURLM *multi, long timeout_ms, void *user)
{
	struct http_client *c = user;

	(void)multi;
	if (timeout_ms < 0)
		return uv_timer_stop(&c->timer);
	return uv_timer_start(&c->timer, on_timer, timeout_ms > 0 ? (uint64_t)timeout_ms : 1, 0);
}

static void on_watch_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static struct watch *watch_new(struct http_client *c, curl_socket_t socket)
{
	struct watch *w = calloc(1, sizeof(*w));

	if (w == NULL || uv_poll_init_socket(c->loop, &w->poll, socket) != 0) {
		free(w);
		return NULL;
	}
	w->poll.data = w;
	w->socket = socket;
	w->client = c;
	curl_multi_assign(c->multi, socket, w);
	return w;
}

/* curl's CURLMOPT_SOCKETFUNCTION. -1 makes curl fail the transfer. */
static int watch_socket(CURL *easy, curl_socket_t socket, int what, void *user, void *assigned)
{
	struct http_client *c = user;
	struct watch *w = assigned;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (w == NULL)
			return 0;
		uv_poll_stop(&w->poll);
		uv_close((uv_handle_t *)&w->poll, on_watch_closed);
		curl_multi_assign(c->multi, socket, NULL);
		return 0;
	}
	if (w == NULL)
		w = watch_new(c, socket);
	if (w == NULL)
		return -1;
	int events = (what & CURL_POLL_IN) != 0 ? UV_READABLE : 0;
	events |= (what & CURL_POLL_OUT) != 0 ? UV_WRITABLE : 0;
	return uv_poll_start(&w->poll, events, on_poll) == 0 ? 0 : -1;
}

struct status http_client_post(struct http_client *c, const struct http_request *request, http_done done, void *context)
{
	struct transfer *t = c->closing ? NULL : transfer_take(c);

	if (c->closing)
		return FAIL(UNAVAILABLE, "the HTTP client is being closed");
	if (t == NULL)
		return FAIL(NOMEM, "no memory for the request");
	t->done = done;
	t->context = context;
	if (!transfer_prepare(t, request)) {
		transfer_give_back(t);
		return FAIL(INVALID, "the request's URL, headers or TLS files cannot be used");
	}
	if (curl_multi_add_handle(c->multi, t->easy) != CURLM_OK) {
		transfer_give_back(t);
		return FAIL(NOMEM, "no memory for the request");
	}
	transfer_link(t);
	return OK;
}

static void end_early(struct transfer *t)
{
	struct http_response response = { .status = FAIL(UNAVAILABLE, "the request was ended early"),
					  .error = "ended early" };

	finish(t, &response);
}

void http_client_cancel(struct http_client *c, const void *context)
{
	struct transfer *t = c->running;

	while (t != NULL) {
		struct transfer *next = t->next;
		if (t->context == context)
			end_early(t);
		t = next;
	}
}

struct status http_client_new(uv_loop_t *loop, struct http_client **out)
{
	struct http_client *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return FAIL(NOMEM, "no memory for the HTTP client");
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		free(c);
		return FAIL(NOMEM, "libcurl cannot start");
	}
	c->multi = curl_multi_init();
	if (c->multi == NULL) {
		curl_global_cleanup();
		free(c);
		return FAIL(NOMEM, "no memory for the HTTP client");
	}
	c->loop = loop;
	uv_timer_init(loop, &c->timer);
	c->timer.data = c;
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
	*out = c;
	return OK;
}

static void on_timer_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void http_client_free(struct http_client *c)
{
	if (c == NULL)
		return;
	c->closing = true;
	while (c->running != NULL)
		end_early(c->running);
	while (c->pool != NULL) {
		struct transfer *t = c->pool;
		c->pool = t->next;
		transfer_free(t);
	}
	curl_multi_cleanup(c->multi); /* closes the connections that are kept alive, and with them their watches */
	uv_close((uv_handle_t *)&c->timer, on_timer_closed);
	curl_global_cleanup();
}
