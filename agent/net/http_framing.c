/* SPDX-License-Identifier: Apache-2.0
 * net/http_framing.c - one look at each header.
 */
#include "agent/net/http_framing.h"

#include "agent/base/slice.h"

enum framing { LENGTH, CODING, HOST, FRAMING_COUNT };

struct look {
	unsigned seen[FRAMING_COUNT];
	bool is_chunked, has_blank_name;
};

static enum MHD_Result look_at(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	static const struct slice names[FRAMING_COUNT] = {
		[LENGTH] = { "Content-Length", 14 },
		[CODING] = { "Transfer-Encoding", 17 },
		[HOST] = { "Host", 4 },
	};
	struct look *look = context;
	struct slice key = slice_of(name);

	(void)kind;
	look->has_blank_name |= slice_trim(key).len != key.len;
	for (int f = 0; f < FRAMING_COUNT; f++)
		look->seen[f] += slice_equal_nocase(key, names[f]);
	if (slice_equal_nocase(key, names[CODING]))
		look->is_chunked = slice_equal_nocase(slice_trim(slice_of(value)), SLICE("chunked"));
	return MHD_YES;
}

struct status http_framing_check(struct MHD_Connection *connection)
{
	struct look look = { 0 };

	MHD_get_connection_values(connection, MHD_HEADER_KIND, look_at, &look);
	if (look.has_blank_name)
		return FAIL(MALFORMED, "a header has a blank before its colon");
	if (look.seen[HOST] > 1)
		return FAIL(MALFORMED, "more than one Host");
	if (look.seen[LENGTH] > 1)
		return FAIL(MALFORMED, "more than one Content-Length");
	if (look.seen[LENGTH] + look.seen[CODING] > 1)
		return FAIL(MALFORMED, "more than one of Content-Length and Transfer-Encoding");
	if (look.seen[CODING] > 0 && !look.is_chunked)
		return FAIL(UNSUPPORTED, "transfer coding is not chunked");
	return OK;
}
