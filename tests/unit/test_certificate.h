/* SPDX-License-Identifier: Apache-2.0
 * A throw-away certificate for 127.0.0.1 that signs itself, as two PEM files.
 */
#ifndef PLIMSOLL_TESTS_TEST_CERTIFICATE_H
#define PLIMSOLL_TESTS_TEST_CERTIFICATE_H

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

static inline void test_certificate_sign(X509 *certificate, EVP_PKEY *key)
{
	X509_NAME *name = X509_get_subject_name(certificate);
	X509_EXTENSION *address = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "IP:127.0.0.1");

	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	X509_set_version(certificate, 2);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"plimsoll test", -1, -1, 0);
	X509_set_issuer_name(certificate, name);
	X509_add_ext(certificate, address, -1);
	X509_EXTENSION_free(address);
	X509_set_pubkey(certificate, key);
	X509_sign(certificate, key, EVP_sha256());
}

/* Writes the certificate and its key; false where a file cannot be written. */
static inline bool test_certificate_write(const char *certificate_path, const char *key_path)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = X509_new();
	FILE *certificate_file = fopen(certificate_path, "w"), *key_file = fopen(key_path, "w");
	bool good = certificate_file != NULL && key_file != NULL;

	test_certificate_sign(certificate, key);
	good = good && PEM_write_X509(certificate_file, certificate) == 1;
	good = good && PEM_write_PrivateKey(key_file, key, NULL, NULL, 0, NULL, NULL) == 1;
	if (certificate_file != NULL)
		fclose(certificate_file);
	if (key_file != NULL)
		fclose(key_file);
	X509_free(certificate);
	EVP_PKEY_free(key);
	return good;
}

#endif
