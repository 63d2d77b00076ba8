/* SPDX-License-Identifier: Apache-2.0
 * A call's own line of a replay tells how it was judged, and lines keep their order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/daemon/replay_lines.h"

struct printed {
	FILE *file;
	char *text;
	size_t len;
	struct replay_lines *lines;
};

static void begin(struct printed *p)
{
	p->file = open_memstream(&p->text, &p->len);
	assert_non_null(p->file);
	p->lines = replay_lines_new(p->file);
	assert_non_null(p->lines);
}

static void end(struct printed *p)
{
	replay_lines_free(p->lines);
	fclose(p->file);
}

static struct call call_of(uint8_t span)
{
	struct call c = { .role = ROLE_LLM, .counted = true, .end_unix_ns = 5000000000, .dialect = "otel-genai" };

	c.trace_id[0] = 1;
	c.span_id[7] = span;
	return c;
}

static void judge(struct printed *p, uint8_t span, enum judgement_kind kind, const char *name, double value,
		  uint64_t unix_ns)
{
	struct judgement j = { .kind = kind, .name = slice_of(name), .value = value, .time_unix_ns = unix_ns,
			       .scale = kind == JUDGEMENT_FEEDBACK ? SCALE_VOTE : SCALE_SCORE };
	struct known_call call = { .trace_id = { 1 } };

	call.span_id[7] = span;
	replay_lines_judge(p->lines, &(struct joined_judgement){ .judgement = &j, .call = &call });
}

static void what_is_said_later_shows_in_the_calls_line(void **state)
{
	struct printed p;
	struct call one = call_of(1), two = call_of(2);

	(void)state;
	begin(&p);
	replay_lines_call(p.lines, &one);
	replay_lines_call(p.lines, &two);
	judge(&p, 1, JUDGEMENT_EVALUATION, "Relevance", 0.5, 10);
	judge(&p, 1, JUDGEMENT_EVALUATION, "Tone", 1, 10);
	judge(&p, 2, JUDGEMENT_FEEDBACK, "thumbs", 1, 10);
	end(&p);
	char *second = strchr(p.text, '\n');
	assert_non_null(second);
	*second = '\0';
	assert_non_null(strstr(p.text, "\"scores\":{\"Relevance\":0.5,\"Tone\":1},\"user_rating\":null}"));
	assert_non_null(strstr(second + 1, "\"scores\":{},\"user_rating\":1}"));
	free(p.text);
}

static void a_changed_mind_replaces_what_was_said_before(void **state)
{
	struct printed p;
	struct call c = call_of(1);

	(void)state;
	begin(&p);
	c.score_name = SLICE("Relevance");
	c.score = 0.25;
	replay_lines_call(p.lines, &c);
	judge(&p, 1, JUDGEMENT_EVALUATION, "Relevance", 0.75, 10);
	judge(&p, 1, JUDGEMENT_FEEDBACK, "thumbs", 0, 20);
	judge(&p, 1, JUDGEMENT_FEEDBACK, "thumbs", 1, 15); /* said before, heard after */
	end(&p);
	assert_non_null(strstr(p.text, "\"scores\":{\"Relevance\":0.75},\"user_rating\":0}"));
	free(p.text);
}

static void what_a_user_did_is_no_rating(void **state)
{
	struct printed p;
	struct call c = call_of(1);

	(void)state;
	begin(&p);
	replay_lines_call(p.lines, &c);
	judge(&p, 1, JUDGEMENT_FEEDBACK, "edited", 1, 10);
	end(&p);
	assert_non_null(strstr(p.text, "\"user_rating\":null}"));
	free(p.text);
}

static void lines_keep_their_order_and_the_oldest_go_out_past_the_bound(void **state)
{
	struct printed p;
	struct call c = call_of(1);
	struct buf long_line = BUF_INIT;

	(void)state;
	begin(&p);
	replay_lines_call(p.lines, &c);
	for (size_t i = 0; i < LINES_MAX_BYTES / 4; i++)
		buf_byte(&long_line, 'x');
	for (int i = 0; i < 3; i++)
		replay_lines_add(p.lines, buf_view(&long_line));
	fflush(p.file);
	assert_int_equal(p.len, 0);
	replay_lines_add(p.lines, buf_view(&long_line));
	fflush(p.file);
	assert_int_not_equal(p.len, 0);
	judge(&p, 1, JUDGEMENT_FEEDBACK, "thumbs", 1, 10); /* its line is out: nothing is harmed */
	end(&p);
	assert_memory_equal(p.text, "{\"type\":\"call\"", 14);
	assert_int_equal(p.text[p.len - 1], '\n');
	free(p.text);
	buf_release(&long_line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_said_later_shows_in_the_calls_line),
		cmocka_unit_test(a_changed_mind_replaces_what_was_said_before),
		cmocka_unit_test(what_a_user_did_is_no_rating),
		cmocka_unit_test(lines_keep_their_order_and_the_oldest_go_out_past_the_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
