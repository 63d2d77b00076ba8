/* SPDX-License-Identifier: Apache-2.0
 * otlp/rewrite.h - changes values inside an OTLP request: every text that it can carry is shown, kept, replaced or dropped.
 *
 * In:     the wire bytes of a sound request (walked before), of any signal
 * Out:    edits of them; lengths of enclosing messages are corrected. What is not shown passes byte for byte
 *
 * Shown are the attributes of resources, scopes, spans, events, links, log records, data points and exemplars with all
 * that they nest, names of spans, status messages, trace states and log bodies. Every occurrence of a field is shown,
 * also those that a later one overrides: what is on the wire can be read by somebody.
 */
#ifndef PLIMSOLL_OTLP_REWRITE_H
#define PLIMSOLL_OTLP_REWRITE_H

#include "agent/otlp/edit.h"
#include "agent/span/batch.h"

/* Arrays and lists inside each other; what lies deeper is shown as one text, REWRITE_TOO_DEEP, and always dropped. */
#define REWRITE_NESTING_MAX 16

enum rewrite_place {
	REWRITE_RESOURCE,  /* attributes, by where they stand */
	REWRITE_SCOPE,
	REWRITE_ATTRIBUTE, /* of a span, log record or data point */
	REWRITE_EVENT,
	REWRITE_LINK,
	REWRITE_BODY,      /* of a log record: no key, or that of a list in it */
	REWRITE_SPAN_NAME, /* texts that stand alone: no key */
	REWRITE_STATUS,
	REWRITE_TRACE_STATE,
	REWRITE_WHOLE,     /* a value of any kind that is replaced by a text: its text, or what stands on the wire */
	REWRITE_TOO_DEEP,
};

enum rewrite_verdict {
	REWRITE_KEEP,
	REWRITE_ENTER,   /* of items, events and values: show what is inside */
	REWRITE_REPLACE, /* of texts, and of attributes: text is asked for what takes the place of the whole value */
	REWRITE_DROP,    /* of a text inside a value: the attribute, list element or body that holds it goes */
};

/* All may be NULL: items, events and values are entered then, texts kept. */
struct rewriter {
	void *context;
	/* Each span or log record. append: bytes to put at the item's end, for REWRITE_ENTER. */
	enum rewrite_verdict (*item)(void *context, struct slice content, struct slice *append);
	/* Each event of a span. */
	enum rewrite_verdict (*event)(void *context, struct slice name);
	/* Each attribute, entry of a list, and body. nested: inside another value. */
	enum rewrite_verdict (*value)(void *context, enum rewrite_place place, struct slice key, bool nested);
	/* Each text. replacement: lives as long as the edits. */
	enum rewrite_verdict (*text)(void *context, enum rewrite_place place, struct slice key, struct slice text,
				     struct slice *replacement);
};

/* Errors: MALFORMED, broken framing; NOMEM, the edits' arena is full. Edits are unusable then. */
struct status rewrite_request(const struct rewriter *r, enum signal signal, struct slice wire,
			      struct edit_list *edits) MUST_USE;

#endif
