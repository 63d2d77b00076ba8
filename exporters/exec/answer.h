/* SPDX-License-Identifier: Apache-2.0
 * exec/answer.h - what a child says of a payload: one line.
 *
 *     ok [N]             delivered; N items of it were not taken
 *     retry [MS] [why]   not now; again after MS milliseconds, or by the exporter's back-off
 *     toobig [why]       not in this size: it is split
 *     refuse [why]       never: it is counted as lost
 */
#ifndef PLIMSOLL_EXPORTERS_EXEC_ANSWER_H
#define PLIMSOLL_EXPORTERS_EXEC_ANSWER_H

#include "exporters/exporter.h"

#define ANSWER_BYTES_MAX 512u

/* False where the line is none of these. */
bool answer_read(struct slice line, struct delivery *out);

#endif
