/* SPDX-License-Identifier: Apache-2.0
 * dialects/any_json.h - an OTLP value as JSON text.
 */
#ifndef PLIMSOLL_DIALECTS_ANY_JSON_H
#define PLIMSOLL_DIALECTS_ANY_JSON_H

#include "agent/base/buf.h"
#include "agent/otlp/value.h"

/* Lists and maps nest up to a bound, beyond which they are null; so are bytes. depth: 0 from outside. */
void any_json_write(struct buf *out, const struct any_value *v, unsigned depth);

#endif
