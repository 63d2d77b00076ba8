/* SPDX-License-Identifier: Apache-2.0
 * A registry with a store of a few pairs, and what is done to it in a test's own words.
 */
#ifndef PLIMSOLL_TESTS_PROMPTS_REGISTRY_RIG_H
#define PLIMSOLL_TESTS_PROMPTS_REGISTRY_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/prompts/registry.h"

#define PAIRS_MAX 300

/* A store of a few pairs, and what the registry told. */
static struct rig {
	struct registry *registry;
	struct buf keys[PAIRS_MAX], values[PAIRS_MAX];
	size_t pair_count;
	unsigned events[4];
	struct prompt_versions versions; /* of the last rollback */
	bool refuses;                    /* nothing is taken */
} rig;

static struct prompt_table *table;

static inline size_t find_pair(struct slice key)
{
	size_t i = 0;

	while (i < rig.pair_count && !slice_equal(buf_view(&rig.keys[i]), key))
		i++;
	return i;
}

static inline bool put(void *context, struct slice key, struct slice value)
{
	size_t i = find_pair(key);

	(void)context;
	if (rig.refuses)
		return false;
	assert_true(i < PAIRS_MAX);
	if (i == rig.pair_count) {
		buf_slice(&rig.keys[i], key);
		rig.pair_count++;
	}
	buf_reset(&rig.values[i]);
	buf_slice(&rig.values[i], value);
	return true;
}

static inline void on_event(void *context, const struct registry_event *e)
{
	(void)context;
	rig.events[e->kind]++;
}

static inline int by_key(const void *x, const void *y)
{
	const struct buf *a = &rig.keys[*(const size_t *)x], *b = &rig.keys[*(const size_t *)y];
	int order = memcmp(a->ptr, b->ptr, a->len < b->len ? a->len : b->len);

	return order != 0 ? order : a->len < b->len ? -1 : a->len > b->len;
}

/* In the order of their keys, as the store hands them out. */
static inline struct registry *open_registry(void)
{
	const struct registry_outlets outlets = { put, on_event, NULL };
	size_t order[PAIRS_MAX];
	struct registry *r = NULL;

	assert_false(FAILED(registry_new(&outlets, &r)));
	for (size_t i = 0; i < rig.pair_count; i++)
		order[i] = i;
	qsort(order, rig.pair_count, sizeof(order[0]), by_key);
	for (size_t i = 0; i < rig.pair_count; i++) {
		const struct buf *key = &rig.keys[order[i]], *value = &rig.values[order[i]];
		if (value->len > 0)
			assert_false(FAILED(registry_load(r, buf_view(key), buf_view(value))));
	}
	registry_loaded(r);
	return r;
}

static inline int set_up(void **state)
{
	(void)state;
	rig = (struct rig){ .pair_count = 0 };
	rig.registry = open_registry();
	return 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	prompt_table_unref(table);
	table = NULL;
	registry_free(rig.registry);
	for (size_t i = 0; i < PAIRS_MAX; i++) {
		buf_release(&rig.keys[i]);
		buf_release(&rig.values[i]);
	}
	return 0;
}

static inline void restart(void)
{
	registry_save(rig.registry, false);
	registry_free(rig.registry);
	rig.registry = open_registry();
}

static inline size_t adopt(const char *text)
{
	struct manifest_set set = { .count = 0 };
	struct manifest *m = NULL;
	struct buf errors = BUF_INIT;

	assert_false(FAILED(manifest_read("m.yaml", slice_of(text), &m, &errors)));
	assert_false(FAILED(manifest_set_add(&set, m, &errors)));
	size_t refused = registry_adopt(rig.registry, &set, PROMPT_FROM_MANIFEST, 100);
	manifest_set_release(&set);
	return refused;
}

/* Of "answer"; each character is one. */
static inline void adopt_versions(const char *versions)
{
	char text[] = "name: answer\nversion: 0\n";

	for (; *versions != '\0'; versions++) {
		text[sizeof(text) - 3] = *versions;
		assert_int_equal(adopt(text), 0);
	}
}

static inline const char *shown(const char *name)
{
	static struct buf out;

	buf_reset(&out);
	assert_true(registry_write_one(rig.registry, slice_of(name), &out));
	return buf_string(&out);
}

/* An empty version: the span names only the prompt. Returns the version that it counts for. */
static inline struct slice call(const char *version, const char *release)
{
	struct prompt_table *fresh = registry_table(rig.registry);
	struct call c = { .role = ROLE_LLM, .counted = true, .prompt_name = SLICE("answer"),
				.prompt_version = slice_of(version), .environment = SLICE("production"),
				.release = slice_of(release), .end_unix_ns = 200000000000, .latency_ns = 50000000,
				.cost = { .known = true, .total_pusd = 2000000 } };
	struct registry_drift drift[1];
	size_t count;

	if (fresh != NULL) {
		prompt_table_unref(table);
		table = fresh;
	}
	prompt_table_apply(table, &c);
	prompt_table_count(table, &c);
	registry_tick(rig.registry, 200, drift, 1, &count);
	return c.prompt_version;
}

static inline struct prompt_deployment wish(const char *version, const char *environment, uint64_t at_s, double share)
{
	return (struct prompt_deployment){ .at_s = at_s, .name = SLICE("answer"), .version = slice_of(version),
					   .environment = slice_of(environment), .by = SLICE("ana"),
					   .canary_share = share };
}

static inline void deploy_to(const char *environment, const char *version, uint64_t at_s, double share)
{
	struct prompt_deployment d = wish(version, environment, at_s, share);
	struct prompt_versions versions;
	struct buf why = BUF_INIT;

	assert_false(FAILED(registry_deploy(rig.registry, &d, &versions, &why)));
}

static inline void deploy(const char *version, uint64_t at_s, double share)
{
	deploy_to("production", version, at_s, share);
}

static inline bool is_in_force(const char *version, const char *environment)
{
	return registry_is_in_force(rig.registry, SLICE("answer"), slice_of(version), slice_of(environment));
}

static inline void gate(const char *version, bool open)
{
	struct prompt_gate g = { .name = SLICE("answer"), .version = slice_of(version), .at_s = 10, .open = open,
				       .pass_rate = open ? 1 : 0.5, .cases = 4, .json = SLICE("{}") };
	struct buf why = BUF_INIT;

	assert_false(FAILED(registry_gate(rig.registry, &g, &why)));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
