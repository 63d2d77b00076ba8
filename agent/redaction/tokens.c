/* SPDX-License-Identifier: Apache-2.0
 * redaction/tokens.c - keys and tokens that their makers gave a shape: a prefix, and so many characters of an alphabet.
 *
 * The shapes are those that the vendors document for secret scanning, as of 2026-11.
 */
#include <openssl/evp.h>

#include "agent/redaction/detector_priv.h"

#define ALNUM  CLASS_ALNUM
#define URLSAFE (CLASS_ALNUM | CLASS_DASH)
#define ANY_TOKEN (CLASS_ALNUM | CLASS_DASH | CLASS_TOKEN)

/* Longer prefixes of one beginning stand first. */
static const struct shape {
	struct slice prefix;
	unsigned alphabet;
	size_t shortest, longest; /* behind the prefix; longest 0: any */
	enum detector detector;
	bool needs_digit; /* words may begin so too */
} shapes[] = {
	{ { "AKIA", 4 }, CLASS_UPPER | CLASS_DIGIT, 16, 16, DETECTOR_AWS_KEY, false },
	{ { "ASIA", 4 }, CLASS_UPPER | CLASS_DIGIT, 16, 16, DETECTOR_AWS_KEY, false },
	{ { "ABIA", 4 }, CLASS_UPPER | CLASS_DIGIT, 16, 16, DETECTOR_AWS_KEY, false },
	{ { "ACCA", 4 }, CLASS_UPPER | CLASS_DIGIT, 16, 16, DETECTOR_AWS_KEY, false },
	{ { "AIza", 4 }, URLSAFE, 35, 0, DETECTOR_GCP_KEY, false },
	{ { "GOCSPX-", 7 }, URLSAFE, 20, 0, DETECTOR_GCP_KEY, false },
	{ { "SG.", 3 }, URLSAFE | CLASS_TOKEN, 40, 0, DETECTOR_API_KEY, true },
	{ { "dop_v1_", 7 }, ALNUM, 64, 0, DETECTOR_API_KEY, false },
	{ { "ghp_", 4 }, ALNUM, 30, 0, DETECTOR_GITHUB_TOKEN, false },
	{ { "gho_", 4 }, ALNUM, 30, 0, DETECTOR_GITHUB_TOKEN, false },
	{ { "ghu_", 4 }, ALNUM, 30, 0, DETECTOR_GITHUB_TOKEN, false },
	{ { "ghs_", 4 }, ALNUM, 30, 0, DETECTOR_GITHUB_TOKEN, false },
	{ { "ghr_", 4 }, ALNUM, 30, 0, DETECTOR_GITHUB_TOKEN, false },
	{ { "github_pat_", 11 }, URLSAFE, 22, 0, DETECTOR_GITHUB_TOKEN, false },
	{ { "glpat-", 6 }, URLSAFE, 20, 0, DETECTOR_API_KEY, false },
	{ { "gsk_", 4 }, ALNUM, 40, 0, DETECTOR_API_KEY, false },
	{ { "hf_", 3 }, ALNUM, 30, 0, DETECTOR_API_KEY, false },
	{ { "hooks.slack.com/services/", 25 }, URLSAFE | CLASS_TOKEN, 20, 0, DETECTOR_SLACK_TOKEN, false },
	{ { "lsv2_", 5 }, URLSAFE, 30, 0, DETECTOR_API_KEY, true },
	{ { "npm_", 4 }, ALNUM, 36, 0, DETECTOR_API_KEY, false },
	{ { "pplx-", 5 }, ALNUM, 40, 0, DETECTOR_API_KEY, false },
	{ { "r8_", 3 }, ALNUM, 30, 0, DETECTOR_API_KEY, false },
	{ { "rk_live_", 8 }, ALNUM, 16, 0, DETECTOR_STRIPE_KEY, false },
	{ { "rk_test_", 8 }, ALNUM, 16, 0, DETECTOR_STRIPE_KEY, false },
	{ { "sk-ant-", 7 }, URLSAFE, 20, 0, DETECTOR_ANTHROPIC_KEY, false },
	{ { "sk-proj-", 8 }, URLSAFE, 20, 0, DETECTOR_OPENAI_KEY, false },
	{ { "sk-svcacct-", 11 }, URLSAFE, 20, 0, DETECTOR_OPENAI_KEY, false },
	{ { "sk-admin-", 9 }, URLSAFE, 20, 0, DETECTOR_OPENAI_KEY, false },
	{ { "sk-", 3 }, URLSAFE, 20, 0, DETECTOR_OPENAI_KEY, true },
	{ { "sk_live_", 8 }, ALNUM, 16, 0, DETECTOR_STRIPE_KEY, false },
	{ { "sk_test_", 8 }, ALNUM, 16, 0, DETECTOR_STRIPE_KEY, false },
	{ { "whsec_", 6 }, ALNUM | CLASS_TOKEN, 16, 0, DETECTOR_STRIPE_KEY, false },
	{ { "xai-", 4 }, ALNUM, 40, 0, DETECTOR_API_KEY, false },
	{ { "xapp-", 5 }, URLSAFE, 20, 0, DETECTOR_SLACK_TOKEN, true },
	{ { "xoxa-", 5 }, URLSAFE, 10, 0, DETECTOR_SLACK_TOKEN, true },
	{ { "xoxb-", 5 }, URLSAFE, 10, 0, DETECTOR_SLACK_TOKEN, true },
	{ { "xoxe-", 5 }, URLSAFE, 10, 0, DETECTOR_SLACK_TOKEN, true },
	{ { "xoxe.", 5 }, URLSAFE, 10, 0, DETECTOR_SLACK_TOKEN, true },
	{ { "xoxp-", 5 }, URLSAFE, 10, 0, DETECTOR_SLACK_TOKEN, true },
	{ { "xoxr-", 5 }, URLSAFE, 10, 0, DETECTOR_SLACK_TOKEN, true },
	{ { "xoxs-", 5 }, URLSAFE, 10, 0, DETECTOR_SLACK_TOKEN, true },
	{ { "ya29.", 5 }, URLSAFE, 20, 0, DETECTOR_GCP_KEY, false },
};

/* First characters of the shapes: most words begin otherwise. */
static const bool begins_shape[256] = {
	['A'] = true, ['G'] = true, ['S'] = true, ['d'] = true, ['g'] = true, ['h'] = true, ['l'] = true, ['n'] = true,
	['p'] = true, ['r'] = true, ['s'] = true, ['w'] = true, ['x'] = true, ['y'] = true,
};

static bool has_digit(struct slice text, size_t from, size_t to)
{
	for (; from < to; from++)
		if ((class_at(text, from) & CLASS_DIGIT) != 0)
			return true;
	return false;
}

static size_t try_shape(struct detect *d, const struct shape *s, size_t at)
{
	size_t start = at + s->prefix.len;

	if (!wants(d, s->detector) || !slice_starts_with(slice_skip(d->text, at), s->prefix) || start < d->no_token_until)
		return 0;
	size_t end = run_end(d->text, start, s->alphabet), n = end - start;
	bool fits = n >= s->shortest && (s->longest == 0 || (n <= s->longest && !is_alnum_at(d->text, end)));
	if (fits && (!s->needs_digit || has_digit(d->text, start, end)))
		return end;
	if (n > 256)
		d->no_token_until = end; /* or a long run of beginnings would be walked from each of them */
	return 0;
}

/* header.payload.signature, each base64url; a header begins with {" */
static size_t try_jwt(struct detect *d, size_t at)
{
	if (at < d->no_token_until || !slice_starts_with(slice_skip(d->text, at), SLICE("eyJ")))
		return 0;
	size_t header = run_end(d->text, at, URLSAFE);
	if (header - at >= 10 && header < d->text.len && d->text.ptr[header] == '.' &&
	    slice_starts_with(slice_skip(d->text, header + 1), SLICE("eyJ"))) {
		size_t payload = run_end(d->text, header + 1, URLSAFE);
		bool is_signed = payload < d->text.len && d->text.ptr[payload] == '.';
		return is_signed ? run_end(d->text, payload + 1, URLSAFE) : payload;
	}
	d->no_token_until = header;
	return 0;
}

static size_t skip_blanks(struct slice text, size_t at, size_t most)
{
	for (size_t i = 0; i < most && at < text.len && strchr(" \t\"'=:", text.ptr[at]) != NULL && text.ptr[at] != '\0'; i++)
		at++;
	return at;
}

static size_t try_bearer(struct detect *d, size_t at)
{
	if (!slice_equal_nocase(slice_head(slice_skip(d->text, at), 6), SLICE("bearer")) || at + 6 >= d->text.len ||
	    d->text.ptr[at + 6] != ' ')
		return 0;
	size_t start = skip_blanks(d->text, at + 6, 4);
	if (start < d->no_token_until)
		return 0;
	size_t end = run_end(d->text, start, ANY_TOKEN);
	/* else a token without a digit may stand there, which has a shape of its own; no run is walked for two of us */
	return end - start >= 16 && has_digit(d->text, start, end) ? end : 0;
}

#define BASIC_BYTES_MAX 256

/* RFC 7617: base64 of user, colon and password. */
static bool is_user_and_password(struct slice base64)
{
	unsigned char pair[BASIC_BYTES_MAX];

	if (base64.len < 8 || base64.len % 4 != 0 || base64.len > sizeof(pair))
		return false;
	int n = EVP_DecodeBlock(pair, (const unsigned char *)base64.ptr, (int)base64.len);
	struct slice text = { (const char *)pair, n > 0 ? (size_t)n : 0 };
	ptrdiff_t colon = slice_find(text, SLICE(":"));
	for (ptrdiff_t i = 0; i < colon; i++)
		if (text.ptr[i] < ' ')
			return false; /* what any other word is decoded to */
	return colon >= 0;
}

static size_t try_basic(struct detect *d, size_t at)
{
	if (!slice_equal_nocase(slice_head(slice_skip(d->text, at), 5), SLICE("basic")) || at + 5 >= d->text.len ||
	    d->text.ptr[at + 5] != ' ')
		return 0;
	size_t start = skip_blanks(d->text, at + 5, 4);
	if (start < d->no_token_until)
		return 0;
	size_t end = run_end(d->text, start, ANY_TOKEN);
	return is_user_and_password((struct slice){ d->text.ptr + start, end - start }) ? end : 0;
}

/* The secret half has no shape of its own but its length. */
static size_t try_aws_secret(const struct detect *d, size_t at)
{
	static const struct slice name = { "aws_secret_access_key", 21 };

	if (!slice_equal_nocase(slice_head(slice_skip(d->text, at), name.len), name))
		return 0;
	size_t start = skip_blanks(d->text, at + name.len, 8), end = run_end(d->text, start, ALNUM | CLASS_TOKEN);
	return start > at + name.len && end - start >= 40 ? end : 0;
}

/* As they stand in a header Authorization. */
static size_t try_credentials(struct detect *d, size_t at, enum detector *which)
{
	size_t end = wants(d, DETECTOR_BEARER) ? try_bearer(d, at) : 0;

	*which = DETECTOR_BEARER;
	if (end > 0 || !wants(d, DETECTOR_PASSWORD))
		return end;
	*which = DETECTOR_PASSWORD;
	return try_basic(d, at);
}

size_t try_token(struct detect *d, size_t at, enum detector *which)
{
	char first = d->text.ptr[at];
	size_t end = 0;

	for (size_t i = 0; begins_shape[(unsigned char)first] && i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		if (shapes[i].prefix.ptr[0] != first)
			continue;
		end = try_shape(d, &shapes[i], at);
		*which = shapes[i].detector;
		if (end > 0)
			return end;
	}
	if (first == 'e' && wants(d, DETECTOR_JWT)) {
		*which = DETECTOR_JWT;
		end = try_jwt(d, at);
	} else if (first == 'B' || first == 'b') {
		end = try_credentials(d, at, which);
	} else if ((first == 'A' || first == 'a') && wants(d, DETECTOR_AWS_KEY)) {
		*which = DETECTOR_AWS_KEY;
		end = try_aws_secret(d, at);
	}
	return end;
}

#define LABEL_BYTES_MAX 40

/* To the end of the text where the key is cut off. */
size_t try_private_key(struct slice text, size_t at)
{
	struct slice rest = slice_skip(text, at);

	if (!slice_starts_with(rest, SLICE("-----BEGIN ")) ||
	    slice_find(slice_head(rest, LABEL_BYTES_MAX), SLICE("PRIVATE KEY")) < 0)
		return 0;
	ptrdiff_t end = slice_find(rest, SLICE("-----END "));
	if (end < 0)
		return text.len;
	ptrdiff_t close = slice_find(slice_skip(rest, (size_t)end + 9), SLICE("-----"));
	return close < 0 ? text.len : at + (size_t)end + 9 + (size_t)close + 5;
}
