/* SPDX-License-Identifier: Apache-2.0
 * daemon/learners.c - one sample to each of them.
 */
#include "agent/daemon/learners.h"

void learners_take(const struct learners *l, struct sample *s, uint64_t latest_unix_ms)
{
	sample_take_logs(s);
	if (l->detector != NULL)
		detector_add(l->detector, s);
	slo_add(l->slos, s);
	canary_add(l->canary, s);
	if (s->time_unix_ms <= latest_unix_ms) {
		review_add(l->review, s);
		cases_add(l->cases, s);
	}
	movement_add(l->movement, s);
}
