/* SPDX-License-Identifier: Apache-2.0
 * cli/answer.h - picks fields out of an agent's JSON answer, to print them for people.
 *
 * An answer is small and is printed once: each look reads the object from its start. Slices borrow from the answer.
 */
#ifndef PLIMSOLL_CLI_ANSWER_H
#define PLIMSOLL_CLI_ANSWER_H

#include "agent/base/buf.h"
#include "agent/base/slice.h"

/* The text of one value of an object, as JSON; empty where it is not there or null. */
struct slice answer_field(struct slice object, const char *name);

/* The same of a field of a field: answer_path(o, "movement", "cost_per_request"). */
struct slice answer_path(struct slice object, const char *outer, const char *name);

/* A field's value as text: strings without quotes and escapes, other values as they are. Appended; nothing where it
 * is not there. */
void answer_text(struct slice object, const char *name, struct buf *out);

/* The same on one line for a terminal (base/plain.h). */
void answer_words(struct slice object, const char *name, struct buf *out);

/* A number; NaN where there is none. */
double answer_number(struct slice object, const char *name);

/* A time in unix seconds as "2026-11-22T11:00:00Z"; "-" where there is none. */
void answer_time(struct slice object, const char *name, char out[21]);

/* Calls visit with each element of an array. */
void answer_each(struct slice array, void (*visit)(void *context, struct slice element), void *context);

#endif
