/* SPDX-License-Identifier: Apache-2.0
 * prompts/manifest.c - from a file to a manifest, by an option table as the configuration's.
 */
#include "agent/prompts/manifest.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "agent/base/file.h"
#include "agent/base/hash.h"
#include "agent/base/json.h"
#include "agent/config/json_for_yaml.h"
#include "agent/config/parse.h"
#include "agent/prompts/history.h"

#define ARENA_BYTES (32u << 20)
#define AT(member)  offsetof(struct manifest, member)

static const struct conf_option retrieval_options[] = {
	{ "collection", CONF_STRING, AT(retrieval.collection), .doc = "What is searched." },
	{ "top_k", CONF_INT, AT(retrieval.top_k), .min = 1, .max = 100000, .doc = "Most documents that a search gives." },
	{ "min_score", CONF_DOUBLE, AT(retrieval.min_score), .min = -1e9, .max = 1e9,
	  .doc = "Documents below this score are not used." },
	{ .name = NULL },
};

static const struct conf_option policy_options[] = {
	{ "require_citations", CONF_BOOL, AT(policy.require_citations), .doc = "Every answer cites its sources." },
	{ "refuse_if_not_in_context", CONF_BOOL, AT(policy.refuse_if_not_in_context),
	  .doc = "What the retrieved text does not say is not answered." },
	{ .name = NULL },
};

const struct conf_option manifest_options[] = {
	{ "name", CONF_STRING, AT(name), .required = true, .doc = "Name of the prompt." },
	{ "version", CONF_STRING, AT(version), .required = true, .doc = "Its version; any text without an @." },
	{ "model", CONF_STRING, AT(model), .doc = "The model that is asked." },
	{ "temperature", CONF_DOUBLE, AT(temperature), .min = 0, .max = 10, .doc = "As requests carry it." },
	{ "max_output_tokens", CONF_INT, AT(max_output_tokens), .min = 1, .max = 1e9, .doc = "As requests carry it." },
	{ "retrieval", CONF_SECTION, .section = retrieval_options, .doc = "What is looked up before the model is asked." },
	{ "policy", CONF_SECTION, .section = policy_options, .doc = "What answers must keep to." },
	{ "eval_set", CONF_STRING, AT(eval_set), .doc = "The suite of `plimsoll gate` that it must pass." },
	{ "template", CONF_STRING, AT(template), .doc = "What the model is told, with {{variables}}." },
	{ "messages", CONF_JSON, AT(messages), .doc = "Or message by message: a list of {role, content}." },
	{ "tools", CONF_JSON, AT(tools), .doc = "The tools that the model may call." },
	{ "owner", CONF_STRING, AT(owner), .doc = "Who answers for it." },
	{ "approved_by", CONF_STRING, AT(approved_by), .doc = "Who let it ship." },
	{ "ticket", CONF_STRING, AT(ticket), .doc = "Where that was agreed." },
	{ .name = NULL },
};

const struct manifest_field manifest_fields[] = {
	{ "name", CONF_STRING, AT(name), true },
	{ "version", CONF_STRING, AT(version), true },
	{ "model", CONF_STRING, AT(model), true },
	{ "temperature", CONF_DOUBLE, AT(temperature), true },
	{ "max_output_tokens", CONF_INT, AT(max_output_tokens), true },
	{ "retrieval.collection", CONF_STRING, AT(retrieval.collection), true },
	{ "retrieval.top_k", CONF_INT, AT(retrieval.top_k), true },
	{ "retrieval.min_score", CONF_DOUBLE, AT(retrieval.min_score), true },
	{ "policy.require_citations", CONF_BOOL, AT(policy.require_citations), true },
	{ "policy.refuse_if_not_in_context", CONF_BOOL, AT(policy.refuse_if_not_in_context), true },
	{ "template", CONF_STRING, AT(template), true },
	{ "messages", CONF_JSON, AT(messages), true },
	{ "tools", CONF_JSON, AT(tools), true },
	{ "eval_set", CONF_STRING, AT(eval_set), false },
	{ "owner", CONF_STRING, AT(owner), false },
	{ "approved_by", CONF_STRING, AT(approved_by), false },
	{ "ticket", CONF_STRING, AT(ticket), false },
	{ .name = NULL },
};

/* ---------------------------------------------------------------- reading */
static struct conf_mark mark_of(const struct tree_node *root, const char *key)
{
	const struct tree_item *item = tree_find(root, key);

	return item != NULL ? item->value->mark : root->mark;
}

static void check(struct parse *p, const struct tree_node *root, struct manifest *m)
{
	m->name_mark = mark_of(root, "name");
	m->version_mark = mark_of(root, "version");
	if (m->name != NULL && !prompt_name_is_good(slice_of(m->name)))
		conf_error(p->errors, m->name_mark, "name: 1 to %u characters, none of them a control character",
			   PROMPT_NAME_MAX);
	if (m->version != NULL && !prompt_version_is_good(slice_of(m->version)))
		conf_error(p->errors, m->version_mark,
			   "version: 1 to %u characters, none of them '@' or a control character", PROMPT_VERSION_MAX);
	if (m->template != NULL && m->messages != NULL)
		conf_error(p->errors, mark_of(root, "messages"), "'template' and 'messages' are both given; keep one");
	const struct tree_item *messages = tree_find(root, "messages");
	if (messages != NULL && messages->value->kind != TREE_LIST && messages->value->kind != TREE_NULL)
		conf_error(p->errors, messages->value->mark, "messages: expected a list of {role, content}");
}

static struct status hash_content(struct manifest *m)
{
	struct buf text = BUF_INIT;

	for (const struct manifest_field *f = manifest_fields; f->name != NULL; f++) {
		if (!f->is_content)
			continue;
		buf_printf(&text, "%s=", f->name);
		manifest_field_text(m, f, &text);
		buf_byte(&text, '\0');
	}
	bool is_whole = !buf_failed(&text);
	m->content_hash = hash_stable(text.ptr, text.len);
	buf_release(&text);
	return is_whole ? OK : FAIL(NOMEM, "no memory for the manifest");
}

static struct status read_text(struct manifest *m, struct slice text, struct conf_errors *errors)
{
	struct parse p = { .arena = &m->arena, .errors = errors, .is_document = true };
	const struct tree_node *root = NULL;
	struct arena tree;

	arena_init(&tree, ARENA_BYTES);
	struct status s = yaml_tree_read(text, &tree, errors, &root);
	if (s.code != STATUS_NOMEM && root != NULL) {
		parse_defaults(&p, manifest_options, m);
		m->temperature = m->retrieval.min_score = NAN;
		parse_section(&p, manifest_options, root->mark, root, m);
		check(&p, root, m);
	}
	arena_release(&tree);
	buf_release(&p.scratch);
	if (s.code == STATUS_NOMEM || p.nomem)
		return FAIL(NOMEM, "the manifest needs more memory than it may have");
	return errors->count == 0 ? OK : FAIL(INVALID, "the manifest has mistakes");
}

static struct manifest *manifest_new(const char *path)
{
	struct manifest *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return NULL;
	arena_init(&m->arena, ARENA_BYTES);
	m->path = arena_dup(&m->arena, slice_of(path)).ptr;
	if (m->path != NULL)
		return m;
	manifest_free(m);
	return NULL;
}

struct status manifest_read(const char *file, struct slice text, struct manifest **out, struct buf *errors)
{
	struct manifest *m = manifest_new(file);
	struct conf_errors found = { .file = file };

	if (m == NULL)
		return FAIL(NOMEM, "no memory for the manifest");
	struct status s = read_text(m, text, &found);
	conf_errors_finish(&found, errors);
	if (!FAILED(s))
		s = hash_content(m);
	if (FAILED(s))
		manifest_free(m);
	else
		*out = m;
	return s;
}

struct status manifest_load(const char *path, struct manifest **out, struct buf *errors)
{
	struct buf text = BUF_INIT;
	struct status s = file_read(path, MANIFEST_BYTES_MAX, &text);

	if (FAILED(s))
		buf_printf(errors, "%s: cannot read: %s\n", path, s.code == STATUS_IO ? strerror(errno) : s.why);
	else
		s = manifest_read(path, buf_view(&text), out, errors);
	buf_release(&text);
	return s;
}

void manifest_free(struct manifest *m)
{
	if (m == NULL)
		return;
	arena_release(&m->arena);
	free(m);
}

/* ---------------------------------------------------------------- writing */
static const void *member(const struct manifest *m, const struct manifest_field *f)
{
	return (const char *)m + f->offset;
}

bool manifest_field_text(const struct manifest *m, const struct manifest_field *f, struct buf *out)
{
	const char *text;

	switch (f->type) {
	case CONF_DOUBLE:
		if (isnan(*(const double *)member(m, f)))
			return false;
		json_write_double(out, *(const double *)member(m, f));
		return true;
	case CONF_INT:
		if (*(const int64_t *)member(m, f) == 0)
			return false;
		buf_printf(out, "%lld", (long long)*(const int64_t *)member(m, f));
		return true;
	case CONF_BOOL:
		if (!*(const bool *)member(m, f))
			return false;
		buf_text(out, "true");
		return true;
	default:
		text = *(const char *const *)member(m, f);
		if (text == NULL)
			return false;
		buf_text(out, text);
		return true;
	}
}

/* The field's value as JSON, which is YAML as well. */
static bool write_value(const struct manifest *m, const struct manifest_field *f, struct buf *out)
{
	struct buf text = BUF_INIT;
	bool is_said = manifest_field_text(m, f, &text);

	out->failed |= buf_failed(&text);
	if (is_said && f->type == CONF_STRING)
		json_write_string(out, buf_view(&text));
	else if (is_said)
		buf_slice(out, buf_view(&text));
	buf_release(&text);
	return is_said;
}

static size_t section_of(const char *name)
{
	const char *dot = strchr(name, '.');

	return dot != NULL ? (size_t)(dot - name) : 0;
}

static bool same_section(const char *a, const char *b)
{
	return section_of(a) == section_of(b) && strncmp(a, b, section_of(a)) == 0;
}

/* "key": value pairs of one section, whose rows stand together; how many rows these are. */
static size_t write_section(const struct manifest *m, const struct manifest_field *first, struct buf *out)
{
	size_t prefix = section_of(first->name), n = 0;
	struct buf inner = BUF_INIT, value = BUF_INIT;

	for (; first[n].name != NULL && same_section(first[n].name, first->name); n++) {
		buf_reset(&value);
		if (!write_value(m, &first[n], &value))
			continue;
		inner.failed |= buf_failed(&value);
		buf_printf(&inner, "%s\"%s\":", inner.len > 0 ? "," : "", first[n].name + prefix + 1);
		buf_slice(&inner, buf_view(&value));
	}
	out->failed |= buf_failed(&inner);
	if (inner.len > 0) {
		json_write_comma(out);
		buf_printf(out, "\"%.*s\":{", (int)prefix, first->name);
		buf_slice(out, buf_view(&inner));
		buf_byte(out, '}');
	}
	buf_release(&inner);
	buf_release(&value);
	return n;
}

void manifest_write_json(const struct manifest *m, struct buf *out)
{
	struct buf value = BUF_INIT;

	buf_byte(out, '{');
	for (const struct manifest_field *f = manifest_fields; f->name != NULL && !buf_failed(out);) {
		if (section_of(f->name) > 0) {
			f += write_section(m, f, out);
			continue;
		}
		buf_reset(&value);
		if (write_value(m, f, &value)) {
			json_write_key(out, f->name);
			buf_slice(out, buf_view(&value));
			out->failed |= buf_failed(&value);
		}
		f++;
	}
	buf_byte(out, '}');
	buf_release(&value);
}

/* A text of several lines as a block, for people to read; others in quotes. */
static bool fits_block(struct slice text)
{
	if (memchr(text.ptr, '\n', text.len) == NULL || text.ptr[0] == ' ' || text.ptr[0] == '\n')
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (((unsigned char)text.ptr[i] < 0x20 && text.ptr[i] != '\n') || (unsigned char)text.ptr[i] >= 0x7f)
			return false;
	return true;
}

static void write_block(struct slice text, struct buf *out)
{
	buf_text(out, text.ptr[text.len - 1] == '\n' ? "|+\n" : "|-\n");
	for (size_t i = 0; i < text.len;) {
		const char *end = memchr(text.ptr + i, '\n', text.len - i);
		size_t n = end != NULL ? (size_t)(end - text.ptr) - i : text.len - i;
		if (n > 0)
			buf_text(out, "  ");
		buf_append(out, text.ptr + i, n);
		buf_byte(out, '\n');
		i += n + 1;
	}
}

static void write_line(const struct manifest *m, const struct manifest_field *f, struct buf *out)
{
	struct buf json = BUF_INIT;

	write_value(m, f, &json);
	out->failed |= buf_failed(&json);
	json_for_yaml(buf_view(&json), out);
	buf_byte(out, '\n');
	buf_release(&json);
}

void manifest_write_yaml(const struct manifest *m, struct buf *out)
{
	const char *section = "";

	for (const struct manifest_field *f = manifest_fields; f->name != NULL; f++) {
		size_t prefix = section_of(f->name);
		struct buf text = BUF_INIT;
		if (manifest_field_text(m, f, &text)) {
			if (prefix > 0 && !same_section(section, f->name))
				buf_printf(out, "%.*s:\n", (int)prefix, f->name);
			section = f->name;
			buf_printf(out, "%s%s: ", prefix > 0 ? "  " : "", f->name + (prefix > 0 ? prefix + 1 : 0));
			if (f->type == CONF_STRING && fits_block(buf_view(&text)))
				write_block(buf_view(&text), out);
			else
				write_line(m, f, out);
		}
		buf_release(&text);
	}
}

/* ---------------------------------------------------------------- what the model is told */
/* Content of a message: text, or parts that hold text. */
static void write_content(struct json *j, struct arena *a, struct buf *out)
{
	struct json_string key;
	struct slice text;

	switch (json_peek(j)) {
	case JSON_STRING:
		if (json_text(j, a, &text))
			buf_slice(out, text);
		return;
	case JSON_ARRAY:
		json_array(j);
		while (json_element(j))
			write_content(j, a, out);
		return;
	case JSON_OBJECT:
		json_object(j);
		while (json_member(j, &key))
			if (slice_equal(key.raw, SLICE("text")) || slice_equal(key.raw, SLICE("content")))
				write_content(j, a, out);
			else
				json_skip(j);
		return;
	default:
		json_skip(j);
	}
}

static bool is_system(struct slice message)
{
	struct slice role = json_find(message, SLICE("role"));

	return slice_equal(role, SLICE("\"system\"")) || slice_equal(role, SLICE("\"developer\""));
}

bool manifest_system_text(const struct manifest *m, struct buf *out)
{
	size_t before = out->len;
	struct arena scratch;
	struct slice message;
	struct json j, content;

	if (m->template != NULL) {
		buf_text(out, m->template);
		return out->len > before;
	}
	if (m->messages == NULL)
		return false;
	arena_init(&scratch, ARENA_BYTES);
	json_init(&j, slice_of(m->messages));
	json_array(&j);
	while (out->len == before && json_element(&j) && json_raw(&j, &message)) {
		if (!is_system(message))
			continue;
		json_init(&content, json_find(message, SLICE("content")));
		write_content(&content, &scratch, out);
	}
	arena_release(&scratch);
	return out->len > before;
}
