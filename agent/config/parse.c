/* SPDX-License-Identifier: Apache-2.0
 * config/parse.c - one row of the option table for one key of the file.
 */
#include "agent/config/parse.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/config/expand.h"
#include "agent/base/file.h"
#include "agent/base/json.h"
#include "agent/config/scalar.h"
#include "agent/config/suggest.h"
#include "agent/config/validate.h"

#define SECRET_BYTES_MAX (64u * 1024u)
#define JSON_BYTES_MAX   (4u * 1024u * 1024u)

const char parse_secret_elsewhere[] = "kept elsewhere";

static void *member(void *section, const struct conf_option *o)
{
	return (char *)section + o->offset;
}

static void *take(struct parse *p, size_t count, size_t size)
{
	void *memory = arena_array(p->arena, count, size);

	if (memory == NULL)
		p->nomem = true;
	return memory;
}

/* ------------------------------------------------------------------ defaults */

static size_t count_words(const char *list)
{
	size_t n = 1;

	for (; *list != '\0'; list++)
		n += *list == ',';
	return n;
}

/* "a, b, c" of a default. */
static void split_list(struct parse *p, const char *text, struct string_list *list)
{
	const char **items = take(p, count_words(text), sizeof(*items));

	*list = (struct string_list){ items, 0 };
	for (struct slice rest = slice_of(text); items != NULL && rest.len > 0;) {
		ptrdiff_t comma = slice_find(rest, SLICE(","));
		size_t n = comma < 0 ? rest.len : (size_t)comma;
		struct slice word = arena_dup(p->arena, slice_trim(slice_head(rest, n)));
		p->nomem |= word.ptr == NULL;
		items[list->count++] = word.ptr;
		rest = slice_skip(rest, n + 1);
	}
}

static void set_default(struct parse *p, const struct conf_option *o, void *value)
{
	if (o->type == CONF_SECTION)
		parse_defaults(p, o->section, value);
	else if (o->fallback != NULL && o->type == CONF_LIST)
		split_list(p, o->fallback, value);
	else if (o->fallback != NULL) {
		bool good = scalar_read(o, slice_of(o->fallback), value, &p->scratch);
		assert(good); /* a table's own default */
		(void)good;
	}
}

void parse_defaults(struct parse *p, const struct conf_option *table, void *section)
{
	for (const struct conf_option *o = table; o->name != NULL; o++)
		set_default(p, o, member(section, o));
}

/* ------------------------------------------------------------------ values */

static void report(struct parse *p, struct conf_mark at, const char *key)
{
	conf_error(p->errors, at, "%s: %s", key, buf_string(&p->scratch));
	buf_reset(&p->scratch);
}

static bool expand_here(struct parse *p, const char *key, const struct tree_node *node, struct slice *text)
{
	buf_reset(&p->scratch);
	if (p->is_document) {
		*text = node->text;
		return true;
	}
	if (expand(node->text, p->arena, text, &p->scratch))
		return true;
	report(p, node->mark, key);
	return false;
}

/* What the agent would find when it starts. */
static void check_readable(struct parse *p, const struct conf_option *o, const struct tree_node *node, const char *path)
{
	struct stat found;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0 && fstat(fd, &found) == 0 && !S_ISDIR(found.st_mode)) {
		close(fd);
		return;
	}
	conf_error(p->errors, node->mark, "%s: cannot read '%s': %s", o->name, path, strerror(fd >= 0 ? EISDIR : errno));
	if (fd >= 0)
		close(fd);
}

/* An empty secret would let everybody in: it counts as none. Where it alone locks a door, that lets everybody in, too. */
static void read_empty_secret(struct parse *p, const struct conf_option *o, struct conf_mark at, void *value)
{
	*(const char **)value = NULL;
	if (o->guards)
		conf_error(p->errors, at, "%s: is empty, so nobody would be asked for it; give it a value, or leave it out",
			   o->name);
}

static void read_scalar(struct parse *p, const struct conf_option *o, const struct tree_node *node, void *value)
{
	struct slice text;

	if (node->kind != TREE_SCALAR) {
		conf_error(p->errors, node->mark, "%s: expected a single value, found a %s", o->name,
			   node->kind == TREE_MAP ? "mapping" : "list");
		return;
	}
	if (!expand_here(p, o->name, node, &text))
		return;
	struct slice copy = arena_dup(p->arena, text);
	if (copy.ptr == NULL)
		p->nomem = true;
	else if (o->type == CONF_SECRET && copy.len == 0)
		read_empty_secret(p, o, node->mark, value);
	else if (!scalar_read(o, copy, value, &p->scratch))
		report(p, node->mark, o->name);
	else if (o->is_read && p->files == CONFIG_FILES_ALL && copy.len > 0)
		check_readable(p, o, node, copy.ptr);
}

/* An element of a list, or a value of a map: "" for null, and NULL after an error. */
static const char *read_text(struct parse *p, const char *key, const struct tree_node *node)
{
	struct slice text;

	if (node->kind == TREE_NULL)
		return "";
	if (node->kind != TREE_SCALAR) {
		conf_error(p->errors, node->mark, "%s: expected text here, found a %s", key,
			   node->kind == TREE_MAP ? "mapping" : "list");
		return NULL;
	}
	if (!expand_here(p, key, node, &text))
		return NULL;
	struct slice copy = arena_dup(p->arena, text);
	p->nomem |= copy.ptr == NULL;
	return copy.ptr;
}

static void read_list(struct parse *p, const struct conf_option *o, const struct tree_node *node, void *value)
{
	struct string_list list = { NULL, 0 };
	const struct tree_item only = { .value = node };

	if (node->kind != TREE_LIST && !(p->is_document && node->kind == TREE_SCALAR)) {
		conf_error(p->errors, node->mark, "%s: expected a list, such as [first, second]", o->name);
		return;
	}
	list.items = take(p, node->count + 1, sizeof(*list.items));
	const struct tree_item *first = node->kind == TREE_LIST ? node->first : &only;
	for (const struct tree_item *i = first; list.items != NULL && i != NULL; i = i->next) {
		const char *text = read_text(p, o->name, i->value);
		if (text != NULL && text[0] == '\0')
			conf_error(p->errors, i->value->mark, "%s: an empty element", o->name);
		else if (text != NULL && o->choices != NULL && !scalar_is_choice(o->choices, slice_of(text)))
			conf_error(p->errors, i->value->mark, "%s: '%s' is none of %s", o->name, text, o->choices);
		else if (text != NULL)
			list.items[list.count++] = text;
	}
	*(struct string_list *)value = list;
}

static void read_map(struct parse *p, const struct conf_option *o, const struct tree_node *node, void *value)
{
	struct string_map map = { NULL, 0 };

	if (node->kind != TREE_MAP) {
		conf_error(p->errors, node->mark, "%s: expected a mapping of names to values", o->name);
		return;
	}
	map.items = take(p, node->count, sizeof(*map.items));
	for (const struct tree_item *i = node->first; map.items != NULL && i != NULL; i = i->next) {
		const char *text = read_text(p, i->key->text.ptr, i->value);
		struct slice key = arena_dup(p->arena, i->key->text);
		p->nomem |= key.ptr == NULL;
		if (text != NULL && key.ptr != NULL)
			map.items[map.count++] = (struct string_pair){ key.ptr, text };
	}
	*(struct string_map *)value = map;
}

/* Text that is JSON already stays as it is. */
static void read_json(struct parse *p, const struct tree_node *node, void *value)
{
	struct buf text = BUF_INIT;

	if (node->kind == TREE_SCALAR && json_is_valid(node->text))
		buf_slice(&text, node->text);
	else
		tree_write_json(node, JSON_BYTES_MAX, &text);
	struct slice copy = arena_dup(p->arena, buf_view(&text));
	p->nomem |= copy.ptr == NULL || buf_failed(&text);
	*(const char **)value = copy.ptr;
	buf_release(&text);
}

static void read_value(struct parse *p, const struct conf_option *o, const struct tree_item *item, void *value)
{
	if (o->type == CONF_SECTION)
		parse_section(p, o->section, item->key->mark, item->value, value);
	else if (item->value->kind == TREE_NULL && o->guards)
		read_empty_secret(p, o, item->value->mark, value);
	else if (item->value->kind == TREE_NULL || o->type == CONF_KINDS)
		return; /* "key:" with nothing behind it leaves the default */
	else if (o->type == CONF_LIST)
		read_list(p, o, item->value, value);
	else if (o->type == CONF_MAP)
		read_map(p, o, item->value, value);
	else if (o->type == CONF_JSON)
		read_json(p, item->value, value);
	else
		read_scalar(p, o, item->value, value);
}

/* ------------------------------------------------------------------ secrets in files */

/* The content without the blanks and line ends around it, as files of secrets end in a line end. */
static void store_secret(struct parse *p, const struct tree_item *item, const char *path, struct slice secret,
			 void *value)
{
	if (secret.len == 0 || memchr(secret.ptr, '\0', secret.len) != NULL) {
		conf_error(p->errors, item->value->mark, "%s: '%s' %s", item->key->text.ptr, path,
			   secret.len == 0 ? "is empty" : "holds a NUL character");
		return;
	}
	struct slice copy = arena_dup(p->arena, secret);
	p->nomem |= copy.ptr == NULL;
	*(const char **)value = copy.ptr;
}

static void read_secret_file(struct parse *p, const struct tree_item *item, void *value)
{
	const char *path = item->value->kind == TREE_NULL ? "" : read_text(p, item->key->text.ptr, item->value);
	struct buf content = BUF_INIT;

	if (path == NULL)
		return;
	if (p->files == CONFIG_FILES_ELSEWHERE) {
		*(const char **)value = parse_secret_elsewhere;
		return;
	}
	struct status s = file_read(path, SECRET_BYTES_MAX, &content);
	if (FAILED(s))
		conf_error(p->errors, item->value->mark, "%s: cannot read '%s': %s", item->key->text.ptr, path,
			   s.code == STATUS_IO ? strerror(errno) : s.why);
	else
		store_secret(p, item, path, slice_trim(buf_view(&content)), value);
	buf_release(&content);
}

/* ------------------------------------------------------------------ sections */

/* The row of a key; by_file: it names the file that holds a secret. */
static const struct conf_option *find_option(const struct conf_option *table, struct slice key, bool *by_file)
{
	struct slice stem = SLICE_NONE;

	if (slice_ends_with(key, SLICE("_file")) || slice_ends_with(key, SLICE("_FILE")))
		stem = slice_head(key, key.len - strlen("_file"));
	*by_file = false;
	for (const struct conf_option *o = table; o->name != NULL; o++)
		if (slice_equal(slice_of(o->name), key))
			return o;
	*by_file = true;
	for (const struct conf_option *o = table; o->name != NULL; o++)
		if (o->type == CONF_SECRET && stem.len > 0 && slice_equal(slice_of(o->name), stem))
			return o;
	return NULL;
}

static void report_unknown(struct parse *p, const struct conf_option *table, const struct tree_node *key)
{
	struct suggestion nearest = suggest_for(key->text);
	const char *instead = validate_collector_key(table, key->text);

	for (const struct conf_option *o = table; o->name != NULL; o++)
		suggest_consider(&nearest, o->name);
	for (const struct conf_option *o = exporter_common_options; table == p->kind_table && o->name != NULL; o++)
		suggest_consider(&nearest, o->name);
	if (instead != NULL) {
		conf_error(p->errors, key->mark, "'%s' %s", key->text.ptr, instead);
		return;
	}
	if (nearest.best != NULL) {
		conf_error(p->errors, key->mark, "unknown key '%.60s'; did you mean '%s'?", key->text.ptr,
			   nearest.best);
		return;
	}
	buf_reset(&p->scratch);
	for (const struct conf_option *o = table; o->name != NULL; o++)
		buf_printf(&p->scratch, "%s%s", o == table ? "" : ", ", o->name);
	conf_error(p->errors, key->mark, "unknown key '%.60s'; known here: %s", key->text.ptr, buf_string(&p->scratch));
}

static void read_key(struct parse *p, const struct conf_option *table, const struct tree_node *node,
		     const struct tree_item *item, void *section)
{
	bool by_file;
	const struct conf_option *o = find_option(table, item->key->text, &by_file);

	if (o == NULL && table == p->kind_table) {
		o = find_option(exporter_common_options, item->key->text, &by_file);
		section = p->common;
	}
	if (o == NULL)
		report_unknown(p, table, item->key);
	else if (by_file && tree_find(node, o->name) != NULL)
		conf_error(p->errors, item->key->mark, "'%s' and '%s' are both given; keep one", o->name,
			   item->key->text.ptr);
	else if (by_file)
		read_secret_file(p, item, member(section, o));
	else
		read_value(p, o, item, member(section, o));
}

static bool is_given(const struct conf_option *table, const struct conf_option *o, const struct tree_node *node)
{
	if (node->kind != TREE_MAP)
		return false;
	for (const struct tree_item *i = node->first; i != NULL; i = i->next) {
		bool by_file;
		if (i->value->kind != TREE_NULL && find_option(table, i->key->text, &by_file) == o)
			return true;
	}
	return false;
}

/* An address that is empty is refused as one (validate_addresses), what a document says by whoever reads it. */
static bool is_empty(const struct parse *p, const struct conf_option *o, const void *section)
{
	const char *text = *(const char *const *)((const char *)section + o->offset);

	if (o->type == CONF_SECRET)
		return text == NULL;
	return o->type == CONF_STRING && !p->is_document && text != NULL && text[0] == '\0' && !validate_is_address(o);
}

static void check_required(struct parse *p, const struct conf_option *table, struct conf_mark at,
			   const struct tree_node *node, const void *section, bool is_sound)
{
	for (const struct conf_option *o = table; o->name != NULL; o++) {
		if (!o->required)
			continue;
		if (!is_given(table, o, node))
			conf_error(p->errors, at, "missing required key '%s'", o->name);
		else if (is_sound && is_empty(p, o, section))
			conf_error(p->errors, at, "required key '%s' is empty", o->name);
	}
}

void parse_section(struct parse *p, const struct conf_option *table, struct conf_mark at, const struct tree_node *node,
		   void *section)
{
	size_t errors_before = p->errors->count;

	if (node->kind != TREE_MAP && node->kind != TREE_NULL) {
		conf_error(p->errors, node->mark, "expected a mapping of keys to values, found a %s",
			   node->kind == TREE_LIST ? "list" : "single value");
		return;
	}
	for (const struct tree_item *i = node->first; i != NULL; i = i->next)
		read_key(p, table, node, i, section);
	check_required(p, table, at, node, section, p->errors->count == errors_before);
	validate_addresses(p->errors, table, at, node, section);
	validate_headers(p->errors, table, at, node, section);
	if (p->errors->count == errors_before)
		validate_section(p->errors, table, at, section);
}

/* ------------------------------------------------------------------ kinds */

static const struct config_kind *find_kind(const struct config_kind *kinds, size_t n, struct slice name)
{
	for (size_t i = 0; i < n; i++)
		if (slice_equal(slice_of(kinds[i].name), name))
			return &kinds[i];
	return NULL;
}

static void report_unknown_kind(struct parse *p, const char *what, const struct config_kind *kinds, size_t n,
				const struct tree_node *key, struct slice kind)
{
	struct suggestion nearest = suggest_for(kind);

	const char *instead = strcmp(what, "exporter") == 0 ? validate_collector_exporter(kind) : NULL;
	if (instead != NULL) {
		conf_error(p->errors, key->mark, "exporter '%.*s' %s", SLICE_ARG(slice_head(kind, 60)), instead);
		return;
	}
	buf_reset(&p->scratch);
	for (size_t i = 0; i < n; i++) {
		suggest_consider(&nearest, kinds[i].name);
		buf_printf(&p->scratch, "%s%s", i > 0 ? ", " : "", kinds[i].name);
	}
	if (nearest.best != NULL)
		conf_error(p->errors, key->mark, "unknown %s '%.*s'; did you mean '%s'?", what,
			   SLICE_ARG(slice_head(kind, 60)), nearest.best);
	else
		conf_error(p->errors, key->mark, "unknown %s '%.*s'; known: %s", what, SLICE_ARG(slice_head(kind, 60)),
			   buf_string(&p->scratch));
}

/* The kind's own check, of a section that has no other mistake. */
static void check_instance(struct parse *p, const struct config_kind *kind, const struct tree_item *item,
			   const void *options, size_t errors_before)
{
	if (kind->check == NULL || p->errors->count > errors_before || p->nomem)
		return;
	buf_reset(&p->scratch);
	if (FAILED(kind->check(options, &p->scratch)))
		conf_error(p->errors, item->key->mark, "%s: %s", item->key->text.ptr, buf_string(&p->scratch));
}

/* "kind/name": the kind of it; false after an error. */
static bool read_instance(struct parse *p, const char *what, const struct config_kind *kinds, size_t n,
			  const struct tree_item *item, struct config_instance *out)
{
	struct slice id = item->key->text;
	ptrdiff_t slash = slice_find(id, SLICE("/"));
	const struct config_kind *kind = find_kind(kinds, n, slash < 0 ? id : slice_head(id, (size_t)slash));

	if (kind == NULL) {
		report_unknown_kind(p, what, kinds, n, item->key, slash < 0 ? id : slice_head(id, (size_t)slash));
		return false;
	}
	if (slash >= 0 && (size_t)slash + 1 == id.len) {
		conf_error(p->errors, item->key->mark, "'%s' has no name behind the '/'", id.ptr);
		return false;
	}
	void *options = take(p, 1, kind->options_size);
	struct slice copy = arena_dup(p->arena, id);
	if (options == NULL || copy.ptr == NULL) {
		p->nomem = true;
		return false;
	}
	size_t errors_before = p->errors->count;
	memset(options, 0, kind->options_size);
	*out = (struct config_instance){ .id = copy.ptr, .kind = kind->name, .options = options, .table = kind->options };
	parse_defaults(p, kind->options, options);
	if (strcmp(what, "exporter") == 0) {
		parse_defaults(p, exporter_common_options, &out->common);
		p->kind_table = kind->options;
		p->common = &out->common;
	}
	parse_section(p, kind->options, item->key->mark, item->value, options);
	p->kind_table = NULL;
	check_instance(p, kind, item, options, errors_before);
	return true;
}

void parse_kinds(struct parse *p, const char *what, const struct config_kind *kinds, size_t kind_count,
		 const struct tree_node *node, struct config_instance **out, size_t *count)
{
	*count = 0;
	*out = NULL;
	if (node == NULL || node->kind == TREE_NULL)
		return;
	if (node->kind != TREE_MAP) {
		conf_error(p->errors, node->mark, "expected a mapping of %ss by kind, or kind/name", what);
		return;
	}
	*out = take(p, node->count, sizeof(**out));
	for (const struct tree_item *i = node->first; *out != NULL && i != NULL; i = i->next)
		if (read_instance(p, what, kinds, kind_count, i, &(*out)[*count]))
			++*count;
}
