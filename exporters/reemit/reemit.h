/* SPDX-License-Identifier: Apache-2.0
 * exporters/reemit/reemit.h - the facts of a call once more, under the keys that one back end reads.
 *
 * Back ends that price calls themselves, or read cost and tokens under keys of their own, would show other dollars than
 * Plimsoll: an exporter that sends to one has its spans rewritten on the way out. On counted calls the rows of the back
 * end's table are written; of spans that only repeat the usage of calls inside them (plimsoll.counted false) usage and
 * cost are left out, so that sums are right there too. Other exporters' copies of the payload stay as they are.
 */
#ifndef PLIMSOLL_EXPORTERS_REEMIT_REEMIT_H
#define PLIMSOLL_EXPORTERS_REEMIT_REEMIT_H

#include "agent/base/buf.h"
#include "agent/base/status.h"
#include "exporters/reemit/facts.h"

/* How a row's value is made. */
enum reemit_form {
	REEMIT_INT, /* of a number */
	REEMIT_DOUBLE,
	REEMIT_STRING,           /* of a text */
	REEMIT_WHOLE,            /* of a text that is a whole number, as that number; else not written */
	REEMIT_JSON,             /* an object of those members that are known, as a string */
	REEMIT_FIRST_TOKEN_TIME, /* RFC 3339 */
	REEMIT_SPAN_KIND,        /* OpenInference's word for the operation */
	REEMIT_LITERAL,
};

struct reemit_member {
	const char *key; /* "group.key": in an object within */
	enum fact fact;
	bool is_money;
};

/* One attribute. */
struct reemit_row {
	const char *key;
	enum reemit_form form;
	int fact;                            /* enum fact, or enum fact_text of STRING and WHOLE */
	bool is_replaced;                    /* written over the span's own value; else only where there is none */
	const struct reemit_member *members; /* of JSON; ends at key == NULL */
	const char *literal;
};

struct reemit_rules {
	const struct reemit_row *calls;    /* on counted calls; ends at key == NULL */
	const struct reemit_row *wrappers; /* on wrappers; NULL: none */
	const char *resource_key;          /* where the back end looks for the project; NULL: nowhere */
};

extern const struct reemit_rules reemit_langfuse, reemit_langsmith, reemit_braintrust, reemit_helicone, reemit_phoenix,
	reemit_semconv;

/* Appends the request, rewritten. project: the value of rules->resource_key where a resource has none; NULL: none.
 * Errors: MALFORMED, NOMEM. */
struct status reemit_spans(const struct reemit_rules *rules, const char *project, struct slice request,
			   struct buf *out) MUST_USE;

#endif
