/* SPDX-License-Identifier: Apache-2.0
 * exporters/sender.h - all configured exporters with their queues: the pipeline's one door to the outside.
 *
 * senders_offer may be called from any thread; everything else on the loop thread. A payload that does not fit a
 * queue is dropped for that exporter only and counted with its reason; the others get it. A slow exporter never holds
 * up another. Payloads of one kind that wait are joined (OTLP requests and JSON lines both join by concatenation).
 */
#ifndef PLIMSOLL_EXPORTERS_SENDER_H
#define PLIMSOLL_EXPORTERS_SENDER_H

#include "exporters/exporter.h"

struct senders;

/* Opens every exporter of the config. why: the first that cannot be opened, named. */
struct status senders_open(const struct config *config, struct exporter_env *env, struct senders **out,
			   struct buf *why) MUST_USE;

/* Whether any exporter takes payloads of this kind: the pipeline makes none that nobody wants. Any thread. */
bool senders_want(const struct senders *s, enum payload_kind kind);

/* Hands the payload to every exporter that accepts its kind; takes its own references. Any thread. */
void senders_offer(struct senders *s, struct payload *p);

/* Stops taking payloads, sends what waits for at most deadline_ms from now, then drops and counts the rest and calls
 * done (later, on the loop). */
void senders_drain(struct senders *s, uint64_t deadline_ms, void (*done)(void *context), void *context);

/* After the drain: closes the exporters. The loop must still run until its handles are closed. */
void senders_free(struct senders *s);

#endif
