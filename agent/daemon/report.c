/* SPDX-License-Identifier: Apache-2.0
 * daemon/report.c - the summary's JSON, a table for each of its groups.
 */
#include "agent/daemon/report.h"

#include "agent/cli/answer.h"
#include "agent/cli/summary_table.h"

#define NAME_MIN 26 /* of a model with its date; more than a screen that is renewed gives */

struct report {
	struct summary_table table;
	struct buf *out;
};

static void write_heading(const struct report *r, const char *by)
{
	buf_byte(r->out, '\n');
	summary_table_heading(&r->table, by, r->out);
	buf_byte(r->out, '\n');
}

static void visit_row(void *context, struct slice row)
{
	const struct report *r = context;

	summary_table_row(&r->table, row, "unknown", r->out);
}

void report_write(struct buf *out, struct slice summary, unsigned columns)
{
	static const char *const groups[] = { "feature", "prompt", "model" };
	struct report r = { summary_table_of(columns, NAME_MIN), out };

	write_heading(&r, "");
	summary_table_row(&r.table, answer_field(summary, "totals"), "all calls", out);
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		write_heading(&r, groups[i]);
		answer_each(answer_path(summary, "by", groups[i]), visit_row, &r);
	}
}
