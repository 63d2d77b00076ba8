/* SPDX-License-Identifier: Apache-2.0
 * observe/quality.h - what evaluators and users said of the calls: counters and histograms by the judged call's labels.
 *
 * In:     judgements with the labels of their call, a few a second as a rule
 * Out:    plimsoll_eval_score, plimsoll_evaluations, plimsoll_feedback on /metrics; the quality of a row of the summary
 *
 * A judgement whose call is not known counts under provider="unknown" and so on. At most QUALITY_NAMES names of
 * evaluators and signals are told apart, further ones are "other"; at most limits.max_series series are held, the rest
 * goes to one labelled otel_metric_overflow="true". One lock; any thread.
 */
#ifndef PLIMSOLL_OBSERVE_QUALITY_H
#define PLIMSOLL_OBSERVE_QUALITY_H

#include "agent/observe/exposition.h"
#include "agent/observe/labels.h"
#include "agent/span/judgement.h"

#define QUALITY_NAMES 128u

struct quality;

/* NULL without memory. */
struct quality *quality_new(size_t max_series, size_t max_label_bytes);
void quality_free(struct quality *q);

void quality_count(struct quality *q, const struct joined_judgement *j);

void quality_render(struct quality *q, struct exposition *x);

/* Appends what was said of the calls whose label `by` (and provider, unless empty) is that, as a JSON object, or null
 * where nothing was: {"scores":{NAME:{"count","mean"}},"passed","failed","thumbs_up","thumbs_down"}. by LABEL_COUNT: of
 * all. */
void quality_write_row(struct quality *q, enum label by, struct slice value, struct slice provider, struct buf *out);

#endif
