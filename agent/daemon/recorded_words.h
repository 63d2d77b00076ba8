/* SPDX-License-Identifier: Apache-2.0
 * daemon/recorded_words.h - the words of given calls, looked up in recorded OTLP by trace and span id, redacted.
 *
 * So that whoever keeps prompts in a back end of their own can complete cases without the agent ever having kept a text. One
 * thread.
 */
#ifndef PLIMSOLL_DAEMON_RECORDED_WORDS_H
#define PLIMSOLL_DAEMON_RECORDED_WORDS_H

#include "agent/config/config.h"
#include "agent/span/call_text.h"

struct recorded_words;

/* config: borrowed; its redaction and dimensions hold. why: what is wrong, to print. Errors: INVALID; NOMEM. */
struct status recorded_words_new(const struct config *config, struct recorded_words **out, struct buf *why) MUST_USE;
void recorded_words_free(struct recorded_words *w);

/* Before files are read. In hexadecimal; span_id empty: the trace's last call. What is no id is passed over. */
void recorded_words_want(struct recorded_words *w, struct slice trace_id, struct slice span_id);

/* A file or folder as `plimsoll replay` reads them; request records in it hold no words. Errors: as replay_read. */
struct status recorded_words_read(struct recorded_words *w, const char *path, struct buf *why) MUST_USE;

/* find of cli/cases.h; context is the recorded_words. */
bool recorded_words_find(void *context, struct slice trace_id, struct slice span_id, struct call_text *out);

#endif
