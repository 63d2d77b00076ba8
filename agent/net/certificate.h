/* SPDX-License-Identifier: Apache-2.0
 * net/certificate.h - what PEM files say, before anything trusts them: readable, fitting, in force.
 */
#ifndef PLIMSOLL_NET_CERTIFICATE_H
#define PLIMSOLL_NET_CERTIFICATE_H

#include "agent/base/buf.h"
#include "agent/base/status.h"

struct certificate_facts {
	int64_t not_before_s, not_after_s; /* unix time */
};

/* Reads the first certificate of cert and checks that key is its private key, unencrypted.
 * why: "cert_file holds no PEM certificate". Errors: INVALID. */
struct status certificate_check(struct slice cert, struct slice key, struct certificate_facts *out,
				struct buf *why) MUST_USE;

/* How many certificates the text holds; 0 where one of them is broken. */
unsigned certificate_count(struct slice pem);

/* What somebody in charge should hear of it now: NULL, or "expired", "expires_soon", "not_valid_yet". now_s: unix time. */
const char *certificate_warning(const struct certificate_facts *f, int64_t now_s);

#endif
