/* SPDX-License-Identifier: Apache-2.0
 * gate/pattern.h - regular expressions (PCRE2, UTF-8) of suites and of JSON Schemas over one answer.
 */
#ifndef PLIMSOLL_GATE_PATTERN_H
#define PLIMSOLL_GATE_PATTERN_H

#include "agent/base/buf.h"
#include "agent/base/slice.h"

enum pattern_result { PATTERN_NO, PATTERN_YES, PATTERN_BAD /* it is none, or takes too long over this text */ };

enum pattern_result pattern_find(struct slice pattern, struct slice text);

/* Whether text holds wanted: letters of any script without their case, any run of white space as one space. */
bool pattern_holds(struct slice text, struct slice wanted);

/* False: what is wrong with it, and where, is appended to why. */
bool pattern_is_good(struct slice pattern, struct buf *why);

#endif
