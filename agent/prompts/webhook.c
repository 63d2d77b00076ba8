/* SPDX-License-Identifier: Apache-2.0
 * prompts/webhook.c - signature first, then the words.
 */
#include "agent/prompts/webhook.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include "agent/base/hex.h"
#include "agent/base/json.h"
#include "agent/prompts/history.h"
#include "agent/prompts/platform.h"

#define DIGEST_BYTES 32

/* ---------------------------------------------------------------- who sent it */
static bool fits(struct slice given, struct slice secret, struct slice message)
{
	unsigned char digest[DIGEST_BYTES];
	char hex[2 * DIGEST_BYTES + 1];
	unsigned n = 0;

	if (given.len != 2 * DIGEST_BYTES || secret.len == 0 || secret.len > INT32_MAX)
		return false;
	if (HMAC(EVP_sha256(), secret.ptr, (int)secret.len, (const unsigned char *)message.ptr, message.len, digest,
		 &n) == NULL)
		return false;
	hex_format(digest, n, hex);
	return CRYPTO_memcmp(given.ptr, hex, given.len) == 0;
}

/* The value of "name=" in "t=1,v1=ab". */
static struct slice part(struct slice header, struct slice name)
{
	while (header.len > 0) {
		const char *end = memchr(header.ptr, ',', header.len);
		struct slice one = slice_trim(slice_head(header, end != NULL ? (size_t)(end - header.ptr) : header.len));
		if (slice_starts_with(one, name))
			return slice_skip(one, name.len);
		header = end != NULL ? slice_skip(header, (size_t)(end - header.ptr) + 1) : SLICE_NONE;
	}
	return SLICE_NONE;
}

bool webhook_is_signed(struct slice header, struct slice secret, struct slice body, uint64_t now_s)
{
	struct slice time = part(header, SLICE("t=")), plain = part(header, SLICE("sha256="));
	struct buf message = BUF_INIT;
	uint64_t at_s;

	if (plain.len > 0)
		return fits(plain, secret, body);
	if (!slice_to_u64(time, &at_s) || at_s + WEBHOOK_AGE_MAX_S < now_s || at_s > now_s + WEBHOOK_AGE_MAX_S)
		return false;
	buf_slice(&message, time);
	buf_byte(&message, '.');
	buf_slice(&message, body);
	bool good = !buf_failed(&message) && fits(part(header, SLICE("v1=")), secret, buf_view(&message));
	buf_release(&message);
	return good;
}

/* The digest in "v1=" of a signature with a time. */
static bool digest_of(struct slice header, unsigned char *out)
{
	struct slice hex = part(header, SLICE("v1="));

	if (part(header, SLICE("t=")).len == 0 || hex.len == 0)
		return false;
	SHA256((const unsigned char *)hex.ptr, hex.len, out);
	return true;
}

void webhook_remember(struct webhook_memory *m, struct slice header, uint64_t now_s)
{
	uint32_t i = m->next % WEBHOOK_MEMORY;

	if (!digest_of(header, m->taken[i].digest))
		return;
	m->taken[i].at_s = now_s;
	m->next = i + 1;
}

bool webhook_is_repeated(const struct webhook_memory *m, struct slice header, uint64_t now_s)
{
	unsigned char digest[DIGEST_BYTES];
	bool found = false;

	if (!digest_of(header, digest))
		return false;
	for (uint32_t i = 0; i < WEBHOOK_MEMORY && !found; i++) /* of a time up to the bound ahead, for twice as long */
		found = m->taken[i].at_s != 0 && now_s <= m->taken[i].at_s + 2 * WEBHOOK_AGE_MAX_S &&
			memcmp(m->taken[i].digest, digest, sizeof(digest)) == 0;
	return found;
}

/* Of both a digest, so that neither their length nor their bytes show in the time. */
bool webhook_is_token(struct slice given, struct slice secret)
{
	const struct slice scheme = SLICE("Bearer ");
	unsigned char of_given[DIGEST_BYTES], of_secret[DIGEST_BYTES];

	if (slice_equal_nocase(slice_head(given, scheme.len), scheme))
		given = slice_trim(slice_skip(given, scheme.len));
	if (given.len == 0 || secret.len == 0)
		return false;
	SHA256((const unsigned char *)given.ptr, given.len, of_given);
	SHA256((const unsigned char *)secret.ptr, secret.len, of_secret);
	return CRYPTO_memcmp(of_given, of_secret, sizeof(of_given)) == 0;
}

/* ---------------------------------------------------------------- what it says */
static void add_environment(struct webhook_news *n, struct slice name)
{
	if (n->environment_count < WEBHOOK_LABELS_MAX && name.len > 0)
		n->environments[n->environment_count++] = name;
}

/* Labels are where a version is used; Langfuse moves `latest` by itself. */
static void read_labels(struct slice prompt, struct arena *a, struct webhook_news *out)
{
	struct slice label;
	struct json j;

	json_init(&j, json_find(prompt, SLICE("labels")));
	if (!json_array(&j))
		return;
	while (json_element(&j) && json_text(&j, a, &label))
		if (!slice_equal(label, SLICE("latest")))
			add_environment(out, label);
}

/* Each reader: false where a version should be told and is not. */
static bool read_langfuse(struct slice body, struct arena *a, struct webhook_news *out, struct platform_prompt *prompt)
{
	struct slice object = json_find(body, SLICE("prompt")), user = json_find(body, SLICE("user"));

	if (!slice_equal(platform_text(body, "type", a), SLICE("prompt-version"))) {
		out->ignored = "an event of another type";
		return true;
	}
	if (!platform_langfuse(object, a, prompt))
		return false;
	if (slice_equal(platform_text(body, "action", a), SLICE("deleted")))
		out->ignored = "deleted there: what ran is history all the same";
	read_labels(object, a, out);
	out->by = platform_text(user, "email", a);
	if (out->by.len == 0)
		out->by = platform_text(user, "name", a);
	return true;
}

/* The event is that of a log alert, a dataset, or of a prompt that was taken out of an environment. */
static const char *braintrust_ignored(struct slice body, struct slice details, struct arena *a)
{
	struct slice event = platform_text(json_find(body, SLICE("automation")), "event_type", a);

	if (!slice_equal(event, SLICE("environment_update")))
		return "an event of another type";
	if (json_find(details, SLICE("prompt")).len == 0)
		return "an environment of something that is no prompt";
	if (slice_equal(platform_text(details, "action", a), SLICE("delete")))
		return "taken out of an environment: nothing is put in its place";
	return NULL;
}

static bool read_braintrust(struct slice body, struct arena *a, struct webhook_news *out, struct platform_prompt *prompt)
{
	struct slice details = json_find(body, SLICE("details"));

	out->ignored = braintrust_ignored(body, details, a);
	if (out->ignored != NULL)
		return true;
	(void)platform_braintrust(json_find(details, SLICE("prompt")), a, prompt); /* tells no version: it stands beside it */
	struct slice version = platform_text(details, "new_version", a);
	if (version.len > 0)
		prompt->version = version;
	add_environment(out, platform_text(json_find(details, SLICE("environment")), "slug", a));
	return prompt->name.len > 0 && prompt->version.len > 0;
}

static bool has_content(const struct platform_prompt *p)
{
	return p->model.len + p->temperature.len + p->max_output_tokens.len + p->template.len + p->messages.len +
	       p->tools.len > 0;
}

struct status webhook_read(uint8_t source, struct slice body, struct arena *a, struct webhook_news *out, struct buf *why)
{
	struct platform_prompt prompt = { .name = SLICE_NONE };

	*out = (struct webhook_news){ .manifest = NULL };
	if (!json_is_valid(body)) {
		buf_text(why, "the body is no JSON");
		return FAIL(MALFORMED, "no JSON");
	}
	bool is_told = source == PROMPT_FROM_LANGFUSE ? read_langfuse(body, a, out, &prompt) :
							read_braintrust(body, a, out, &prompt);
	if (!is_told ||
	    (out->ignored == NULL && !(prompt_name_is_good(prompt.name) && prompt_version_is_good(prompt.version)))) {
		buf_text(why, "the body tells of no prompt version");
		return FAIL(MALFORMED, "no prompt version");
	}
	out->name = prompt.name;
	out->version = prompt.version;
	if (out->ignored != NULL || !has_content(&prompt))
		return OK;
	return platform_manifest(prompt_source_names[source], &prompt, &out->manifest, why);
}
