/* SPDX-License-Identifier: Apache-2.0
 * observe/exposition.h - writes metric families in the Prometheus text format 0.0.4 and in OpenMetrics 1.0.
 *
 * Begin a family, then write its samples, then the next family: families never interleave, and each is begun once.
 * Labels come as text made by exposition_label, so a set of labels is escaped once and not per sample. Values are
 * written exactly: integers and decimals without a float between. The writer belongs to one thread.
 * Source: prometheus.io "Exposition formats"; OpenMetrics 1.0.0.
 */
#ifndef PLIMSOLL_OBSERVE_EXPOSITION_H
#define PLIMSOLL_OBSERVE_EXPOSITION_H

#include "agent/base/buf.h"
#include "agent/base/money.h"
#include "agent/observe/histogram.h"

enum exposition_format { EXPOSITION_TEXT, EXPOSITION_OPENMETRICS };

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM, METRIC_INFO };

struct metric_family {
	const char *name; /* without the _total or _info that the type's samples end in */
	enum metric_type type;
	const char *help;
};

struct exposition {
	struct buf *out; /* its failure is the writer's */
	enum exposition_format format;
	const struct metric_family *family;
};

/* Writes HELP, TYPE and, in OpenMetrics where the name ends in one, UNIT. The family is borrowed until the next. */
void exposition_family(struct exposition *x, const struct metric_family *family);

/* One sample of a counter, gauge or info family. labels: `a="b",c="d"`, may be empty. */
void exposition_u64(struct exposition *x, struct slice labels, uint64_t value);
void exposition_i64(struct exposition *x, struct slice labels, int64_t value);
void exposition_double(struct exposition *x, struct slice labels, double value);

/* As above, every digit of it. */
void exposition_decimal(struct exposition *x, struct slice labels, struct decimal value);

/* The buckets, _sum and _count of one series, exemplars in OpenMetrics. */
void exposition_histogram(struct exposition *x, struct slice labels, const struct histogram_view *view,
			  const struct histogram *h);

/* As above for values that are no integers: counts by bucket, bounds + 1 of them, not cumulative; le: the bounds as
 * canonical floats. */
void exposition_buckets(struct exposition *x, struct slice labels, const char *const *le, const uint64_t *counts,
			unsigned bounds, double sum);

/* What must stand at the end, once. */
void exposition_finish(struct exposition *x);

/* Appends `name="value"` to labels, with a comma before it where there are some. value: valid UTF-8. */
void exposition_label(struct buf *labels, const char *name, struct slice value);

#endif
