/* SPDX-License-Identifier: Apache-2.0
 * config/validate_alerts.c - rules and words of alerts, checked before anybody depends on them.
 */
#include "agent/config/matcher.h"
#include "agent/config/template.h"
#include "agent/config/validate.h"

/* Where the value of parent.name stands, or its parent, or the file. */
static struct conf_mark place(const struct tree_node *parent, const char *name)
{
	const struct tree_item *item = parent != NULL ? tree_find(parent, name) : NULL;

	if (item != NULL)
		return item->value->mark;
	return parent != NULL ? parent->mark : (struct conf_mark){ 0, 0 };
}

static const char *bad_matchers(const char *text)
{
	struct matchers m = { .count = 0 };

	return matchers_read(slice_of(text), &m);
}

static const char *bad_hiding_rule(const char *text)
{
	struct hiding_rule rule;

	return hiding_rule_read(slice_of(text), &rule);
}

static void check_list(struct conf_errors *e, const struct tree_node *parent, const char *name,
		       const struct string_list *list, const char *(*bad)(const char *text))
{
	for (size_t i = 0; i < list->count; i++) {
		const char *why = bad(list->items[i]);
		if (why != NULL)
			conf_error(e, place(parent, name), "%s: '%.80s': %s", name, list->items[i], why);
	}
}

static void check_template(struct conf_errors *e, const struct tree_node *parent, const char *name, const char *text)
{
	const char *why = text != NULL ? template_check(text) : NULL;

	if (why != NULL)
		conf_error(e, place(parent, name), "%s: %s", name, why);
}

/* As Prometheus and Alertmanager have them. */
static bool is_label_name(const char *name)
{
	for (const char *c = name; *c != '\0'; c++)
		if (!(*c == '_' || (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
		      (*c >= '0' && *c <= '9' && c > name)))
			return false;
	return name[0] != '\0';
}

static void check_labels(struct conf_errors *e, const struct tree_node *node, const struct string_map *labels)
{
	for (size_t i = 0; i < labels->count; i++)
		if (!is_label_name(labels->items[i].key))
			conf_error(e, place(node, "labels"),
				   "labels: '%.60s' is no label name; letters, digits and _ make one", labels->items[i].key);
}

static void check_channel(struct conf_errors *e, const struct tree_node *node, const struct channel_config *c)
{
	if (c->type == CHANNEL_ALERTMANAGER && c->endpoints.count == 0)
		conf_error(e, place(node, "endpoints"), "endpoints: at least one URL is wanted");
	check_list(e, node, "endpoints", &c->endpoints, validate_http_url);
	check_labels(e, node, &c->labels);
	check_list(e, node, "match", &c->match, bad_matchers);
	check_template(e, node, "title", c->title);
	check_template(e, node, "text", c->text);
}

void validate_alerts(struct conf_errors *e, const struct tree_node *root, const struct alerts_config *alerts)
{
	const struct tree_node *node = tree_path(root, "alerts"), *channels = tree_path(root, "alerts.channels");

	check_list(e, node, "silences", &alerts->silences, bad_matchers);
	check_list(e, node, "shadow", &alerts->shadow, bad_matchers);
	check_list(e, node, "inhibit", &alerts->inhibit, bad_hiding_rule);
	for (size_t i = 0; i < alerts->channel_count; i++) {
		const struct tree_item *item = channels != NULL ? tree_find(channels, alerts->channels[i].name) : NULL;
		check_channel(e, item != NULL ? item->value : node, &alerts->channels[i]);
	}
}
