/* SPDX-License-Identifier: Apache-2.0
 * exporters/otlp/answer.h - what the bytes of an OTLP answer say, the same over gRPC and HTTP.
 */
#ifndef PLIMSOLL_EXPORTERS_OTLP_ANSWER_H
#define PLIMSOLL_EXPORTERS_OTLP_ANSWER_H

#include "exporters/exporter.h"

/* Delivered; body is an Export<Signal>ServiceResponse (the three are alike on the wire), whose partial_success becomes
 * rejected_items and reason. A body that is none of this kind is taken as success: the peer has the data. */
struct delivery otlp_read_success(struct slice body);

/* From a google.rpc.Status: whether it carries a RetryInfo, and the delay in that. False on any other bytes. */
bool otlp_read_retry_info(struct slice status, uint64_t *retry_delay_ms);

/* Appends the message of a google.rpc.Status, or nothing. */
void otlp_read_status_message(struct slice status, struct buf *out);

#endif
