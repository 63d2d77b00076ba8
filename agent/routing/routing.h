/* SPDX-License-Identifier: Apache-2.0
 * routing/routing.h - which exporters get what: splits a request by the attributes that exporters ask for.
 *
 * In:     a sound OTLP request, or request records; the exporters that are in question
 * Out:    one part for each set of items that some exporters get together; the request itself where all get all of it
 * Owns:   the routes, read-only after router_new: any thread
 *
 * An exporter with `match` gets what has every attribute of it; one that routing.default names what no `match` took;
 * any other one everything. One with `spans: llm` gets no other spans than llm_spans.h finds. Exporters are bits: 1 << place
 * in the configuration.
 */
#ifndef PLIMSOLL_ROUTING_ROUTING_H
#define PLIMSOLL_ROUTING_ROUTING_H

#include "agent/base/arena.h"
#include "agent/base/status.h"
#include "agent/config/config.h"
#include "agent/span/batch.h"
#include "agent/span/payload.h"

struct router;

struct route_part {
	uint64_t exporters;
	struct slice bytes; /* the request's own where it goes whole, else from the arena */
	uint32_t items;
};

#define ROUTE_PARTS_MAX 64

/* *out is NULL where nothing is routed: every exporter gets everything. config: borrowed. Errors: NOMEM. */
struct status router_new(const struct config *config, struct router **out) MUST_USE;
void router_free(struct router *r);

/* parts: room for ROUTE_PARTS_MAX; items: of the request. Items that no exporter gets are in no part.
 * Errors: NOMEM; MALFORMED. */
struct status router_split(const struct router *r, enum payload_kind kind, struct slice bytes, uint32_t items,
			   uint64_t exporters, struct arena *a, struct route_part *parts, size_t *count) MUST_USE;

#endif
