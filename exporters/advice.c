/* SPDX-License-Identifier: Apache-2.0
 * exporters/advice.c - the usual mistakes: TLS to a port that has none, and OTLP's two ports taken for each other.
 */
#include "exporters/advice.h"

#include <stddef.h>
#include <string.h>

#define NO_HTTP_2 "the peer speaks no HTTP/2 there; OTLP over gRPC is usually on port 4317, over HTTP it is otlphttp"

static const struct {
	const char *said, *advice;
} known[] = {
	/* OpenSSL's "wrong version number": what came back is no TLS. Core's text of it is too long for a reason. */
	{ "error:0A00010B", "the peer speaks no TLS there; write http:// in the endpoint, or set tls.insecure (otlp)" },
	/* core, of an answer that begins with "HTTP/1", and of other text */
	{ "http1.x server", NO_HTTP_2 },
	{ "Failed parsing HTTP/2", NO_HTTP_2 },
	/* libcurl, of an answer that begins with HTTP/2 frames */
	{ "HTTP/0.9", "the peer speaks no HTTP/1 there; OTLP over HTTP is usually on port 4318, over gRPC it is otlp" },
};

const char *advice_for(const char *reason)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strstr(reason, known[i].said) != NULL)
			return known[i].advice;
	return "";
}
