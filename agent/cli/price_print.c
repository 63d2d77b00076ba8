/* SPDX-License-Identifier: Apache-2.0
 * cli/price_print.c - the answer of `plimsoll price`, for people and for programs.
 */
#include "agent/cli/price_print.h"

#include <stdio.h>

#include "agent/base/clock.h"
#include "agent/base/json.h"
#include "agent/cli/price_batch.h"

void price_print_json(const struct price_request *request, const struct price_answer *answer)
{
	struct buf out = BUF_INIT;
	char at[21];

	clock_format_utc(request->unix_s, at);
	buf_byte(&out, '{');
	if (answer->price.ptr != NULL) {
		json_write_key(&out, "price");
		json_write_string(&out, answer->price);
		json_write_key(&out, "source");
		json_write_string(&out, slice_of(price_source_names[answer->source]));
	}
	json_write_key(&out, "at");
	json_write_string(&out, slice_of(at));
	price_answer_write(answer, &out);
	buf_text(&out, "}\n");
	fwrite(out.ptr, 1, out.len, stdout);
	buf_release(&out);
}

static const char *per_text(uint32_t per)
{
	return per == 1000 ? "per k" : per == 3600 ? "per hour" : per == 1000000 ? "per M" : "per G";
}

static const struct sheet_price *price_of(const struct sheet *sheet, enum unit unit)
{
	const struct sheet_price *p = sheet->prices;

	while (p->unit != unit)
		p++;
	return p;
}

static void print_component(const struct price_request *request, const struct price_answer *answer,
			    const struct price_component *c)
{
	const struct sheet_price *p = price_of(&answer->sheet, c->unit);
	struct buf count = BUF_INIT, listed = BUF_INIT, price = BUF_INIT;

	decimal_format(&count, (struct decimal){ c->count, answer->usage_scale });
	decimal_format(&listed, sheet_listed_price(p, &request->usage));
	price_exact_write(&price, c->price);
	printf("%-26s %14s x %10s %-9s %s\n", unit_infos[c->unit].usage_key.ptr, buf_string(&count),
	       buf_string(&listed), per_text(unit_infos[c->unit].per), buf_string(&price));
	buf_release(&count);
	buf_release(&listed);
	buf_release(&price);
}

static void print_sum(const char *name, struct price_exact amount)
{
	struct buf text = BUF_INIT;

	price_exact_write(&text, amount);
	printf("%-26s %37s %s\n", name, "", buf_string(&text));
	buf_release(&text);
}

void price_print_text(const struct price_request *request, const struct price_answer *answer)
{
	char at[21];

	clock_format_utc(request->unix_s, at);
	printf("price     %.*s (%s)\nprovider  %.*s\nmodel     %.*s\nat        %s\n\n", SLICE_ARG(answer->price),
	       price_source_names[answer->source], SLICE_ARG(answer->provider), SLICE_ARG(answer->model), at);
	for (enum unit u = 0; u < UNIT_COUNT; u++)
		for (uint32_t i = 0; i < answer->bill.count; i++)
			if (answer->bill.components[i].unit == u)
				print_component(request, answer, &answer->bill.components[i]);
	print_sum("input, USD", answer->bill.input);
	print_sum("output, USD", answer->bill.output);
	print_sum("total, USD", answer->bill.total);
}

void price_print_unpriced(const struct price_request *request, const struct price_answer *answer)
{
	if (answer->error == PRICE_INVALID_USAGE)
		fprintf(stderr, "plimsoll price: %.*s/%.*s: %s\n", SLICE_ARG(answer->provider),
			SLICE_ARG(answer->model), answer->why);
	else if (answer->error == PRICE_MODEL_NOT_FOUND)
		fprintf(stderr,
			"plimsoll price: no price for model '%.*s'; 'plimsoll price list PART' finds names by a part\n",
			SLICE_ARG(request->model));
	else
		fprintf(stderr, "plimsoll price: no provider found for model '%.*s'; name one with --provider\n",
			SLICE_ARG(request->model));
}
