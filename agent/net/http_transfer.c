/* SPDX-License-Identifier: Apache-2.0
 * net/http_transfer.c - a request as curl's options, and curl's outcome as a response.
 */
#include "agent/net/http_transfer.h"

#define BODY_KEPT_BYTES    (64u << 10)
#define CONNECT_TIMEOUT_MS 10000

/* Keeps the head of the body and reads past the rest, so that the connection stays usable. */
static size_t keep_body(char *bytes, size_t size, size_t count, void *user)
{
	struct transfer *t = user;
	size_t room = BODY_KEPT_BYTES - t->body.len;

	buf_append(&t->body, bytes, size * count < room ? size * count : room);
	return buf_failed(&t->body) ? 0 : size * count;
}

static bool add_header(struct transfer *t, const char *name, const char *value)
{
	struct buf line = BUF_INIT;

	/* "Name;" is curl's way to write a header without a value */
	buf_printf(&line, value[0] != '\0' ? "%s: %s" : "%s;", name, value);
	struct curl_slist *longer = curl_slist_append(t->headers, buf_string(&line));
	bool good = longer != NULL && !buf_failed(&line) && strpbrk(line.ptr, "\r\n") == NULL;
	if (longer != NULL)
		t->headers = longer;
	buf_release(&line);
	return good;
}

/* An empty Expect keeps curl from waiting a second for "100 Continue" before large bodies. */
static bool set_headers(struct transfer *t, const struct http_request *r)
{
	struct curl_slist *first = curl_slist_append(NULL, "Expect:");

	t->headers = first;
	if (first == NULL || !add_header(t, "Content-Type", r->content_type))
		return false;
	if (r->content_encoding != NULL && !add_header(t, "Content-Encoding", r->content_encoding))
		return false;
	if (r->authorization != NULL && !add_header(t, "Authorization", r->authorization))
		return false;
	for (size_t i = 0; r->headers != NULL && i < r->headers->count; i++)
		if (!add_header(t, r->headers->items[i].key, r->headers->items[i].value))
			return false;
	return true;
}

#define SET(option, value) (curl_easy_setopt(t->easy, CURLOPT_##option, (value)) == CURLE_OK)

/* Names another server to TLS than to DNS: the URL gets the one, CONNECT_TO the other, and the Host header stays. */
static bool override_name(struct transfer *t, CURLU *url, const char *name)
{
	char *host = NULL, *port = NULL, *text = NULL;
	struct buf connect_to = BUF_INIT;
	bool good = curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
		    curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK;

	if (good) {
		buf_printf(&connect_to, "::%s:%s", host, port);
		t->connect_to = curl_slist_append(NULL, buf_string(&connect_to));
		good = t->connect_to != NULL && add_header(t, "Host", connect_to.ptr + 2) &&
		       curl_url_set(url, CURLUPART_HOST, name, 0) == CURLUE_OK &&
		       curl_url_get(url, CURLUPART_URL, &text, 0) == CURLUE_OK && SET(URL, text) &&
		       SET(CONNECT_TO, t->connect_to);
	}
	curl_free(host);
	curl_free(port);
	curl_free(text);
	buf_release(&connect_to);
	return good;
}

static bool set_server_name(struct transfer *t, const char *url, const char *name)
{
	CURLU *parsed = curl_url();
	bool good = parsed != NULL && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
		    override_name(t, parsed, name);

	curl_url_cleanup(parsed);
	return good;
}

/* A file of authorities is read again with each new connection; the system's stay in curl's cache. */
static bool set_tls(struct transfer *t, const struct tls_client_config *tls)
{
	long verify = !tls->insecure_skip_verify;
	long oldest = tls->min_version == TLS_VERSION_1_3 ? CURL_SSLVERSION_TLSv1_3 : CURL_SSLVERSION_TLSv1_2;

	return SET(SSL_VERIFYPEER, verify) && SET(SSL_VERIFYHOST, verify ? 2L : 0L) && SET(SSLVERSION, oldest) &&
	       (tls->ca_file == NULL || (SET(CAINFO, tls->ca_file) && SET(CA_CACHE_TIMEOUT, 0L))) &&
	       (tls->cert_file == NULL || SET(SSLCERT, tls->cert_file)) &&
	       (tls->key_file == NULL || SET(SSLKEY, tls->key_file));
}

/* HTTP/1.1 alone: one body a request, and every back end speaks it. */
static bool set_options(struct transfer *t, const struct http_request *r)
{
	long timeout_ms = r->timeout_ms < INT32_MAX ? (long)r->timeout_ms : INT32_MAX;
	long connect_ms = timeout_ms > 0 && timeout_ms < CONNECT_TIMEOUT_MS ? timeout_ms : CONNECT_TIMEOUT_MS;

	t->error[0] = '\0';
	return SET(PRIVATE, t) && SET(ERRORBUFFER, t->error) && SET(NOSIGNAL, 1L) && SET(URL, r->url) &&
	       SET(PROTOCOLS_STR, "http,https") && SET(FOLLOWLOCATION, 0L) &&
	       SET(HTTP_VERSION, CURL_HTTP_VERSION_1_1) && SET(USERAGENT, "plimsoll/" PLIMSOLL_VERSION) &&
	       SET(TCP_KEEPALIVE, 1L) && SET(TIMEOUT_MS, timeout_ms) && SET(CONNECTTIMEOUT_MS, connect_ms) &&
	       SET(POST, 1L) &&
	       SET(POSTFIELDS, r->body.ptr != NULL ? r->body.ptr : "") &&
	       SET(POSTFIELDSIZE_LARGE, (curl_off_t)r->body.len) && SET(WRITEFUNCTION, keep_body) &&
	       SET(WRITEDATA, t) && (r->tls == NULL || set_tls(t, r->tls));
}

bool transfer_prepare(struct transfer *t, const struct http_request *request)
{
	const struct tls_client_config *tls = request->tls;

	return set_headers(t, request) && set_options(t, request) &&
	       (request->unix_socket == NULL || SET(UNIX_SOCKET_PATH, request->unix_socket)) &&
	       (tls == NULL || tls->server_name_override == NULL || strncmp(request->url, "https://", 8) != 0 ||
		set_server_name(t, request->url, tls->server_name_override)) &&
	       SET(HTTPHEADER, t->headers);
}

struct status transfer_status(CURLcode code)
{
	switch (code) {
	case CURLE_OK:
		return OK;
	case CURLE_OPERATION_TIMEDOUT:
		return FAIL(TIMEOUT, "no answer in time");
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
		return FAIL(INVALID, "not an http:// or https:// URL");
	case CURLE_PEER_FAILED_VERIFICATION:
		return FAIL(DENIED, "the server's certificate is not trusted");
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
		return FAIL(DENIED, "a TLS file cannot be used");
	case CURLE_OUT_OF_MEMORY:
		return FAIL(NOMEM, "no memory for the request");
	default:
		return FAIL(UNAVAILABLE, "the server cannot be reached");
	}
}

static void read_answer(struct transfer *t, struct http_response *response)
{
	long code = 0;
	const char *type = NULL;
	curl_off_t retry_after_s = 0;

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &code);
	curl_easy_getinfo(t->easy, CURLINFO_CONTENT_TYPE, &type);
	curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &retry_after_s); /* curl reads both forms, seconds and dates */
	response->transfer = t;
	response->code = (unsigned)code;
	response->content_type = slice_of(type);
	response->body = buf_view(&t->body);
	if (retry_after_s > 0 && (uint64_t)retry_after_s < UINT64_MAX / 1000)
		response->retry_after_ms = (uint64_t)retry_after_s * 1000;
}

const char *http_response_header(const struct http_response *response, const char *name)
{
	const struct transfer *t = response->transfer;
	struct curl_header *header;

	if (t == NULL || curl_easy_header(t->easy, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
		return NULL;
	return header->value;
}

struct http_response transfer_outcome(struct transfer *t, CURLcode code)
{
	struct http_response response = { .status = transfer_status(code), .error = "" };

	if (code == CURLE_OK)
		read_answer(t, &response);
	else
		response.error = t->error[0] != '\0' ? t->error : curl_easy_strerror(code);
	return response;
}
