/* SPDX-License-Identifier: Apache-2.0
 * admin/reply.c - making responses.
 */
#include <stdlib.h>

#include "agent/admin/admin_priv.h"
#include "agent/base/json.h"

static const struct {
	const char *name, *value;
} headers[] = {
	{ "Cache-Control", "no-store" },
	{ "Content-Security-Policy",
	  "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'" },
	{ "Cross-Origin-Resource-Policy", "same-origin" },
	{ "Referrer-Policy", "no-referrer" },
	{ "X-Content-Type-Options", "nosniff" },
	{ "X-Frame-Options", "DENY" },
};

struct slice request_header(const struct request *r, const char *name)
{
	return slice_of(MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name));
}

enum MHD_Result reply_send(const struct request *r, unsigned status, const char *content_type,
			   struct MHD_Response *response)
{
	if (response == NULL)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		if (MHD_get_response_header(response, headers[i].name) == NULL)
			MHD_add_response_header(response, headers[i].name, headers[i].value);
	enum MHD_Result result = MHD_queue_response(r->connection, status, response);
	MHD_destroy_response(response);
	return result;
}

enum MHD_Result reply_static(const struct request *r, unsigned status, const char *content_type, const char *bytes,
			     size_t n)
{
	void *unchanged = (void *)(uintptr_t)bytes; /* the library reads it only */

	return reply_send(r, status, content_type,
			  MHD_create_response_from_buffer(n, unchanged, MHD_RESPMEM_PERSISTENT));
}

/* The body's memory moves to the response. */
static struct MHD_Response *response_of(struct buf *body)
{
	struct MHD_Response *response = NULL;

	if (!buf_failed(body))
		response = MHD_create_response_from_buffer_with_free_callback(body->len, body->ptr, free);
	if (response != NULL)
		*body = BUF_INIT;
	buf_release(body);
	return response;
}

enum MHD_Result reply_buf(const struct request *r, unsigned status, const char *content_type, struct buf *body)
{
	return reply_send(r, status, content_type, response_of(body));
}

enum MHD_Result reply_with(const struct request *r, unsigned status, const char *content_type, struct buf *body,
			   const char *name, const char *value)
{
	struct MHD_Response *response = response_of(body);

	if (response != NULL && name != NULL)
		MHD_add_response_header(response, name, value);
	return reply_send(r, status, content_type, response);
}

enum MHD_Result reply_refusal(const struct request *r, unsigned status, const char *message, const char *name,
			      const char *value)
{
	struct buf body = BUF_INIT;

	buf_text(&body, "{\"error\":");
	json_write_string(&body, slice_of(message));
	buf_text(&body, "}\n");
	return reply_with(r, status, "application/json", &body, name, value);
}
