/* SPDX-License-Identifier: Apache-2.0
 * pricing/image_writer.c - one growing buffer a section.
 */
#include "agent/pricing/image_writer.h"

#include "agent/base/clock.h"

#define ALIGNMENT 16u

static const size_t row_sizes[IMAGE_SECTION_COUNT] = {
#define X(name, type) sizeof(type),
	IMAGE_SECTION_MAP(X)
#undef X
};

void image_writer_init(struct image_writer *w)
{
	for (int i = 0; i < IMAGE_SECTION_COUNT; i++)
		w->sections[i] = BUF_INIT;
}

void image_writer_release(struct image_writer *w)
{
	for (int i = 0; i < IMAGE_SECTION_COUNT; i++)
		buf_release(&w->sections[i]);
}

uint32_t image_writer_count(const struct image_writer *w, enum image_section section)
{
	return (uint32_t)(w->sections[section].len / row_sizes[section]);
}

void image_writer_push(struct image_writer *w, enum image_section section, const void *row)
{
	buf_append(&w->sections[section], row, row_sizes[section]);
}

void *image_writer_at(struct image_writer *w, enum image_section section, uint32_t index)
{
	return index < image_writer_count(w, section) ? w->sections[section].ptr + index * row_sizes[section] : NULL;
}

struct image_text image_writer_text(struct image_writer *w, struct slice text, bool lower)
{
	struct buf *b = &w->sections[IMAGE_text];
	struct image_text where = { (uint32_t)b->len, (uint32_t)text.len };

	buf_slice(b, text);
	if (lower && text.len > 0 && !buf_failed(b))
		for (char *c = b->ptr + where.at, *end = c + where.len; c < end; c++)
			if (*c >= 'A' && *c <= 'Z')
				*c = (char)(*c + ('a' - 'A'));
	return where;
}

struct slice image_writer_view(const struct image_writer *w, struct image_text text)
{
	const struct buf *b = &w->sections[IMAGE_text];

	return (size_t)text.at + text.len <= b->len ? (struct slice){ b->ptr + text.at, text.len } : SLICE_NONE;
}

static void write_label(struct image_writer *w, struct image_text provider, struct image_model *m, struct slice suffix)
{
	struct buf *b = &w->sections[IMAGE_text];
	size_t at = b->len;

	if (buf_reserve(b, (size_t)provider.len + m->id.len + suffix.len + 2) == NULL)
		return;
	buf_slice(b, image_writer_view(w, provider));
	buf_byte(b, '/');
	buf_slice(b, image_writer_view(w, m->id));
	buf_slice(b, suffix);
	m->label = (struct image_text){ (uint32_t)at, (uint32_t)(b->len - at) };
}

/* A table without a version of its own is versioned by its date: that need not be said twice. */
static void write_labels(struct image_writer *w, struct slice source, struct slice version, uint64_t date_unix_s)
{
	struct buf suffix = BUF_INIT;
	char date[21];

	clock_format_utc(date_unix_s, date);
	buf_printf(&suffix, "@%.*s-%.*s", SLICE_ARG(source), SLICE_ARG(version));
	if (!slice_equal(version, slice_head(slice_of(date), 10)))
		buf_printf(&suffix, " (%.10s)", date);
	for (uint32_t p = 0; p < image_writer_count(w, IMAGE_providers); p++) {
		const struct image_provider *provider = image_writer_at(w, IMAGE_providers, p);
		for (uint32_t i = 0; i < provider->model_count; i++)
			write_label(w, provider->id, image_writer_at(w, IMAGE_models, provider->first_model + i),
				    buf_view(&suffix));
	}
	buf_release(&suffix);
}

static void pad(struct buf *b)
{
	while (b->len % ALIGNMENT != 0 && !buf_failed(b))
		buf_byte(b, '\0');
}

struct status image_writer_finish(struct image_writer *w, struct slice source, struct slice version,
				  uint64_t date_unix_s, struct buf *out)
{
	struct image_header header = { .magic = IMAGE_MAGIC, .date_unix_s = date_unix_s };

	for (int i = 0; i < IMAGE_SECTION_COUNT; i++)
		if (buf_failed(&w->sections[i]))
			return FAIL(NOMEM, "no memory for the price table");
	write_labels(w, source, version, date_unix_s);
	header.source = image_writer_text(w, source, false);
	header.version = image_writer_text(w, version, false);

	buf_reset(out);
	buf_append(out, &header, sizeof(header));
	for (int i = 0; i < IMAGE_SECTION_COUNT; i++) {
		pad(out);
		header.sections[i].at = (uint32_t)out->len;
		header.sections[i].count = image_writer_count(w, (enum image_section)i);
		buf_slice(out, buf_view(&w->sections[i]));
	}
	if (buf_failed(out) || buf_failed(&w->sections[IMAGE_text]))
		return FAIL(NOMEM, "no memory for the price table");
	if (out->len > UINT32_MAX)
		return FAIL(TOOBIG, "price table is larger than 4 GiB");
	header.size_bytes = out->len;
	memcpy(out->ptr, &header, sizeof(header));
	return OK;
}
