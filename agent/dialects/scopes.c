/* SPDX-License-Identifier: Apache-2.0
 * dialects/scopes.c - looks through the dialects' lists; the reader keeps the answer for the spans that follow.
 */
#include "agent/dialects/scopes.h"

static const struct dialect_scope *find_scope(const struct dialect *d, struct slice scope)
{
	for (const struct dialect_scope *s = d->scopes; s != NULL && s->prefix != NULL; s++)
		if (slice_starts_with(scope, slice_of(s->prefix)))
			return s;
	return NULL;
}

void scope_recognise(struct slice scope, struct slice service, struct scope_facts *out)
{
	*out = (struct scope_facts){
		.is_ai_sdk = slice_equal(scope, SLICE("ai")),
		.is_logfire_wrapper =
			slice_equal(scope, SLICE("logfire.openai")) || slice_equal(scope, SLICE("logfire.anthropic")),
		.routes_by_name = slice_equal(scope, SLICE("openinference.instrumentation.litellm")),
		.writes_events_late = slice_equal(scope, SLICE("envoyproxy/ai-gateway")),
	};
	for (unsigned i = 0; dialects[i] != NULL; i++) {
		const struct dialect_scope *s = find_scope(dialects[i], scope);
		bool is_service = dialects[i]->service != NULL && slice_starts_with(service, slice_of(dialects[i]->service));
		if (s == NULL && !is_service)
			continue;
		out->dialects |= UINT64_C(1) << i;
		out->has_names |= dialects[i]->names != NULL;
		if (is_service && out->producer == PRODUCER_UNKNOWN)
			out->producer = PRODUCER_VENDOR_SDK; /* a program of the vendor's own, such as a command-line agent */
		if (s != NULL && out->producer == PRODUCER_UNKNOWN) {
			out->producer = s->producer;
			out->input_excludes_cache = s->input_excludes_cache;
			out->stream_usage = s->stream_usage;
		}
	}
	out->wraps_clients = out->producer == PRODUCER_FRAMEWORK && !slice_equal(scope, SLICE("gen_ai"));
	if (out->is_ai_sdk) /* which has no client library under it, nor has its scope gen_ai */
		out->producer = PRODUCER_FRAMEWORK;
}

static const struct dialect_name *find_name(const struct dialect *d, struct slice span_name)
{
	for (const struct dialect_name *n = d->names; n != NULL && n->span_name != NULL; n++)
		if (slice_equal(span_name, slice_of(n->span_name)))
			return n;
	return NULL;
}

enum call_role scope_role_of_name(struct slice span_name, uint64_t of_dialects, bool *repeats)
{
	for (unsigned i = 0; dialects[i] != NULL; i++) {
		const struct dialect_name *n = of_dialects >> i & 1u ? find_name(dialects[i], span_name) : NULL;
		if (n != NULL) {
			*repeats = n->role == ROLE_NONE;
			return n->role;
		}
	}
	return ROLE_COUNT;
}
