/* SPDX-License-Identifier: Apache-2.0
 * judgements/joiner.c - see the header.
 */
#include "agent/judgements/joiner.h"

#include <pthread.h>
#include <stdlib.h>

#include "agent/judgements/seen.h"
#include "agent/judgements/waiting.h"

const char *const taken_names[TAKEN_COUNT] = {
#define X(id, name) [TAKEN_##id] = name,
	TAKEN_MAP(X)
#undef X
};

struct joiner {
	pthread_mutex_t lock;
	struct joiner_settings settings;
	struct recent *recent;
	struct seen *seen;
	struct waiting waiting;
};

struct joiner *joiner_new(const struct joiner_settings *settings)
{
	struct joiner *j = calloc(1, sizeof(*j));

	if (j == NULL)
		return NULL;
	pthread_mutex_init(&j->lock, NULL);
	j->settings = *settings;
	j->recent = recent_new(settings->max_bytes, settings->keep_ns, settings->fetch, settings->fetch_context);
	j->seen = seen_new();
	if (j->recent == NULL || j->seen == NULL) {
		joiner_free(j);
		return NULL;
	}
	return j;
}

void joiner_free(struct joiner *j)
{
	if (j == NULL)
		return;
	recent_free(j->recent);
	seen_free(j->seen);
	waiting_release(&j->waiting);
	pthread_mutex_destroy(&j->lock);
	free(j);
}

/* ------------------------------------------------------------------ joining */

static bool has_target(const struct judgement_target *t)
{
	return t->has_trace || t->has_span || t->response_id.len > 0 || t->session_id.len > 0;
}

/* Whether a call of the same trace is what is meant, and not only the best guess there is. */
static bool trace_is_meant(const struct judgement_target *t)
{
	return !t->has_span && t->response_id.len == 0;
}

static void hand_out(struct joiner *j, const struct judgement *judgement, uint64_t identity,
		     const struct known_call *call, const struct call_labels *labels, const char *why)
{
	const struct joined_judgement judged = { judgement, identity, call, call != NULL ? labels : NULL, why };

	j->settings.out(j->settings.out_context, &judged);
}

/* True where it was handed out with its call. is_last: a guess is better than nothing now. */
static bool join(struct joiner *j, const struct judgement *judgement, uint64_t identity, bool is_last)
{
	struct known_call call;
	struct call_labels labels = { 0 };
	enum recent_match match = recent_find(j->recent, &judgement->target, &call, &labels);

	if (match == MATCH_NONE || (match == MATCH_TRACE && !is_last && !trace_is_meant(&judgement->target)))
		return false;
	hand_out(j, judgement, identity, &call, &labels, NULL);
	return true;
}

static void settle(struct joiner *j, struct waiter *one)
{
	if (!join(j, &one->judgement, one->identity, true))
		hand_out(j, &one->judgement, one->identity, NULL, NULL, "unknown_call");
	waiting_remove(&j->waiting, one);
}

static enum taken take(struct joiner *j, const struct judgement *judgement, uint64_t now_unix_ns)
{
	uint64_t identity = judgement_identity(judgement);

	if (!seen_add(j->seen, identity))
		return TAKEN_REPEATED;
	if (!has_target(&judgement->target)) {
		hand_out(j, judgement, identity, NULL, NULL, "no_target");
		return TAKEN_UNJOINED;
	}
	if (join(j, judgement, identity, false))
		return TAKEN_JOINED;
	if (j->waiting.count == WAITING_MAX)
		settle(j, j->waiting.oldest);
	if (waiting_add(&j->waiting, judgement, identity, now_unix_ns))
		return TAKEN_WAITING;
	hand_out(j, judgement, identity, NULL, NULL, "no_memory");
	return TAKEN_UNJOINED;
}

enum taken joiner_take(struct joiner *j, const struct judgement *judgement, uint64_t now_unix_ns)
{
	pthread_mutex_lock(&j->lock);
	enum taken result = take(j, judgement, now_unix_ns);
	pthread_mutex_unlock(&j->lock);
	return result;
}

/* ------------------------------------------------------------------ calls */

void joiner_begin(struct joiner *j)
{
	pthread_mutex_lock(&j->lock);
}

void joiner_call(struct joiner *j, const struct known_call *call, const struct call_labels *labels)
{
	recent_add(j->recent, call, labels);
	waiting_touch(&j->waiting, call);
}

/* Those that were touched ask again. Once it has waited for long enough, each asks once for a guess. */
static void ask_again(struct joiner *j, uint64_t now_unix_ns)
{
	for (struct waiter *one = j->waiting.oldest, *newer; one != NULL; one = newer) {
		bool may_guess = now_unix_ns >= one->since_unix_ns + JOIN_FALLBACK_NS;
		newer = one->newer;
		if (!one->is_touched && (!may_guess || one->has_guessed))
			continue;
		if (join(j, &one->judgement, one->identity, may_guess)) {
			waiting_remove(&j->waiting, one);
			continue;
		}
		j->waiting.touched -= one->is_touched;
		one->is_touched = false;
		one->has_guessed = may_guess;
	}
}

void joiner_end(struct joiner *j, uint64_t now_unix_ns)
{
	if (j->waiting.touched > 0)
		ask_again(j, now_unix_ns);
	pthread_mutex_unlock(&j->lock);
}

void joiner_advance(struct joiner *j, uint64_t now_unix_ns, bool all)
{
	pthread_mutex_lock(&j->lock);
	recent_expire(j->recent, now_unix_ns);
	ask_again(j, now_unix_ns);
	while (j->waiting.oldest != NULL &&
	       (all || now_unix_ns >= j->waiting.oldest->since_unix_ns + j->settings.wait_ns))
		settle(j, j->waiting.oldest);
	pthread_mutex_unlock(&j->lock);
}

/* ------------------------------------------------------------------ to the store and back */

uint64_t joiner_save(struct joiner *j, bool all, void (*put)(void *context, struct slice key, struct slice value),
		     void *context)
{
	pthread_mutex_lock(&j->lock);
	waiting_save(&j->waiting, all, put, context);
	seen_save(j->seen, all, put, context);
	uint64_t save = recent_save(j->recent, all, put, context);
	pthread_mutex_unlock(&j->lock);
	return save;
}

void joiner_committed(struct joiner *j, uint64_t save)
{
	recent_committed(j->recent, save);
}

struct status joiner_load(struct joiner *j, struct slice key, struct slice value)
{
	switch (key.len > 0 ? key.ptr[0] : '\0') {
	case 'C':
		return recent_load(j->recent, key, value);
	case 'P':
		return waiting_load(&j->waiting, key, value);
	case 'S':
		return seen_load(j->seen, key, value);
	default:
		return FAIL(CORRUPT, "an entry of a kind that is not known");
	}
}
