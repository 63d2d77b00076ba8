/* SPDX-License-Identifier: Apache-2.0
 * sampling/content.h - which attributes, events and log records hold prompts, answers, or what tools were given and gave.
 *
 * Source: the instrumentations' own conventions, as the dialects read them.
 */
#ifndef PLIMSOLL_SAMPLING_CONTENT_H
#define PLIMSOLL_SAMPLING_CONTENT_H

#include "agent/base/slice.h"

bool content_is_attribute(struct slice key);
bool content_is_event(struct slice name);

#endif
