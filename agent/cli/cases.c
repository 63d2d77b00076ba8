/* SPDX-License-Identifier: Apache-2.0
 * cli/cases.c - an agent's list of cases, case by case.
 */
#include "agent/cli/cases.h"

#include <math.h>

#include "agent/base/json.h"
#include "agent/cli/answer.h"

struct listing {
	enum cases_format format;
	bool with_empty;
	const struct cases_words *words;
	struct buf *out;
	struct cases_count count;
};

/* What is known of one call in words: the agent's own, or borrowed from elsewhere. */
struct words {
	struct buf question, actual;
	struct slice messages;
};

static void words_release(struct words *w)
{
	buf_release(&w->question);
	buf_release(&w->actual);
}

static void find_words(const struct listing *l, struct slice c, struct words *w)
{
	struct buf trace_id = BUF_INIT, span_id = BUF_INIT;
	struct call_text text;

	answer_text(c, "question", &w->question);
	answer_text(c, "actual", &w->actual);
	w->messages = answer_field(c, "messages");
	answer_text(c, "trace_id", &trace_id);
	answer_text(c, "span_id", &span_id);
	if (w->question.len == 0 && l->words != NULL &&
	    l->words->find(l->words->context, buf_view(&trace_id), buf_view(&span_id), &text)) {
		buf_slice(&w->question, text.question);
		buf_slice(&w->actual, text.actual);
		w->messages = text.messages;
	}
	buf_release(&trace_id);
	buf_release(&span_id);
}

/* ---------------------------------------------------------------- one case */
static void copy_text(struct buf *out, const char *name, struct slice from, const char *field)
{
	struct buf text = BUF_INIT;

	answer_text(from, field, &text);
	json_write_key(out, name);
	json_write_string(out, buf_view(&text));
	buf_release(&text);
}

static bool says(struct slice c, const char *field, const char *value)
{
	struct buf text = BUF_INIT;

	answer_text(c, field, &text);
	bool is_so = slice_equal(buf_view(&text), slice_of(value));
	buf_release(&text);
	return is_so;
}

/* "flawed (invalid_json) in triage, support@1.5.0: the question was not kept, its trace has it" */
static void write_note(struct buf *out, const char *name, struct slice c, bool has_question)
{
	struct buf note = BUF_INIT;

	answer_text(c, "reason", &note);
	buf_text(&note, " (");
	answer_text(c, "outcome", &note);
	buf_text(&note, ") in ");
	answer_text(c, "feature", &note);
	if (!says(c, "prompt_version", "")) {
		buf_text(&note, ", ");
		answer_text(c, "prompt_version", &note);
	}
	if (!has_question)
		buf_text(&note, ": the question was not kept, its trace has it");
	json_write_key(out, name);
	json_write_string(out, buf_view(&note));
	buf_release(&note);
}

static void write_id(struct buf *out, struct slice c)
{
	json_write_key(out, "id");
	buf_byte(out, '"');
	answer_text(c, "reason", out);
	buf_byte(out, '-');
	answer_text(c, "trace_id", out);
	buf_byte(out, '"');
}

static void write_suite_case(struct buf *out, struct slice c, const struct words *w)
{
	double cost = answer_number(c, "max_cost_usd"), latency = answer_number(c, "max_latency_ms");

	write_id(out, c);
	copy_text(out, "trace_id", c, "trace_id");
	write_note(out, "note", c, w->question.len > 0);
	json_write_text_if_any(out, "question", buf_view(&w->question));
	if (w->messages.len > 0) {
		json_write_key(out, "messages");
		buf_slice(out, w->messages);
	}
	json_write_text_if_any(out, "actual", buf_view(&w->actual));
	buf_text(out, ",\"tags\":[\"production\",\"");
	answer_text(c, "reason", out);
	buf_text(out, "\"]");
	if (says(c, "outcome", "invalid_json"))
		buf_text(out, ",\"json\":true");
	if (!isnan(cost)) {
		json_write_key(out, "max_cost_usd");
		json_write_double(out, cost);
	}
	if (!isnan(latency))
		buf_printf(out, ",\"max_latency\":\"%.0fms\"", fmax(1, ceil(latency)));
}

/* ---------------------------------------------------------------- Promptfoo */
/* Promptfoo's templates begin with one of these pairs; JSON has none of them outside its strings. */
static void break_templates(struct buf *out, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		buf_byte(out, text.ptr[i]);
		if (text.ptr[i] == '{' && i + 1 < text.len && strchr("{%#", text.ptr[i + 1]) != NULL && text.ptr[i + 1] != '\0')
			buf_byte(out, ' ');
	}
}

static void write_harmless(struct buf *out, const char *name, struct slice text)
{
	struct buf harmless = BUF_INIT;
	bool is_path = slice_starts_with(text, SLICE("file://")) || slice_starts_with(text, SLICE("package:"));

	if (is_path)
		buf_byte(&harmless, ' ');
	break_templates(&harmless, text);
	json_write_text(out, name, buf_view(&harmless));
	buf_release(&harmless);
}

/* A prompt that is a chat takes the messages, in which case a call's only question is one, too. */
static void write_messages(struct buf *out, const struct words *w)
{
	json_write_key(out, "messages");
	if (w->messages.len > 0) {
		break_templates(out, w->messages);
		return;
	}
	buf_text(out, "[{\"role\":\"user\"");
	write_harmless(out, "content", buf_view(&w->question));
	buf_text(out, "}]");
}

static void write_assert(struct buf *out, const char *type, double threshold)
{
	if (isnan(threshold))
		return;
	json_write_comma(out);
	buf_printf(out, "{\"type\":\"%s\",\"threshold\":", type);
	json_write_double(out, threshold);
	buf_byte(out, '}');
}

static void write_promptfoo_test(struct buf *out, struct slice c, const struct words *w)
{
	write_note(out, "description", c, w->question.len > 0);
	buf_text(out, ",\"vars\":{");
	write_harmless(out, "question", buf_view(&w->question));
	write_messages(out, w);
	copy_text(out, "trace_id", c, "trace_id");
	buf_text(out, "},\"metadata\":{");
	write_id(out, c);
	copy_text(out, "reason", c, "reason");
	copy_text(out, "feature", c, "feature");
	copy_text(out, "prompt_version", c, "prompt_version");
	if (w->actual.len > 0)
		write_harmless(out, "actual", buf_view(&w->actual));
	buf_text(out, "},\"assert\":[");
	if (says(c, "outcome", "invalid_json"))
		buf_text(out, "{\"type\":\"is-json\"}");
	write_assert(out, "cost", answer_number(c, "max_cost_usd"));
	write_assert(out, "latency", answer_number(c, "max_latency_ms"));
	buf_byte(out, ']');
}

/* ---------------------------------------------------------------- all of them */
static void export_case(void *context, struct slice c)
{
	struct listing *l = context;
	struct words w = { BUF_INIT, BUF_INIT, SLICE_NONE };

	find_words(l, c, &w);
	if (l->format == CASES_PROMPTFOO && w.question.len == 0 && !l->with_empty) {
		l->count.left_out++;
		words_release(&w);
		return;
	}
	buf_text(l->out, l->count.written++ > 0 ? ",\n{" : "\n{");
	l->count.asked += w.question.len > 0;
	if (l->format == CASES_PROMPTFOO)
		write_promptfoo_test(l->out, c, &w);
	else
		write_suite_case(l->out, c, &w);
	buf_byte(l->out, '}');
	words_release(&w);
}

struct cases_count cases_export(struct slice answer, enum cases_format format, bool with_empty, const struct cases_words *words,
				struct buf *out)
{
	struct listing l = { format, with_empty, words, out, { 0 } };

	buf_text(out, format == CASES_PROMPTFOO ? "[" : "{\"name\":\"production\",\"cases\":[");
	answer_each(answer_field(answer, "cases"), export_case, &l);
	buf_text(out, format == CASES_PROMPTFOO ? "\n]\n" : "\n]}\n");
	return l.count;
}
