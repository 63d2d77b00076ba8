/* SPDX-License-Identifier: Apache-2.0
 * admin/access.h - who may change something here, and with what kind of request.
 */
#ifndef PLIMSOLL_ADMIN_ACCESS_H
#define PLIMSOLL_ADMIN_ACCESS_H

#include "agent/admin/admin_priv.h"

/* Authorization carries that bearer token (RFC 6750 section 2.1). Takes the same time wherever a byte differs.
 * token: NULL or empty is never carried. */
bool carries_token(struct slice authorization, const char *token);

/* What stands against changing state by this request. why: a literal.
 * Returns 0 where nothing does, else the HTTP code: 401, 403, 415. */
unsigned access_refused(const struct request *r, bool has_body, const char **why);

#endif
