/* SPDX-License-Identifier: Apache-2.0
 * cli/verb.c - from a command line to a verb's function, and from there to the agent.
 */
#include "agent/cli/verb.h"

#include <stdio.h>

/* ---------------------------------------------------------------- the command line */
static const struct verb *find(const struct verb *verbs, const char *name)
{
	for (const struct verb *v = verbs; v->name != NULL; v++)
		if (strcmp(v->name, name) == 0)
			return v;
	return NULL;
}

static int unknown_verb(const struct command *self, const struct verb *verbs, const char *name)
{
	struct buf names = BUF_INIT;

	for (const struct verb *v = verbs; v->name != NULL; v++)
		buf_printf(&names, "%s%s", v == verbs ? "" : v[1].name != NULL ? ", " : " and ", v->name);
	int code = cli_usage_error(self, "'%s' is none of %s", name, buf_string(&names));
	buf_release(&names);
	return code;
}

/* As an unset variable of a script leaves behind. */
static bool has_empty(char *const *operands, int count)
{
	bool any = false;

	for (int i = 0; i < count; i++)
		any |= operands[i][0] == '\0';
	return any;
}

int verb_read(const struct command *self, const struct verb *verbs, int argc, char **argv, struct verb_call *out)
{
	*out = (struct verb_call){ .self = self };
	int code = cli_parse(self, argc, argv, &out->args);

	if (code == CLI_GO_ON)
		code = cli_read_output(self, out->args.values[VERB_OPTION_OUTPUT], &out->json);
	if (code != CLI_GO_ON)
		return code;
	int words = out->args.operand_count > 0; /* of the verb itself */
	const char *name = words > 0 ? out->args.operands[0] : verbs->name;
	const struct verb *v = out->verb = find(verbs, name);
	if (v == NULL)
		return unknown_verb(self, verbs, name);
	out->operands = out->args.operands + words;
	out->operand_count = out->args.operand_count - words;
	if (out->operand_count < v->operands || has_empty(out->operands, v->operands))
		return cli_usage_error(self, "%s wants %s", name, v->wants);
	if (out->operand_count > v->operands && !v->takes_more)
		return cli_usage_error(self, "unexpected '%s'", out->operands[v->operands]);
	return CLI_GO_ON;
}

int verb_run(struct verb_call *c)
{
	int code = c->verb->run(c);

	buf_release(&c->answer);
	return code;
}

/* ---------------------------------------------------------------- the agent */
static int open_once(struct verb_call *c)
{
	return c->client.self != NULL ? CLI_GO_ON : client_open(c->self, c->args.values[VERB_OPTION_AGENT], &c->client);
}

int verb_get(struct verb_call *c, const char *path)
{
	int code = open_once(c);

	return code == CLI_GO_ON ? client_get(&c->client, path, &c->answer) : code;
}

int verb_post(struct verb_call *c, const char *path, struct slice json)
{
	int code = open_once(c);

	return code == CLI_GO_ON ? client_post(&c->client, path, json, &c->answer) : code;
}

int verb_delete(struct verb_call *c, const char *path)
{
	int code = open_once(c);

	return code == CLI_GO_ON ? client_delete(&c->client, path, &c->answer) : code;
}

int verb_get_one(struct verb_call *c, const char *path, const char *name)
{
	struct buf full = BUF_INIT;

	buf_text(&full, path);
	buf_percent(&full, slice_of(name));
	int code = verb_get(c, buf_string(&full));
	buf_release(&full);
	return code;
}

void verb_print_json(const struct verb_call *c)
{
	printf("%.*s\n", SLICE_ARG(slice_trim(buf_view(&c->answer))));
}
