/* SPDX-License-Identifier: Apache-2.0
 * dialects/events.h - what span events say that no attribute of their span says.
 */
#ifndef PLIMSOLL_DIALECTS_EVENTS_H
#define PLIMSOLL_DIALECTS_EVENTS_H

#include "agent/dialects/reading.h"

/* The first token's time, the error's type, messages and finish reasons of the older conventions, retrieved documents. */
void events_read(struct reading_context *c, struct reading *r, const struct span_view *span);

#endif
