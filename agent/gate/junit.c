/* SPDX-License-Identifier: Apache-2.0
 * gate/junit.c - test cases of JUnit XML: one that has a failure or an error inside did not pass. Runs that were tried
 * again are runs of the same case: as pytest-rerunfailures writes them, one test case each; as Maven's Surefire does,
 * inside the one test case.
 */
#include <expat.h>
#include <math.h>

#include "agent/gate/results_priv.h"

struct reading {
	struct results *out;
	XML_Parser parser;
	struct result *open; /* the test case that we are in; moves when one is added */
	unsigned tries;      /* of it, that failed before the one that counts */
	const char *not_junit; /* why it is no JUnit XML, a literal */
	bool nomem;
};

static const char *attribute(const XML_Char **attributes, const char *name)
{
	for (; attributes[0] != NULL; attributes += 2)
		if (strcmp(attributes[0], name) == 0)
			return attributes[1];
	return "";
}

static struct slice keep(struct reading *r, const char *text)
{
	struct slice copy = arena_dup(&r->out->arena, slice_of(text));

	r->nomem |= copy.ptr == NULL;
	return copy;
}

static void begin_case(struct reading *r, const XML_Char **attributes)
{
	const char *name = attribute(attributes, "name"), *class = attribute(attributes, "classname");
	double seconds;

	r->tries = 0;
	r->open = results_add(r->out);
	if (r->open == NULL) {
		r->nomem = true;
		return;
	}
	r->open->short_id = keep(r, name);
	r->open->case_id = r->open->short_id;
	if (class[0] != '\0') {
		r->open->case_id = arena_printf(&r->out->arena, "%s.%s", class, name);
		r->nomem |= r->open->case_id.ptr == NULL;
	}
	r->open->passed = TRI_YES;
	if (slice_to_double(slice_of(attribute(attributes, "time")), &seconds) && seconds >= 0)
		r->open->latency_ms = seconds * 1000;
}

static bool is_one_of(const char *name, const char *a, const char *b)
{
	return strcmp(name, a) == 0 || strcmp(name, b) == 0;
}

/* "flakyFailure" and "flakyError": it failed before it passed. "rerunFailure", "rerunError": it never passed. */
static void count_try(struct reading *r, const char *name, const XML_Char **attributes)
{
	if (!is_one_of(name, "flakyFailure", "flakyError") && !is_one_of(name, "rerunFailure", "rerunError"))
		return;
	r->tries++;
	if (r->open->why.len == 0)
		r->open->why = keep(r, attribute(attributes, "message"));
}

/* The tries before are further results of the same case. */
static void add_tries(struct reading *r)
{
	struct result of_case = *r->open;

	of_case.passed = TRI_NO;
	of_case.latency_ms = NAN; /* theirs is not told apart */
	if (r->open->passed == TRI_YES)
		r->open->why = SLICE_NONE;
	for (r->open = NULL; r->tries > 0; r->tries--) {
		struct result *one = results_add(r->out);
		if (one != NULL)
			*one = of_case;
		r->nomem |= one == NULL;
	}
}

static void refuse(struct reading *r, const char *why)
{
	r->not_junit = why;
	XML_StopParser(r->parser, XML_FALSE);
}

static void XMLCALL on_start(void *context, const XML_Char *name, const XML_Char **attributes)
{
	struct reading *r = context;

	if (strcmp(name, "promptfoo") == 0)
		refuse(r, "Promptfoo's XML is not read: let it write results with -o results.json, or .jsonl");
	if (strcmp(name, "testcase") == 0)
		begin_case(r, attributes);
	if (r->open == NULL)
		return;
	count_try(r, name, attributes);
	if (is_one_of(name, "failure", "error")) {
		r->open->passed = TRI_NO;
		r->open->why = keep(r, attribute(attributes, "message"));
	} else if (strcmp(name, "skipped") == 0) {
		r->open->passed = TRI_UNKNOWN;
	}
}

static void XMLCALL on_end(void *context, const XML_Char *name)
{
	struct reading *r = context;

	if (strcmp(name, "testcase") != 0 || r->open == NULL)
		return;
	if (r->open->passed == TRI_UNKNOWN) { /* not run: no result */
		r->out->count--;
		r->out->skipped++;
	} else {
		add_tries(r);
	}
	r->open = NULL;
}

/* Entities of a file's own could blow up to any size, and no test report needs them. */
static void XMLCALL on_doctype(void *context, const XML_Char *name, const XML_Char *sysid, const XML_Char *pubid,
			       int has_internal_subset)
{
	struct reading *r = context;

	(void)name;
	(void)sysid;
	(void)pubid;
	(void)has_internal_subset;
	refuse(r, "a page or a document type of its own: no JUnit XML");
}

struct status junit_read(struct slice text, struct results *out, struct buf *why)
{
	struct reading r = { .out = out };
	XML_Parser parser = XML_ParserCreate(NULL);

	if (parser == NULL)
		return FAIL(NOMEM, "no memory for the results");
	r.parser = parser;
	XML_SetUserData(parser, &r);
	XML_SetElementHandler(parser, on_start, on_end);
	XML_SetStartDoctypeDeclHandler(parser, on_doctype);
	bool good = XML_Parse(parser, text.ptr, (int)text.len, 1) == XML_STATUS_OK;
	if (!good)
		buf_printf(why, "%lu:%lu: %s", (unsigned long)XML_GetCurrentLineNumber(parser),
			   (unsigned long)XML_GetCurrentColumnNumber(parser) + 1,
			   r.not_junit != NULL ? r.not_junit : XML_ErrorString(XML_GetErrorCode(parser)));
	XML_ParserFree(parser);
	if (r.nomem)
		return FAIL(NOMEM, "no memory for the results");
	return good ? OK : FAIL(MALFORMED, "no JUnit XML");
}
