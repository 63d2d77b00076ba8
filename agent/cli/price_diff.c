/* SPDX-License-Identifier: Apache-2.0
 * cli/price_diff.c - comparing two price tables, model by model.
 */
#include "agent/cli/price_diff.h"

#include "agent/base/json.h"
#include "agent/pricing/sheet.h"

struct diff {
	uint64_t unix_s;
	bool json;
	struct buf *out;
	struct price_changes changes;
};

struct side {
	const struct table *table;
	const struct image_provider *provider;
	const struct image_model *model;
};

static struct slice text_of(const struct side *s, struct image_text text)
{
	return image_slice(&s->table->image, text);
}

static const struct image_provider *provider_by_id(const struct table *t, struct slice id)
{
	for (uint32_t i = 0; i < image_count(&t->image, IMAGE_providers); i++)
		if (slice_equal(image_slice(&t->image, t->image.providers[i].id), id))
			return &t->image.providers[i];
	return NULL;
}

static const struct image_model *model_by_id(const struct table *t, const struct image_provider *p, struct slice id)
{
	for (uint32_t i = 0; p != NULL && i < p->model_count; i++) {
		const struct image_model *m = &t->image.models[p->first_model + i];
		if (slice_equal(image_slice(&t->image, m->id), id))
			return m;
	}
	return NULL;
}

/* "2.5", or "2.5 (above 200000: 5)" where it depends on the input's size; "none" where there is no price. */
static void write_price(struct buf *b, const struct sheet_price *p)
{
	if (p == NULL) {
		buf_text(b, "none");
		return;
	}
	decimal_format(b, (struct decimal){ (__int128_t)p->digits, p->scale });
	for (uint32_t i = 0; i < p->tier_count; i++) {
		buf_printf(b, "%sabove %llu: ", i == 0 ? " (" : ", ", (unsigned long long)p->tiers[i].start);
		decimal_format(b, (struct decimal){ (__int128_t)p->tiers[i].digits, p->tiers[i].scale });
	}
	if (p->tier_count > 0)
		buf_byte(b, ')');
}

static const struct sheet_price *price_of(const struct sheet *sheet, enum unit unit)
{
	for (uint32_t i = 0; i < sheet->count; i++)
		if (sheet->prices[i].unit == unit)
			return &sheet->prices[i];
	return NULL;
}

/* unit: UNIT_COUNT where the whole model came or went. */
static void write_change(struct diff *d, char sign, const char *word, const struct side *s, enum unit unit,
			 struct slice old, struct slice new)
{
	struct slice provider = text_of(s, s->provider->id), model = text_of(s, s->model->id);
	struct slice key = unit < UNIT_COUNT ? unit_infos[unit].price_key : SLICE_NONE;

	if (!d->json) {
		buf_printf(d->out, "%c %.*s/%.*s", sign, SLICE_ARG(provider), SLICE_ARG(model));
		if (key.len > 0)
			buf_printf(d->out, " %.*s %.*s -> %.*s", SLICE_ARG(key), SLICE_ARG(old), SLICE_ARG(new));
		buf_byte(d->out, '\n');
		return;
	}
	buf_byte(d->out, '{');
	json_write_text(d->out, "change", slice_of(word));
	json_write_text(d->out, "provider", provider);
	json_write_text(d->out, "model", model);
	if (key.len > 0) {
		json_write_text(d->out, "price_key", key);
		json_write_text(d->out, "old", old);
		json_write_text(d->out, "new", new);
	}
	buf_text(d->out, "}\n");
}

static bool select_standard(const struct side *s, uint64_t unix_s, struct sheet *sheet)
{
	struct found found = { s->table, s->provider, s->provider, s->model };

	return s->model->row_count > 0 && sheet_select(sheet, &found, 1, 0, unix_s, NULL, 0);
}

static void compare_prices(struct diff *d, const struct side *old, const struct side *new)
{
	struct sheet before, after;
	struct buf a = BUF_INIT, b = BUF_INIT;
	bool changed = false;

	if (!select_standard(old, d->unix_s, &before) || !select_standard(new, d->unix_s, &after))
		return;
	for (unit_set units = before.priced | after.priced; units != 0; units &= units - 1) {
		enum unit unit = (enum unit)__builtin_ctzll(units);
		buf_reset(&a);
		buf_reset(&b);
		write_price(&a, price_of(&before, unit));
		write_price(&b, price_of(&after, unit));
		if (slice_equal(buf_view(&a), buf_view(&b)))
			continue;
		write_change(d, '~', "changed", new, unit, buf_view(&a), buf_view(&b));
		changed = true;
	}
	d->changes.changed += changed;
	buf_release(&a);
	buf_release(&b);
}

/* Every model of `from`: those that `to` lacks are written with the sign; others are compared, if asked for. */
static void walk(struct diff *d, const struct table *from, const struct table *to, bool is_new)
{
	for (uint32_t i = 0; i < image_count(&from->image, IMAGE_providers); i++) {
		struct side here = { from, &from->image.providers[i], NULL };
		const struct image_provider *other = provider_by_id(to, text_of(&here, here.provider->id));
		for (uint32_t m = 0; m < here.provider->model_count; m++) {
			here.model = &from->image.models[here.provider->first_model + m];
			struct slice id = text_of(&here, here.model->id);
			if (model_by_id(from, here.provider, id) != here.model)
				continue; /* another name of a model that came before */
			struct side there = { to, other, model_by_id(to, other, id) };
			if (there.model != NULL) {
				if (is_new)
					compare_prices(d, &there, &here);
				continue;
			}
			write_change(d, is_new ? '+' : '-', is_new ? "added" : "removed", &here, UNIT_COUNT, SLICE_NONE,
				     SLICE_NONE);
			is_new ? d->changes.added++ : d->changes.removed++;
		}
	}
}

struct price_changes price_diff(const struct table *old, const struct table *new, uint64_t unix_s, bool json,
				struct buf *out)
{
	struct diff d = { .unix_s = unix_s, .json = json, .out = out };

	walk(&d, old, new, false);
	walk(&d, new, old, true);
	return d.changes;
}
