/* SPDX-License-Identifier: Apache-2.0
 * exporters/http_delivery.c - see the header.
 */
#include "exporters/http_delivery.h"

#include <stdio.h>

#include "agent/net/url.h"

#define URL_BYTES  80
#define TEXT_BYTES 80

/* The first line of a plain text answer; empty for anything else. */
static struct slice first_line(const struct http_response *response)
{
	struct slice body = response->body;

	if (!slice_starts_with(response->content_type, SLICE("text/plain")))
		return SLICE_NONE;
	const char *end = body.len > 0 ? memchr(body.ptr, '\n', body.len) : NULL;
	return slice_head(slice_head(body, end != NULL ? (size_t)(end - body.ptr) : body.len), TEXT_BYTES);
}

void http_redirect_append(const struct http_response *response, struct buf *out)
{
	const char *location = response->code / 100 == 3 ? http_response_header(response, "Location") : NULL;
	char shown[URL_BYTES];

	if (location == NULL)
		return;
	url_for_log(location, shown, sizeof(shown));
	buf_printf(out, ": redirects to %s", shown);
}

struct delivery http_delivery(const char *url, const struct http_response *response,
			      bool (*is_retryable)(unsigned code))
{
	struct delivery d = { .result = DELIVERY_DONE, .retry_after_ms = response->retry_after_ms };
	char shown[URL_BYTES];

	if (!FAILED(response->status) && response->code >= 200 && response->code <= 299)
		return d;
	url_for_log(url, shown, sizeof(shown));
	if (FAILED(response->status)) {
		d.result = DELIVERY_RETRY;
		snprintf(d.reason, sizeof(d.reason), "%s: %s: %s", status_name(response->status.code), shown,
			 response->error);
		return d;
	}
	struct slice line = first_line(response);
	struct buf redirect = BUF_INIT;
	http_redirect_append(response, &redirect);
	d.result = is_retryable(response->code) ? DELIVERY_RETRY : DELIVERY_REFUSED;
	snprintf(d.reason, sizeof(d.reason), "http_%u: answer of %s%s%s%.*s", response->code, shown, buf_string(&redirect),
		 line.len > 0 ? ": " : "", SLICE_ARG(line));
	buf_release(&redirect);
	return d;
}

struct delivery http_not_started(struct status why)
{
	bool is_hopeless = why.code == STATUS_INVALID || why.code == STATUS_MALFORMED;
	struct delivery d = { .result = is_hopeless ? DELIVERY_REFUSED : DELIVERY_RETRY };

	snprintf(d.reason, sizeof(d.reason), "%s: %s", status_name(why.code), why.why);
	return d;
}
