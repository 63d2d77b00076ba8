/* SPDX-License-Identifier: Apache-2.0
 * plimsoll_exporter.h - an exporter of your own, as a shared object that Plimsoll loads by its path.
 *
 *     cc -shared -fPIC -o my_exporter.so my_exporter.c
 *
 *     exporters:
 *       plugin/mine:
 *         path: /usr/lib/plimsoll/my_exporter.so
 *         settings: {url: "https://example.com"}
 *
 * The object has one symbol, plimsoll_exporter, which returns its description. Plimsoll calls open once at start, then
 * send for one payload after the other, then close, both on a thread that belongs to this exporter; send may block. What
 * it says of a payload decides what becomes of it: queueing, retry with back-off, splitting and counting are Plimsoll's.
 * A fault in the object is a fault of the whole agent: `exec` keeps a program apart.
 *
 * This file needs nothing else of Plimsoll and no library. Versions: an object says which one it was made for. Within
 * one version structs only grow at their end, and `size` says how much of one is there.
 */
#ifndef PLIMSOLL_EXPORTER_H
#define PLIMSOLL_EXPORTER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PLIMSOLL_EXPORTER_VERSION 1u

/* What a payload holds: the first three are one OTLP export request in protobuf, the last two JSON lines. */
enum plimsoll_signal {
	PLIMSOLL_TRACES = 0,
	PLIMSOLL_METRICS = 1,
	PLIMSOLL_LOGS = 2,
	PLIMSOLL_RECORDS = 3,   /* request records, one for each counted call */
	PLIMSOLL_JUDGEMENTS = 4 /* evaluations and feedback */
};

/* Borrowed for the call. */
struct plimsoll_payload {
	uint32_t size; /* of this struct */
	uint32_t signal; /* enum plimsoll_signal */
	const void *bytes;
	size_t length;
	uint64_t items; /* spans, data points, log records, or lines */
};

enum plimsoll_result {
	PLIMSOLL_DELIVERED = 0,
	PLIMSOLL_RETRY = 1,   /* not now: again after retry_after_ms, or by the configured back-off */
	PLIMSOLL_TOO_BIG = 2, /* not in this size: it is split, and its parts come */
	PLIMSOLL_REFUSED = 3  /* never: it is counted as lost */
};

/* What became of a payload. All zero is "delivered". */
struct plimsoll_outcome {
	uint32_t size;
	uint32_t result; /* enum plimsoll_result */
	uint64_t retry_after_ms;
	uint64_t rejected_items; /* of a delivered payload: so many were not taken */
	char reason[128];        /* for the log; its first word is the reason in the metrics */
};

/* The texts live until close. */
struct plimsoll_setting {
	const char *key, *value;
};

struct plimsoll_exporter {
	uint32_t version; /* PLIMSOLL_EXPORTER_VERSION */
	uint32_t size;    /* sizeof(struct plimsoll_exporter) */
	const char *name; /* for the log */
	uint32_t signals; /* bits 1u << enum plimsoll_signal: what it wants */

	/* The settings of the configuration. Returns 0 and sets *state, or another value and says why. */
	int (*open)(const struct plimsoll_setting *settings, size_t count, void **state, char *why, size_t why_size);
	void (*send)(void *state, const struct plimsoll_payload *payload, struct plimsoll_outcome *outcome);
	void (*close)(void *state);
};

/* The one symbol that an object defines. What it returns lives as long as the object is loaded. */
const struct plimsoll_exporter *plimsoll_exporter(void);

#ifdef __cplusplus
}
#endif

#endif
