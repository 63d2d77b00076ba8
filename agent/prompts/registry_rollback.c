/* SPDX-License-Identifier: Apache-2.0
 * prompts/registry_rollback.c - what to go back to: the last version that passed its gate and was healthy.
 */
#include <inttypes.h>

#include "agent/prompts/registry_priv.h"

#define REASONS_MAX 5u /* versions of which it is said why they will not do */

/* The next deployment in the same environment that gave all traffic to a version. NULL: none yet. */
static const struct prompt_deployment *next_of(const struct registry *r, const struct prompt_deployment *d)
{
	for (uint32_t i = 0; i < r->deployment_count; i++) {
		const struct prompt_deployment *later = &r->deployments[i].d;
		if (later->number > d->number && later->canary_share >= 1 &&
		    registry_deployment_is_of(later, d->name, d->environment))
			return later;
	}
	return NULL;
}

/* ---------------------------------------------------------------- what speaks against a version */
/* All alerts lie between the first and the last: only where both are outside its time is it known to have had none. */
static bool had_alert(const struct entry *e, const struct prompt_deployment *d, const struct prompt_deployment *next)
{
	return e->alerts > 0 && e->last_alert_s >= d->at_s && (next == NULL || e->first_alert_s <= next->at_s);
}

/* As a sentence, appended; nothing where the version was healthy in the time of this deployment. */
static void say_ills(const struct registry *r, const struct prompt_deployment *d, struct buf *out)
{
	const struct entry *e = registry_find(r, d->name, d->version);
	const struct prompt_deployment *next = next_of(r, d);
	const struct prompt_finding *f = registry_last_finding(r, d->name, d->version, d->environment);
	const struct kept_gate *g = registry_last_gate(r, d->name, d->version);

	if (e == NULL)
		buf_text(out, "it is not known any more");
	else if (g != NULL && !g->open)
		buf_text(out, "its gate is closed");
	else if (f != NULL && slice_equal(f->verdict, SLICE("worse")))
		buf_printf(out, "its canary was worse (%.*s)", SLICE_ARG(f->reason));
	else if (next != NULL && next->kind == PROMPT_ROLLBACK && !slice_equal(next->version, d->version))
		buf_printf(out, "it was taken back by %.*s", SLICE_ARG(next->by));
	else if (had_alert(e, d, next))
		buf_printf(out, "%" PRIu64 " alert%s fired about it", e->alerts, e->alerts == 1 ? "" : "s");
}

/* Whether the i-th deployment is the newest that gave all traffic of the environment to its version, another than current. */
static bool is_candidate(const struct registry *r, uint32_t i, const struct prompt_deployment *asked, struct slice current)
{
	const struct prompt_deployment *d = &r->deployments[i].d;

	if (!registry_deployment_is_of(d, asked->name, asked->environment) || d->canary_share < 1 ||
	    slice_equal(d->version, current))
		return false;
	for (uint32_t k = i + 1; k < r->deployment_count; k++) {
		const struct prompt_deployment *later = &r->deployments[k].d;
		if (registry_deployment_is_of(later, asked->name, asked->environment) && later->canary_share >= 1 &&
		    slice_equal(later->version, d->version))
			return false;
	}
	return true;
}

/* ---------------------------------------------------------------- choosing */
static const struct prompt_deployment *find_target(const struct registry *r, const struct prompt_deployment *asked,
						   struct slice current, bool wants_gate)
{
	struct buf ills = BUF_INIT;
	const struct prompt_deployment *found = NULL;

	for (uint32_t i = r->deployment_count; found == NULL && i-- > 0;) {
		const struct prompt_deployment *d = &r->deployments[i].d;
		if (!is_candidate(r, i, asked, current) ||
		    (wants_gate && registry_last_gate(r, d->name, d->version) == NULL))
			continue;
		buf_reset(&ills);
		say_ills(r, d, &ills);
		found = ills.len == 0 && !buf_failed(&ills) ? d : NULL;
	}
	buf_release(&ills);
	return found;
}

static void say_why_none(const struct registry *r, const struct prompt_deployment *asked, struct slice current,
			 struct buf *why)
{
	unsigned said = 0;

	buf_printf(why, "nothing to go back to: no other version of '%.*s' that was deployed to '%.*s' passed its gate and was "
		   "healthy there", SLICE_ARG(asked->name), SLICE_ARG(asked->environment));
	for (uint32_t i = r->deployment_count; i-- > 0 && said < REASONS_MAX;) {
		const struct prompt_deployment *d = &r->deployments[i].d;
		if (!is_candidate(r, i, asked, current))
			continue;
		buf_printf(why, "%s%.*s: ", said++ == 0 ? " (" : "; ", SLICE_ARG(d->version));
		say_ills(r, d, why);
	}
	buf_text(why, said > 0 ? "); name one with --to" : " (there was none); name one with --to");
}

static void say_canary_ends(const struct prompt_deployment *canary, struct buf *reason)
{
	buf_printf(reason, "ends the canary of %.*s", SLICE_ARG(canary->version));
	if (canary->finding.verdict.len > 0)
		buf_printf(reason, ", which was %.*s after %" PRIu64 " calls: %.*s", SLICE_ARG(canary->finding.verdict),
			   canary->finding.calls, SLICE_ARG(canary->finding.reason));
}

static struct status choose(const struct registry *r, struct prompt_deployment *d, struct buf *reason, struct buf *why)
{
	const struct prompt_deployment *in_force = registry_in_force(r, d->name, d->environment), *found;
	const struct prompt_deployment *canary = registry_canary(r, d->name, d->environment);
	struct slice current = in_force != NULL ? in_force->version : SLICE_NONE;

	if (d->version.len > 0) {
		buf_text(reason, "as asked for");
		return OK;
	}
	if (canary != NULL && in_force != NULL) {
		say_canary_ends(canary, reason);
		d->version = in_force->version;
		return OK;
	}
	if ((found = find_target(r, d, current, true)) != NULL)
		buf_text(reason, "the last version before it that passed its gate and was healthy");
	else if ((found = find_target(r, d, current, false)) != NULL)
		buf_text(reason, "the last version before it that was healthy; no gate's result is known of it");
	if (found != NULL) {
		d->version = found->version;
		return OK;
	}
	say_why_none(r, d, current, why);
	return FAIL(NOTFOUND, "nothing to go back to");
}

struct status registry_rollback(struct registry *r, struct prompt_deployment *d, struct prompt_versions *room,
				struct buf *reason, struct buf *why)
{
	pthread_mutex_lock(&r->lock);
	struct status s = choose(r, d, reason, why);
	d->reason = buf_view(reason);
	d->canary_share = 1;
	if (!FAILED(s))
		s = registry_put_in_force(r, d, room, why);
	pthread_mutex_unlock(&r->lock);
	return s;
}
