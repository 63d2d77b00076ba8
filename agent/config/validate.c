/* SPDX-License-Identifier: Apache-2.0
 * config/validate.c - tables of checks.
 */
#include "agent/config/validate.h"

#include <ctype.h>
#include <stdio.h>

#include "agent/config/parse.h"
#include "agent/config/suggest.h"

#define HOST_BYTES      256
#define UNIX_PATH_BYTES 108 /* sun_path */

/* ------------------------------------------------------------------ habits from the Collector */

struct habit {
	const char *key, *instead;
};

static const struct habit collector_keys[] = {
	{ "service",
	  "is not needed: every receiver feeds every exporter; delete it (telemetry.logs.level is log.level here, the "
	  "agent's own metrics are on admin.endpoint)" },
	{ "processors",
	  "is not needed: Plimsoll enriches on its own; delete it (batch is sending_queue.batch of an exporter, "
	  "memory_limiter is limits.memory)" },
	{ "extensions",
	  "is not needed; delete it (health_check is /livez and /readyz on admin.endpoint, file_storage is "
	  "storage.directory)" },
	{ "connectors",
	  "is not needed: metrics are made from spans without it; delete it (they are on admin.endpoint)" },
};

#define BY_PRESET "is reached by otlphttp; write otlphttp/name: {preset: ...} (exporters/README.md lists presets)"

static const struct habit collector_exporters[] = {
	{ "prometheus",
	  "is not needed: Prometheus scrapes /metrics on admin.endpoint (localhost:9464); delete it and set that to 0.0.0.0:9464 "
	  "to be scraped from elsewhere, or push with prometheusremotewrite" },
	{ "logging", "is called debug; write debug" },
	{ "otlp_grpc", "is called otlp here; write otlp" },
	{ "otlp_http", "is called otlphttp here; write otlphttp" },
	{ "nop", "is not needed; delete it" },
	{ "langfuse", BY_PRESET },
	{ "langsmith", BY_PRESET },
	{ "braintrust", BY_PRESET },
	{ "helicone", BY_PRESET },
	{ "phoenix", BY_PRESET },
	{ "datadog", BY_PRESET },
	{ "honeycomb", BY_PRESET },
	{ "newrelic", BY_PRESET },
	{ "grafana_cloud", BY_PRESET },
	{ "signoz", BY_PRESET },
	{ "dash0", BY_PRESET },
};

static const char *instead_of(const struct habit *habits, size_t count, struct slice key)
{
	for (size_t i = 0; i < count; i++)
		if (slice_equal(slice_of(habits[i].key), key))
			return habits[i].instead;
	return NULL;
}

static const struct habit collector_server_auth[] = {
	{ "authenticator",
	  "names an extension in the Collector; here the rules stand in place: auth: {bearer: {token_file: ...}}, "
	  "{basic: {htpasswd: {file: ...}}} or {header: {name: x-api-key, key_file: ...}}" },
};

static const struct habit collector_client_auth[] = {
	{ "authenticator",
	  "names an extension in the Collector; here it stands in place: auth: {oauth2client: {client_id: ..., "
	  "client_secret_file: ..., token_url: ...}}, {basic: {username: ..., password_file: ...}} or {bearer_token_file: ...}" },
};

static const struct {
	const struct conf_option *table;
	const struct habit *habits;
	size_t count;
} habits_of[] = {
	{ config_options, collector_keys, sizeof(collector_keys) / sizeof(collector_keys[0]) },
	{ server_auth_options, collector_server_auth, 1 },
	{ client_auth_options, collector_client_auth, 1 },
};

const char *validate_collector_key(const struct conf_option *table, struct slice key)
{
	for (size_t i = 0; i < sizeof(habits_of) / sizeof(habits_of[0]); i++)
		if (habits_of[i].table == table)
			return instead_of(habits_of[i].habits, habits_of[i].count, key);
	return NULL;
}

const char *validate_collector_exporter(struct slice kind)
{
	return instead_of(collector_exporters, sizeof(collector_exporters) / sizeof(collector_exporters[0]), kind);
}

/* ------------------------------------------------------------------ addresses; NULL: good, else what is wrong */

static const char *bad_host_port(const char *text)
{
	char host[HOST_BYTES];
	uint16_t port;
	struct status s = endpoint_split(text, host, sizeof(host), &port);

	return FAILED(s) ? s.why : NULL;
}

/* The part of a URL between "//" and the path. A missing port is the scheme's own. */
static const char *bad_authority(struct slice authority)
{
	char text[HOST_BYTES + 8];

	if (authority.len == 0 || authority.ptr[0] == ':')
		return "has no host";
	if (authority.len >= sizeof(text))
		return "has a host that is too long";
	memcpy(text, authority.ptr, authority.len);
	text[authority.len] = '\0';
	bool has_port = strchr(authority.ptr[0] == '[' ? text + strcspn(text, "]") : text, ':') != NULL;
	return has_port ? bad_host_port(text) : NULL;
}

static const char *bad_http_url(const char *text)
{
	struct slice rest = slice_of(text);

	if (slice_starts_with(rest, SLICE("http://")))
		rest = slice_skip(rest, strlen("http://"));
	else if (slice_starts_with(rest, SLICE("https://")))
		rest = slice_skip(rest, strlen("https://"));
	else
		return "does not start with http:// or https://";
	struct slice authority = slice_head(rest, strcspn(rest.ptr, "/?#")), user = url_user(slice_of(text));
	return bad_authority(slice_skip(authority, user.len > 0 ? user.len + 1 : 0));
}

static bool has_blank(const char *text)
{
	for (; *text != '\0'; text++)
		if (isspace((unsigned char)*text) || iscntrl((unsigned char)*text))
			return true;
	return false;
}

const char *validate_http_url(const char *text)
{
	return has_blank(text) ? "holds a blank" : bad_http_url(text);
}

/* A URL, or host:port, or one of the names that gRPC resolves. */
static const char *bad_endpoint(const char *text)
{
	static const char *const resolvers[] = { "unix:", "unix-abstract:", "dns:", "ipv4:", "ipv6:" };

	for (size_t i = 0; i < sizeof(resolvers) / sizeof(resolvers[0]); i++)
		if (slice_starts_with(slice_of(text), slice_of(resolvers[i])))
			return NULL;
	return strstr(text, "://") != NULL ? bad_http_url(text) : bad_host_port(text);
}

static bool is_url(const struct conf_option *o)
{
	struct slice name = slice_of(o->name);

	return slice_equal(name, SLICE("url")) || slice_ends_with(name, SLICE("_url"));
}

bool validate_is_address(const struct conf_option *o)
{
	return is_url(o) || slice_equal(slice_of(o->name), SLICE("endpoint"));
}

static const char *bad_address(const struct conf_option *o, const char *text)
{
	if (!validate_is_address(o))
		return NULL;
	if (has_blank(text))
		return "holds a blank";
	return is_url(o) ? bad_http_url(text) : bad_endpoint(text);
}

/* ------------------------------------------------------------------ values that must fit each other */

static const char *check_retry(const void *section)
{
	const struct retry_config *r = section;

	if (r->initial_interval_ms > r->max_interval_ms)
		return "initial_interval is longer than max_interval";
	if (r->max_elapsed_time_ms > 0 && r->max_elapsed_time_ms < r->initial_interval_ms)
		return "max_elapsed_time ends before the first retry (initial_interval); 0 means never to give up";
	return NULL;
}

static const char *check_queue(const void *section)
{
	const struct queue_config *q = section;

	if (q->min_batch_bytes > q->max_batch_bytes)
		return "batch.min_size is larger than batch.max_size";
	if (q->storage == QUEUE_IN_LMDB && !q->enabled)
		return "storage is of no use where the queue is not enabled; drop one of them";
	if (q->max_attribute_bytes > 0 && q->max_attribute_bytes < 64)
		return "batch.max_attribute_length leaves no room for the mark; give at least 64, or 0 for any length";
	return NULL;
}

static const char *check_tls(const void *section)
{
	const struct tls_client_config *t = section;

	if ((t->cert_file == NULL) != (t->key_file == NULL))
		return "cert_file and key_file go together; one of them is missing";
	if (t->insecure && (t->ca_file != NULL || t->cert_file != NULL))
		return "insecure switches TLS off, so certificates are of no use; drop one of them";
	return NULL;
}

static const char *check_tls_server(const void *section)
{
	const struct tls_server_config *t = section;

	if ((t->cert_file == NULL) != (t->key_file == NULL))
		return "cert_file and key_file go together; one of them is missing";
	if (t->client_ca_file != NULL && t->cert_file == NULL)
		return "client_ca_file is of no use without our own cert_file and key_file";
	return NULL;
}

static const char *check_server_auth(const void *section)
{
	const struct server_auth_config *a = section;
	bool has_key = a->header.key != NULL || a->header.filename != NULL;

	if (a->header.name != NULL && !has_key)
		return "header: a key or a filename is missing";
	bool has_name = a->header.name != NULL && a->header.name[0] != '\0';
	return !has_name && has_key ? "header: the header's name is missing" : NULL;
}

static const char *check_client_auth(const void *section)
{
	const struct client_auth_config *a = section;
	bool has_bearer = a->bearer_token != NULL || a->bearer_token_file != NULL;
	bool has_basic = a->basic.username != NULL || a->basic.password != NULL;
	bool has_oauth2 = a->oauth2.client_id != NULL || a->oauth2.client_secret != NULL || a->oauth2.token_url != NULL;

	if (has_bearer + has_basic + has_oauth2 > 1)
		return "bearer_token, basic and oauth2client exclude each other; keep one";
	if (a->bearer_token != NULL && a->bearer_token_file != NULL)
		return "bearer_token and bearer_token_file are both given; keep one";
	if (has_basic && (a->basic.username == NULL || a->basic.password == NULL))
		return "basic: username and password go together; one of them is missing";
	if (has_oauth2 && (a->oauth2.client_id == NULL || a->oauth2.client_secret == NULL || a->oauth2.token_url == NULL))
		return "oauth2client: client_id, client_secret and token_url are all needed";
	return NULL;
}

/* What a browser sends as Origin ("https://app.example") has no path; one '*' may stand for any part of it. */
static bool is_origin(const char *text)
{
	const char *host = strstr(text, "://"), *star = strchr(text, '*');

	if (star != NULL && strchr(star + 1, '*') != NULL)
		return false;
	return strcmp(text, "*") == 0 || (host != NULL && host > text && host[3] != '\0' && strchr(host + 3, '/') == NULL);
}

static const char *check_cors(const void *section)
{
	const struct cors_config *c = section;

	for (size_t i = 0; i < c->allowed_origins.count; i++)
		if (!is_origin(c->allowed_origins.items[i]))
			return "allowed_origins: each is scheme://host, with :port where it is not the usual one, without a path, "
			       "and with one * at most";
	if (c->allowed_origins.count == 0 && c->allowed_headers.count > 0)
		return "allowed_headers are of no use without allowed_origins";
	return NULL;
}

static const struct {
	const struct conf_option *table;
	const char *(*check)(const void *section);
} section_checks[] = {
	{ retry_options, check_retry },
	{ channel_retry_options, check_retry },
	{ queue_options, check_queue },
	{ tls_client_options, check_tls },
	{ tls_server_options, check_tls_server },
	{ server_auth_options, check_server_auth },
	{ client_auth_options, check_client_auth },
	{ cors_options, check_cors },
};

static void report_address(struct conf_errors *e, const struct conf_option *o, struct conf_mark at, const char *text,
			   const char *why)
{
	struct buf shown = BUF_INIT;

	url_print(o->type == CONF_SECRET ? SLICE("<redacted>") : slice_of(text), &shown);
	conf_error(e, at, "%s: '%.60s' %s", o->name, buf_string(&shown), why);
	buf_release(&shown);
}

void validate_addresses(struct conf_errors *e, const struct conf_option *table, struct conf_mark at,
			const struct tree_node *node, const void *section)
{
	for (const struct conf_option *o = table; o->name != NULL; o++) {
		if (o->type != CONF_STRING && o->type != CONF_SECRET)
			continue;
		const char *text = *(const char *const *)((const char *)section + o->offset);
		const char *why = text != NULL && text != parse_secret_elsewhere ? bad_address(o, text) : NULL;
		const struct tree_item *given = tree_find(node, o->name);
		if (why != NULL)
			report_address(e, o, given != NULL ? given->value->mark : at, text, why);
	}
}

void validate_section(struct conf_errors *e, const struct conf_option *table, struct conf_mark at, const void *section)
{
	for (size_t i = 0; i < sizeof(section_checks) / sizeof(section_checks[0]); i++) {
		const char *why = section_checks[i].table == table ? section_checks[i].check(section) : NULL;
		if (why != NULL)
			conf_error(e, at, "%s", why);
	}
}

/* ------------------------------------------------------------------ listeners */

struct listener {
	const char *path;
	bool enabled;
	const char *endpoint, *socket_mode;
	char host[HOST_BYTES]; /* or a unix socket's path, with port 0 */
	uint16_t port;
};

static bool is_any_host(const char *host)
{
	return host[0] == '\0' || strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
}

static const char *canonical_host(const char *host)
{
	return strcmp(host, "localhost") == 0 ? "127.0.0.1" : host;
}

static bool listeners_collide(const struct listener *a, const struct listener *b)
{
	if (!a->enabled || !b->enabled || a->port != b->port)
		return false;
	if (a->port == 0)
		return a->host[0] == '/' && strcmp(a->host, b->host) == 0;
	return is_any_host(a->host) || is_any_host(b->host) ||
	       strcmp(canonical_host(a->host), canonical_host(b->host)) == 0;
}

/* False where the endpoint cannot be listened on; then it is left out of the comparison. */
static bool split_listener(struct conf_errors *e, const struct tree_node *node, struct listener *l)
{
	const char *path = l->enabled ? endpoint_unix_path(l->endpoint) : NULL;
	struct conf_mark whole = { 0, 0 };

	if (!l->enabled)
		return false;
	if (path != NULL && path[0] == '/' && strlen(path) < UNIX_PATH_BYTES) {
		snprintf(l->host, sizeof(l->host), "%s", path);
		return true;
	}
	if (path != NULL) {
		conf_error(e, node != NULL ? node->mark : whole, "endpoint: '%.60s' %s", l->endpoint,
			   path[0] != '/' ? "is no absolute path; write unix:/path"
					  : "is longer than a unix socket's path may be");
		return false;
	}
	if (!FAILED(endpoint_split(l->endpoint, l->host, sizeof(l->host), &l->port)))
		return true;
	if (bad_endpoint(l->endpoint) == NULL && node != NULL) /* else validate_addresses has said so */
		conf_error(e, node->mark, "endpoint: '%.60s' is no address to listen on; write host:port or unix:/path",
			   l->endpoint);
	return false;
}

/* Told at the later of the two, or at the earlier where the later is a default. */
static void report_collision(struct conf_errors *e, const struct tree_node *root, const struct listener *later,
			     const struct listener *earlier)
{
	const struct tree_node *node = tree_path(root, later->path);

	if (node == NULL)
		node = tree_path(root, earlier->path);
	if (later->port == 0) {
		conf_error(e, node != NULL ? node->mark : (struct conf_mark){ 0, 0 }, "%s and %s are both %s", earlier->path,
			   later->path, later->endpoint);
		return;
	}
	conf_error(e, node != NULL ? node->mark : (struct conf_mark){ 0, 0 },
		   "%s and %s both listen on port %u; give one of them another", earlier->path, later->path,
		   (unsigned)later->port);
}

static void check_socket_mode(struct conf_errors *e, const struct tree_node *root, const struct listener *l)
{
	char path[64];
	unsigned mode;

	if (!l->enabled || socket_mode_read(l->socket_mode, &mode))
		return;
	snprintf(path, sizeof(path), "%.*ssocket_mode", (int)(strlen(l->path) - strlen("endpoint")), l->path);
	const struct tree_node *node = tree_path(root, path);
	conf_error(e, node != NULL ? node->mark : (struct conf_mark){ 0, 0 }, "socket_mode: '%.60s' is no mode such as 0660",
		   l->socket_mode);
}

static void check_listeners(struct conf_errors *e, const struct tree_node *root, struct listener *all, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		check_socket_mode(e, root, &all[i]);
		all[i].enabled = split_listener(e, tree_path(root, all[i].path), &all[i]) && all[i].enabled;
		for (size_t j = 0; j < i; j++)
			if (listeners_collide(&all[i], &all[j]))
				report_collision(e, root, &all[i], &all[j]);
	}
}

/* ------------------------------------------------------------------ exporters by name */

#define EXPORTERS_MAX 64 /* a payload says by bits whom it is for */

static bool is_exporter(const struct config *c, const char *id)
{
	for (size_t i = 0; i < c->exporter_count; i++)
		if (strcmp(c->exporters[i].id, id) == 0)
			return true;
	return false;
}

static void check_routes(struct conf_errors *e, const struct tree_node *root, const struct config *c)
{
	const struct tree_node *node = tree_path(root, "routing.default"), *exporters = tree_path(root, "exporters");
	const struct string_list *ids = &c->routing.default_exporters;

	if (c->exporter_count > EXPORTERS_MAX && exporters != NULL)
		conf_error(e, exporters->mark, "exporters: %zu of them; %d are the most", c->exporter_count, EXPORTERS_MAX);
	for (size_t i = 0; node != NULL && i < ids->count; i++) {
		struct suggestion nearest = suggest_for(slice_of(ids->items[i]));
		if (is_exporter(c, ids->items[i]))
			continue;
		for (size_t n = 0; n < c->exporter_count; n++)
			suggest_consider(&nearest, c->exporters[n].id);
		conf_error(e, node->mark, "routing.default: there is no exporter '%.60s'%s%s%s", ids->items[i],
			   nearest.best != NULL ? "; did you mean '" : "", nearest.best != NULL ? nearest.best : "",
			   nearest.best != NULL ? "'?" : "");
	}
}

static bool is_budget_dimension(const char *name)
{
	for (int d = 0; d < BUDGET_DIMENSIONS; d++)
		if (strcmp(budget_dimension_names[d], name) == 0)
			return true;
	return false;
}

static void check_budgets(struct conf_errors *e, const struct tree_node *root, const struct config *c)
{
	const struct tree_node *limits = tree_path(root, "budgets.limits"), *keys = tree_path(root, "budgets.envoy.keys");
	const struct string_map *map = &c->budgets.envoy_keys;

	if (limits != NULL && c->budgets.limits.count > BUDGETS_MAX)
		conf_error(e, limits->mark, "limits: %zu budgets; %d are the most", c->budgets.limits.count, BUDGETS_MAX);
	for (size_t i = 0; keys != NULL && i < map->count; i++)
		if (!is_budget_dimension(map->items[i].key))
			conf_error(e, keys->mark, "keys: '%.60s' is no dimension; name user, feature, tenant, model or another "
				   "of those that budgets tell apart", map->items[i].key);
}

void validate_config(struct conf_errors *e, const struct tree_node *root, const struct config *c)
{
	struct listener listeners[] = {
		{ "receivers.otlp.protocols.grpc.endpoint", c->grpc.enabled, c->grpc.endpoint,
		  c->grpc.socket_mode, "", 0 },
		{ "receivers.otlp.protocols.http.endpoint", c->http.enabled, c->http.endpoint,
		  c->http.socket_mode, "", 0 },
		{ "admin.endpoint", c->admin.enabled, c->admin.endpoint, c->admin.socket_mode, "", 0 },
		{ "budgets.envoy.endpoint", c->budgets.envoy_endpoint != NULL, c->budgets.envoy_endpoint,
		  c->budgets.envoy_socket_mode, "", 0 },
	};
	const struct tree_item *receivers = tree_find(root, "receivers");
	const struct tree_node *oldest = tree_path(root, "receivers.otlp.protocols.grpc.tls.min_version");
	const struct tree_node *directory = tree_path(root, "storage.directory");

	if (oldest != NULL && c->grpc.tls.min_version != TLS_VERSION_1_2)
		conf_error(e, oldest->mark,
			   "min_version: gRPC speaks TLS 1.2 and 1.3 and cannot be told to refuse 1.2; leave it out, or use http");
	if (receivers != NULL && !c->grpc.enabled && !c->http.enabled)
		conf_error(e, receivers->key->mark,
			   "receivers: no protocol is named; write otlp: {protocols: {grpc:, http:}}, or leave "
			   "receivers out to have both");
	if (directory != NULL && c->storage.directory != NULL && c->storage.directory[0] == '\0')
		conf_error(e, directory->mark, "directory: is empty; name a folder, or leave it out to have the default");
	check_listeners(e, root, listeners, sizeof(listeners) / sizeof(listeners[0]));
	check_routes(e, root, c);
	check_budgets(e, root, c);
}
