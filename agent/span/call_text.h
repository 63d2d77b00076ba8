/* SPDX-License-Identifier: Apache-2.0
 * span/call_text.h - what a call was asked and what came of it, in words: the few that become evaluation cases.
 *
 * Bounded: longer texts are cut at a whole character and say so at their end. "Not told" is an empty slice.
 */
#ifndef PLIMSOLL_SPAN_CALL_TEXT_H
#define PLIMSOLL_SPAN_CALL_TEXT_H

#include "agent/base/buf.h"
#include "agent/base/record.h"

#define CALL_QUESTION_BYTES 8192u
#define CALL_MESSAGES_BYTES 16384u /* of all messages' texts together; the first ones go */
#define CALL_ACTUAL_BYTES   4096u

struct call_text {
	struct slice question; /* the last message of the user, or all that was asked where there are no messages */
	struct slice messages; /* [{"role":"user","content":"..."},...] where a conversation led to the question; without the
				* system's, without tool calls and their results */
	struct slice actual;   /* what the model answered, or the error */
};

/* Appends at most max bytes of text and, where that is not all of it, "[... N bytes more]" on a line of its own. */
void call_text_cut(struct buf *out, struct slice text, size_t max);

/* Whose words they are. */
struct told_call {
	uint8_t trace_id[16], span_id[8];
	uint64_t end_unix_s;
	struct call_text text;
};

static inline bool call_text_is_empty(const struct call_text *t)
{
	return t->question.len == 0;
}

static inline size_t call_text_bytes(const struct call_text *t)
{
	return t->question.len + t->messages.len + t->actual.len;
}

/* Copies what t points to behind *at, which moves on by call_text_bytes; t points there then. */
void call_text_move(struct call_text *t, char **at);

/* As bytes for the disk, and back; reading borrows. */
void call_text_record(struct record *r, struct call_text *t);

#endif
