/* SPDX-License-Identifier: Apache-2.0
 * pricing/image_writer.h - collects the rows of a price table and joins them into one block.
 *
 * The loaders push rows in file order. Owned by one thread; failed allocations are told once, by image_writer_finish.
 */
#ifndef PLIMSOLL_PRICING_IMAGE_WRITER_H
#define PLIMSOLL_PRICING_IMAGE_WRITER_H

#include "agent/base/buf.h"
#include "agent/base/status.h"
#include "agent/pricing/image.h"

struct image_writer {
	struct buf sections[IMAGE_SECTION_COUNT];
};

void image_writer_init(struct image_writer *w);
void image_writer_release(struct image_writer *w);

/* Rows in the section so far: the index of the next one. */
uint32_t image_writer_count(const struct image_writer *w, enum image_section section);

/* Appends one row. Its place may move with the next push. */
void image_writer_push(struct image_writer *w, enum image_section section, const void *row);

/* The row at index, to be completed. NULL where memory was short. */
void *image_writer_at(struct image_writer *w, enum image_section section, uint32_t index);

/* Appends text; lower: its ASCII letters in lower case. */
struct image_text image_writer_text(struct image_writer *w, struct slice text, bool lower);

/* The text as written so far; valid until the next push. */
struct slice image_writer_view(const struct image_writer *w, struct image_text text);

/* Writes the block to out (emptied first): the header, then the sections. Gives every model its label.
 * Errors: NOMEM; TOOBIG, the table passes 4 GiB. */
struct status image_writer_finish(struct image_writer *w, struct slice source, struct slice version,
				  uint64_t date_unix_s, struct buf *out) MUST_USE;

#endif
