/* SPDX-License-Identifier: Apache-2.0
 * exporters/split.h - a payload in smaller ones: OTLP by span, log record or metric, records and judgements by line.
 *
 * Works on the wire bytes: a leaf (span, log record, metric, line) is copied as it stands, and what encloses it
 * (resource, scope, fields unknown to us) comes along with every part. Source: opentelemetry-proto 1.11; the three
 * requests are alike down to the leaf: field 1, in that field 2, in that field 2.
 */
#ifndef PLIMSOLL_EXPORTERS_SPLIT_H
#define PLIMSOLL_EXPORTERS_SPLIT_H

#include "agent/span/payload.h"
#include "exporters/exporter.h"

/* How many leaves it has; 0 where its bytes cannot be read, so that it cannot be split. */
uint32_t payload_leaves(const struct payload *p);

/* The end of the longest run of leaves from `from` on, up to `to`, that stays within the limits; at least one leaf. */
uint32_t payload_fit(const struct payload *p, uint32_t from, uint32_t to, const struct payload_limits *limits);

/* How many items are in the leaves from `from` up to, not including, `to`: data points of a metric, else one a leaf. */
uint32_t payload_items(const struct payload *p, uint32_t from, uint32_t to);

/* A new payload of the leaves from `from` up to, not including, `to`. NULL without memory. */
struct payload *payload_extract(const struct payload *p, uint32_t from, uint32_t to);

#endif
