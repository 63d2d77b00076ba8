/* SPDX-License-Identifier: Apache-2.0
 * sampling/threshold.h - consistent probability sampling as OpenTelemetry writes it.
 *
 * A trace has 56 bits of randomness R (`rv` of its tracestate, else the last seven bytes of its id) and is sampled
 * where R >= T, the rejection threshold (`th`, hexadecimal without trailing zeros). 1 / (1 - T / 2^56) is how many
 * traces one stands for. Source: OpenTelemetry specification, "TraceState: Probability Sampling", 2025.
 */
#ifndef PLIMSOLL_SAMPLING_THRESHOLD_H
#define PLIMSOLL_SAMPLING_THRESHOLD_H

#include "agent/base/arena.h"

#define THRESHOLD_NEVER (UINT64_C(1) << 56)

/* share: 0..1 */
uint64_t threshold_of_share(double share);

struct randomness {
	uint64_t r;
	uint64_t threshold; /* that the trace was sampled with before; 0: none, or one that R belies */
};

/* trace_id: 16 bytes. */
struct randomness randomness_read(struct slice trace_id, struct slice tracestate);

/* The tracestate with this threshold in its `ot` member, which comes first; its other members are kept. ptr NULL without
 * memory. */
struct slice tracestate_write(struct slice tracestate, uint64_t threshold, struct arena *a);

#endif
