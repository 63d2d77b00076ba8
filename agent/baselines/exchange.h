/* SPDX-License-Identifier: Apache-2.0
 * baselines/exchange.h - learned baselines as text: to a new pod, a canary, a gate, or into one from several replicas.
 *
 * JSON lines. Each series stands for itself, so that any lines of an export under the same head are an export too:
 *
 *     {"type":"plimsoll_baselines","version":1,"at":UNIX_S}
 *     {"type":"series","feature":..,"model":..,"prompt_version":..,"workflow":..,"user_segment":..,"first_seen":UNIX_S,
 *      "metric":"cost","name":"","learned_hours":31,"mean":0.0021,"stddev":0.0003,"state":"01..."}
 *     {"type":"spend","feature":..,"model":..,..,"state":"01..."}
 *     {"type":"end","lines":2}
 *
 * state is what detector_state.c writes, in hexadecimal digits, with its own format byte; mean and stddev are for
 * readers, in the metric's own unit, and are not read back. Alerts do not travel: what fires here may not fire there.
 */
#ifndef PLIMSOLL_BASELINES_EXCHANGE_H
#define PLIMSOLL_BASELINES_EXCHANGE_H

#include "agent/base/buf.h"
#include "agent/baselines/detector.h"

#define EXCHANGE_VERSION 1

enum exchange_mode {
	EXCHANGE_IMPORT, /* a series that is here already is replaced */
	EXCHANGE_LOOK,   /* into a detector that is only looked at: what fires there fires here */
	EXCHANGE_MERGE,  /* it learns from both, as scale_join says: an approximation */
};

struct exchange_result {
	uint64_t added, changed;
	uint64_t skipped; /* because the series here fires */
};

/* Appends everything. */
void exchange_export(const struct detector *d, struct buf *out);

/* Takes an export, or some of its lines under its head. needs_end: a text without its last line is refused, as one that
 * was cut. All lines are checked before any is taken. Where the detector has seen nothing yet, its time becomes that of
 * the export.
 * Errors: MALFORMED, INVALID (another version), CORRUPT (a state that cannot be), FULL, NOMEM; why: with the line. */
struct status exchange_import(struct detector *d, struct slice text, enum exchange_mode mode, bool needs_end,
			      struct exchange_result *out, struct buf *why) MUST_USE;

#endif
