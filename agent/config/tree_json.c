/* SPDX-License-Identifier: Apache-2.0
 * config/tree_json.c - a part of a YAML document as JSON text.
 */
#include "agent/base/json.h"
#include "agent/config/yaml_tree.h"

/* A plain scalar that reads as a number, true, false or null is one. */
static void write_json_scalar(const struct tree_node *node, struct buf *out)
{
	struct slice text = node->text;
	double number;
	bool is_word = slice_equal(text, SLICE("true")) || slice_equal(text, SLICE("false"));

	if (!node->is_quoted && (is_word || (slice_to_double(text, &number) && json_is_valid(text))))
		buf_slice(out, text);
	else
		json_write_string(out, text);
}

/* An alias stands for the whole of its node, and nodes may hold aliases: what comes out of it is told by counting only. */
static void write_node(const struct tree_node *node, size_t end, struct buf *out)
{
	bool is_map = node->kind == TREE_MAP;

	out->failed |= out->len > end;
	if (buf_failed(out))
		return;
	if (node->kind == TREE_NULL)
		buf_text(out, "null");
	if (node->kind == TREE_SCALAR)
		write_json_scalar(node, out);
	if (!is_map && node->kind != TREE_LIST)
		return;
	buf_byte(out, is_map ? '{' : '[');
	for (const struct tree_item *i = node->first; i != NULL; i = i->next) {
		if (is_map) {
			json_write_string(out, i->key->text);
			buf_byte(out, ':');
		}
		write_node(i->value, end, out);
		if (i->next != NULL)
			buf_byte(out, ',');
	}
	buf_byte(out, is_map ? '}' : ']');
}

void tree_write_json(const struct tree_node *node, size_t max_bytes, struct buf *out)
{
	write_node(node, out->len + max_bytes, out);
}
