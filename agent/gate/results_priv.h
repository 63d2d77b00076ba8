/* SPDX-License-Identifier: Apache-2.0
 * gate/results_priv.h - the readers behind results_load, one for each shape of file.
 */
#ifndef PLIMSOLL_GATE_RESULTS_PRIV_H
#define PLIMSOLL_GATE_RESULTS_PRIV_H

#include "agent/gate/results.h"

/* Rows of JSON objects, by the keys of the tool that wrote them (rows.c). root: the first value of the file. */
struct row_format;

/* Which tool wrote a file whose first value, or row, is this; never NULL. */
const struct row_format *row_format_of(struct slice root, struct slice row);
const struct row_format *row_format_langsmith(void);
const char *row_format_name(const struct row_format *f);

/* One object as a result; objects that are no answers (a step inside one) are passed over. */
struct status row_read(const struct row_format *f, struct slice row, double pass_score, struct results *out) MUST_USE;

/* Lines of `plimsoll replay --output json`: calls and evaluations of one trace are one answer (traces.c). */
struct status traces_read(struct slice text, double pass_score, struct results *out, struct buf *why) MUST_USE;

/* JUnit XML (junit.c). */
struct status junit_read(struct slice text, struct results *out, struct buf *why) MUST_USE;

#endif
