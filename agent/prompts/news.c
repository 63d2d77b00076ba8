/* SPDX-License-Identifier: Apache-2.0
 * prompts/news.c - a slot belongs to whoever takes its state from 0 to 1, and may be read from 2 on.
 */
#include "agent/prompts/news.h"

#include "agent/base/hash.h"

static struct slice bounded(struct slice s)
{
	return s.len <= NEWS_PLACE_MAX ? s : SLICE_NONE;
}

bool news_place_of(const struct call *c, struct news_place *out)
{
	*out = (struct news_place){ c->prompt_name, c->prompt_version, bounded(c->environment), bounded(c->release) };
	return prompt_name_is_good(out->name) && prompt_version_is_good(out->version);
}

uint64_t news_place_hash(const struct news_place *p)
{
	uint64_t h = hash_mix(hash_slice(p->name), hash_slice(p->version));

	return hash_mix(h, hash_mix(hash_slice(p->environment), hash_slice(p->release) + 1));
}

static void write_slot(struct news_slot *s, const struct news_place *p, uint64_t hash)
{
	const struct slice parts[] = { p->name, p->version, p->environment, p->release };
	uint32_t *lengths[] = { &s->name_len, &s->version_len, &s->environment_len, &s->release_len };
	char *to = s->text;

	for (size_t i = 0; i < 4; i++) {
		if (parts[i].len > 0)
			memcpy(to, parts[i].ptr, parts[i].len);
		*lengths[i] = (uint32_t)parts[i].len;
		to += parts[i].len;
	}
	s->hash = hash;
	s->age = 0;
	atomic_store_explicit(&s->state, 2, memory_order_release);
}

struct prompt_use *news_note(struct prompt_news *n, const struct news_place *p, uint64_t hash)
{
	for (size_t i = 0; i < NEWS_SLOTS; i++) {
		struct news_slot *s = &n->slots[(hash + i) % NEWS_SLOTS];
		uint32_t state = atomic_load_explicit(&s->state, memory_order_acquire);
		if (state == 2 && s->hash == hash)
			return &s->use;
		if (state != 0)
			continue;
		if (!atomic_compare_exchange_strong_explicit(&s->state, &state, 1, memory_order_acquire,
							     memory_order_relaxed))
			continue;
		write_slot(s, p, hash);
		return &s->use;
	}
	return NULL;
}

void news_visit(struct prompt_news *n, void (*visit)(void *context, const struct news_place *p, struct news_slot *slot),
		void *context)
{
	for (size_t i = 0; i < NEWS_SLOTS; i++) {
		struct news_slot *s = &n->slots[i];
		if (atomic_load_explicit(&s->state, memory_order_acquire) != 2)
			continue;
		const char *at = s->text;
		struct news_place p = { .name = { at, s->name_len } };
		p.version = (struct slice){ at += s->name_len, s->version_len };
		p.environment = (struct slice){ at += s->version_len, s->environment_len };
		p.release = (struct slice){ at + s->environment_len, s->release_len };
		visit(context, &p, s);
	}
}

void news_forget(struct news_slot *slot)
{
	for (int i = 0; i < USE_COUNTERS; i++)
		atomic_store_explicit(&slot->use.counters[i], 0, memory_order_relaxed);
	atomic_store_explicit(&slot->use.first_seen_s, 0, memory_order_relaxed);
	atomic_store_explicit(&slot->use.last_seen_s, 0, memory_order_relaxed);
	atomic_store_explicit(&slot->state, 0, memory_order_release);
}
