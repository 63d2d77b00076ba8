/* SPDX-License-Identifier: Apache-2.0
 * exporters/advice.h - what to change in the configuration when a library's words say how an exporter and its peer miss
 * each other.
 */
#ifndef PLIMSOLL_EXPORTERS_ADVICE_H
#define PLIMSOLL_EXPORTERS_ADVICE_H

/* A sentence for the log, without quotes; "" where the reason of a failed delivery says enough by itself. */
const char *advice_for(const char *reason);

#endif
