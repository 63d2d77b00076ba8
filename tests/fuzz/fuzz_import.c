/* SPDX-License-Identifier: Apache-2.0
 * Exports of prompt platforms, and their webhooks. What is taken is a manifest that reads back as the same.
 */
#include <stdio.h>
#include <stdlib.h>

#include "agent/prompts/history.h"
#include "agent/prompts/import.h"
#include "agent/prompts/webhook.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_round_trip(const struct manifest *m)
{
	struct buf yaml = BUF_INIT, errors = BUF_INIT;
	struct manifest *again = NULL;

	manifest_write_yaml(m, &yaml);
	if (FAILED(manifest_read("again", buf_view(&yaml), &again, &errors)) || again->content_hash != m->content_hash) {
		fprintf(stderr, "fuzz_import: %s\n%s\n", buf_string(&yaml), buf_string(&errors));
		abort();
	}
	manifest_free(again);
	buf_release(&yaml);
	buf_release(&errors);
}

static void hear(uint8_t platform, struct slice text)
{
	struct webhook_news news = { .manifest = NULL };
	struct buf why = BUF_INIT;
	struct arena arena;

	arena_init(&arena, 8 << 20);
	if (!FAILED(webhook_read(platform, text, &arena, &news, &why)))
		manifest_free(news.manifest);
	arena_release(&arena);
	buf_release(&why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { (const char *)data, size };
	struct manifest_set set = { .count = 0 };
	struct buf why = BUF_INIT;
	const char *from;
	size_t left_out;

	/* a pattern of files would be looked for all over the disk */
	if (size > 0 && (memchr(data, '*', size) != NULL || memchr(data, '?', size) != NULL))
		return 0;
	if (!FAILED(import_read("/nowhere/export", text, "name", &set, &from, &left_out, &why)))
		for (size_t i = 0; i < set.count; i++)
			check_round_trip(set.items[i]);
	manifest_set_release(&set);
	buf_release(&why);
	hear(PROMPT_FROM_LANGFUSE, text);
	hear(PROMPT_FROM_BRAINTRUST, text);
	return 0;
}
