/* SPDX-License-Identifier: Apache-2.0
 * redaction/detector.h - what the built-in detectors look for, and one pass over a text for all of them.
 *
 * Written by hand rather than as patterns: a byte is looked at about once, whatever the text, and whoever looks ahead
 * does so for a bounded distance or remembers how far it came. Numbers count only with their checksums where there is
 * one, and only as whole words: the digits inside of an identifier are none.
 */
#ifndef PLIMSOLL_REDACTION_DETECTOR_H
#define PLIMSOLL_REDACTION_DETECTOR_H

#include "agent/base/slice.h"

/* X(id, name in the configuration and between the brackets of a mask, what it finds) */
#define DETECTOR_MAP(X)                                                                                               \
	X(EMAIL, "email", "e-mail addresses")                                                                         \
	X(PHONE, "phone", "telephone numbers: international, North American, or national with a leading 0")           \
	X(CARD, "card", "payment card numbers (prefix, length and Luhn)")                                             \
	X(IBAN, "iban", "bank accounts (country's length and mod 97)")                                                \
	X(IPV4, "ipv4", "IPv4 addresses but those of this host")                                                      \
	X(IPV6, "ipv6", "IPv6 addresses but those of this host")                                                      \
	X(AWS_KEY, "aws_key", "AWS access keys, and secret keys behind their usual name")                             \
	X(GCP_KEY, "gcp_key", "Google API keys, OAuth tokens and client secrets")                                     \
	X(GITHUB_TOKEN, "github_token", "GitHub tokens")                                                              \
	X(OPENAI_KEY, "openai_key", "keys that begin with sk-, as OpenAI's do")                                       \
	X(ANTHROPIC_KEY, "anthropic_key", "Anthropic keys")                                                           \
	X(SLACK_TOKEN, "slack_token", "Slack tokens and webhooks")                                                    \
	X(STRIPE_KEY, "stripe_key", "Stripe keys and webhook secrets")                                                \
	X(API_KEY, "api_key", "keys of GitLab, Hugging Face, npm, Groq, xAI, SendGrid, LangSmith, Perplexity, Replicate") \
	X(JWT, "jwt", "JSON web tokens")                                                                              \
	X(PRIVATE_KEY, "private_key", "private keys in PEM")                                                          \
	X(BEARER, "bearer", "what follows the word Bearer")                                                           \
	X(PASSWORD, "password", "user and password in URLs, and behind the word Basic")                               \
	X(US_SSN, "us_ssn", "US social security numbers")                                                             \
	X(UK_NINO, "uk_nino", "UK national insurance numbers")                                                        \
	X(ES_ID, "es_id", "Spanish DNI and NIE (check letter)")                                                       \
	X(NL_BSN, "nl_bsn", "Dutch citizen service numbers (eleven test), where the words around say so")             \
	X(DE_TAX_ID, "de_tax_id", "German tax identification numbers (ISO 7064)")                                     \
	X(FR_NIR, "fr_nir", "French social security numbers (mod 97)")                                                \
	X(BR_CPF, "br_cpf", "Brazilian CPF numbers (check digits)")

enum detector {
#define X(id, name, what) DETECTOR_##id,
	DETECTOR_MAP(X)
#undef X
	DETECTOR_COUNT
};

extern const char *const detector_names[DETECTOR_COUNT];

/* Bytes [start, end) of a text. */
struct detection {
	size_t start, end;
	enum detector detector;
};

/* Called for each find, in order; finds do not overlap. */
typedef void (*detection_visit)(void *context, const struct detection *found);

/* enabled: bits 1u << detector. */
void detect(uint32_t enabled, struct slice text, detection_visit visit, void *context);

#endif
