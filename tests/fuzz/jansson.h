/* SPDX-License-Identifier: Apache-2.0
 * What jansson says to a text: in a file of its own, because jansson and agent/base/json.h share names.
 */
#ifndef PLIMSOLL_TESTS_JANSSON_H
#define PLIMSOLL_TESTS_JANSSON_H

#include "agent/base/slice.h"

/* JANSSON_ALONE: refused for something that RFC 8259 allows: a lone surrogate, an escaped NUL in a key, a number that
 * its int64 or double cannot hold. */
enum jansson_verdict { JANSSON_ACCEPTS, JANSSON_REFUSES, JANSSON_ALONE };

enum jansson_verdict jansson_judge(struct slice text, char why[256]);

#endif
