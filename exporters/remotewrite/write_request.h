/* SPDX-License-Identifier: Apache-2.0
 * exporters/remotewrite/write_request.h - one request of remote write, 1.0 or 2.0, put together series by series.
 *
 * All of it lives in one arena that begins anew with every request. Each series has one sample.
 * Source: Prometheus Remote-Write 1.0 and 2.0 (2.0-rc.4).
 */
#ifndef PLIMSOLL_EXPORTERS_REMOTEWRITE_WRITE_REQUEST_H
#define PLIMSOLL_EXPORTERS_REMOTEWRITE_WRITE_REQUEST_H

#include "agent/base/buf.h"
#include "agent/base/status.h"
#include "agent/config/option.h"
#include "exporters/remotewrite/exposition_read.h"

/* In the order of the choices of protobuf_message. */
enum write_version { WRITE_1, WRITE_2, WRITE_VERSION_COUNT };

struct write_label {
	struct slice name, value;
};

struct write_series {
	const struct write_label *labels; /* sorted by name, none empty */
	size_t label_count;
	double value;
	int64_t time_ms, start_ms;                 /* start: when a counter began; 0: not one, or unknown */
	const struct exposition_reader *about;     /* its family; NULL: unknown, as of series that ended */
	const struct write_label *exemplar_labels; /* NULL: no exemplar */
	size_t exemplar_label_count;
	double exemplar_value;
	int64_t exemplar_ms;
};

struct write_request {
	struct arena arena;
	enum write_version version;
	bool has_metadata; /* 1.0: families are described; 2.0 always does it */
	size_t size_bytes; /* about what it takes before compression */
	size_t count, cap;
	void **series; /* of the version's own message */
	size_t family_count, family_cap;
	void **families;              /* 1.0: descriptions */
	struct slice described;       /* the family that was described last */
	struct symbol_table *symbols; /* 2.0 */
};

void write_request_init(struct write_request *r);
void write_request_release(struct write_request *r);

/* Empty, of this version. Errors: NOMEM. */
struct status write_request_begin(struct write_request *r, enum write_version version, bool has_metadata) MUST_USE;

#define WRITE_LABELS_MAX 64 /* of one series; what comes on top is left out */

/* The labels of a series or exemplar with its name (empty: none) and those of more (may be NULL) that it does not have
 * itself, sorted. Values with escapes come from the request's arena. Errors: NOMEM. */
struct status write_request_labels(struct write_request *r, struct slice name, struct slice labels,
				   const struct string_map *more, struct write_label out[WRITE_LABELS_MAX],
				   size_t *count) MUST_USE;

/* Adds one series; copies what it needs. Errors: NOMEM. */
struct status write_request_add(struct write_request *r, const struct write_series *s) MUST_USE;

/* Appends the message, compressed as the protocol wants it (snappy's block format). Errors: NOMEM. */
struct status write_request_pack(struct write_request *r, struct buf *out) MUST_USE;

/* What the version's header and content type say. */
extern const struct write_version_words {
	const char *header, *content_type;
} write_version_words[WRITE_VERSION_COUNT];

#endif
