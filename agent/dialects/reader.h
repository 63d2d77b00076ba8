/* SPDX-License-Identifier: Apache-2.0
 * dialects/reader.h - reads one span into one call, whatever dialects the span speaks.
 */
#ifndef PLIMSOLL_DIALECTS_READER_H
#define PLIMSOLL_DIALECTS_READER_H

#include "agent/base/meter.h"
#include "agent/dialects/known_keys.h"
#include "agent/otlp/walk.h"

struct dialect_reader;

/* One per lane. keys is borrowed. NULL without memory. */
struct dialect_reader *dialect_reader_new(const struct known_keys *keys);
void dialect_reader_free(struct dialect_reader *r);

/* Before each batch: texts that have to be written out go to this arena. */
void dialect_reader_begin(struct dialect_reader *r, struct arena *a);

/* Fills *out (slices borrow from the span and the arena). False for a span that has nothing to do with models: it gets
 * no record and no attribute, and *out is meaningless. Tokens, times and attribution are as the span tells them; cost,
 * outcome and what is computed come later. */
bool dialect_read(struct dialect_reader *r, const struct span_view *span, struct call *out);

#endif
