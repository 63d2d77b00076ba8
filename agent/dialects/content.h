/* SPDX-License-Identifier: Apache-2.0
 * dialects/content.h - looks into the texts on a span, only where something is missing that they may tell.
 *
 * Prompts and answers come as JSON of many shapes, as lists of key and value, or as plain text. They are searched for a
 * few words or walked once, never kept: what leaves this file are counts, names, hashes and verdicts, and text only where
 * tokens must be estimated from it.
 */
#ifndef PLIMSOLL_DIALECTS_CONTENT_H
#define PLIMSOLL_DIALECTS_CONTENT_H

#include "agent/base/buf.h"
#include "agent/dialects/reading.h"

/* Memory that is used again from span to span. */
struct content_scratch {
	struct buf text, json;
};

void content_scratch_release(struct content_scratch *s);

/* Of a model call: the model that answered, its id and finish reason, refusal, tool calls, fingerprint of the prompt,
 * whether the answer is empty, valid JSON and fits its schema; its texts where no usage came with it. */
void content_complete_call(struct reading_context *context, struct reading *r, struct content_scratch *s, struct call *c);

/* Of a retrieval: the documents that stand in its output and in no attribute of their own. */
void content_find_documents(struct reading_context *context, struct reading *r);

#endif
