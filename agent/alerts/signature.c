/* SPDX-License-Identifier: Apache-2.0
 * alerts/signature.c - by OpenSSL's libcrypto.
 */
#include "agent/alerts/signature.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>

#include "agent/base/buf.h"

#define PREFIX      "whsec_"
#define SHA256_SIZE 32

struct status signing_key_read(const char *secret, struct signing_key *out)
{
	static const char wrong[] = "signing_secret must be whsec_ and the base64 of 24 to 64 random bytes";
	unsigned char bytes[SIGNATURE_KEY_MAX + 3];
	size_t prefix = strlen(PREFIX), len = strlen(secret);
	int n, rest;

	if (strncmp(secret, PREFIX, prefix) != 0 || len - prefix > 4 * ((SIGNATURE_KEY_MAX + 2) / 3))
		return FAIL(INVALID, wrong);
	EVP_ENCODE_CTX *decoder = EVP_ENCODE_CTX_new();
	if (decoder == NULL)
		return FAIL(NOMEM, "no memory for a signing key");
	EVP_DecodeInit(decoder);
	bool ok = EVP_DecodeUpdate(decoder, bytes, &n, (const unsigned char *)secret + prefix, (int)(len - prefix)) >=
			  0 &&
		  EVP_DecodeFinal(decoder, bytes + n, &rest) == 1;
	EVP_ENCODE_CTX_free(decoder);
	if (!ok || n + rest < SIGNATURE_KEY_MIN || n + rest > SIGNATURE_KEY_MAX)
		return FAIL(INVALID, wrong);
	out->len = (size_t)(n + rest);
	memcpy(out->bytes, bytes, out->len);
	return OK;
}

struct status signature_make(const struct signing_key *key, const char *id, uint64_t timestamp_s, struct slice body,
			     char out[SIGNATURE_SIZE])
{
	unsigned char digest[SHA256_SIZE];
	unsigned len = 0;
	struct buf text = BUF_INIT;

	buf_printf(&text, "%s.%" PRIu64 ".", id, timestamp_s);
	buf_slice(&text, body);
	bool ok = !buf_failed(&text) && HMAC(EVP_sha256(), key->bytes, (int)key->len, (const unsigned char *)text.ptr,
					     text.len, digest, &len) != NULL;
	buf_release(&text);
	if (!ok || len != sizeof(digest))
		return FAIL(UNAVAILABLE, "cannot compute an HMAC-SHA256");
	memcpy(out, "v1,", 3);
	EVP_EncodeBlock((unsigned char *)out + 3, digest, (int)len);
	return OK;
}
