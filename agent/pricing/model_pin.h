/* SPDX-License-Identifier: Apache-2.0
 * pricing/model_pin.h - does a model's id name one fixed model, or an alias whose target moves?
 *
 * Behaviour and price of an alias may change from one day to the next without any change on our side. Source: the
 * providers' naming rules as of November 2026.
 */
#ifndef PLIMSOLL_PRICING_MODEL_PIN_H
#define PLIMSOLL_PRICING_MODEL_PIN_H

#include "agent/base/slice.h"
#include "agent/span/call.h"

/* TRI_YES: pinned; TRI_NO: an alias; TRI_UNKNOWN: no id, or one too long for any provider. provider may be empty.
 * Allocates nothing. */
enum tristate model_pin(struct slice provider, struct slice model);

#endif
