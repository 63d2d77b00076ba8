/* SPDX-License-Identifier: Apache-2.0
 * observe/histogram.h - classic Prometheus histograms over integers, with a few exemplars.
 *
 * Values are integers in a small unit (nanoseconds, tokens, pico-dollars, thousandths of a token per second), so sums
 * are exact and finding the bucket takes a shift or four comparisons. A layout says which bounds are kept; a view says
 * which of them one family shows. A histogram belongs to whoever holds the lock of its shard, or to its snapshot.
 */
#ifndef PLIMSOLL_OBSERVE_HISTOGRAM_H
#define PLIMSOLL_OBSERVE_HISTOGRAM_H

#include "agent/base/arena.h"

#define HISTOGRAM_EXEMPLARS  4
#define HISTOGRAM_BOUNDS_MAX 27

/* The last call that fell into a bucket. Buckets share the places (bucket modulo HISTOGRAM_EXEMPLARS). */
struct exemplar {
	uint8_t trace_id[16], span_id[8];
	uint64_t time_unix_ns; /* 0: none */
	uint64_t value;
	uint32_t bucket;
};

struct histogram {
	uint64_t sum;               /* stays at UINT64_MAX rather than wrap */
	struct exemplar *exemplars; /* HISTOGRAM_EXEMPLARS of them, or NULL where the layout keeps none */
	uint64_t counts[];          /* by bucket, not cumulative; the last one is above all bounds */
};

enum histogram_kind {
	HISTOGRAM_SECONDS, /* value in ns; the bounds the semantic conventions advise for durations */
	HISTOGRAM_TOKENS,  /* value in tokens; powers of two, every second of which is what the conventions advise */
	HISTOGRAM_USD,     /* value in pico-dollars */
	HISTOGRAM_RATE,    /* value in 1/1000 per second */
	HISTOGRAM_KIND_COUNT
};

struct histogram_layout {
	uint64_t bound[HISTOGRAM_BOUNDS_MAX]; /* ascending, each included in its bucket */
	const char *le[HISTOGRAM_BOUNDS_MAX]; /* the same in the family's unit, as canonical floats */
	uint8_t bounds;
	uint8_t scale; /* decimal digits between value and the family's unit */
	bool has_exemplars;
};

extern const struct histogram_layout histogram_layouts[HISTOGRAM_KIND_COUNT];

/* Bounds first, first + step, ... : bounds of them. */
struct histogram_view {
	enum histogram_kind kind;
	uint8_t first, step, bounds;
};

static inline unsigned histogram_bucket_seconds(uint64_t ns)
{
	uint64_t q = (ns - (ns > 0)) / 10000000u; /* bounds are 10 ms * 2^k */
	unsigned bucket = q == 0 ? 0 : 64u - (unsigned)__builtin_clzll(q);

	return bucket < 14 ? bucket : 14;
}

static inline unsigned histogram_bucket_tokens(uint64_t n)
{
	unsigned bucket = n <= 1 ? 0 : 64u - (unsigned)__builtin_clzll(n - 1); /* bounds are 2^k */

	return bucket < 27 ? bucket : 27;
}

/* Four comparisons, no branch: for layouts of at most 15 bounds, whose further bounds are UINT64_MAX. */
static inline unsigned histogram_bucket_search(const struct histogram_layout *l, uint64_t value)
{
	unsigned i = 8u * (value > l->bound[7]);

	i += 4u * (value > l->bound[i + 3]);
	i += 2u * (value > l->bound[i + 1]);
	i += value > l->bound[i];
	return i;
}

static inline unsigned histogram_bucket(enum histogram_kind kind, uint64_t value)
{
	switch (kind) {
	case HISTOGRAM_SECONDS:
		return histogram_bucket_seconds(value);
	case HISTOGRAM_TOKENS:
		return histogram_bucket_tokens(value);
	default:
		return histogram_bucket_search(&histogram_layouts[kind], value);
	}
}

static inline uint64_t saturating_add(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

/* Zeroed. NULL past the arena's cap. */
struct histogram *histogram_new(struct arena *a, enum histogram_kind kind);

/* Adds the counts of from; of two exemplars of one place the later stays. */
void histogram_add(struct histogram *to, const struct histogram *from, enum histogram_kind kind);

uint64_t histogram_count(const struct histogram *h, enum histogram_kind kind);

/* Value below which a share q (0..1) of the observations lies, in the family's unit, by linear interpolation inside
 * the bucket; above the last bound that bound, as Prometheus' histogram_quantile. NaN where there are none, h may be
 * NULL. */
double histogram_quantile(const struct histogram *h, enum histogram_kind kind, double q);

#endif
