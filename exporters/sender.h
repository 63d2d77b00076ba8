/* SPDX-License-Identifier: Apache-2.0
 * exporters/sender.h - all configured exporters with their queues: the pipeline's one door to the outside.
 *
 * A payload that does not fit a queue is dropped for that exporter only and counted with its reason; the others get it.
 * A slow exporter never holds up another, unless it was configured to hold back senders (block_on_overflow): then
 * senders_admit says no, before anything was done with the request. Payloads of one kind that wait are joined (OTLP
 * requests and JSON lines both join by concatenation), and too large ones are split. README.md says what is promised.
 */
#ifndef PLIMSOLL_EXPORTERS_SENDER_H
#define PLIMSOLL_EXPORTERS_SENDER_H

#include "exporters/exporter.h"
#include "exporters/spool.h"

struct senders;

#define SENDERS_OFFER_MAX SPOOL_WRITE_MAX

/* Opens every exporter of the config. why: the first that cannot be opened, named. */
struct status senders_open(const struct config *config, struct exporter_env *env, struct senders **out,
			   struct buf *why) MUST_USE;

/* Whether any exporter takes payloads of this kind: the pipeline makes none that nobody wants. Any thread. */
bool senders_want(const struct senders *s, enum payload_kind kind);

/* Those that take payloads of this kind, as in payload.exporters. Any thread. */
uint64_t senders_accepting(const struct senders *s, enum payload_kind kind);

/* Whether the exporters that hold senders back have room for a request of so many bytes; ask before work is done on it.
 * Errors: FULL; TOOBIG, no room will ever do. Any thread. */
struct status senders_admit(struct senders *s, enum payload_kind kind, size_t bytes) MUST_USE;

/* Called on the store's thread. A failure: nobody got the request. */
typedef void (*offer_stored)(void *context, struct status result);

/* Hands what one request yields (SENDERS_OFFER_MAX payloads at most) to every exporter that accepts its kind and that
 * it is for; takes its own
 * references. is_pending: some of it goes to the disk first, and stored will be called, perhaps before this returns.
 * A failure: stored is not called, and nobody got the request; records that come with it are dropped and counted, since
 * they are made once only. stored == NULL: nobody waits, a failure is a drop and counted as that. Any thread. */
struct status senders_offer_all(struct senders *s, struct payload *const *payloads, size_t count, offer_stored stored,
				void *context, bool *is_pending) MUST_USE;

/* One payload, nobody waits. */
void senders_offer(struct senders *s, struct payload *p);

/* Drops what waits in memory, oldest first, from the fullest queue each time, until so many bytes are gone; returns how
 * many were. */
uint64_t senders_shed(struct senders *s, uint64_t bytes);

/* Visits what peers refused for good and the queue on the disk keeps, as spool_visit_aside; nothing where none is there. */
struct status senders_visit_aside(struct senders *s, spool_aside_visit visit, void *context) MUST_USE;

/* Stops taking payloads, sends what waits for at most deadline_ms from now, then drops and counts the rest and calls
 * done (later, on the loop). */
void senders_drain(struct senders *s, uint64_t deadline_ms, void (*done)(void *context), void *context);

/* After the drain: closes the exporters. The loop must still run until its handles are closed. */
void senders_free(struct senders *s);

#endif
