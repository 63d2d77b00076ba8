/* SPDX-License-Identifier: Apache-2.0
 * span/fingerprint.h - one number for what a model is told before it is asked: the same for the same text, over restarts.
 */
#ifndef PLIMSOLL_SPAN_FINGERPRINT_H
#define PLIMSOLL_SPAN_FINGERPRINT_H

#include "agent/base/slice.h"

/* Of a system message or a prompt template. Blanks around it do not matter, and a run of digits is one sign, so that dates
 * and numbers in a system message do not make a new prompt every day. Never 0. */
uint64_t fingerprint_of(struct slice text);

/* Which of the known prompt templates, whose variables stand for any text, the text was made from: its number, from 1;
 * 0: none. Called on receiving threads; context is read-only. */
typedef uint32_t (*fingerprint_match)(const void *context, struct slice text);

#endif
