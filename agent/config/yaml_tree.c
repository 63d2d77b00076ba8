/* SPDX-License-Identifier: Apache-2.0
 * config/yaml_tree.c - from libyaml's events to nodes.
 */
#include "agent/config/yaml_tree.h"

#include <yaml.h>

#include "agent/base/json.h"
#include "agent/config/json_for_yaml.h"

struct anchor {
	const char *name;
	const struct tree_node *node;
	const struct anchor *older;
};

struct reader {
	yaml_parser_t parser;
	struct slice source;
	struct arena *arena;
	struct conf_errors *errors;
	const struct anchor *anchors; /* newest first: a name may be given again */
	size_t nodes;
	bool nomem;
};

static const struct tree_node *read_node(struct reader *r, yaml_event_t *event, unsigned depth);

static struct conf_mark mark_of(yaml_mark_t m)
{
	return (struct conf_mark){ m.line + 1, m.column + 1 };
}

const struct tree_item *tree_find(const struct tree_node *node, const char *key)
{
	if (node == NULL || node->kind != TREE_MAP)
		return NULL;
	for (const struct tree_item *i = node->first; i != NULL; i = i->next)
		if (slice_equal(i->key->text, slice_of(key)))
			return i;
	return NULL;
}

const struct tree_node *tree_path(const struct tree_node *root, const char *path)
{
	const struct tree_node *node = root;

	while (node != NULL && *path != '\0') {
		char key[64];
		size_t n = strcspn(path, ".");
		if (n >= sizeof(key))
			return NULL;
		memcpy(key, path, n);
		key[n] = '\0';
		path += n + (path[n] == '.');
		const struct tree_item *item = tree_find(node, key);
		node = item != NULL ? item->value : NULL;
	}
	return node;
}

/* ------------------------------------------------------------------ syntax errors */

/* Whether the indentation of that line (from 0) holds a tab. */
static bool indented_by_tab(struct slice source, size_t line)
{
	for (; line > 0 && source.len > 0; line--) {
		ptrdiff_t end = slice_find(source, SLICE("\n"));
		source = slice_skip(source, end < 0 ? source.len : (size_t)end + 1);
	}
	for (size_t i = 0; i < source.len && (source.ptr[i] == ' ' || source.ptr[i] == '\t'); i++)
		if (source.ptr[i] == '\t')
			return true;
	return false;
}

/* libyaml gives no mark for bytes that are not text, only their offset. */
static struct conf_mark mark_at_offset(struct slice source, size_t offset)
{
	struct conf_mark m = { 1, 1 };

	for (size_t i = 0; i < offset && i < source.len; i++) {
		m.column++;
		if (source.ptr[i] == '\n')
			m = (struct conf_mark){ m.line + 1, 1 };
	}
	return m;
}

static void report_syntax(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;
	const char *problem = p->problem != NULL ? p->problem : "not YAML";

	if (p->error == YAML_MEMORY_ERROR)
		r->nomem = true;
	else if (p->error == YAML_READER_ERROR)
		conf_error(r->errors, mark_at_offset(r->source, p->problem_offset), "%s; the file must be UTF-8 text",
			   problem);
	else if (indented_by_tab(r->source, p->problem_mark.line))
		conf_error(r->errors, mark_of(p->problem_mark), "a tab in the indentation; YAML indents with spaces");
	else if (p->context != NULL)
		conf_error(r->errors, mark_of(p->problem_mark), "%s, %s (line %zu)", problem, p->context,
			   p->context_mark.line + 1);
	else
		conf_error(r->errors, mark_of(p->problem_mark), "%s", problem);
}

/* False after an error, which has been reported. */
static bool next_event(struct reader *r, yaml_event_t *event)
{
	if (yaml_parser_parse(&r->parser, event))
		return true;
	report_syntax(r);
	return false;
}

/* ------------------------------------------------------------------ nodes */

static void *take(struct reader *r, size_t size)
{
	void *p = arena_alloc(r->arena, size);

	if (p == NULL)
		r->nomem = true;
	else
		memset(p, 0, size);
	return p;
}

static bool may_grow(struct reader *r, struct conf_mark at)
{
	if (r->nodes++ < TREE_NODES_MAX)
		return true;
	conf_error(r->errors, at, "more than %d values in one file", TREE_NODES_MAX);
	return false;
}

static bool add_item(struct reader *r, struct tree_node *parent, const struct tree_node *key,
		     const struct tree_node *value)
{
	struct tree_item *item = take(r, sizeof(*item));

	if (item == NULL)
		return false;
	*item = (struct tree_item){ .key = key, .value = value };
	*parent->last = item;
	parent->last = &item->next;
	parent->count++;
	return true;
}

static bool remember_anchor(struct reader *r, const yaml_char_t *name, const struct tree_node *node)
{
	if (name == NULL)
		return true;
	struct anchor *a = take(r, sizeof(*a));
	struct slice copy = arena_dup(r->arena, slice_of((const char *)name));
	if (a == NULL || copy.ptr == NULL) {
		r->nomem = true;
		return false;
	}
	*a = (struct anchor){ copy.ptr, node, r->anchors };
	r->anchors = a;
	return true;
}

/* Anchors are known once their node is complete, so an alias inside its own finds nothing and no tree has a cycle. */
static const struct tree_node *read_alias(struct reader *r, const yaml_event_t *event)
{
	const char *name = (const char *)event->data.alias.anchor;

	for (const struct anchor *a = r->anchors; a != NULL; a = a->older)
		if (strcmp(a->name, name) == 0)
			return a->node;
	conf_error(r->errors, mark_of(event->start_mark), "alias '*%.60s' has no anchor before it", name);
	return NULL;
}

static bool tag_is_ours(const yaml_char_t *tag)
{
	struct slice t = slice_of((const char *)tag);

	return t.len == 0 || slice_equal(t, SLICE("!")) || slice_starts_with(t, SLICE("tag:yaml.org,2002:"));
}

static bool check_tag(struct reader *r, const yaml_event_t *event, const yaml_char_t *tag)
{
	if (tag_is_ours(tag))
		return true;
	conf_error(r->errors, mark_of(event->start_mark), "tag '%.60s' is not supported", (const char *)tag);
	return false;
}

static bool is_null_text(struct slice t)
{
	static const char *const words[] = { "", "~", "null", "Null", "NULL" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_equal(t, slice_of(words[i])))
			return true;
	return false;
}

static const struct tree_node *read_scalar(struct reader *r, const yaml_event_t *event)
{
	struct slice text = { (const char *)event->data.scalar.value, event->data.scalar.length };
	struct tree_node *node = take(r, sizeof(*node));
	struct slice copy = arena_dup(r->arena, text);

	if (node == NULL || copy.ptr == NULL) {
		r->nomem = true;
		return NULL;
	}
	if (!check_tag(r, event, event->data.scalar.tag))
		return NULL;
	if (text.len > 0 && memchr(text.ptr, '\0', text.len) != NULL) {
		conf_error(r->errors, mark_of(event->start_mark), "a NUL character in a value");
		return NULL;
	}
	bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	*node = (struct tree_node){
		.kind = plain && is_null_text(text) ? TREE_NULL : TREE_SCALAR,
		.mark = mark_of(event->start_mark),
		.text = copy,
		.is_quoted = !plain,
	};
	return remember_anchor(r, event->data.scalar.anchor, node) ? node : NULL;
}

/* Adds the pairs of a merged map whose keys are not there yet. */
static bool merge_map(struct reader *r, struct tree_node *into, const struct tree_node *from, struct conf_mark at)
{
	if (from->kind != TREE_MAP) {
		conf_error(r->errors, at, "'<<' merges a mapping, or a list of mappings");
		return false;
	}
	for (const struct tree_item *i = from->first; i != NULL; i = i->next)
		if (tree_find(into, i->key->text.ptr) == NULL)
			if (!may_grow(r, at) || !add_item(r, into, i->key, i->value))
				return false;
	return true;
}

static bool merge_value(struct reader *r, struct tree_node *into, const struct tree_node *value, struct conf_mark at)
{
	if (value->kind != TREE_LIST)
		return merge_map(r, into, value, at);
	for (const struct tree_item *i = value->first; i != NULL; i = i->next)
		if (!merge_map(r, into, i->value, at))
			return false;
	return true;
}

/* A pair of the file. A key that is there already is an error that does not end the reading. */
static bool add_pair(struct reader *r, struct tree_node *map, const struct tree_node *key,
		     const struct tree_node *value)
{
	if (key->kind != TREE_SCALAR) {
		conf_error(r->errors, key->mark, "a key must be a word");
		return true;
	}
	const struct tree_item *before = tree_find(map, key->text.ptr);
	if (before != NULL) {
		conf_error(r->errors, key->mark, "key '%.60s' is given twice; the first is on line %zu", key->text.ptr,
			   before->key->mark.line);
		return true;
	}
	return add_item(r, map, key, value);
}

/* The next node, or NULL at the end of the collection (end is then true) and after an error. */
static const struct tree_node *read_next(struct reader *r, unsigned depth, bool *end)
{
	yaml_event_t event;

	*end = false;
	if (!next_event(r, &event))
		return NULL;
	*end = event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT;
	const struct tree_node *node = *end ? NULL : read_node(r, &event, depth);
	yaml_event_delete(&event);
	return node;
}

static bool fill_list(struct reader *r, struct tree_node *list, unsigned depth)
{
	for (;;) {
		bool end;
		const struct tree_node *value = read_next(r, depth, &end);
		if (value == NULL)
			return end;
		if (!add_item(r, list, NULL, value))
			return false;
	}
}

/* Merged pairs come after the map's own, which win; so merges wait until the map is complete. */
static bool fill_map(struct reader *r, struct tree_node *map, unsigned depth)
{
	struct tree_node merges = { .kind = TREE_LIST, .last = &merges.first };

	for (;;) {
		bool end;
		const struct tree_node *key = read_next(r, depth, &end);
		if (key == NULL && !end)
			return false;
		if (key == NULL)
			break;
		const struct tree_node *value = read_next(r, depth, &end);
		if (value == NULL)
			return false;
		bool is_merge = key->kind == TREE_SCALAR && slice_equal(key->text, SLICE("<<"));
		if (is_merge ? !add_item(r, &merges, key, value) : !add_pair(r, map, key, value))
			return false;
	}
	for (const struct tree_item *i = merges.first; i != NULL; i = i->next)
		if (!merge_value(r, map, i->value, i->key->mark))
			return false;
	return true;
}

static const struct tree_node *read_collection(struct reader *r, const yaml_event_t *event, unsigned depth)
{
	bool is_map = event->type == YAML_MAPPING_START_EVENT;
	const yaml_char_t *tag = is_map ? event->data.mapping_start.tag : event->data.sequence_start.tag;
	const yaml_char_t *anchor = is_map ? event->data.mapping_start.anchor : event->data.sequence_start.anchor;
	struct tree_node *node = take(r, sizeof(*node));

	if (node == NULL || !check_tag(r, event, tag))
		return NULL;
	if (depth >= TREE_DEPTH_MAX) {
		conf_error(r->errors, mark_of(event->start_mark), "more than %d levels deep", TREE_DEPTH_MAX);
		return NULL;
	}
	node->kind = is_map ? TREE_MAP : TREE_LIST;
	node->mark = mark_of(event->start_mark);
	node->last = &node->first;
	if (is_map ? !fill_map(r, node, depth + 1) : !fill_list(r, node, depth + 1))
		return NULL;
	return remember_anchor(r, anchor, node) ? node : NULL;
}

/* NULL after an error, which has been reported. The caller deletes the event. */
static const struct tree_node *read_node(struct reader *r, yaml_event_t *event, unsigned depth)
{
	if (!may_grow(r, mark_of(event->start_mark)))
		return NULL;
	if (event->type == YAML_ALIAS_EVENT)
		return read_alias(r, event);
	if (event->type == YAML_SCALAR_EVENT)
		return read_scalar(r, event);
	return read_collection(r, event, depth);
}

/* ------------------------------------------------------------------ the document */

/* Skips stream and document frames up to the first event that stands for something. */
static bool next_content(struct reader *r, yaml_event_t *event)
{
	while (next_event(r, event)) {
		if (event->type != YAML_STREAM_START_EVENT && event->type != YAML_DOCUMENT_END_EVENT)
			return true;
		yaml_event_delete(event);
	}
	return false;
}

static bool expect_end(struct reader *r)
{
	yaml_event_t event;

	if (!next_content(r, &event))
		return false;
	bool ended = event.type == YAML_STREAM_END_EVENT;
	if (!ended)
		conf_error(r->errors, mark_of(event.start_mark),
			   "a second document starts here; one file holds one configuration");
	yaml_event_delete(&event);
	return ended;
}

static const struct tree_node *read_document(struct reader *r)
{
	static const struct tree_node empty = { .kind = TREE_NULL, .mark = { 1, 1 } };
	yaml_event_t event;
	bool end;

	if (!next_content(r, &event))
		return NULL;
	bool has_document = event.type == YAML_DOCUMENT_START_EVENT;
	yaml_event_delete(&event);
	if (!has_document)
		return &empty;
	const struct tree_node *node = read_next(r, 0, &end);
	return node != NULL && expect_end(r) ? node : NULL;
}

static struct status read_tree(struct slice text, struct arena *arena, struct conf_errors *errors,
			       const struct tree_node **root)
{
	struct reader r = { .source = text, .arena = arena, .errors = errors };
	size_t before = errors->count;

	if (!yaml_parser_initialize(&r.parser))
		return FAIL(NOMEM, "no memory for the YAML parser");
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text.ptr, text.len);
	const struct tree_node *node = read_document(&r);
	yaml_parser_delete(&r.parser);
	if (r.nomem)
		return FAIL(NOMEM, "the configuration needs more memory than it may have");
	*root = node;
	return node != NULL && errors->count == before ? OK : FAIL(INVALID, "the file is not the YAML it should be");
}

struct status yaml_tree_read(struct slice text, struct arena *arena, struct conf_errors *errors,
			     const struct tree_node **root)
{
	struct buf json = BUF_INIT;

	if (!json_is_valid(text))
		return read_tree(text, arena, errors, root);
	json_for_yaml(text, &json);
	struct status s = buf_failed(&json) ? FAIL(NOMEM, "no memory to read the file") :
					      read_tree(buf_view(&json), arena, errors, root);
	buf_release(&json);
	return s;
}
