/* SPDX-License-Identifier: Apache-2.0
 * exporters/client_auth.c - where the value comes from, and who waits for it.
 */
#include "exporters/client_auth.h"

#include <openssl/crypto.h>
#include <stdlib.h>

#include "agent/base/base64.h"
#include "agent/base/clock.h"
#include "agent/base/json.h"
#include "agent/base/log.h"
#include "agent/net/file_watch.h"

#define EARLY_MS        30000 /* a token is not used any more so long before its end, or a tenth of its life */
#define ANSWER_BYTES    65536
#define LIFE_S_MAX      UINT64_C(31536000)

struct post {
	struct client_auth_waiter waiter;
	struct post *next, **link;
	struct client_auth *auth;
	struct http_request request; /* the URL is ours */
	http_done done;
	void *context;
	bool is_repeated;
	bool is_starting; /* client_auth_post has not returned: it tells of a failure */
	struct status failure;
};

struct client_auth {
	const char *id;
	const struct client_auth_config *config;
	struct http_client *http;
	struct buf key;           /* of the file watch */
	struct file_watch *watch; /* bearer_token_file; NULL: none */

	struct buf value;    /* of the header, NUL-terminated */
	bool has_value;      /* else it has to be fetched */
	uint64_t expires_ms; /* monotonic; UINT64_MAX: never */
	uint64_t generation; /* of the value */
	bool was_accepted;   /* the value */

	bool is_fetching;
	struct buf form; /* the request's body */
	struct client_auth_waiter *waiters;
	struct post *posts;
};

/* ------------------------------------------------------------------ the value */

/* Wipes what was there before. */
static struct status set_value(struct client_auth *a, const char *scheme, struct slice credentials)
{
	if (a->value.ptr != NULL)
		OPENSSL_cleanse(a->value.ptr, a->value.cap);
	buf_reset(&a->value);
	buf_printf(&a->value, "%s%s%.*s", scheme, scheme[0] != '\0' ? " " : "", SLICE_ARG(credentials));
	buf_string(&a->value);
	a->has_value = !buf_failed(&a->value);
	a->expires_ms = UINT64_MAX;
	a->generation++;
	a->was_accepted = false;
	return a->has_value ? OK : FAIL(NOMEM, "no memory for the credentials");
}

static struct status load_file(void *context, const struct slice contents[], struct buf *why)
{
	struct slice token = slice_trim(contents[0]);

	if (token.len == 0 || slice_find(token, SLICE("\n")) >= 0) {
		buf_text(why, "bearer_token_file holds no token, or more than one line");
		return FAIL(INVALID, "no token");
	}
	return set_value(context, "Bearer", token);
}

static struct status watch_file(struct client_auth *a, struct buf *why)
{
	buf_printf(&a->key, "exporters.%s.auth", a->id);
	const struct file_watch_spec spec = { .key = buf_string(&a->key),
					      .paths = { a->config->bearer_token_file },
					      .interval_ms = FILE_WATCH_INTERVAL_MS,
					      .load = load_file,
					      .context = a };
	return file_watch_new(&spec, &a->watch, why);
}

/* "user:password" in base64. */
static void append_pair(struct buf *out, struct slice user, struct slice password)
{
	struct buf pair = BUF_INIT;

	buf_printf(&pair, "%.*s:%.*s", SLICE_ARG(user), SLICE_ARG(password));
	base64_append(out, buf_view(&pair));
	if (pair.ptr != NULL)
		OPENSSL_cleanse(pair.ptr, pair.cap);
	buf_release(&pair);
}

static struct status first_value(struct client_auth *a, struct buf *why)
{
	const struct client_auth_config *c = a->config;
	struct buf pair = BUF_INIT;

	if (c->bearer_token_file != NULL)
		return watch_file(a, why);
	if (c->oauth2.token_url != NULL)
		return OK;
	if (c->bearer_token != NULL)
		return set_value(a, "Bearer", slice_of(c->bearer_token));
	if (c->basic.username == NULL)
		return set_value(a, "", SLICE_NONE);
	append_pair(&pair, slice_of(c->basic.username), slice_of(c->basic.password));
	struct status s = set_value(a, "Basic", buf_view(&pair));
	buf_release(&pair);
	return s;
}

struct status client_auth_new(const char *id, const struct client_auth_config *config, struct http_client *http,
			      struct client_auth **out, struct buf *why)
{
	struct client_auth *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return FAIL(NOMEM, "no memory for the exporter");
	*a = (struct client_auth){ .id = id, .config = config, .http = http };
	struct status s = first_value(a, why);
	if (FAILED(s))
		client_auth_free(a);
	else
		*out = a;
	return s;
}

void client_auth_free(struct client_auth *a)
{
	if (a == NULL)
		return;
	if (a->is_fetching)
		http_client_cancel(a->http, a);
	file_watch_free(a->watch);
	if (a->value.ptr != NULL)
		OPENSSL_cleanse(a->value.ptr, a->value.cap);
	buf_release(&a->value);
	buf_release(&a->form);
	buf_release(&a->key);
	free(a);
}

/* ------------------------------------------------------------------ fetching */

static void write_form(struct client_auth *a)
{
	const struct oauth2_config *c = &a->config->oauth2;

	buf_reset(&a->form);
	buf_text(&a->form, "grant_type=client_credentials");
	for (size_t i = 0; i < c->scopes.count; i++) {
		buf_text(&a->form, i == 0 ? "&scope=" : "%20");
		buf_percent(&a->form, slice_of(c->scopes.items[i]));
	}
	for (size_t i = 0; i < c->endpoint_params.count; i++) {
		buf_byte(&a->form, '&');
		buf_percent(&a->form, slice_of(c->endpoint_params.items[i].key));
		buf_byte(&a->form, '=');
		buf_percent(&a->form, slice_of(c->endpoint_params.items[i].value));
	}
}

/* RFC 6749 section 2.3.1: both halves are encoded as in a form first. */
static void write_client(const struct oauth2_config *c, struct buf *out)
{
	struct buf id = BUF_INIT, secret = BUF_INIT;

	buf_percent(&id, slice_of(c->client_id));
	buf_percent(&secret, slice_of(c->client_secret));
	buf_text(out, "Basic ");
	append_pair(out, buf_view(&id), buf_view(&secret));
	buf_string(out);
	buf_release(&id);
	buf_release(&secret);
}

static void wake(struct client_auth *a, struct status status)
{
	struct client_auth_waiter *all = a->waiters; /* who asks again meanwhile waits for the next one */

	a->waiters = NULL;
	if (all != NULL)
		all->link = &all;
	while (all != NULL) {
		struct client_auth_waiter *w = all;
		client_auth_cancel(w);
		w->generation = a->generation;
		w->ready(w, status, FAILED(status) ? "" : a->value.ptr);
	}
}

/* When a token that lives so long from now is not used any more. */
static uint64_t use_until_ms(uint64_t life_s)
{
	uint64_t life_ms = (life_s < LIFE_S_MAX ? life_s : LIFE_S_MAX) * 1000;
	uint64_t early_ms = life_ms / 10 < EARLY_MS ? life_ms / 10 : EARLY_MS;

	return clock_mono_ns() / NS_PER_MS + life_ms - early_ms;
}

/* RFC 6749 section 5.1. Some servers write expires_in as a string. */
static struct status read_token(struct client_auth *a, struct slice body)
{
	struct arena arena;
	struct json j;
	struct json_string key;
	struct slice token = SLICE_NONE, number = SLICE_NONE;
	uint64_t life_s = 0;

	arena_init(&arena, ANSWER_BYTES * 2);
	json_init(&j, body);
	if (json_object(&j))
		while (json_member(&j, &key)) {
			bool is_life = slice_equal(key.raw, SLICE("expires_in"));
			if (slice_equal(key.raw, SLICE("access_token")))
				json_text(&j, &arena, &token);
			else if (is_life && json_peek(&j) == JSON_NUMBER)
				json_number(&j, &number);
			else if (is_life && json_peek(&j) == JSON_STRING)
				json_text(&j, &arena, &number);
			else
				json_skip(&j);
		}
	struct status s = json_finish(&j);
	if (!FAILED(s))
		s = token.len > 0 ? set_value(a, "Bearer", token)
				  : FAIL(MALFORMED, "oauth2client: the answer holds no access_token");
	if (!FAILED(s) && slice_to_u64(number, &life_s))
		a->expires_ms = use_until_ms(life_s);
	arena_release(&arena);
	return s;
}

static void on_token(void *context, const struct http_response *response)
{
	struct client_auth *a = context;
	struct status s = response->status;

	a->is_fetching = false;
	if (!FAILED(s) && response->code / 100 != 2)
		s = FAIL(DENIED, "oauth2client: the token URL refuses");
	if (!FAILED(s))
		s = read_token(a, response->body);
	if (FAILED(s))
		LOG(WARN, "exporters", "token_failed", "exporter=\"%s\" code=%u reason=\"%s\" error=\"%s\"", a->id,
		    response->code, s.why, response->error);
	wake(a, s);
}

static void fetch(struct client_auth *a)
{
	struct buf client = BUF_INIT;

	write_form(a);
	write_client(&a->config->oauth2, &client);
	const struct http_request request = {
		.url = a->config->oauth2.token_url,
		.content_type = "application/x-www-form-urlencoded",
		.authorization = client.ptr,
		.tls = &a->config->oauth2.tls,
		.body = buf_view(&a->form),
		.timeout_ms = a->config->oauth2.timeout_ms,
	};
	struct status s = buf_failed(&client) || buf_failed(&a->form) ? FAIL(NOMEM, "no memory for the token request")
								      : http_client_post(a->http, &request, on_token, a);
	if (client.ptr != NULL)
		OPENSSL_cleanse(client.ptr, client.cap);
	buf_release(&client);
	a->is_fetching = !FAILED(s);
	if (FAILED(s))
		wake(a, s);
}

/* ------------------------------------------------------------------ asking */

void client_auth_get(struct client_auth *a, struct client_auth_waiter *w)
{
	bool is_old = a->expires_ms != UINT64_MAX && clock_mono_ns() / NS_PER_MS >= a->expires_ms;

	w->link = NULL;
	w->generation = a->generation;
	if (a->has_value && !is_old) {
		w->ready(w, OK, a->value.ptr);
		return;
	}
	w->next = a->waiters;
	w->link = &a->waiters;
	if (w->next != NULL)
		w->next->link = &w->next;
	a->waiters = w;
	if (!a->is_fetching)
		fetch(a);
}

void client_auth_cancel(struct client_auth_waiter *w)
{
	if (w->link == NULL)
		return;
	*w->link = w->next;
	if (w->next != NULL)
		w->next->link = w->link;
	w->link = NULL;
}

void client_auth_accepted(struct client_auth *a, const struct client_auth_waiter *w)
{
	a->was_accepted |= w->generation == a->generation;
}

bool client_auth_refused(struct client_auth *a, const struct client_auth_waiter *w)
{
	if (w->generation != a->generation)
		return true; /* there is another one by now */
	if (a->config->oauth2.token_url == NULL || !a->was_accepted)
		return false;
	a->has_value = a->was_accepted = false;
	return true;
}

/* ------------------------------------------------------------------ posting */

static void post_free(struct post *p)
{
	*p->link = p->next;
	if (p->next != NULL)
		p->next->link = p->link;
	free((char *)(uintptr_t)p->request.url);
	free(p);
}

static void post_end(struct post *p, const struct http_response *response)
{
	http_done done = p->done;
	void *context = p->context;

	post_free(p);
	done(context, response);
}

static void post_fail(struct post *p, struct status s)
{
	const struct http_response response = { .status = s, .error = s.why };

	post_end(p, &response);
}

static void on_answer(void *context, const struct http_response *response)
{
	struct post *p = context;
	struct client_auth *a = p->auth;

	if (!FAILED(response->status) && response->code / 100 == 2)
		client_auth_accepted(a, &p->waiter);
	if (!FAILED(response->status) && response->code == 401 && client_auth_refused(a, &p->waiter) && !p->is_repeated) {
		p->is_repeated = true;
		client_auth_get(a, &p->waiter);
		return;
	}
	post_end(p, response);
}

static void on_ready(struct client_auth_waiter *w, struct status status, const char *authorization)
{
	struct post *p = (struct post *)w; /* its first member */

	p->request.authorization = authorization[0] != '\0' ? authorization : NULL;
	if (!FAILED(status))
		status = http_client_post(p->auth->http, &p->request, on_answer, p);
	p->request.authorization = NULL; /* copied by now */
	p->failure = status;
	if (FAILED(status) && !p->is_starting)
		post_fail(p, status);
}

struct status client_auth_post(struct client_auth *a, const struct http_request *request, http_done done, void *context)
{
	if (a->has_value && a->value.len == 0)
		return http_client_post(a->http, request, done, context);
	struct post *p = calloc(1, sizeof(*p));
	char *url = strdup(request->url);
	if (p == NULL || url == NULL) {
		free(p);
		free(url);
		return FAIL(NOMEM, "no memory for the request");
	}
	*p = (struct post){
		.waiter.ready = on_ready, .auth = a, .request = *request, .done = done, .context = context,
		.is_starting = true, .failure = OK
	};
	p->request.url = url;
	p->next = a->posts;
	p->link = &a->posts;
	if (p->next != NULL)
		p->next->link = &p->next;
	a->posts = p;
	client_auth_get(a, &p->waiter);
	p->is_starting = false;
	struct status s = p->failure;
	if (FAILED(s))
		post_free(p);
	return s;
}

void client_auth_cancel_post(struct client_auth *a, const void *context)
{
	struct post *p = a->posts, *next;

	for (; p != NULL; p = next) {
		next = p->next;
		if (p->context != context)
			continue;
		if (p->waiter.link != NULL) {
			client_auth_cancel(&p->waiter);
			post_fail(p, FAIL(UNAVAILABLE, "the request was ended early"));
		} else {
			http_client_cancel(a->http, p);
		}
		return;
	}
	http_client_cancel(a->http, context);
}
