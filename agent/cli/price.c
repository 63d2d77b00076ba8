/* SPDX-License-Identifier: Apache-2.0
 * cli/price.c - `plimsoll price`: prices one call given by options, or JSON lines.
 */
#include "agent/cli/price.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/clock.h"
#include "agent/cli/price_batch.h"
#include "agent/cli/price_print.h"
#include "agent/dialects/provider.h"

#define LINE_ARENA_BYTES (4u << 20)

enum {
	OPTION_PROVIDER, OPTION_MODEL, OPTION_INPUT, OPTION_OUTPUT_TOKENS, OPTION_CACHE_READ, OPTION_CACHE_WRITE,
	OPTION_CACHE_WRITE_1H, OPTION_REASONING, OPTION_AUDIO_INPUT, OPTION_AUDIO_OUTPUT, OPTION_IMAGE_INPUT,
	OPTION_IMAGE_OUTPUT, OPTION_USAGE, OPTION_SERVICE_TIER, OPTION_CONTEXT, OPTION_URL, OPTION_AT, OPTION_CONFIG,
	OPTION_PRICES, OPTION_OVERRIDES, OPTION_BATCH, OPTION_OUTPUT,
};

static const struct cli_option options[] = {
	[OPTION_PROVIDER] = { "provider", 'p', "NAME", "Who answered, as telemetry or the price table names it." },
	[OPTION_MODEL] = { "model", 'm', "NAME", "The model's id, as the provider or a gateway writes it." },
	[OPTION_INPUT] = { "input", 0, "N", "Input tokens in all: cached, written, audio and image ones included." },
	[OPTION_OUTPUT_TOKENS] = { "output", 0, "N",
				   "Output tokens in all: reasoning included. (text or json: the format.)" },
	[OPTION_CACHE_READ] = { "cache-read", 0, "N", "Of the input tokens, those read from a cache." },
	[OPTION_CACHE_WRITE] = { "cache-write", 0, "N", "Of the input tokens, those written to a cache." },
	[OPTION_CACHE_WRITE_1H] = { "cache-write-1h", 0, "N", "Of those written, the ones kept for an hour." },
	[OPTION_REASONING] = { "reasoning", 0, "N", "Of the output tokens, those of reasoning." },
	[OPTION_AUDIO_INPUT] = { "audio-input", 0, "N", "Of the input tokens, those of audio." },
	[OPTION_AUDIO_OUTPUT] = { "audio-output", 0, "N", "Of the output tokens, those of audio." },
	[OPTION_IMAGE_INPUT] = { "image-input", 0, "N", "Of the input tokens, those of images." },
	[OPTION_IMAGE_OUTPUT] = { "image-output", 0, "N", "Of the output tokens, those of images." },
	[OPTION_USAGE] = { "usage", 0, "KEY=N,...",
			   "Counts by the table's usage keys: web_searches=2,audio_seconds=7.5." },
	[OPTION_SERVICE_TIER] = { "service-tier", 0, "NAME", "flex, priority, batch, ...; as the answer said." },
	[OPTION_CONTEXT] = { "context", 0, "KEY=VALUE,...", "Other things that change the price: processing=batch." },
	[OPTION_URL] = { "url", 0, "URL", "The address that was called, where no provider is named." },
	[OPTION_AT] = { "at", 0, "TIME", "When the request was made (RFC 3339); without it, now." },
	[OPTION_CONFIG] = { "config", 'c', "FILE", "Use the price files that this configuration names." },
	[OPTION_PRICES] = { "prices", 0, "FILE", "Look prices up in this file before the built-in table." },
	[OPTION_OVERRIDES] = { "overrides", 0, "FILE", "Look prices up in this file of your own prices first." },
	[OPTION_BATCH] = { "batch", 'b', "FILE", "Price JSON lines (- for standard input); one line out for each." },
	[OPTION_OUTPUT] = { "format", 'o', "FORMAT",
			    "text, or json for programs; --output text and --output json are the same." },
	{ .name = NULL },
};

static const struct {
	uint8_t option, unit;
} counts[] = {
	{ OPTION_INPUT, UNIT_INPUT_TOKENS },
	{ OPTION_OUTPUT_TOKENS, UNIT_OUTPUT_TOKENS },
	{ OPTION_CACHE_READ, UNIT_CACHE_READ_TOKENS },
	{ OPTION_CACHE_WRITE, UNIT_CACHE_WRITE_TOKENS },
	{ OPTION_CACHE_WRITE_1H, UNIT_CACHE_WRITE_1H_TOKENS },
	{ OPTION_REASONING, UNIT_OUTPUT_REASONING_TOKENS },
	{ OPTION_AUDIO_INPUT, UNIT_INPUT_AUDIO_TOKENS },
	{ OPTION_AUDIO_OUTPUT, UNIT_OUTPUT_AUDIO_TOKENS },
	{ OPTION_IMAGE_INPUT, UNIT_INPUT_IMAGE_TOKENS },
	{ OPTION_IMAGE_OUTPUT, UNIT_OUTPUT_IMAGE_TOKENS },
};

/* ---------------------------------------------------------------- the request */

/* The next "key=value" of a comma-separated list. */
static bool next_pair(struct slice *list, struct slice *key, struct slice *value)
{
	ptrdiff_t comma = slice_find(*list, SLICE(","));
	struct slice item = slice_head(*list, comma < 0 ? list->len : (size_t)comma);
	ptrdiff_t equals = slice_find(item, SLICE("="));

	*list = slice_skip(*list, item.len + 1);
	*key = slice_head(item, equals < 0 ? item.len : (size_t)equals);
	*value = slice_skip(item, key->len + 1);
	return equals > 0;
}

static int add_count(struct price_request *request, enum unit unit, struct slice name, struct slice text)
{
	if (price_usage_add(&request->usage, unit, text))
		return CLI_GO_ON;
	return cli_usage_error(&command_price, "%.*s: '%.*s' is no count (a number from 0 on)", SLICE_ARG(name),
			       SLICE_ARG(text));
}

static int read_counts(const struct cli_args *args, struct price_request *request)
{
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		const char *text = args->values[counts[i].option];
		if (text == NULL)
			continue;
		int code = add_count(request, (enum unit)counts[i].unit, slice_of(options[counts[i].option].name),
				     slice_of(text));
		if (code != CLI_GO_ON)
			return code;
	}
	for (struct slice list = slice_of(args->values[OPTION_USAGE]); list.len > 0;) {
		struct slice key, value;
		enum unit unit = next_pair(&list, &key, &value) ? unit_by_usage_key(key) : UNIT_COUNT;
		if (unit == UNIT_COUNT)
			return cli_usage_error(&command_price, "--usage: '%.*s' is no usage key with a count",
					       SLICE_ARG(key));
		int code = add_count(request, unit, key, value);
		if (code != CLI_GO_ON)
			return code;
	}
	return CLI_GO_ON;
}

static int read_contexts(const struct cli_args *args, struct price_request *request)
{
	struct slice tier = slice_of(args->values[OPTION_SERVICE_TIER]);

	if (tier.len > 0)
		request->context_count = price_tier_contexts(tier, request->contexts);
	for (struct slice list = slice_of(args->values[OPTION_CONTEXT]); list.len > 0;) {
		struct slice key, value;
		if (!next_pair(&list, &key, &value))
			return cli_usage_error(&command_price, "--context: '%.*s' is not KEY=VALUE", SLICE_ARG(key));
		if (request->context_count == PRICE_CONTEXTS_MAX)
			return cli_usage_error(&command_price, "--context: more than %d pairs, the service tier's included",
					       PRICE_CONTEXTS_MAX);
		request->contexts[request->context_count++] = (struct price_context){ key, value };
	}
	return CLI_GO_ON;
}

static int read_time(const struct cli_args *args, struct price_request *request)
{
	uint64_t ns = clock_unix_ns();

	if (args->values[OPTION_AT] != NULL && clock_parse_rfc3339(args->values[OPTION_AT], &ns) != 0)
		return cli_usage_error(&command_price, "--at: '%s' is no time as in RFC 3339 (2026-11-21T12:00:00Z)",
				       args->values[OPTION_AT]);
	request->unix_s = ns / NS_PER_SECOND;
	return CLI_GO_ON;
}

static int read_request(const struct cli_args *args, struct price_request *request)
{
	struct slice provider = provider_canonical(slice_of(args->values[OPTION_PROVIDER])); /* as the agent reads it */

	memset(request, 0, sizeof(*request));
	request->provider = provider.len > 0 ? provider : SLICE_NONE;
	request->api_url = slice_of(args->values[OPTION_URL]);
	request->model = slice_of(args->values[OPTION_MODEL]);
	if (args->operand_count > 0)
		return cli_usage_error(&command_price, "unexpected '%s'", args->operands[0]);
	if (request->model.len == 0)
		return cli_usage_error(&command_price, "--model is wanted, or --batch");
	int code = read_counts(args, request);
	if (code == CLI_GO_ON)
		code = read_contexts(args, request);
	return code == CLI_GO_ON ? read_time(args, request) : code;
}

/* ---------------------------------------------------------------- one call */

static int price_one(const struct cli_args *args, struct pricer *pricer, bool json)
{
	struct price_request request;
	struct price_answer answer;
	int code = read_request(args, &request);

	if (code != CLI_GO_ON)
		return code;
	price_ask(pricer, &request, &answer);
	if (json)
		price_print_json(&request, &answer);
	else if (answer.error == PRICE_OK)
		price_print_text(&request, &answer);
	else
		price_print_unpriced(&request, &answer);
	return answer.error == PRICE_OK ? CLI_DONE : CLI_NO;
}

/* ---------------------------------------------------------------- lines */

/* path: for messages. */
static int price_lines(FILE *in, const char *path, struct pricer *pricer)
{
	struct buf out = BUF_INIT;
	struct arena arena;
	char *line = NULL;
	size_t size = 0;
	ssize_t n;
	bool good = true;

	arena_init(&arena, LINE_ARENA_BYTES);
	while ((n = getline(&line, &size, in)) >= 0) {
		struct slice text = slice_trim((struct slice){ line, (size_t)n });
		if (text.len == 0)
			continue;
		buf_reset(&out);
		good &= price_batch_line(pricer, text, &arena, &out);
		buf_byte(&out, '\n');
		fwrite(out.ptr, 1, out.len, stdout);
		arena_reset(&arena);
	}
	bool is_read = feof(in) != 0;
	if (!is_read)
		fprintf(stderr, "plimsoll price: cannot read '%s': %s\n", path, strerror(errno));
	free(line);
	arena_release(&arena);
	buf_release(&out);
	return !is_read ? CLI_UNREACHABLE : good ? CLI_DONE : CLI_NO;
}

static int price_batch(const char *path, struct pricer *pricer)
{
	bool is_stdin = strcmp(path, "-") == 0;
	FILE *in = is_stdin ? stdin : fopen(path, "re");

	if (in == NULL) {
		fprintf(stderr, "plimsoll price: cannot open '%s': %s\n", path, strerror(errno));
		return CLI_UNREACHABLE;
	}
	int code = price_lines(in, path, pricer);
	if (!is_stdin)
		fclose(in);
	return code;
}

/* ---------------------------------------------------------------- the command */

static struct status open_book(const struct cli_args *args, struct price_book **book, struct buf *errors)
{
	const struct cli_program *program = cli_program();
	const char *file = args->values[OPTION_PRICES], *overrides = args->values[OPTION_OVERRIDES];
	struct config *c = NULL;

	if (args->values[OPTION_CONFIG] != NULL)
		TRY(config_load(args->values[OPTION_CONFIG], program->kinds, program->kind_count, &c, errors));
	if (c != NULL && file == NULL)
		file = c->prices.file;
	if (c != NULL && overrides == NULL)
		overrides = c->prices.override_file;
	struct status status = price_book_open(file, overrides, book, errors);
	config_free(c);
	return status;
}

static int run(const struct cli_args *args, bool json)
{
	struct price_book *book = NULL;
	struct pricer *pricer = NULL;
	struct buf errors = BUF_INIT;
	int code = CLI_UNREACHABLE;
	struct status status = open_book(args, &book, &errors);

	if (!FAILED(status))
		pricer = pricer_new(book);
	if (pricer != NULL)
		code = args->values[OPTION_BATCH] != NULL ? price_batch(args->values[OPTION_BATCH], pricer) :
							     price_one(args, pricer, json);
	else
		fprintf(stderr, "%s", errors.len > 0 ? buf_string(&errors) : "plimsoll price: no memory\n");
	if (FAILED(status) && status.code == STATUS_INVALID)
		code = CLI_USAGE;
	pricer_free(pricer);
	price_book_free(book);
	buf_release(&errors);
	return code;
}

/* --output counts tokens, and everywhere else names a format: a word is taken for the format. */
static void part_outputs(int argc, char **argv)
{
	static char json[] = "--format=json", text[] = "--format=text";

	for (int i = 1; i < argc; i++) {
		bool joined = strncmp(argv[i], "--output=", 9) == 0;
		if (!joined && (strcmp(argv[i], "--output") != 0 || i + 1 >= argc))
			continue;
		const char *value = joined ? argv[i] + 9 : argv[i + 1];
		char *format = strcmp(value, "json") == 0 ? json : strcmp(value, "text") == 0 ? text : NULL;
		if (format == NULL)
			continue;
		argv[i] = format;
		if (!joined)
			argv[i + 1] = format;
	}
}

static int price_run(int argc, char **argv)
{
	struct cli_args args;
	bool json = false;

	part_outputs(argc, argv);
	int code = cli_parse(&command_price, argc, argv, &args);
	if (code == CLI_GO_ON)
		code = cli_read_output(&command_price, args.values[OPTION_OUTPUT], &json);
	return code == CLI_GO_ON ? run(&args, json) : code;
}

int cli_price(int argc, char **argv)
{
	static const struct {
		const char *word;
		const struct command *command;
	} verbs[] = {
		{ "list", &command_price_list },
		{ "check", &command_price_check },
		{ "update", &command_price_update },
		{ "diff", &command_price_diff },
	};

	for (size_t i = 0; argc > 1 && i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(argv[1], verbs[i].word) == 0)
			return verbs[i].command->run(argc - 1, argv + 1);
	return price_run(argc, argv);
}

const struct command command_price = {
	"price",
	"Say what a call costs, by which price.",
	"--provider P --model M --input N --output N ... | --batch FILE | list|check|update|diff ...",
	cli_price,
	options,
};
