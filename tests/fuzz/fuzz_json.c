/* SPDX-License-Identifier: Apache-2.0
 * The JSON cursor against jansson: the same verdict on any text, but for what tests/fuzz/jansson.h lists, and for
 * nesting, which jansson allows to be deeper.
 */
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/json.h"
#include "tests/fuzz/jansson.h"

static void die(const char *what, const char *why)
{
	fprintf(stderr, "fuzz_json: %s: %s\n", what, why);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { (const char *)data, size };
	char why[256] = "";
	struct json j;

	json_init(&j, text);
	json_skip(&j);
	struct status s = json_finish(&j);
	if (size > 0 && memchr(data, 0, size) != NULL) { /* jansson overlooks one behind a word or number */
		if (!FAILED(s))
			die("accepted", "no JSON text holds a NUL byte");
		return 0;
	}
	enum jansson_verdict jansson = jansson_judge(text, why);
	if (jansson == JANSSON_ACCEPTS && FAILED(s) && strcmp(s.why, "nested too deeply") != 0)
		die("refused, but jansson accepts it", s.why);
	if (jansson == JANSSON_REFUSES && !FAILED(s))
		die("accepted, but jansson refuses it", why);
	return 0;
}
