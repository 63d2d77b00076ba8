/* SPDX-License-Identifier: Apache-2.0
 * canary/moments.h - count, mean and sum of squared deviations, kept up value by value (Welford).
 */
#ifndef PLIMSOLL_CANARY_MOMENTS_H
#define PLIMSOLL_CANARY_MOMENTS_H

struct moments {
	double n, mean, m2;
};

static inline void moments_add(struct moments *m, double value)
{
	double from_old = value - m->mean;

	m->n += 1;
	m->mean += from_old / m->n;
	m->m2 += from_old * (value - m->mean);
}

/* Adds other to m (Chan et al. 1979). */
static inline void moments_merge(struct moments *m, const struct moments *other)
{
	double n = m->n + other->n, by = other->mean - m->mean;

	if (other->n == 0)
		return;
	m->m2 += other->m2 + by * by * m->n * other->n / n;
	m->mean += by * other->n / n;
	m->n = n;
}

#endif
