/* SPDX-License-Identifier: Apache-2.0
 * base/pressure.c - the word.
 */
#include "agent/base/pressure.h"

_Atomic int pressure_now = PRESSURE_NONE;
