/* SPDX-License-Identifier: Apache-2.0
 * dialects/operation.c - names of operations that stand for one of the conventions' own.
 *
 * Source: LiteLLM 1.106.2, whose first callback names its own functions, those that await with an a before.
 */
#include "agent/dialects/operation.h"

#define PAIR(from, to) { { (from), sizeof(from) - 1 }, { (to), sizeof(to) - 1 } }

static const struct {
	struct slice from, to;
} spellings[] = {
	PAIR("acompletion", "chat"),
	PAIR("responses", "chat"),
	PAIR("aresponses", "chat"),
	PAIR("anthropic_messages", "chat"),
	PAIR("aanthropic_messages", "chat"),
	PAIR("atext_completion", "text_completion"),
	PAIR("agenerate_content", "generate_content"),
	PAIR("generate_content_stream", "generate_content"),
	PAIR("agenerate_content_stream", "generate_content"),
};

struct slice operation_canonical(struct slice name)
{
	for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++)
		if (slice_equal(name, spellings[i].from))
			return spellings[i].to;
	return name;
}
