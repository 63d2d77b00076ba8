/* SPDX-License-Identifier: Apache-2.0
 * exporters/remotewrite/write_request_1.c - prometheus.WriteRequest: labels in full with every series.
 */
#include "exporters/remotewrite/write_request_priv.h"
#include "proto/remote_write_1.pb-c.h"

#define SAMPLE_BYTES 24 /* about what value, time and framing take */

static struct status begin_1(struct write_request *r)
{
	(void)r;
	return OK;
}

static Write1__Label **copy_labels(struct write_request *r, const struct write_series *s)
{
	Write1__Label **list = arena_array(&r->arena, s->label_count, sizeof(*list));
	Write1__Label *labels = arena_array(&r->arena, s->label_count, sizeof(*labels));

	if (list == NULL || labels == NULL)
		return NULL;
	for (size_t i = 0; i < s->label_count; i++) {
		write1__label__init(&labels[i]);
		labels[i].name = (char *)(uintptr_t)arena_dup(&r->arena, s->labels[i].name).ptr;
		labels[i].value = (char *)(uintptr_t)arena_dup(&r->arena, s->labels[i].value).ptr;
		if (labels[i].name == NULL || labels[i].value == NULL)
			return NULL;
		list[i] = &labels[i];
		r->size_bytes += s->labels[i].name.len + s->labels[i].value.len + 6;
	}
	return list;
}

static char *copy_text(struct write_request *r, struct slice text)
{
	return (char *)(uintptr_t)arena_dup(&r->arena, text).ptr; /* protobuf-c's texts are not const */
}

/* Series of a family follow each other, so the last one described is the one to compare with. */
static struct status describe(struct write_request *r, const struct exposition_reader *about)
{
	if (!r->has_metadata || about == NULL || slice_equal(r->described, about->family.name))
		return OK;
	void **longer = write_list_grow(&r->arena, r->families, r->family_count, &r->family_cap);
	Write1__MetricMetadata *m = arena_alloc(&r->arena, sizeof(*m));
	if (longer == NULL || m == NULL)
		return NO_REQUEST_MEMORY;
	write1__metric_metadata__init(m);
	m->type = (int32_t)about->family.type;
	m->metric_family_name = copy_text(r, about->family.name);
	m->help = copy_text(r, about->family.help);
	m->unit = copy_text(r, about->family.unit);
	if (m->metric_family_name == NULL || m->help == NULL || m->unit == NULL)
		return NO_REQUEST_MEMORY;
	r->families = longer;
	r->families[r->family_count++] = m;
	r->described = about->family.name;
	r->size_bytes += about->family.name.len + about->family.help.len;
	return OK;
}

static struct status add_1(struct write_request *r, const struct write_series *s)
{
	Write1__TimeSeries *series = arena_alloc(&r->arena, sizeof(*series));
	Write1__Sample *sample = arena_alloc(&r->arena, sizeof(*sample));
	Write1__Sample **samples = arena_alloc(&r->arena, sizeof(*samples));
	Write1__Label **labels = copy_labels(r, s);

	if (series == NULL || sample == NULL || samples == NULL || labels == NULL)
		return NO_REQUEST_MEMORY;
	TRY(describe(r, s->about));
	write1__sample__init(sample);
	sample->value = s->value;
	sample->timestamp = s->time_ms;
	samples[0] = sample;
	write1__time_series__init(series);
	series->labels = labels;
	series->n_labels = s->label_count;
	series->samples = samples;
	series->n_samples = 1;
	r->series[r->count++] = series;
	r->size_bytes += SAMPLE_BYTES;
	return OK;
}

static struct status pack_1(struct write_request *r, struct buf *out)
{
	Write1__WriteRequest message = WRITE1__WRITE_REQUEST__INIT;

	message.timeseries = (Write1__TimeSeries **)r->series;
	message.n_timeseries = r->count;
	message.metadata = (Write1__MetricMetadata **)r->families;
	message.n_metadata = r->family_count;
	char *at = buf_reserve(out, write1__write_request__get_packed_size(&message));
	if (at == NULL)
		return NO_REQUEST_MEMORY;
	out->len += write1__write_request__pack(&message, (uint8_t *)at);
	return OK;
}

const struct write_format write_format_1 = { begin_1, add_1, pack_1 };
