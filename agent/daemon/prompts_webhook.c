/* SPDX-License-Identifier: Apache-2.0
 * daemon/prompts_webhook.c - who it was first, then what it says, then what becomes of it.
 */
#include "agent/daemon/prompts_webhook.h"

#include "agent/base/clock.h"
#include "agent/base/log.h"
#include "agent/daemon/prompts.h"
#include "agent/prompts/webhook.h"

#define ARENA_BYTES (8u << 20)

static void put_in_force(struct prompts *p, const struct webhook_news *n, const char *platform)
{
	for (uint32_t i = 0; i < n->environment_count; i++) {
		struct buf why = BUF_INIT;
		struct prompt_versions versions;
		struct prompt_deployment d = { .at_s = clock_unix_ns() / NS_PER_SECOND, .name = n->name, .version = n->version,
					       .environment = n->environments[i], .canary_share = 1,
					       .by = n->by.len > 0 ? n->by : slice_of(platform) };
		bool is_news = !registry_is_in_force(prompts_registry(p), n->name, n->version, d.environment);
		struct status s = is_news ? registry_deploy(prompts_registry(p), &d, &versions, &why) : OK;
		if (FAILED(s))
			LOG(WARN, "prompts", "webhook_refused", "reason=\"%s\"", why.len > 0 ? buf_string(&why) : s.why);
		else if (is_news)
			prompts_noted(p, &d); /* the platform has deployed it: no command of ours is run */
		buf_release(&why);
	}
}

/* why: a literal. */
static enum webhook_result ignore(const char *why, struct api_reply *reply)
{
	buf_printf(&reply->body, "{\"taken\":false,\"reason\":\"%s\"}\n", why);
	return WEBHOOK_IGNORED;
}

static enum webhook_result take_news(struct prompts *p, uint8_t source, struct webhook_news *n, struct api_reply *reply)
{
	if (n->ignored != NULL)
		return ignore(n->ignored, reply);
	bool is_refused = n->manifest != NULL && prompts_told(p, n->manifest, source);
	struct status s = registry_learn(prompts_registry(p), n->name, n->version, source, clock_unix_ns() / NS_PER_SECOND);
	if (FAILED(s)) {
		api_fail(reply, 503, "%s", s.why);
		return WEBHOOK_REFUSED;
	}
	put_in_force(p, n, prompt_source_names[source]);
	if (is_refused) {
		api_fail(reply, 409, "version '%.*s' of '%.*s' was released with another content; the old one stays",
			 SLICE_ARG(n->version), SLICE_ARG(n->name));
		return WEBHOOK_REFUSED;
	}
	buf_text(&reply->body, "{\"taken\":true}\n");
	return WEBHOOK_TAKEN;
}

static enum webhook_result read_news(struct prompts *p, const struct api_request *q, uint8_t source,
				     struct api_reply *reply)
{
	struct webhook_news news;
	struct buf why = BUF_INIT;
	struct arena arena;

	arena_init(&arena, ARENA_BYTES);
	struct status s = webhook_read(source, q->body, &arena, &news, &why);
	enum webhook_result result = WEBHOOK_MISTAKE;
	if (FAILED(s))
		api_fail(reply, 400, "%s", why.len > 0 ? buf_string(&why) : s.why);
	else
		result = take_news(p, source, &news, reply);
	arena_release(&arena);
	buf_release(&why);
	return result;
}

/* Langfuse signs. Braintrust does not: its URL holds the secret, or a relay adds a header. */
static bool is_believed(const struct api_request *q, uint8_t source, const char *header, struct slice secret)
{
	if (webhook_is_signed(api_request_header(q, header), secret, q->body, clock_unix_ns() / NS_PER_SECOND))
		return true;
	return source == PROMPT_FROM_BRAINTRUST && (webhook_is_token(api_request_header(q, "authorization"), secret) ||
						    webhook_is_token(api_parameter(q, "token"), secret));
}

static void answer_webhook(struct prompts *p, const struct api_request *q, uint8_t source, const char *header,
			   struct api_reply *reply)
{
	struct slice signature = api_request_header(q, header);
	struct buf secret = BUF_INIT;
	enum webhook_result result = WEBHOOK_UNSIGNED;

	if (!prompts_webhook_secret(p, source, &secret))
		api_fail(reply, 403, "set prompts.%s_webhook_secret to take these", prompt_source_names[source]);
	else if (!is_believed(q, source, header, buf_view(&secret)))
		api_fail(reply, 401, "the signature in %s does not fit", header);
	else if (prompts_heard(p, signature))
		result = ignore("heard before", reply);
	else
		result = read_news(p, q, source, reply);
	if (result == WEBHOOK_TAKEN)
		prompts_note_heard(p, signature);
	prompts_count_webhook(p, result);
	buf_release(&secret);
}

void prompts_answer_langfuse(void *context, const struct api_request *q, struct api_reply *reply)
{
	answer_webhook(context, q, PROMPT_FROM_LANGFUSE, "x-langfuse-signature", reply);
}

void prompts_answer_braintrust(void *context, const struct api_request *q, struct api_reply *reply)
{
	answer_webhook(context, q, PROMPT_FROM_BRAINTRUST, "x-braintrust-signature", reply);
}
