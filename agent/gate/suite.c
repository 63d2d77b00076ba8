/* SPDX-License-Identifier: Apache-2.0
 * gate/suite.c - from a file to cases, by an option table as the configuration's.
 */
#include "agent/gate/suite.h"

#include <errno.h>
#include <stdlib.h>

#include "agent/base/file.h"
#include "agent/config/parse.h"
#include "agent/gate/suite_check.h"

#define FILE_BYTES_MAX (8u << 20)
#define ARENA_BYTES    (256u << 20)
#define CASE(member)   offsetof(struct suite_case, member)

const struct conf_option suite_case_options[] = {
	{ "id", CONF_STRING, CASE(id), .required = true, .doc = "Name of the case; results refer to it." },
	{ "question", CONF_STRING, CASE(question), .doc = "What the model is asked." },
	{ "expected", CONF_LIST, CASE(expected),
	  .doc = "Texts that the answer must hold, whatever their case and spacing. Where the results were judged already, "
		 "their judgement counts instead." },
	{ "must_not", CONF_LIST, CASE(must_not), .doc = "Texts that the answer may not hold." },
	{ "contains", CONF_LIST, CASE(contains), .doc = "Texts that the answer must hold, all of them." },
	{ "contains_any", CONF_LIST, CASE(contains_any), .doc = "Texts of which the answer must hold one." },
	{ "regex", CONF_LIST, CASE(regex), .doc = "Patterns (PCRE2) that the answer must match, all of them." },
	{ "not_regex", CONF_LIST, CASE(not_regex), .doc = "Patterns that the answer may not match." },
	{ "json", CONF_BOOL, CASE(is_json), .fallback = "false", .doc = "The answer must be valid JSON." },
	{ "json_schema", CONF_JSON, CASE(json_schema), .doc = "The answer must be JSON that keeps to this schema." },
	{ "cites", CONF_INT, CASE(cites), .fallback = "0", .min = 0, .max = 100,
	  .doc = "The answer must cite so many sources: [1], a link, or a source in brackets." },
	{ "max_output_tokens", CONF_INT, CASE(max_output_tokens), .fallback = "0", .min = 0, .max = 1e9,
	  .doc = "Most output tokens; 0: any number." },
	{ "max_input_tokens", CONF_INT, CASE(max_input_tokens), .fallback = "0", .min = 0, .max = 1e9,
	  .doc = "Most input tokens; 0: any number." },
	{ "max_cost_usd", CONF_DOUBLE, CASE(max_cost_usd), .fallback = "0", .min = 0, .max = 1e6,
	  .doc = "Most that one answer may cost; 0: any cost." },
	{ "max_latency", CONF_DURATION, CASE(max_latency_ms), .fallback = "0s", .min = 0, .max = 86400e3,
	  .doc = "Longest time for one answer; 0s: any time." },
	{ "tags", CONF_LIST, CASE(tags), .doc = "For people." },
	{ "trace_id", CONF_STRING, CASE(trace_id), .doc = "The production call that the case was made from." },
	{ "note", CONF_STRING, CASE(note), .doc = "For people." },
	{ "messages", CONF_JSON, CASE(messages),
	  .doc = "The conversation that ends with the question, as a list of role and content; for whoever runs the case." },
	{ "actual", CONF_STRING, CASE(actual), .doc = "What production answered, for people; not checked." },
	{ .name = NULL },
};

#define SUITE(member) offsetof(struct suite, member)

/* The rows for `cases` and `defaults` only make these keys known; suite_case_options reads what is in them. */
const struct conf_option suite_options[] = {
	{ "name", CONF_STRING, SUITE(name), .doc = "Name of the suite." },
	{ "prompt", CONF_STRING, SUITE(prompt), .doc = "Name of the prompt that it is for." },
	{ "defaults", CONF_KINDS, .doc = "What holds for every case that does not say otherwise." },
	{ "cases", CONF_KINDS, .doc = "The cases." },
	{ .name = NULL },
};

static void check_case(struct parse *p, const struct suite *s, const struct tree_node *node)
{
	const struct suite_case *c = &s->cases[s->count];
	struct conf_mark at = node->mark;

	for (size_t i = 0; c->id != NULL && i < s->count; i++)
		if (strcmp(s->cases[i].id, c->id) == 0)
			conf_error(p->errors, at, "id '%s' is used twice", c->id);
	suite_check(node, p->errors);
}

static void read_cases(struct parse *p, const struct tree_node *list, const struct tree_node *defaults, struct suite *s)
{
	if (list == NULL || list->kind != TREE_LIST || list->count == 0) {
		conf_error(p->errors, list != NULL ? list->mark : (struct conf_mark){ 0, 0 },
			   "a suite is a list of cases, or has one under 'cases'");
		return;
	}
	s->cases = arena_array(p->arena, list->count, sizeof(*s->cases));
	if (s->cases == NULL) {
		p->nomem = true;
		return;
	}
	struct suite_case common = { .id = NULL };
	static const struct conf_option *const options = suite_case_options;
	parse_defaults(p, options, &common);
	if (defaults != NULL) { /* its rows but the id, which comes first */
		parse_section(p, options + 1, defaults->mark, defaults, &common);
		suite_check(defaults, p->errors);
	}
	for (const struct tree_item *i = list->first; i != NULL; i = i->next) {
		s->cases[s->count] = common;
		parse_section(p, options, i->value->mark, i->value, &s->cases[s->count]);
		check_case(p, s, i->value);
		s->count++;
	}
}

static void read_suite(struct parse *p, const struct tree_node *root, struct suite *s)
{
	if (root->kind == TREE_LIST) {
		read_cases(p, root, NULL, s);
		return;
	}
	parse_section(p, suite_options, root->mark, root, s);
	read_cases(p, tree_path(root, "cases"), tree_path(root, "defaults"), s);
}

static struct status parse_text(struct suite *s, struct slice text, struct conf_errors *errors)
{
	struct parse p = { .arena = &s->arena, .errors = errors, .is_document = true };
	const struct tree_node *root = NULL;
	struct arena tree;

	arena_init(&tree, ARENA_BYTES);
	struct status result = yaml_tree_read(text, &tree, errors, &root);
	if (result.code != STATUS_NOMEM && root != NULL)
		read_suite(&p, root, s);
	arena_release(&tree);
	buf_release(&p.scratch);
	if (result.code == STATUS_NOMEM || p.nomem)
		return FAIL(NOMEM, "the suite needs more memory than it may have");
	return errors->count == 0 ? OK : FAIL(INVALID, "the suite has mistakes");
}

struct status suite_load(const char *path, struct suite **out, struct buf *errors)
{
	struct suite *s = calloc(1, sizeof(*s));
	struct conf_errors found = { .file = path };
	struct conf_mark whole = { 0, 0 };
	struct buf text = BUF_INIT;

	if (s == NULL)
		return FAIL(NOMEM, "no memory for the suite");
	arena_init(&s->arena, ARENA_BYTES);
	s->path = path;
	struct status result = file_read(path, FILE_BYTES_MAX, &text);
	if (FAILED(result))
		conf_error(&found, whole, "cannot read: %s", result.code == STATUS_IO ? strerror(errno) : result.why);
	else
		result = parse_text(s, buf_view(&text), &found);
	conf_errors_finish(&found, errors);
	buf_release(&text);
	if (FAILED(result))
		suite_free(s);
	else
		*out = s;
	return result;
}

void suite_free(struct suite *s)
{
	if (s == NULL)
		return;
	arena_release(&s->arena);
	free(s);
}
