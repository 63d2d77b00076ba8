/* SPDX-License-Identifier: Apache-2.0
 * enrich/enrich.h - completes a call with what its instrumentation left out, and writes the contract's attributes.
 *
 * Order in the pipeline: enrich_call, then the price, then enrich_write. Allocates only from the batch's arena.
 */
#ifndef PLIMSOLL_ENRICH_ENRICH_H
#define PLIMSOLL_ENRICH_ENRICH_H

#include "agent/otlp/attribute_writer.h"
#include "agent/span/call.h"

/* Token counts that are missing and can be estimated, latency, time to first token (dropped where it lies outside the
 * span), output rate, streaming, context class and outcome, from what the dialects read. status_message: the span's,
 * borrowed; helps to tell failures apart. */
void enrich_call(struct call *c, struct slice status_message);

/* Attributes as they were written for calls of one cohort (span/cohort.h), to be copied for the next ones. Of one lane,
 * bounded; never out of date, since a cohort's number is never given again. */
struct enrich_labels;

struct enrich_labels *enrich_labels_new(void); /* NULL without memory */
void enrich_labels_free(struct enrich_labels *l);

/* Appends the contract's attributes that the span does not carry: all of them for a counted call, for a wrapper only
 * plimsoll.counted=false, for other spans none. */
void enrich_write(struct enrich_labels *labels, const struct call *c, struct attribute_writer *out);

/* The class of a failure, by HTTP status, error type and message; ERROR_CLASS_NONE where the call did not fail. */
enum error_class error_class_of(const struct call *c, struct slice status_message);

/* How a call ended. Failures first, by error type, HTTP status and message; then what the answer's end says. */
enum outcome outcome_of(const struct call *c, struct slice status_message);

#endif
