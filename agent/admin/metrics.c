/* SPDX-License-Identifier: Apache-2.0
 * admin/metrics.c - /metrics, written and compressed piece by piece while it is sent.
 *
 * A scrape holds a copy of all series while a slow client reads it, so only a few may run at once.
 */
#include <assert.h>
#include <stdlib.h>
#include <zlib.h>

#include "agent/admin/admin_priv.h"
#include "agent/admin/negotiate.h"

#define SCRAPES_MAX 4
#define BLOCK_BYTES 32768
#define GZIP_LEVEL  3

struct stream {
	struct admin *admin;
	void *scrape;
	struct buf piece; /* text that was written and not yet given or compressed */
	size_t given;     /* of piece */
	bool scrape_ended;
	bool is_gzip;
	z_stream z;
};

/* Makes sure that there is text to give, unless the scrape has ended. False without memory. */
static bool fill(struct stream *s)
{
	while (s->given == s->piece.len && !s->scrape_ended) {
		buf_reset(&s->piece);
		s->given = 0;
		s->scrape_ended = !s->admin->source.metrics_next(s->scrape, &s->piece);
		if (buf_failed(&s->piece))
			return false;
	}
	return true;
}

static ssize_t read_plain(struct stream *s, char *out, size_t max)
{
	if (!fill(s))
		return MHD_CONTENT_READER_END_WITH_ERROR;
	size_t left = s->piece.len - s->given, n = left < max ? left : max;
	if (n == 0)
		return MHD_CONTENT_READER_END_OF_STREAM;
	memcpy(out, s->piece.ptr + s->given, n);
	s->given += n;
	return (ssize_t)n;
}

static ssize_t read_gzip(struct stream *s, char *out, size_t max)
{
	int result = Z_OK;

	s->z.next_out = (unsigned char *)out;
	s->z.avail_out = (uInt)max;
	while (s->z.avail_out > 0 && result != Z_STREAM_END) {
		if (!fill(s))
			return MHD_CONTENT_READER_END_WITH_ERROR;
		s->z.next_in = (unsigned char *)s->piece.ptr + s->given;
		s->z.avail_in = (uInt)(s->piece.len - s->given);
		result = deflate(&s->z, s->scrape_ended ? Z_FINISH : Z_NO_FLUSH);
		assert(result != Z_STREAM_ERROR);
		s->given = s->piece.len - s->z.avail_in;
	}
	size_t n = max - s->z.avail_out;
	return n > 0 ? (ssize_t)n : MHD_CONTENT_READER_END_OF_STREAM;
}

static ssize_t read_stream(void *context, uint64_t position, char *out, size_t max)
{
	struct stream *s = context;

	(void)position; /* libmicrohttpd reads in order */
	return s->is_gzip ? read_gzip(s, out, max) : read_plain(s, out, max);
}

static void free_stream(void *context)
{
	struct stream *s = context;

	if (s->is_gzip)
		deflateEnd(&s->z);
	if (s->scrape != NULL)
		s->admin->source.metrics_close(s->scrape);
	buf_release(&s->piece);
	atomic_fetch_sub(&s->admin->scrapes, 1);
	free(s);
}

/* NULL without memory. */
static struct stream *open_stream(struct admin *a, bool openmetrics, bool gzip)
{
	struct stream *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		atomic_fetch_sub(&a->scrapes, 1);
		return NULL;
	}
	s->admin = a;
	s->is_gzip = gzip && deflateInit2(&s->z, GZIP_LEVEL, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK;
	s->scrape = a->source.metrics_open(a->source.context, openmetrics);
	if (s->scrape != NULL)
		return s;
	free_stream(s);
	return NULL;
}

static enum MHD_Result send_stream(const struct request *r, bool openmetrics, bool gzip, struct MHD_Response *response)
{
	if (gzip)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
	MHD_add_response_header(response, MHD_HTTP_HEADER_VARY, "Accept, Accept-Encoding");
	return reply_send(r, MHD_HTTP_OK,
			  openmetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
				      : "text/plain; version=0.0.4; charset=utf-8",
			  response);
}

static ssize_t read_nothing(void *context, uint64_t position, char *out, size_t max)
{
	(void)context;
	(void)position;
	(void)out;
	(void)max;
	return MHD_CONTENT_READER_END_OF_STREAM;
}

/* Of unknown length, as that of a GET. libmicrohttpd 0.9.75 sends the last chunk of what is chunked even to a HEAD, where
 * it would be read as the next answer: hence none of it, and the connection ends. */
static enum MHD_Result reply_to_head(const struct request *r, bool openmetrics, bool gzip)
{
	struct MHD_Response *response =
		MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, read_nothing, NULL, NULL);

	if (response == NULL)
		return MHD_NO;
	MHD_set_response_options(response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
	return send_stream(r, openmetrics, gzip, response);
}

enum MHD_Result metrics_reply(const struct request *r)
{
	bool openmetrics = accepts_openmetrics(request_header(r, MHD_HTTP_HEADER_ACCEPT));
	bool gzip = accepts_gzip(request_header(r, MHD_HTTP_HEADER_ACCEPT_ENCODING));

	if (r->is_head)
		return reply_to_head(r, openmetrics, gzip);
	if (atomic_fetch_add(&r->admin->scrapes, 1) >= SCRAPES_MAX) {
		atomic_fetch_sub(&r->admin->scrapes, 1);
		return reply_refusal(r, MHD_HTTP_SERVICE_UNAVAILABLE, "too many scrapes at once, try again", NULL, NULL);
	}
	struct stream *s = open_stream(r->admin, openmetrics, gzip);
	if (s == NULL)
		return reply_refusal(r, MHD_HTTP_SERVICE_UNAVAILABLE, "no memory for a scrape, try again", NULL, NULL);
	struct MHD_Response *response =
		MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, read_stream, s, free_stream);
	if (response == NULL) {
		free_stream(s);
		return MHD_NO;
	}
	return send_stream(r, openmetrics, s->is_gzip, response);
}
