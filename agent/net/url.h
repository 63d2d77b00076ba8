/* SPDX-License-Identifier: Apache-2.0
 * net/url.h - addresses as they may be shown.
 */
#ifndef PLIMSOLL_NET_URL_H
#define PLIMSOLL_NET_URL_H

#include <stddef.h>

/* The URL without what may be secret: user and password, query and fragment. Cut to fit; always NUL-terminated. */
void url_for_log(const char *url, char *out, size_t size);

#endif
