/* SPDX-License-Identifier: Apache-2.0
 * otlp/metric_walk.c - data points of all metric types, told apart by one table of field numbers.
 */
#include "agent/otlp/walk_priv.h"

#define BROKEN_METRIC FAIL(MALFORMED, "the metric is cut off, or a field of it has the wrong type")

enum { GAUGE = 5, SUM = 7, HISTOGRAM = 9, EXPONENTIAL_HISTOGRAM = 10, SUMMARY = 11 }; /* fields of Metric */

/* Where each type of data point keeps what a view has. All have their start at 2, their time at 3, and a double at 4 or
 * 5: the value, or the sum. */
struct point_layout {
	const uint8_t *types;
	size_t type_count;
	uint32_t attributes, count, real, integer; /* field numbers; 0 where there is none */
	uint32_t data_fields;                      /* of the message that holds the points: 1 or 2 */
};

/* That message: points, and their temporality where the type has one. */
static const uint8_t data_types[] = { [1] = TYPE_BYTES, [2] = TYPE_VARINT };

static const uint8_t number_types[] = {
	[2] = TYPE_FIXED64, [3] = TYPE_FIXED64, [4] = TYPE_FIXED64, [5] = TYPE_BYTES,
	[6] = TYPE_FIXED64, [7] = TYPE_BYTES,   [8] = TYPE_VARINT,
};

static const uint8_t histogram_types[] = {
	[2] = TYPE_FIXED64,
	[3] = TYPE_FIXED64,
	[4] = TYPE_FIXED64,
	[5] = TYPE_FIXED64,
	[6] = TYPE_BYTES | TYPE_FIXED64,
	[7] = TYPE_BYTES | TYPE_FIXED64, /* packed, or not */
	[8] = TYPE_BYTES,
	[9] = TYPE_BYTES,
	[10] = TYPE_VARINT,
	[11] = TYPE_FIXED64,
	[12] = TYPE_FIXED64,
};

static const uint8_t exponential_types[] = {
	[1] = TYPE_BYTES,  [2] = TYPE_FIXED64,  [3] = TYPE_FIXED64,  [4] = TYPE_FIXED64,  [5] = TYPE_FIXED64,
	[6] = TYPE_VARINT, [7] = TYPE_FIXED64,  [8] = TYPE_BYTES,    [9] = TYPE_BYTES,    [10] = TYPE_VARINT,
	[11] = TYPE_BYTES, [12] = TYPE_FIXED64, [13] = TYPE_FIXED64, [14] = TYPE_FIXED64,
};

static const uint8_t summary_types[] = {
	[2] = TYPE_FIXED64, [3] = TYPE_FIXED64, [4] = TYPE_FIXED64, [5] = TYPE_FIXED64,
	[6] = TYPE_BYTES,   [7] = TYPE_BYTES,   [8] = TYPE_VARINT,
};

static const struct point_layout layouts[] = {
	[GAUGE] = { number_types, sizeof(number_types), 7, .real = 4, .integer = 6, .data_fields = 1 },
	[SUM] = { number_types, sizeof(number_types), 7, .real = 4, .integer = 6, .data_fields = 2 },
	[HISTOGRAM] = { histogram_types, sizeof(histogram_types), 9, .count = 4, .real = 5, .data_fields = 2 },
	[EXPONENTIAL_HISTOGRAM] = { exponential_types, sizeof(exponential_types), 1, .count = 4, .real = 5,
				    .data_fields = 2 },
	[SUMMARY] = { summary_types, sizeof(summary_types), 7, .count = 4, .real = 5, .data_fields = 1 },
};

struct metric_walker {
	struct envelope envelope; /* first: the envelope's item function gets its address */
	struct attribute_list attributes;
	point_visit visit;
	void *context;
};

static struct status read_point(struct metric_walker *w, const struct point_layout *layout, struct slice message,
				struct point_view *point)
{
	struct wire_reader r = wire_reader_of(message);
	struct wire_field f;

	while (wire_next(&r, &f)) {
		if (!field_fits(layout->types, layout->type_count, &f))
			return FAIL(MALFORMED, "a field of the data point has the wrong type");
		if (f.number == layout->attributes) {
			TRY(attribute_list_read(&w->attributes, w->envelope.arena, f.bytes));
		} else if (f.number == 2) {
			point->start_unix_ns = f.value;
		} else if (f.number == 3) {
			point->time_unix_ns = f.value;
		} else if (f.number == layout->count) {
			point->count = f.value;
		} else if (f.number == layout->real || f.number == layout->integer) {
			double value = f.number == layout->real ? wire_double(f.value) : (double)(int64_t)f.value;
			*(layout->count != 0 ? &point->sum : &point->value) = value;
			point->has_value = true;
		}
	}
	return r.failed ? FAIL(MALFORMED, "the data point is cut off") : OK;
}

/* metric: what all of its points have in common. */
static struct status walk_point(struct metric_walker *w, const struct point_view *metric, struct slice message)
{
	struct point_view point = *metric;

	w->attributes.count = 0;
	struct status s = read_point(w, &layouts[metric->metric_kind], message, &point);
	if (s.code == STATUS_MALFORMED)
		point.defect = s.why;
	else if (FAILED(s))
		return s;
	point.attributes = attribute_list_view(&w->attributes);
	return w->visit(w->context, &point);
}

/* The temporality may stand behind the points, so it is read before them. */
static struct status read_data(struct slice data, struct point_view *metric)
{
	uint32_t fields = layouts[metric->metric_kind].data_fields;
	struct wire_reader r = wire_reader_of(data);
	struct wire_field f;

	while (wire_next(&r, &f)) {
		if (!field_fits(data_types, fields + 1, &f))
			return BROKEN_METRIC;
		if (f.number == 2 && fields >= 2)
			metric->temporality = (uint32_t)f.value;
	}
	return r.failed ? BROKEN_METRIC : OK;
}

/* Name, unit, and the last of the data members, as a oneof wants it. */
static struct status read_metric(struct slice message, struct point_view *metric, struct slice *data)
{
	static const uint8_t types[] = {
		[1] = TYPE_BYTES,
		[2] = TYPE_BYTES,
		[3] = TYPE_BYTES,
		[GAUGE] = TYPE_BYTES,
		[SUM] = TYPE_BYTES,
		[HISTOGRAM] = TYPE_BYTES,
		[EXPONENTIAL_HISTOGRAM] = TYPE_BYTES,
		[SUMMARY] = TYPE_BYTES,
		[12] = TYPE_BYTES,
	};
	struct wire_reader r = wire_reader_of(message);
	struct wire_field f;

	while (wire_next(&r, &f)) {
		if (!field_fits(types, sizeof(types), &f))
			return BROKEN_METRIC;
		if (f.number == 1) {
			metric->metric = f.bytes;
		} else if (f.number == 3) {
			metric->unit = f.bytes;
		} else if (f.number < sizeof(layouts) / sizeof(layouts[0]) && layouts[f.number].attributes != 0) {
			metric->metric_kind = f.number;
			*data = f.bytes;
		}
	}
	return r.failed ? BROKEN_METRIC : OK;
}

static struct status walk_metric(struct envelope *e, const struct wire_field *item)
{
	struct metric_walker *w = (struct metric_walker *)e;
	struct point_view metric = { .scope = &e->scope, .resource = &e->resource };
	struct slice data = SLICE_NONE;
	struct wire_field f;

	struct status s = read_metric(item->bytes, &metric, &data);
	if (!FAILED(s) && metric.metric_kind != 0)
		s = read_data(data, &metric);
	if (FAILED(s)) {
		metric.defect = s.why;
		return w->visit(w->context, &metric);
	}
	struct wire_reader r = wire_reader_of(data);
	while (wire_next(&r, &f))
		if (f.number == 1)
			TRY(walk_point(w, &metric, f.bytes));
	return OK;
}

struct status walk_metrics(struct slice wire, struct arena *a, point_visit visit, void *context)
{
	struct metric_walker w = {
		.envelope = { .wire = wire, .arena = a, .item = walk_metric },
		.visit = visit,
		.context = context,
	};

	return envelope_walk(&w.envelope);
}
