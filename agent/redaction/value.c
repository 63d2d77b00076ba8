/* SPDX-License-Identifier: Apache-2.0
 * redaction/value.c - what stands in the place of a find, and the text around it.
 */
#include <openssl/hmac.h>
#include <stdlib.h>

#include "agent/redaction/redaction_priv.h"

#define PSEUDONYM_BYTES 8 /* of the HMAC; written in hex */

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* Addresses are one in any case of letters, numbers in any grouping. */
static size_t canonical(unsigned rule, struct slice found, char *out)
{
	size_t n = 0;
	bool is_number = rule == DETECTOR_CARD || rule == DETECTOR_PHONE || rule == DETECTOR_IBAN || rule >= DETECTOR_US_SSN;

	for (size_t i = 0; i < found.len; i++) {
		char c = found.ptr[i];
		if (rule < DETECTOR_COUNT && is_number && strchr(" -./()", c) != NULL)
			continue;
		out[n++] = (char)(rule == DETECTOR_EMAIL && c >= 'A' && c <= 'Z' ? c | 0x20 : c);
	}
	return n;
}

/* "[email:0123456789abcdef]" */
static struct slice pseudonym(struct redaction_lane *l, unsigned rule, struct slice found)
{
	const char *key = l->redactor->config->hash_key;
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned int mac_len = 0;
	char *copy = arena_alloc(l->arena, found.len);
	uint64_t head = 0;

	if (copy == NULL)
		return SLICE_NONE;
	size_t n = canonical(rule, found, copy);
	if (HMAC(EVP_sha256(), key, (int)strlen(key), (const unsigned char *)copy, n, mac, &mac_len) == NULL)
		return SLICE_NONE;
	for (int i = 0; i < PSEUDONYM_BYTES; i++)
		head = head << 8 | mac[i];
	return arena_printf(l->arena, "[%s:%016llx]", l->redactor->rules[rule].name, (unsigned long long)head);
}

static bool has_room(struct redaction_lane *l)
{
	if (l->count < l->cap)
		return true;
	size_t cap = l->cap > 0 ? l->cap * 2 : 64;
	struct finding *bigger = realloc(l->findings, cap * sizeof(*bigger));
	if (bigger == NULL)
		return false;
	l->findings = bigger;
	l->cap = cap;
	return true;
}

void finding_add(struct redaction_lane *l, struct slice text, size_t start, size_t end, unsigned rule)
{
	const struct redaction_rule *r = &l->redactor->rules[rule];

	while (start > 0 && is_continuation(text.ptr[start]))
		start--;
	while (end < text.len && is_continuation(text.ptr[end]))
		end++;
	if (!has_room(l)) {
		l->failed = true;
		return;
	}
	struct finding *f = &l->findings[l->count];
	*f = (struct finding){ .start = start, .end = end, .rule = rule, .label = r->mask };
	if (r->action == REDACTION_HASH)
		f->label = pseudonym(l, rule, (struct slice){ text.ptr + start, end - start });
	l->failed |= f->label.ptr == NULL;
	l->dropped |= r->action == REDACTION_REMOVE;
	l->count++;
}

static struct slice label_of(const struct finding *f)
{
	return f->is_json_value ? SLICE("null") : f->label;
}

static char *put(char *at, struct slice s)
{
	if (s.len > 0)
		memcpy(at, s.ptr, s.len);
	return at + s.len;
}

struct slice findings_apply(struct redaction_lane *l, struct slice text)
{
	size_t size = text.len, done = 0;

	for (size_t i = 0; i < l->count; i++)
		size = size - (l->findings[i].end - l->findings[i].start) + label_of(&l->findings[i]).len;
	char *bytes = arena_alloc(l->arena, size), *at = bytes;
	if (bytes == NULL)
		return SLICE_NONE;
	for (size_t i = 0; i < l->count; i++) {
		const struct finding *f = &l->findings[i];
		at = put(at, (struct slice){ text.ptr + done, f->start - done });
		at = put(at, label_of(f));
		done = f->end;
	}
	put(at, slice_skip(text, done));
	return (struct slice){ bytes, size };
}

void findings_count(const struct redaction_lane *l)
{
	for (size_t i = 0; i < l->count; i++)
		meter_add(l->redactor->rules[l->findings[i].rule].found, 1);
}

#define SCRATCH_KEPT_BYTES (256u * 1024u)

static void give_back(struct redaction_lane *l)
{
	for (int i = 0; i < SCAN_LEVELS_MAX; i++)
		if (l->levels[i].map.cap > SCRATCH_KEPT_BYTES) {
			buf_release(&l->levels[i].text);
			buf_release(&l->levels[i].map);
		}
}

enum redacted redact_value(struct redaction_lane *l, struct slice text, bool is_denied, struct slice *out)
{
	l->dropped = false;
	l->count = 0;
	if (is_denied && text.len > 0)
		finding_add(l, text, 0, text.len, RULE_DENIED);
	else
		scan_text(l, text);
	give_back(l);
	if (l->count == 0)
		return REDACTED_NOTHING;
	findings_count(l);
	if (l->dropped)
		return REDACTED_DROP;
	*out = findings_apply(l, text);
	l->failed |= out->ptr == NULL;
	return REDACTED_SOME;
}
