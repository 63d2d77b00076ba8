/* SPDX-License-Identifier: Apache-2.0
 * config/options_budgets.c - the keys under `budgets`.
 */
#include "agent/base/slice.h"
#include "agent/base/zone.h"
#include "agent/config/config.h"

#define AT(type, member) .offset = offsetof(struct type, member)
#define SECOND 1000.0
#define HOUR   (3600 * SECOND)

const char *const budget_dimension_names[BUDGET_DIMENSIONS] = {
#define X(id, name, member) name,
	BUDGET_DIMENSION_MAP(X)
#undef X
};

size_t budget_soft(const struct budget_config *c, double percent[BUDGET_SOFT_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < c->soft.count && count < BUDGET_SOFT_MAX; i++)
		count += slice_to_double(slice_of(c->soft.items[i]), &percent[count]);
	return count;
}

static struct status refuse(struct buf *why, const char *text)
{
	buf_text(why, text);
	return FAIL(INVALID, "a budget that cannot be");
}

static struct status check_soft(const struct budget_config *c, struct buf *why)
{
	double percent[BUDGET_SOFT_MAX];
	size_t count = budget_soft(c, percent);

	if (c->soft.count > BUDGET_SOFT_MAX)
		return refuse(why, "soft: eight thresholds are the most");
	if (count < c->soft.count)
		return refuse(why, "soft: thresholds are percentages, such as [50, 80, 100]");
	for (size_t i = 0; i < count; i++)
		if (percent[i] <= 0 || percent[i] > 1000)
			return refuse(why, "soft: a threshold lies above 0 and up to 1000 (percent)");
	return OK;
}

static struct status check_request(const void *options, struct buf *why)
{
	const struct budget_config *c = options;

	if (c->limit_usd <= 0 && c->limit_tokens == 0)
		return refuse(why, "a budget needs a limit: limit_usd or limit_tokens");
	return OK;
}

static struct status check_period(const void *options, struct buf *why)
{
	const struct budget_config *c = options;
	struct zone *zone;

	if (c->limit_usd <= 0 && c->limit_tokens == 0 && c->limit_requests == 0)
		return refuse(why, "a budget needs a limit: limit_usd, limit_tokens or limit_requests");
	TRY(check_soft(c, why));
	struct status s = zone_open(c->time_zone, &zone);
	if (FAILED(s)) {
		buf_printf(why, "time_zone: '%.60s': %s", c->time_zone, s.why);
		return s;
	}
	zone_free(zone);
	return OK;
}

/* Named by macro: these rows stand in two tables. */
#define ROW_ONLY(id, label, member)                                                                        \
	{ label, CONF_STRING, AT(budget_config, only[BUDGET_BY_##id]), .reloads = true,                    \
	  .doc = "Only calls with this " label "." },

#define ROWS_OF_ALL                                                                                        \
	{ "limit_usd", CONF_DOUBLE, AT(budget_config, limit_usd), .fallback = "0", .max = 1e9,             \
	  .reloads = true, .doc = "The most to spend, in USD; 0 means no limit on money." },              \
	{ "limit_tokens", CONF_INT, AT(budget_config, limit_tokens), .fallback = "0", .max = 1e15,         \
	  .reloads = true, .doc = "The most tokens, input and output together; 0 means no such limit." }, \
	BUDGET_DIMENSION_MAP(ROW_ONLY)                                                                     \
	{ "hard", CONF_ENUM, AT(budget_config, hard), .fallback = "none", .choices = "none|deny|throttle", \
	  .reloads = true,                                                                                 \
	  .doc = "What decisions say when it is used up: none only tells; deny refuses until the period "  \
		 "ends; throttle lets throttle_per_minute calls through." },                               \
	{ "throttle_per_minute", CONF_DOUBLE, AT(budget_config, throttle_per_minute), .fallback = "6",     \
	  .min = 0.01, .max = 1e6, .reloads = true, .doc = "Calls a minute that a used up budget lets through." }

static const struct conf_option request_options[] = {
	ROWS_OF_ALL,
	{ .name = NULL },
};

static const struct conf_option period_options[] = {
	ROWS_OF_ALL,
	{ "limit_requests", CONF_INT, AT(budget_config, limit_requests), .fallback = "0", .max = 1e15, .reloads = true,
	  .doc = "The most model calls; 0 means no such limit." },
	{ "by", CONF_LIST, AT(budget_config, by), .reloads = true,
	  .choices = "feature|workflow|user_segment|user|tenant|model|provider|environment|release|service|session",
	  .doc = "What has a budget of its own, such as [user]; empty: one budget for all that it is about." },
	{ "time_zone", CONF_STRING, AT(budget_config, time_zone), .fallback = "UTC", .reloads = true,
	  .doc = "Whose days and months: an IANA name, such as Europe/Berlin." },
	{ "soft", CONF_LIST, AT(budget_config, soft), .fallback = "50, 80, 100", .reloads = true,
	  .doc = "Percentages of the limit at which an alert is raised." },
	{ "forecast", CONF_BOOL, AT(budget_config, forecast), .fallback = "true", .reloads = true,
	  .doc = "Raise an alert when, at this rate, it is used up before its period ends." },
	{ "max_groups", CONF_INT, AT(budget_config, max_groups), .fallback = "1000", .min = 1, .max = 100000,
	  .reloads = true, .doc = "Values of `by` that have a budget of their own; further ones share one, called other." },
	{ .name = NULL },
};

const struct config_kind budget_kinds[] = {
	{ "request", request_options, sizeof(struct budget_config), "A limit on each single call.", check_request },
	{ "hour", period_options, sizeof(struct budget_config), "A limit for each hour.", check_period },
	{ "day", period_options, sizeof(struct budget_config), "A limit for each calendar day.", check_period },
	{ "month", period_options, sizeof(struct budget_config), "A limit for each calendar month.", check_period },
	{ .name = NULL },
};

static const struct conf_option envoy_options[] = {
	{ "endpoint", CONF_STRING, AT(config, budgets.envoy_endpoint),
	  .doc = "Where to answer Envoy's rate limit service and external authorization over gRPC, as host:port, such as "
		 "localhost:9465; without it they are not served." },
	{ "socket_mode", CONF_STRING, AT(config, budgets.envoy_socket_mode), .fallback = "0660",
	  .doc = "Permissions of the socket where endpoint is unix:/path, as chmod takes them." },
	{ "keys", CONF_MAP, AT(config, budgets.envoy_keys),
	  .doc = "Which header or descriptor key stands for a dimension (user: x-user-id). Unless named here it is "
		 "x-plimsoll- and the dimension, and in descriptors the dimension itself, too." },
	{ .name = NULL },
};

const struct conf_option budgets_options[] = {
	{ "limits", CONF_KINDS, .kinds = budget_kinds, .reloads = true,
	  .doc = "The budgets: \"period\" or \"period/name\", where period is request, hour, day or month." },
	{ "fail_closed", CONF_BOOL, AT(config, budgets.fails_closed), .fallback = "false", .reloads = true,
	  .doc = "What a decision says that cannot be made (no room, no memory, no disk): true denies, false allows." },
	{ "reservation_timeout", CONF_DURATION, AT(config, budgets.reservation_ms), .fallback = "2m", .min = SECOND,
	  .max = 24 * HOUR, .reloads = true,
	  .doc = "How long a decision holds money back for its call; then it is free again, though the span still counts." },
	{ "envoy", CONF_SECTION, .section = envoy_options, .doc = "For gateways made of Envoy." },
	{ .name = NULL },
};
