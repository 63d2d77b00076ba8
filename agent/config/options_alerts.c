/* SPDX-License-Identifier: Apache-2.0
 * config/options_alerts.c - the keys under `alerts`: channels, who is not told, the audit.
 */
#include "agent/config/config.h"

#define AT(type, member) .offset = offsetof(struct type, member)
#define KIB    1024.0
#define MIB    (1024.0 * KIB)
#define GIB    (1024.0 * MIB)
#define SECOND 1000.0
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

const struct conf_option channel_retry_options[] = {
	{ "enabled", CONF_BOOL, AT(retry_config, enabled), .fallback = "true", .reloads = true,
	  .doc = "Try again after a failure that may pass." },
	{ "initial_interval", CONF_DURATION, AT(retry_config, initial_interval_ms), .fallback = "5s", .min = 10,
	  .max = HOUR, .reloads = true, .doc = "The wait before the first retry." },
	{ "max_interval", CONF_DURATION, AT(retry_config, max_interval_ms), .fallback = "5m", .min = 10, .max = DAY,
	  .reloads = true, .doc = "The longest wait between two attempts." },
	{ "max_elapsed_time", CONF_DURATION, AT(retry_config, max_elapsed_time_ms), .fallback = "24h", .max = 30 * DAY,
	  .reloads = true,
	  .doc = "When to give up; 0 means never. A receiver may be down for hours, and the alert still counts." },
	{ "multiplier", CONF_DOUBLE, AT(retry_config, multiplier), .fallback = "2", .min = 1, .max = 10,
	  .reloads = true, .doc = "How much longer each wait is than the one before." },
	{ "randomization_factor", CONF_DOUBLE, AT(retry_config, randomization_factor), .fallback = "0.5", .max = 1,
	  .reloads = true, .doc = "Waits vary at random by this share, so that agents do not retry in step." },
	{ .name = NULL },
};

/* What every kind of channel has. */
#define CHANNEL_ROWS                                                                                                   \
	{ "min_severity", CONF_ENUM, AT(channel_config, min_severity), .fallback = "info",                             \
	  .choices = "info|warning|critical", .reloads = true, .doc = "Leave out alerts that are less severe." },     \
	{ "match", CONF_LIST, AT(channel_config, match), .reloads = true,                                              \
	  .doc = "Only alerts that fit all of these: label=value or label!=value, where * stands for anything." },    \
	{ "headers", CONF_MAP, AT(channel_config, headers), .reloads = true, .doc = "Sent with each request." },       \
	{ "timeout", CONF_DURATION, AT(channel_config, timeout_ms), .fallback = "10s", .min = 100,                     \
	  .max = 10 * MINUTE, .reloads = true, .doc = "How long one attempt may take." },                              \
	{ "retry_on_failure", CONF_SECTION, AT(channel_config, retry), .section = channel_retry_options,               \
	  .reloads = true, .doc = "What happens after an attempt that failed." },                                      \
	{ "send_resolved", CONF_BOOL, AT(channel_config, send_resolved), .fallback = "true", .reloads = true,          \
	  .doc = "Tell of the end of an alert, too." }

/* What kinds have that write for people. */
#define CHANNEL_WORDS                                                                                                  \
	{ "title", CONF_STRING, AT(channel_config, title), .reloads = true,                                            \
	  .doc = "Words for the headline, with placeholders such as {{summary}}, {{severity}} and {{feature}}." },     \
	{ "text", CONF_STRING, AT(channel_config, text), .reloads = true,                                              \
	  .doc = "Words for the body, with the same placeholders; {{details}} stands for all that is known." }

static const struct conf_option webhook_options[] = {
	{ "url", CONF_STRING, AT(channel_config, url), .required = true, .reloads = true,
	  .doc = "Where alerts are posted, as JSON." },
	{ "signing_secret", CONF_SECRET, AT(channel_config, secret), .reloads = true,
	  .doc = "Signs each request (Standard Webhooks, \"whsec_...\"); without it they are not signed." },
	CHANNEL_ROWS,
	{ .name = NULL },
};

static const struct conf_option alertmanager_options[] = {
	{ "endpoints", CONF_LIST, AT(channel_config, endpoints), .required = true, .reloads = true,
	  .doc = "Base URL of every Alertmanager (http://host:9093); each is told, as they want it in a cluster." },
	{ "labels", CONF_MAP, AT(channel_config, labels), .reloads = true,
	  .doc = "Added to every alert, in place of one of that name. Nothing that differs between pods, or one incident "
		 "becomes many." },
	{ "resend_interval", CONF_DURATION, AT(channel_config, resend_interval_ms), .fallback = "1m", .min = SECOND,
	  .max = HOUR, .reloads = true,
	  .doc = "How often firing alerts are sent again; keep it well below Alertmanager's resolve_timeout (5m)." },
	CHANNEL_ROWS,
	{ .name = NULL },
};

static const struct conf_option slack_options[] = {
	{ "url", CONF_SECRET, AT(channel_config, url), .required = true, .reloads = true,
	  .doc = "The incoming webhook's URL, which is a secret." },
	CHANNEL_WORDS,
	CHANNEL_ROWS,
	{ .name = NULL },
};

static const struct conf_option pagerduty_options[] = {
	{ "routing_key", CONF_SECRET, AT(channel_config, secret), .required = true, .reloads = true,
	  .doc = "Integration key of the service (Events API v2)." },
	{ "url", CONF_STRING, AT(channel_config, url), .fallback = "https://events.pagerduty.com/v2/enqueue",
	  .reloads = true, .doc = "Where events go; accounts in the EU have a host of their own." },
	CHANNEL_WORDS,
	CHANNEL_ROWS,
	{ .name = NULL },
};

static const struct conf_option opsgenie_options[] = {
	{ "api_key", CONF_SECRET, AT(channel_config, secret), .required = true, .reloads = true,
	  .doc = "Key of an API integration." },
	{ "url", CONF_STRING, AT(channel_config, url), .fallback = "https://api.opsgenie.com/v2/alerts", .reloads = true,
	  .doc = "Where alerts are made; https://api.eu.opsgenie.com/v2/alerts in the EU." },
	CHANNEL_WORDS,
	CHANNEL_ROWS,
	{ .name = NULL },
};

static const struct conf_option teams_options[] = {
	{ "url", CONF_SECRET, AT(channel_config, url), .required = true, .reloads = true,
	  .doc = "URL of a Workflows webhook (\"when a Teams webhook request is received\"), which is a secret." },
	CHANNEL_WORDS,
	CHANNEL_ROWS,
	{ .name = NULL },
};

const struct config_kind channel_kinds[] = {
	[CHANNEL_WEBHOOK] = { "webhook", webhook_options, sizeof(struct channel_config),
			      "Posts alerts as JSON to a URL." },
	[CHANNEL_ALERTMANAGER] = { "alertmanager", alertmanager_options, sizeof(struct channel_config),
				   "Keeps Alertmanagers informed (API v2), as Prometheus does." },
	[CHANNEL_SLACK] = { "slack", slack_options, sizeof(struct channel_config), "Writes to a Slack channel." },
	[CHANNEL_PAGERDUTY] = { "pagerduty", pagerduty_options, sizeof(struct channel_config),
				"Triggers and resolves incidents in PagerDuty." },
	[CHANNEL_OPSGENIE] = { "opsgenie", opsgenie_options, sizeof(struct channel_config),
			       "Creates and closes alerts in Opsgenie." },
	[CHANNEL_TEAMS] = { "teams", teams_options, sizeof(struct channel_config),
			    "Posts cards to a Microsoft Teams channel." },
	{ .name = NULL },
};

static const struct conf_option audit_options[] = {
	{ "max_age", CONF_DURATION, AT(config, alerts.audit_max_age_ms), .fallback = "2160h", .min = HOUR,
	  .max = 3650 * DAY, .reloads = true, .doc = "How long entries are kept (90 days)." },
	{ "max_size", CONF_SIZE, AT(config, alerts.audit_max_size_bytes), .fallback = "8MiB", .min = 64 * KIB, .max = GIB,
	  .reloads = true, .doc = "How much is kept; the oldest entries go first." },
	{ .name = NULL },
};

const struct conf_option alerts_options[] = {
	{ "channels", CONF_KINDS, .kinds = channel_kinds, .reloads = true,
	  .doc = "Where alerts go: \"kind\" or \"kind/name\" with the kind's own keys." },
	{ "runbook_url", CONF_STRING, AT(config, alerts.runbook_url), .reloads = true,
	  .doc = "Start of the links to your runbooks; the kind of the alert is put behind it." },
	{ "external_url", CONF_STRING, AT(config, alerts.external_url), .reloads = true,
	  .doc = "How people reach this agent's page. Notifications then link to it, and to the built-in runbooks." },
	{ "repeat_interval", CONF_DURATION, AT(config, alerts.repeat_interval_ms), .fallback = "0s", .max = 30 * DAY,
	  .reloads = true, .doc = "Tell again of what still fires after this time; 0s: once is enough." },
	{ "silences", CONF_LIST, AT(config, alerts.silences), .reloads = true,
	  .doc = "Nobody is told of alerts that fit one of these: matchers joined by blanks, such as \"feature=beta "
		 "metric=latency*\". They are listed all the same." },
	{ "shadow", CONF_LIST, AT(config, alerts.shadow), .reloads = true,
	  .doc = "On probation: alerts that fit are listed and counted, and nobody is told." },
	{ "inhibit", CONF_LIST, AT(config, alerts.inhibit), .reloads = true,
	  .doc = "What hides what: \"metric=error_rate hides metric=latency* by feature\". While the first fires, "
		 "nobody is told of the second. That errors hide latency and output length of a feature is built in." },
	{ "flap_limit", CONF_INT, AT(config, alerts.flap_limit), .fallback = "3", .max = 1000, .reloads = true,
	  .doc = "An alert that has fired so often within a day is not told again that day; 0: always told." },
	{ "log_records", CONF_BOOL, AT(config, alerts.log_records), .fallback = "false", .reloads = true,
	  .doc = "Send each firing and resolved alert to the exporters as an OTLP log record, too." },
	{ "audit", CONF_SECTION, .section = audit_options, .doc = "The record of what happened and who did it." },
	{ .name = NULL },
};
