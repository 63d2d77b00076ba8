/* SPDX-License-Identifier: Apache-2.0
 * exporters/shorten.h - long string values of an OTLP payload, cut and marked: for peers that take short ones only.
 *
 * Values of attributes of spans, events, links, log records, scopes and resources, strings inside arrays and maps, and
 * bodies of log records. A cut one ends in "...[N bytes cut]" and is whole UTF-8 if it was. Nothing else changes.
 */
#ifndef PLIMSOLL_EXPORTERS_SHORTEN_H
#define PLIMSOLL_EXPORTERS_SHORTEN_H

#include "agent/span/payload.h"

#define SHORTEN_MIN_BYTES 64 /* less leaves no room for the mark */

/* The length of its longest string value; 0 where there is none, or its bytes are broken. */
size_t payload_longest_value(const struct payload *p);

/* A copy in which no string value is longer than max_bytes (at least SHORTEN_MIN_BYTES), mark included. NULL without
 * memory, or where the bytes are broken. */
struct payload *payload_shorten(const struct payload *p, size_t max_bytes);

#endif
