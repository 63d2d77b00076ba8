/* SPDX-License-Identifier: Apache-2.0
 * alerts/signature.h - the symmetric signature of Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`.
 * Source: standard-webhooks specification 1.0.0, "Signature scheme".
 */
#ifndef PLIMSOLL_ALERTS_SIGNATURE_H
#define PLIMSOLL_ALERTS_SIGNATURE_H

#include "agent/base/slice.h"
#include "agent/base/status.h"

#define SIGNATURE_KEY_MIN 24
#define SIGNATURE_KEY_MAX 64
#define SIGNATURE_SIZE    48 /* "v1," and 44 characters of base64, and a NUL */

struct signing_key {
	unsigned char bytes[SIGNATURE_KEY_MAX];
	size_t len;
};

/* Reads "whsec_" and base64 of 24 to 64 bytes. Errors: INVALID. */
struct status signing_key_read(const char *secret, struct signing_key *out) MUST_USE;

/* out: "v1,<base64>". timestamp_s: of this attempt. Errors: UNAVAILABLE, the library refuses. */
struct status signature_make(const struct signing_key *key, const char *id, uint64_t timestamp_s, struct slice body,
			     char out[SIGNATURE_SIZE]) MUST_USE;

#endif
