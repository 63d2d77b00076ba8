/* SPDX-License-Identifier: Apache-2.0
 * dialects/operation.h - what a model was asked to do, in the words of the semantic conventions.
 */
#ifndef PLIMSOLL_DIALECTS_OPERATION_H
#define PLIMSOLL_DIALECTS_OPERATION_H

#include "agent/base/slice.h"

/* "acompletion" becomes "chat"; a name that is not listed stays as it is. Borrows from name or is a literal. */
struct slice operation_canonical(struct slice name);

#endif
