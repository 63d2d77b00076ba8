/* SPDX-License-Identifier: Apache-2.0
 * daemon/gate_note.c - the sentence: "answer@1.5.0: the gate is closed, 50.0 % of 2 cases passed; regressions 1, limit 0".
 */
#include "agent/daemon/gate_note.h"

#include <inttypes.h>
#include <math.h>

#include "agent/base/json.h"

/* Limits that were not kept, with what was measured. */
static void write_broken(struct slice gate, struct buf *out)
{
	struct slice criteria = json_find(gate, SLICE("criteria")), criterion;
	struct json_string key;
	struct json j;

	json_init(&j, criteria);
	if (criteria.len == 0 || !json_object(&j))
		return;
	while (json_member(&j, &key) && json_raw(&j, &criterion)) {
		double value, limit;
		bool is_broken = slice_equal(json_find(criterion, SLICE("kept")), SLICE("false"));
		if (!is_broken || !slice_to_double(json_find(criterion, SLICE("limit")), &limit))
			continue;
		buf_printf(out, "; %.*s ", SLICE_ARG(slice_head(key.raw, 40)));
		if (slice_to_double(json_find(criterion, SLICE("value")), &value))
			buf_printf(out, "%.4g, limit %.4g", value, limit);
		else
			buf_printf(out, "unknown, limit %.4g", limit);
	}
}

void gate_note(struct audit *a, const struct prompt_gate *g, struct slice by)
{
	struct buf prompt = BUF_INIT, text = BUF_INIT;

	buf_printf(&prompt, "%.*s@%.*s", SLICE_ARG(g->name), SLICE_ARG(g->version));
	buf_printf(&text, "%s: the gate is %s", buf_string(&prompt), g->open ? "open" : "closed");
	if (!isnan(g->pass_rate))
		buf_printf(&text, ", %.1f %% of %" PRIu64 " cases passed", g->pass_rate * 100, g->cases);
	if (!g->open)
		write_broken(g->json, &text);
	const struct audit_entry entry = { .at_s = g->at_s,
					   .kind = SLICE(AUDIT_PROMPT_GATE),
					   .subject = buf_view(&prompt),
					   .by = by,
					   .text = buf_view(&text) };
	audit_record(a, &entry);
	buf_release(&prompt);
	buf_release(&text);
}
