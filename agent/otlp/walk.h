/* SPDX-License-Identifier: Apache-2.0
 * otlp/walk.h - walks an OTLP export request on its wire bytes: no copy, no tree.
 *
 * The caller gets a visit per span (log record, data point) with views of it, its scope and its resource. Views borrow
 * from the wire bytes and from the walker's scratch, and hold until the visit returns. Fields in any order, repeated
 * or unknown ones, and resources that come after their spans are all read as protobuf says.
 *
 * Broken framing, or a broken resource or scope, fails the whole request (MALFORMED) before anything in it is visited.
 * Something wrong inside one span that its own framing contains (a trace id of 5 bytes, a bad attribute) is that span's
 * matter: it is visited with `defect` set and whatever could be read, and left out of the edited bytes, since a back
 * end would refuse the whole request for it. Counting it as rejected is up to the visit.
 *
 * Source: opentelemetry-proto 1.11, field numbers beside the code. One walker per thread.
 */
#ifndef PLIMSOLL_OTLP_WALK_H
#define PLIMSOLL_OTLP_WALK_H

#include "agent/otlp/edit.h"
#include "agent/otlp/attribute_writer.h"

struct attributes {
	const struct attribute *items;
	size_t count;
};

struct resource_view {
	struct attributes attributes;
	uint32_t sequence; /* 1 for the first resource of the walk, then 2, ...: what was derived from it can be kept */
};

struct scope_view {
	struct slice name, version;
	struct attributes attributes;
};

struct event_view {
	uint64_t time_unix_ns;
	struct slice name;
	struct attributes attributes;
};

struct span_view {
	struct slice wire;                              /* the Span message's content */
	struct slice trace_id, span_id, parent_span_id; /* parent: empty on a root, also where the wire has zeros */
	struct slice name;
	uint32_t kind; /* 0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer */
	uint64_t start_unix_ns, end_unix_ns;
	uint32_t status_code; /* 0 unset, 1 ok, 2 error */
	struct slice status_message;
	struct attributes attributes;
	const void **notes; /* one for each attribute: what the visitor left there for the one of the same key that stood at
			     * this place of an earlier span, else NULL. NULL itself where nobody keeps notes. */
	const struct event_view *events;
	size_t event_count;
	const char *defect; /* literal; NULL for a sound span: ids of the right length, trace_id and span_id not zero */
	const struct scope_view *scope;
	const struct resource_view *resource;
};

struct log_view {
	struct slice wire;
	uint64_t time_unix_ns, observed_unix_ns;
	uint32_t severity;
	struct slice event_name;
	struct slice trace_id, span_id; /* empty outside a span, also where the wire has zeros */
	struct any_value body;
	struct attributes attributes;
	const char *defect;
	const struct scope_view *scope;
	const struct resource_view *resource;
};

/* One data point of any metric type. Histograms and summaries have count and sum; numbers have value. */
struct point_view {
	struct slice metric, unit; /* the metric's name */
	uint32_t metric_kind;      /* field number in Metric: 5 gauge, 7 sum, 9 histogram, 10 exponential, 11 summary */
	uint32_t temporality;      /* 1 delta, 2 cumulative; 0 where there is none */
	uint64_t time_unix_ns, start_unix_ns;
	bool has_value; /* numbers: value is known; the others: sum is */
	double value;
	uint64_t count;
	double sum;
	struct attributes attributes;
	const char *defect;
	const struct scope_view *scope;
	const struct resource_view *resource;
};

/* Called for each span, log record or data point in order. Returning a failure stops the walk and is its result. */
typedef struct status (*span_visit)(void *context, const struct span_view *span, struct attribute_writer *added);
typedef struct status (*log_visit)(void *context, const struct log_view *log);
typedef struct status (*point_visit)(void *context, const struct point_view *point);

/* Walks an ExportTraceServiceRequest. `added` in each visit is an empty attribute writer for field 9 of Span: what the
 * visit writes there is inserted at the end of that span, with places for all enclosing lengths, as edits in `edits`. A
 * visit that cannot know yet what to add sets added->later: it gets a place there for edit_list_fill, after the walk.
 * edits == NULL: nobody will use them, and `added` is NULL too.
 * Errors: MALFORMED; NOMEM; whatever a visit returned. On failure edits are unusable. */
struct status walk_traces(struct slice wire, struct arena *a, struct edit_list *edits, span_visit visit,
			  void *context) MUST_USE;
struct status walk_logs(struct slice wire, struct arena *a, log_visit visit, void *context) MUST_USE;
struct status walk_metrics(struct slice wire, struct arena *a, point_visit visit, void *context) MUST_USE;

/* The attribute with this key, or NULL; a linear search, for the few who need one key. */
const struct any_value *attributes_find(struct attributes attributes, struct slice key);

#endif
