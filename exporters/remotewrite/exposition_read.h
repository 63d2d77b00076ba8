/* SPDX-License-Identifier: Apache-2.0
 * exporters/remotewrite/exposition_read.h - reads a payload of samples (span/payload.h) line by line.
 *
 * What is read was written by observe/exposition.c: OpenMetrics, one sample a line. Slices borrow from the payload.
 * The reader can be kept between two requests; the family of a sample goes with it.
 */
#ifndef PLIMSOLL_EXPORTERS_REMOTEWRITE_EXPOSITION_READ_H
#define PLIMSOLL_EXPORTERS_REMOTEWRITE_EXPOSITION_READ_H

#include "agent/base/arena.h"

/* Numbers are those of remote write's metadata. */
enum family_type { FAMILY_UNKNOWN = 0, FAMILY_COUNTER = 1, FAMILY_GAUGE = 2, FAMILY_HISTOGRAM = 3, FAMILY_INFO = 6 };

struct exposition_reader {
	struct slice rest;
	int64_t time_ms; /* of the exposition that is being read */
	struct {
		struct slice name, help, unit;
		enum family_type type;
	} family;
};

enum exposition_item { EXPOSITION_BEGIN, EXPOSITION_SAMPLE, EXPOSITION_END, EXPOSITION_NOTHING };

struct exposition_sample {
	struct slice series;       /* `name{labels}` as it stands: its identity */
	struct slice name, labels; /* labels: what stands between the braces */
	double value;
	bool has_exemplar;
	struct slice exemplar_labels;
	double exemplar_value;
	int64_t exemplar_ms;
};

/* The next thing in the payload, NOTHING at its end. A line that cannot be read is passed over. *out is set with
 * SAMPLE only. */
enum exposition_item exposition_next(struct exposition_reader *r, struct exposition_sample *out);

/* Takes one label off the head of labels, its value as it stands between its quotes. False behind the last one. */
bool exposition_label_next(struct slice *labels, struct slice *name, struct slice *value);

/* The value without its escapes, from the arena where there are any. ptr NULL without memory. */
struct slice exposition_unescape(struct slice value, struct arena *a);

/* Name and labels of a series' identity. */
void exposition_split(struct slice series, struct slice *name, struct slice *labels);

#endif
