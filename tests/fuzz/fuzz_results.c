/* SPDX-License-Identifier: Apache-2.0
 * Results for the gate, of any tool and none: JSON, lines, CSV, YAML, XML. What is read has a case; the gate takes it.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/gate/gate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge(const struct results *r)
{
	const struct gate_limits limits = { 0.9, 0.1, 100, 0 };
	const struct gate_variants variants = { NULL, NULL };
	const struct gate_style style = { .all_cases = true, .width = 80 };
	struct buf out = BUF_INIT;
	struct gate *g;

	if (!FAILED(gate_judge(NULL, r, r, &limits, &variants, &g, &out))) {
		gate_print_text(g, &style, &out);
		gate_print_json(g, &out);
		gate_print_junit(g, &out);
		gate_print_markdown(g, &out);
		gate_free(g);
	}
	buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { (const char *)data, size };
	struct results *r = NULL;
	struct buf why = BUF_INIT;

	if (FAILED(results_read("fuzz", text, 0.5, &r, &why))) {
		if (why.len == 0)
			abort(); /* refused without a word */
	} else {
		for (size_t i = 0; i < r->count; i++)
			if (r->items[i].case_id.len == 0)
				abort();
		judge(r);
	}
	results_free(r);
	buf_release(&why);
	return 0;
}
