/* SPDX-License-Identifier: Apache-2.0
 * daemon/explain_uses.c - rows as they were applied, and which of them won.
 */
#include "agent/daemon/explain_uses.h"

#include "agent/base/json.h"
#include "agent/base/plain.h"

void uses_note(void *context, struct slice key, const char *member, const char *dialect, enum field field, unsigned rank,
	       bool of_resource, bool understood)
{
	struct uses *u = context;

	if (u->count < USES_MAX)
		u->items[u->count++] = (struct use){ key, member, dialect, field, rank, of_resource, understood };
}

/* Fields of which only the best-ranked value holds; of token counts, the first family. */
static bool is_ranked(enum field field)
{
	return field < FIELD_LEAF || field == FIELD_STREAMING || field == FIELD_TTFT || field == FIELD_REPORTED_COST ||
	       field == FIELD_HTTP_STATUS || field == FIELD_TOKENS ||
	       (field >= FIELD_SYSTEM_TEXT && field < FIELD_CONTENT_END);
}

static const char *verdict_of(const struct uses *all, const struct use *u)
{
	if (!u->understood)
		return "not understood";
	for (unsigned i = 0; is_ranked(u->field) && i < all->count; i++) {
		const struct use *other = &all->items[i];
		bool before = other->of_resource == u->of_resource ? other->rank < u->rank : u->of_resource;
		if (other->field == u->field && other->understood && before)
			return u->field == FIELD_TOKENS ? "details at most" : "outranked";
	}
	return "used";
}

/* Rows that only lead to others, and words that did not say what their field is about. */
static bool says_nothing(const struct use *u, const struct call *c)
{
	bool is_leaf = c->role == ROLE_LLM || c->role == ROLE_EMBEDDING || c->role == ROLE_RERANK;

	if (!u->understood)
		return false;
	return u->field == FIELD_MEMBERS || u->field == FIELD_METADATA || (u->field == FIELD_LEAF && !is_leaf) ||
	       (u->field == FIELD_AGGREGATE && is_leaf) || (u->field == FIELD_DROP && c->not_counted == NULL);
}

static void write_json(const struct uses *all, const struct use *u, struct buf *b)
{
	buf_byte(b, '{');
	json_write_key(b, "field");
	json_write_string(b, slice_of(field_name(u->field)));
	json_write_key(b, "key");
	json_write_string(b, u->key);
	if (!slice_equal(u->key, slice_of(u->member))) {
		json_write_key(b, "member");
		json_write_string(b, slice_of(u->member));
	}
	json_write_key(b, "dialect");
	json_write_string(b, slice_of(u->dialect));
	json_write_key(b, "rank");
	buf_printf(b, "%u", u->rank);
	json_write_key(b, "verdict");
	json_write_string(b, slice_of(verdict_of(all, u)));
	buf_byte(b, '}');
}

void uses_write_json(const struct uses *u, const struct call *c, struct buf *out)
{
	bool is_first = true;

	for (unsigned i = 0; i < u->count; i++) {
		if (says_nothing(&u->items[i], c))
			continue;
		if (!is_first)
			buf_byte(out, ',');
		is_first = false;
		write_json(u, &u->items[i], out);
	}
}

static void write_text(const struct uses *all, const struct use *u, struct buf *b)
{
	struct slice member = slice_of(u->member);

	buf_printf(b, "    %-30s ", field_name(u->field));
	plain_write(b, u->key, "");
	if (!slice_equal(u->key, member))
		buf_printf(b, " > %.*s", SLICE_ARG(member));
	buf_printf(b, "  (%s, %s)\n", u->dialect, verdict_of(all, u));
}

void uses_write_text(const struct uses *u, const struct call *c, struct buf *out)
{
	for (unsigned i = 0; i < u->count; i++)
		if (!says_nothing(&u->items[i], c))
			write_text(u, &u->items[i], out);
}
