/* SPDX-License-Identifier: Apache-2.0
 * dialects/scopes.h - who made a span, by the name of its instrumentation scope.
 */
#ifndef PLIMSOLL_DIALECTS_SCOPES_H
#define PLIMSOLL_DIALECTS_SCOPES_H

#include "agent/dialects/dialect.h"

struct scope_facts {
	uint64_t dialects; /* bit 1 << index in dialects[]: whose scope or service this is */
	enum producer producer;
	bool input_excludes_cache;
	enum stream_usage stream_usage;
	bool is_ai_sdk; /* the scope that the Vercel AI SDK has had from 3 to 6 */
	bool wraps_clients; /* calls models through vendors' client libraries, which may be instrumented themselves */
	bool is_logfire_wrapper;
	bool routes_by_name; /* "vendor/model": the vendor's name tells LiteLLM whom to ask */
	bool writes_events_late; /* when the answer has ended: their times say nothing */
	bool has_names; /* some of `dialects` knows spans by their name */
};

/* Of the first dialect in the list that claims the scope; all that claim it are in `dialects`.
 * service: service.name of the resource, empty where unknown. */
void scope_recognise(struct slice scope, struct slice service, struct scope_facts *out);

/* What this span's name alone says: an aggregate's role, or ROLE_NONE with *repeats set for a span that tells of another
 * span's call again. ROLE_COUNT: nothing. */
enum call_role scope_role_of_name(struct slice span_name, uint64_t of_dialects, bool *repeats);

#endif
