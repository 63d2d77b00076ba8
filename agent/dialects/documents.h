/* SPDX-License-Identifier: Apache-2.0
 * dialects/documents.h - the fields of retrieved documents.
 */
#ifndef PLIMSOLL_DIALECTS_DOCUMENTS_H
#define PLIMSOLL_DIALECTS_DOCUMENTS_H

#include "agent/dialects/reading.h"

/* FIELD_DOCUMENT and what follows it, of the document c->index. False where the value cannot mean that. */
bool documents_apply(struct reading_context *c, struct reading *r, const struct dialect_row *row,
		     const struct any_value *v);

#endif
