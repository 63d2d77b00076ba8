/* SPDX-License-Identifier: Apache-2.0
 * net/http_exchange.c - curl's easy interface, used once.
 */
#include "agent/net/http_exchange.h"

#include "agent/net/http_transfer.h"

struct exchange {
	const struct http_exchange *request;
	struct buf *answer;
	bool too_long;
	struct curl_slist *headers;
	char error[CURL_ERROR_SIZE];
};

static size_t keep(char *bytes, size_t size, size_t count, void *user)
{
	struct exchange *e = user;

	e->too_long = e->answer->len + size * count > e->request->answer_bytes_max;
	if (e->too_long)
		return 0;
	buf_append(e->answer, bytes, size * count);
	return buf_failed(e->answer) ? 0 : size * count;
}

static bool add_header(struct exchange *e, const char *line)
{
	struct curl_slist *longer = curl_slist_append(e->headers, line);

	if (longer != NULL)
		e->headers = longer;
	return longer != NULL;
}

static bool add_headers(struct exchange *e)
{
	struct buf line = BUF_INIT;
	bool good = add_header(e, "Expect:") && add_header(e, "Content-Type: application/json");

	if (e->request->token != NULL) {
		buf_printf(&line, "Authorization: Bearer %s", e->request->token);
		good = good && strpbrk(e->request->token, "\r\n") == NULL && add_header(e, buf_string(&line));
	}
	buf_release(&line);
	return good;
}

#define SET(option, value) (curl_easy_setopt(easy, CURLOPT_##option, (value)) == CURLE_OK)

static bool set_peer(CURL *easy, const struct http_exchange *r)
{
	return (r->unix_socket == NULL || SET(UNIX_SOCKET_PATH, r->unix_socket)) &&
	       (r->ca_file == NULL || SET(CAINFO, r->ca_file)) && (r->cert_file == NULL || SET(SSLCERT, r->cert_file)) &&
	       (r->key_file == NULL || SET(SSLKEY, r->key_file));
}

static bool set_options(CURL *easy, struct exchange *e)
{
	const struct http_exchange *r = e->request;
	bool has_body = strcmp(r->method, "GET") != 0;

	return add_headers(e) && set_peer(easy, r) && SET(ERRORBUFFER, e->error) && SET(NOSIGNAL, 1L) && SET(URL, r->url) &&
	       SET(PROTOCOLS_STR, "http,https") && SET(FOLLOWLOCATION, 0L) && SET(PROXY, "") &&
	       SET(USERAGENT, "plimsoll/" PLIMSOLL_VERSION) && SET(TIMEOUT_MS, (long)r->timeout_ms) &&
	       SET(HTTPHEADER, e->headers) && SET(WRITEFUNCTION, keep) && SET(WRITEDATA, e) &&
	       (!has_body || (SET(POSTFIELDS, r->body.ptr != NULL ? r->body.ptr : "") &&
			      SET(POSTFIELDSIZE_LARGE, (curl_off_t)r->body.len) && SET(CUSTOMREQUEST, r->method)));
}

struct status http_exchange(const struct http_exchange *request, unsigned *code, struct buf *answer, struct buf *why)
{
	struct exchange e = { .request = request, .answer = answer };
	CURL *easy = curl_easy_init();
	long http_code = 0;

	if (easy == NULL)
		return FAIL(NOMEM, "no memory for the request");
	CURLcode result = set_options(easy, &e) ? curl_easy_perform(easy) : CURLE_URL_MALFORMAT;
	struct status s = e.too_long ? FAIL(FULL, "the answer is too long") : transfer_status(result);
	if (FAILED(s))
		buf_text(why, e.error[0] != '\0' && !e.too_long ? e.error : s.why);
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &http_code);
	*code = (unsigned)http_code;
	curl_easy_cleanup(easy);
	curl_slist_free_all(e.headers);
	return s;
}
