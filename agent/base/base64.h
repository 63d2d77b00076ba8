/* SPDX-License-Identifier: Apache-2.0
 * base/base64.h - bytes as base64 (RFC 4648 section 4: with padding, + and /).
 */
#ifndef PLIMSOLL_BASE_BASE64_H
#define PLIMSOLL_BASE_BASE64_H

#include "agent/base/buf.h"

void base64_append(struct buf *out, struct slice bytes);

#endif
