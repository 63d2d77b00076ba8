/* SPDX-License-Identifier: Apache-2.0
 * What is posted about calls, and what the store gives back: no input breaks it; what was taken can be written and
 * taken again. The first byte chooses: 0 and 1 a body, else an entry of the store under a key of nine bytes.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/judgements/body.h"
#include "agent/judgements/joiner.h"

static void die(const char *what, struct slice text)
{
	fprintf(stderr, "fuzz_judgements: %s: %.*s\n", what, SLICE_ARG(text));
	abort();
}

static void check(const struct judgement *j)
{
	const struct judgement_target *t = &j->target;

	if (j->name.len == 0 || (j->scale != SCALE_NONE && !isfinite(j->value)))
		die("taken without a name or with no number", j->name);
	if (!t->has_trace && !t->has_span && t->response_id.len == 0 && t->session_id.len == 0)
		die("taken without a call", j->name);
}

/* Its line says the same. */
static void check_line(const struct judgement *j, struct arena *a)
{
	struct joined_judgement unjoined = { .judgement = j, .unjoined_why = "unknown_call" };
	struct judgement_list again;
	struct buf line = BUF_INIT, why = BUF_INIT;

	judgement_write(&line, &unjoined);
	if (FAILED(judgement_body_read(buf_view(&line), j->kind, 0, a, &again, &why)))
		die(buf_string(&why), buf_view(&line));
	if (!slice_equal(again.items[0].name, j->name) || again.items[0].passed != j->passed)
		die("a line is read back as something else", buf_view(&line));
	buf_release(&line);
	buf_release(&why);
}

static void fuzz_body(struct slice body, enum judgement_kind kind)
{
	struct arena a;
	struct judgement_list list;
	struct buf why = BUF_INIT;

	arena_init(&a, 8 << 20);
	struct status s = judgement_body_read(body, kind, 42, &a, &list, &why);
	if (FAILED(s) && why.len == 0)
		die("refused without a word", body);
	for (size_t i = 0; !FAILED(s) && i < list.count; i++) {
		check(&list.items[i]);
		check_line(&list.items[i], &a);
	}
	buf_release(&why);
	arena_release(&a);
}

static void nothing(void *context, const struct joined_judgement *j)
{
	(void)context;
	if (j->judgement->name.ptr == NULL && j->judgement->name.len > 0)
		abort();
}

static void fuzz_entry(struct slice text)
{
	struct joiner_settings settings = { 1 << 20, 1000, 1000, NULL, NULL, nothing, NULL };
	struct joiner *j = joiner_new(&settings);
	struct judgement about = { .name = SLICE("n"), .target = { .session_id = SLICE("s") } };

	if (j == NULL)
		return;
	struct status s = joiner_load(j, slice_head(text, 9), slice_skip(text, 9));
	(void)s;
	joiner_take(j, &about, 1);
	joiner_advance(j, 1, true);
	joiner_free(j);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { (const char *)data, size };

	if (size == 0)
		return 0;
	text = slice_skip(text, 1);
	if (data[0] < JUDGEMENT_KIND_COUNT)
		fuzz_body(text, (enum judgement_kind)data[0]);
	else
		fuzz_entry(text);
	return 0;
}
