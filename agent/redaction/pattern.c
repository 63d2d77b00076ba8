/* SPDX-License-Identifier: Apache-2.0
 * redaction/pattern.c - PCRE2 in windows, under limits.
 */
#include "agent/redaction/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <time.h>

#include "agent/base/clock.h"

#define MATCH_LIMIT      20000u
#define DEPTH_LIMIT      1000u
#define HEAP_LIMIT_KIB   1024u
#define WINDOW_BYTES     4096u
#define WINDOW_BYTES_MAX (64u * 1024u) /* the longest match */
#define LOOK_BEHIND      64u
#define BUDGET_NS        (20 * NS_PER_MS)
#define BUDGET_PER_BYTE  200u /* ns */
#define PROBE_NS         (5 * NS_PER_MS)

struct pattern {
	pcre2_code *code;
};

struct pattern_scratch {
	pcre2_match_data *data;
	pcre2_match_context *limits;
	uint64_t until_ns; /* of this thread's CPU time */
};

static uint64_t thread_cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * NS_PER_SECOND + (uint64_t)t.tv_nsec;
}

struct pattern_scratch *pattern_scratch_new(void)
{
	struct pattern_scratch *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->data = pcre2_match_data_create(1, NULL);
	s->limits = pcre2_match_context_create(NULL);
	if (s->data == NULL || s->limits == NULL) {
		pattern_scratch_free(s);
		return NULL;
	}
	pcre2_set_match_limit(s->limits, MATCH_LIMIT);
	pcre2_set_depth_limit(s->limits, DEPTH_LIMIT);
	pcre2_set_heap_limit(s->limits, HEAP_LIMIT_KIB);
	return s;
}

void pattern_scratch_free(struct pattern_scratch *s)
{
	if (s == NULL)
		return;
	pcre2_match_data_free(s->data);
	pcre2_match_context_free(s->limits);
	free(s);
}

void pattern_scratch_begin(struct pattern_scratch *s, size_t length)
{
	s->until_ns = thread_cpu_ns() + BUDGET_NS + length * BUDGET_PER_BYTE;
}

/* Where the search stands: at is the first byte not yet searched, window how far the next search may look. */
struct search {
	struct slice text;
	size_t at, window;
};

/* One window. Result as of pcre2_match; start and end in the text. */
static int match_window(const struct pattern *p, struct pattern_scratch *s, const struct search *w, size_t *start,
			size_t *end)
{
	size_t behind = w->at < LOOK_BEHIND ? w->at : LOOK_BEHIND, base = w->at - behind;
	size_t left = w->text.len - w->at;
	bool is_last = left <= w->window;
	size_t length = behind + (is_last ? left : w->window);
	uint32_t options = (is_last ? 0 : PCRE2_NOTEOL | PCRE2_PARTIAL_HARD) | (base > 0 ? PCRE2_NOTBOL : 0);

	int n = pcre2_match(p->code, (PCRE2_SPTR)(w->text.ptr + base), length, behind, options, s->data, s->limits);
	const size_t *found = pcre2_get_ovector_pointer(s->data);
	*start = base + found[0];
	*end = base + found[1];
	return n;
}

/* A match goes on behind the window: the next one begins with it, or is wider where this one did. */
static bool widen(struct search *w, size_t start)
{
	if (start > w->at) {
		w->at = start;
		return true;
	}
	w->window *= 2;
	return w->window <= WINDOW_BYTES_MAX;
}

bool pattern_search(const struct pattern *p, struct pattern_scratch *s, struct slice text, pattern_visit visit,
		    void *context)
{
	struct search w = { text, 0, WINDOW_BYTES };
	size_t start = 0, end = 0;

	while (w.at < text.len) {
		if (thread_cpu_ns() > s->until_ns)
			return false;
		int n = match_window(p, s, &w, &start, &end);
		if (n == PCRE2_ERROR_PARTIAL) {
			if (!widen(&w, start))
				return false;
			continue;
		}
		if (n == PCRE2_ERROR_NOMATCH) {
			w.at = text.len - w.at <= w.window ? text.len : w.at + w.window;
			w.window = WINDOW_BYTES;
			continue;
		}
		if (n < 0)
			return false;
		if (end > start)
			visit(context, start, end);
		w.at = end > w.at ? end : w.at + 1;
		w.window = WINDOW_BYTES;
	}
	return true;
}

static void ignore_match(void *context, size_t start, size_t end)
{
	(void)context;
	(void)start;
	(void)end;
}

/* Texts on which patterns that backtrack are slow. Growing, so that the probe itself cannot stall. */
static bool is_fast(const struct pattern *p, struct pattern_scratch *s)
{
	static const char *const units[] = { "a", "1", " ", "a1", "a ", "1-", "a@", "a.", "x=\"" };
	static const size_t lengths[] = { 96, 256, 1024, WINDOW_BYTES };
	static const char tail[] = "\n!abcdefghijklmnopqrstuvwxyz@0123456789;"; /* or what must come would be missed at once */
	char text[WINDOW_BYTES];

	for (size_t u = 0; u < sizeof(units) / sizeof(units[0]); u++)
		for (size_t l = 0; l < sizeof(lengths) / sizeof(lengths[0]); l++) {
			for (size_t i = 0, n = strlen(units[u]); i < lengths[l]; i++)
				text[i] = units[u][i % n];
			memcpy(text + lengths[l] - (sizeof(tail) - 1), tail, sizeof(tail) - 1);
			uint64_t start = thread_cpu_ns();
			s->until_ns = start + PROBE_NS;
			bool whole = pattern_search(p, s, (struct slice){ text, lengths[l] }, ignore_match, NULL);
			if (!whole || thread_cpu_ns() - start > PROBE_NS)
				return false;
		}
	return true;
}

static struct status probe(const struct pattern *p, struct buf *why)
{
	struct pattern_scratch *s = pattern_scratch_new();

	if (s == NULL)
		return FAIL(NOMEM, "no memory for a pattern");
	bool fast = is_fast(p, s);
	pattern_scratch_free(s);
	if (fast)
		return OK;
	buf_text(why, "takes too long on some texts; write it so that it does not try the same text in many ways (possessive "
		      "quantifiers, such as a++, help)");
	return FAIL(INVALID, "a pattern that takes too long");
}

static struct status compile(const char *text, struct pattern *p, struct buf *why)
{
	unsigned char message[128];
	size_t offset;
	int error;

	p->code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, PCRE2_NEVER_BACKSLASH_C, &error, &offset, NULL);
	if (p->code == NULL) {
		pcre2_get_error_message(error, message, sizeof(message));
		buf_printf(why, "at offset %zu: %s", offset, (const char *)message);
		return FAIL(INVALID, "a pattern that does not compile");
	}
	int jit = pcre2_jit_compile(p->code, PCRE2_JIT_COMPLETE | PCRE2_JIT_PARTIAL_HARD);
	(void)jit; /* where it is not there the interpreter does the same, slower */
	return probe(p, why);
}

struct status pattern_new(const char *text, struct pattern **out, struct buf *why)
{
	struct pattern *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return FAIL(NOMEM, "no memory for a pattern");
	struct status s = compile(text, p, why);
	if (FAILED(s))
		pattern_free(p);
	else
		*out = p;
	return s;
}

void pattern_free(struct pattern *p)
{
	if (p == NULL)
		return;
	pcre2_code_free(p->code);
	free(p);
}
