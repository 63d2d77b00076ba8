/* SPDX-License-Identifier: Apache-2.0
 * sampling/sampling.h - which spans leave, and which of them with their prompts and answers.
 *
 * In:     enriched trace requests
 * Out:    two requests: what is kept for a reason (it stands for itself), and what the rate let through (each stands for
 *         1 / rate traces, which its tracestate says)
 * Owns:   the spans that wait for their trace's decision (bounded by bytes) and the decisions (bounded by count), behind
 *         one lock that is taken once a request: any thread
 *
 * A span that waits was accepted, and is in memory only: an agent that dies loses what it holds, decision_wait at most.
 * One that stops decides at once. A trace whose decision is known stays with it: late spans follow, but one that brings
 * a reason of its own turns a dropped trace into a kept one.
 */
#ifndef PLIMSOLL_SAMPLING_SAMPLING_H
#define PLIMSOLL_SAMPLING_SAMPLING_H

#include "agent/base/buf.h"
#include "agent/config/config.h"
#include "agent/otlp/edit.h"
#include "agent/span/batch.h"

struct sampler;

/* Requests of what may leave now; the caller owns and reuses it. */
struct sampled {
	struct buf kept, by_rate;
	uint32_t kept_items, by_rate_items;
};

/* *out is NULL where everything leaves as it is. config: borrowed. Errors: NOMEM. */
struct status sampler_new(const struct sampling_config *config, struct sampler **out) MUST_USE;
void sampler_free(struct sampler *s);

/* Decides on a request, or holds it. a: scratch. Appends to out what may leave, also of earlier requests.
 * Errors: NOMEM; MALFORMED: nothing was taken. */
struct status sampler_take(struct sampler *s, struct slice wire, uint64_t now_ms, struct arena *a,
			   struct sampled *out) MUST_USE;

/* Appends what waited long enough, or all of it. */
void sampler_due(struct sampler *s, uint64_t now_ms, bool all, struct sampled *out);

/* This trace is to be kept where the keep section says so: an alert names it, of a runaway request or
 * of something else; somebody gave it this score. */
void sampler_keep_alerted(struct sampler *s, const uint8_t trace_id[16], bool is_runaway);
void sampler_keep_low(struct sampler *s, const uint8_t trace_id[16], double score);

/* Of what the rate let through: edits that write the threshold and take away the content of those traces whose content
 * is not sampled. Also for logs, which lose their content by the same rule. */
struct status sampler_finish(const struct sampler *s, enum signal signal, struct slice wire, struct arena *a,
			     struct edit_list *edits) MUST_USE;

/* Whether sampler_finish would change anything. */
bool sampler_samples_content(const struct sampler *s);

#endif
