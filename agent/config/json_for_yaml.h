/* SPDX-License-Identifier: Apache-2.0
 * config/json_for_yaml.h - JSON so that a reader of YAML finds the same in it.
 *
 * All JSON is YAML, but for a few characters: an escaped surrogate pair is none to YAML, control characters beyond ASCII
 * may not stand in it as they are, and some of them would end a line there.
 */
#ifndef PLIMSOLL_CONFIG_JSON_FOR_YAML_H
#define PLIMSOLL_CONFIG_JSON_FOR_YAML_H

#include "agent/base/buf.h"

/* Appends the same with these characters escaped as YAML has them. json: one valid value, or a part of one that begins
 * and ends between its tokens; lone surrogates become U+FFFD. */
void json_for_yaml(struct slice json, struct buf *out);

#endif
