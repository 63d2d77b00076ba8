/* SPDX-License-Identifier: Apache-2.0
 * redaction/redaction.h - takes secrets and personal data out of what leaves, and counts what it took.
 *
 * In:     OTLP requests (as wire bytes) and request records (JSON lines)
 * Out:    edits, or the lines written anew. JSON inside of texts stays JSON; what is found in an escaped form
 *         ("a\u0040b.org", JSON inside a string of JSON) is found all the same
 * Owns:   the compiled configuration, read-only after redactor_new: any thread may use it, each with its own lane
 *
 * It fails closed: a value that is too long, nests too deep, or on which a pattern of the user ran out of its time is
 * redacted whole and counted as `unscanned`. Nothing that is found is ever logged.
 */
#ifndef PLIMSOLL_REDACTION_REDACTION_H
#define PLIMSOLL_REDACTION_REDACTION_H

#include "agent/base/buf.h"
#include "agent/config/config.h"
#include "agent/otlp/edit.h"
#include "agent/span/batch.h"

struct redactor;
struct redaction_lane;

/* config: borrowed for the redactor's life. why: each mistake, named by its key (an unknown detector, a pattern that
 * does not compile or takes too long). Errors: INVALID; NOMEM. */
struct status redactor_new(const struct redaction_config *config, struct redactor **out, struct buf *why) MUST_USE;
void redactor_free(struct redactor *r);

/* What one thread needs to work with it. r: borrowed. NULL without memory. */
struct redaction_lane *redaction_lane_new(const struct redactor *r);
void redaction_lane_free(struct redaction_lane *l);

/* The edits (empty where nothing is found) that redact a sound request. Errors: NOMEM; MALFORMED. Then nothing of the
 * request may leave. */
struct status redact_request(struct redaction_lane *l, enum signal signal, struct slice wire, struct arena *a,
			     struct edit_list *edits) MUST_USE;

/* Request records, one JSON object a line; what identifies a call is left as it is. *out is the lines themselves where
 * nothing is found, else in the arena. Errors: NOMEM. */
struct status redact_records(struct redaction_lane *l, struct slice lines, struct arena *a, struct slice *out) MUST_USE;

/* A single text, for tests and tools: *out as in redact_records; ptr NULL where the action is to drop it. */
struct status redact_text(struct redaction_lane *l, struct slice text, struct arena *a, struct slice *out) MUST_USE;

#endif
