/* SPDX-License-Identifier: Apache-2.0
 * One span in the words of an SDK, and the call that it has to become.
 */
#ifndef PLIMSOLL_TESTS_DIALECTS_VOCABULARY_RIG_H
#define PLIMSOLL_TESTS_DIALECTS_VOCABULARY_RIG_H

#include "tests/unit/dialects_rig.h"

#define ATTRIBUTES_MAX 16

struct vocabulary {
	const char *name, *scope, *span_name;
	struct pair attributes[ATTRIBUTES_MAX];
	/* what it means */
	const char *dialect;
	enum call_role role;
	bool counted;
	const char *provider, *model, *prompt, *session;
	uint64_t input, output, cache_read, reasoning; /* tokens; 0: not told, which is no zero */
	double ttft_ms;
	enum producer producer;
};

static inline bool read_span(const char *scope_name, const char *span_name, const struct pair *pairs, struct call *out)
{
	static struct attribute attributes[ATTRIBUTES_MAX];
	static uint32_t sequence;
	struct scope_view scope = { .name = slice_of(scope_name) };
	struct resource_view resource = { .sequence = ++sequence };
	struct span_view span = {
		.trace_id = SLICE("0123456789abcdef"), .span_id = SLICE("01234567"), .name = slice_of(span_name),
		.start_unix_ns = 1000, .end_unix_ns = 6000, .scope = &scope, .resource = &resource,
	};

	span.attributes = attributes_of(attributes, pairs);
	return dialect_read(reader, &span, out);
}

/* want: 0 where nothing may be told, not even a zero. */
static inline void assert_count(const struct tokens *t, enum token_class class, uint64_t want)
{
	const char *name = token_class_names[class];

	if (tokens_has(t, class) && t->n[class] != want)
		fail_msg("%s is %llu instead of %llu", name, (unsigned long long)t->n[class], (unsigned long long)want);
	if (tokens_has(t, class) != (want != 0))
		fail_msg("%s is %s", name, want != 0 ? "not told" : "told, though nobody told it");
}

static inline void assert_reads_as_told(const struct vocabulary *v)
{
	char prompt[64];
	struct call c;

	print_message("         %s\n", v->name);
	assert_true(read_span(v->scope, v->span_name, v->attributes, &c));
	assert_string_equal(c.dialect, v->dialect);
	assert_int_equal(c.role, v->role);
	assert_int_equal(c.counted, v->counted);
	assert_int_equal(c.producer, v->producer);
	assert_text(c.provider, v->provider);
	assert_text(call_model(&c), v->model);
	assert_text(call_prompt(&c, prompt, sizeof(prompt)), v->prompt);
	assert_text(c.session_id, v->session);
	assert_count(&c.tokens, TOKENS_INPUT, v->input);
	assert_count(&c.tokens, TOKENS_OUTPUT, v->output);
	assert_count(&c.tokens, TOKENS_CACHE_READ, v->cache_read);
	assert_count(&c.tokens, TOKENS_REASONING, v->reasoning);
	assert_int_equal(c.ttft_ns, (uint64_t)(v->ttft_ms * 1e6 + 0.5));
}

#endif
