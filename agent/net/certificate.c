/* SPDX-License-Identifier: Apache-2.0
 * net/certificate.c - OpenSSL's readers of PEM.
 */
#include "agent/net/certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <time.h>

#define SOON_S (7 * 24 * 3600)

/* Instead of OpenSSL's own, which would ask at the terminal. */
static int no_password(char *out, int size, int is_writing, void *context)
{
	(void)out;
	(void)size;
	(void)is_writing;
	(void)context;
	return 0;
}

static BIO *bio_of(struct slice text)
{
	return BIO_new_mem_buf(text.ptr != NULL ? text.ptr : "", (int)text.len);
}

static X509 *read_certificate(struct slice text)
{
	BIO *bio = bio_of(text);
	X509 *certificate = PEM_read_bio_X509(bio, NULL, no_password, NULL);

	BIO_free(bio);
	return certificate;
}

static EVP_PKEY *read_key(struct slice text)
{
	BIO *bio = bio_of(text);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);

	BIO_free(bio);
	return key;
}

static int64_t seconds_of(const ASN1_TIME *time)
{
	struct tm tm = { 0 };

	return ASN1_TIME_to_tm(time, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

struct status certificate_check(struct slice cert, struct slice key, struct certificate_facts *out, struct buf *why)
{
	X509 *certificate = read_certificate(cert);
	EVP_PKEY *private_key = read_key(key);
	bool good = false;

	if (certificate == NULL)
		buf_text(why, "cert_file holds no PEM certificate");
	else if (private_key == NULL)
		buf_text(why, "key_file holds no PEM private key, or one with a password");
	else if (X509_check_private_key(certificate, private_key) != 1)
		buf_text(why, "cert_file and key_file do not belong together");
	else
		good = true;
	if (good)
		*out = (struct certificate_facts){ seconds_of(X509_get0_notBefore(certificate)),
						   seconds_of(X509_get0_notAfter(certificate)) };
	X509_free(certificate);
	EVP_PKEY_free(private_key);
	ERR_clear_error();
	return good ? OK : FAIL(INVALID, "certificate and key cannot be used");
}

unsigned certificate_count(struct slice pem)
{
	BIO *bio = bio_of(pem);
	X509 *certificate;
	unsigned count = 0;

	while ((certificate = PEM_read_bio_X509(bio, NULL, no_password, NULL)) != NULL) {
		X509_free(certificate);
		count++;
	}
	bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
	ERR_clear_error();
	BIO_free(bio);
	return at_end ? count : 0;
}

const char *certificate_warning(const struct certificate_facts *f, int64_t now_s)
{
	if (now_s >= f->not_after_s)
		return "expired";
	if (now_s < f->not_before_s)
		return "not_valid_yet";
	return f->not_after_s - now_s < SOON_S ? "expires_soon" : NULL;
}
