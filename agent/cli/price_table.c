/* SPDX-License-Identifier: Apache-2.0
 * cli/price_table.c - `plimsoll price list|check|update|diff`: the price tables themselves.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "agent/base/clock.h"
#include "agent/base/file.h"
#include "agent/base/json.h"
#include "agent/cli/price.h"
#include "agent/cli/price_diff.h"
#include "agent/pricing/price.h"
#include "agent/pricing/table_file.h"

#define PRICE_FILE_MAX ((size_t)64 << 20)

static void print_buf(struct buf *out)
{
	if (out->len > 0)
		fwrite(out->ptr, 1, out->len, stdout);
	buf_release(out);
}

/* CLI_GO_ON, or the exit code after saying why. path "embedded": the built-in table. */
static int open_table(const char *path, struct table *table, enum price_format *format)
{
	struct buf errors = BUF_INIT;
	struct stat seen;
	struct status status;

	*format = PRICE_FORMAT_GENAI;
	if (strcmp(path, "embedded") == 0)
		status = table_open_builtin(table);
	else
		status = table_read_file(path, table, format, &seen, &errors);
	if (FAILED(status))
		fputs(errors.len > 0 ? buf_string(&errors) : "plimsoll price: no memory\n", stderr);
	buf_release(&errors);
	return !FAILED(status) ? CLI_GO_ON : status.code == STATUS_IO ? CLI_UNREACHABLE : CLI_NO;
}

static uint64_t now_s(void)
{
	return clock_unix_ns() / NS_PER_SECOND;
}

/* ---------------------------------------------------------------- list */

enum { LIST_PRICES, LIST_OUTPUT };

static const struct cli_option list_options[] = {
	[LIST_PRICES] = { "prices", 0, "FILE", "List this file instead of the built-in table." },
	[LIST_OUTPUT] = { "output", 'o', "FORMAT", "text, or json for programs (one object a line)." },
	{ .name = NULL },
};

static void list_price(const struct sheet_price *p, bool json, struct buf *out)
{
	const char *key = unit_infos[p->unit].price_key.ptr;

	if (json)
		json_write_key(out, key);
	else
		buf_printf(out, " %s=", key);
	buf_text(out, json ? "\"" : "");
	decimal_format(out, (struct decimal){ (__int128_t)p->digits, p->scale });
	buf_text(out, json ? "\"" : p->tier_count > 0 ? "+" : "");
}

static void list_model(const struct found *found, const char *pattern, bool json, struct buf *out)
{
	const struct image *image = &found->table->image;
	struct slice provider = image_slice(image, found->provider->id), model = image_slice(image, found->model->id);
	char name[2 * MODEL_NAME_MAX];
	struct sheet sheet;

	snprintf(name, sizeof(name), "%.*s/%.*s", SLICE_ARG(provider), SLICE_ARG(model));
	if (pattern != NULL && strcasestr(name, pattern) == NULL)
		return;
	if (!sheet_select(&sheet, found, 1, 0, now_s(), NULL, 0))
		return;
	if (json) {
		buf_byte(out, '{');
		json_write_key(out, "provider");
		json_write_string(out, provider);
		json_write_key(out, "model");
		json_write_string(out, model);
		json_write_key(out, "prices");
		buf_byte(out, '{');
	} else {
		buf_printf(out, "%-60s", name);
	}
	for (enum unit u = 0; u < UNIT_COUNT; u++)
		for (uint32_t i = 0; i < sheet.count; i++)
			if (sheet.prices[i].unit == u)
				list_price(&sheet.prices[i], json, out);
	buf_text(out, json ? "}}\n" : sheet.count == 0 ? " free\n" : "\n");
}

static void list_table(const struct table *t, const char *pattern, bool json, struct buf *out)
{
	struct found found = { .table = t };

	for (uint32_t i = 0; i < image_count(&t->image, IMAGE_providers); i++) {
		found.provider = found.owner = &t->image.providers[i];
		for (uint32_t m = 0; m < found.provider->model_count; m++) {
			found.model = &t->image.models[found.provider->first_model + m];
			if (found.model->row_count > 0)
				list_model(&found, pattern, json, out);
		}
	}
}

static int list_run(int argc, char **argv)
{
	struct cli_args args;
	struct table table;
	enum price_format format;
	struct buf out = BUF_INIT;
	bool json = false;
	int code = cli_parse(&command_price_list, argc, argv, &args);

	if (code == CLI_GO_ON)
		code = cli_read_output(&command_price_list, args.values[LIST_OUTPUT], &json);
	if (code == CLI_GO_ON && args.operand_count > 1)
		code = cli_usage_error(&command_price_list, "unexpected '%s'", args.operands[1]);
	if (code == CLI_GO_ON)
		code = open_table(args.values[LIST_PRICES] != NULL ? args.values[LIST_PRICES] : "embedded", &table,
				  &format);
	if (code != CLI_GO_ON)
		return code;
	list_table(&table, args.operand_count > 0 ? args.operands[0] : NULL, json, &out);
	code = out.len > 0 ? CLI_DONE : CLI_NO;
	if (code == CLI_NO)
		fprintf(stderr, "plimsoll price list: no model has '%s' in its name\n", args.operand_count > 0 ? args.operands[0] : "");
	print_buf(&out);
	table_release(&table);
	return code;
}

const struct command command_price_list = {
	"price list",
	"List the models with PATTERN in their name, or all, and their prices of today (+: more above some input "
	"size).",
	"[--prices FILE] [--output FORMAT] [PATTERN]",
	list_run,
	list_options,
};

/* ---------------------------------------------------------------- check */

static const struct cli_option no_options[] = { { .name = NULL } };

static int check_run(int argc, char **argv)
{
	struct cli_args args;
	struct table table;
	enum price_format format;
	int code = cli_parse(&command_price_check, argc, argv, &args);

	if (code == CLI_GO_ON && args.operand_count != 1)
		code = cli_usage_error(&command_price_check, "one price file is wanted");
	if (code == CLI_GO_ON)
		code = open_table(args.operands[0], &table, &format);
	if (code != CLI_GO_ON)
		return code;
	printf("%s: ok, %s, %u providers, %u models\n", args.operands[0], price_format_names[format],
	       image_count(&table.image, IMAGE_providers), image_count(&table.image, IMAGE_models));
	table_release(&table);
	return CLI_DONE;
}

const struct command command_price_check = {
	"price check", "Check a price file (genai-prices, LiteLLM, or overrides), and say where it is wrong.", "FILE",
	check_run, no_options,
};

/* ---------------------------------------------------------------- diff */

enum { DIFF_AT, DIFF_OUTPUT };

static const struct cli_option diff_options[] = {
	[DIFF_AT] = { "at", 0, "TIME", "Compare the prices of that time (RFC 3339); without it, of now." },
	[DIFF_OUTPUT] = { "output", 'o', "FORMAT", "text, or json for programs (one object a line)." },
	{ .name = NULL },
};

static struct price_changes print_diff(const struct table *old, const struct table *new, uint64_t unix_s, bool json)
{
	struct buf out = BUF_INIT;
	struct price_changes changes = price_diff(old, new, unix_s, json, &out);

	if (!json)
		buf_printf(&out, "%u added, %u removed, %u changed\n", changes.added, changes.removed, changes.changed);
	print_buf(&out);
	return changes;
}

static int diff_files(const char *old_path, const char *new_path, uint64_t unix_s, bool json)
{
	struct table old, new;
	enum price_format format;
	int code = open_table(old_path, &old, &format);

	if (code != CLI_GO_ON)
		return code;
	code = open_table(new_path, &new, &format);
	if (code == CLI_GO_ON) {
		print_diff(&old, &new, unix_s, json);
		table_release(&new);
		code = CLI_DONE;
	}
	table_release(&old);
	return code;
}

static int diff_run(int argc, char **argv)
{
	struct cli_args args;
	bool json = false;
	uint64_t ns = clock_unix_ns();
	int code = cli_parse(&command_price_diff, argc, argv, &args);

	if (code == CLI_GO_ON)
		code = cli_read_output(&command_price_diff, args.values[DIFF_OUTPUT], &json);
	if (code != CLI_GO_ON)
		return code;
	if (args.values[DIFF_AT] != NULL && clock_parse_rfc3339(args.values[DIFF_AT], &ns) != 0)
		return cli_usage_error(&command_price_diff, "--at: '%s' is no time as in RFC 3339",
				       args.values[DIFF_AT]);
	if (args.operand_count != 2)
		return cli_usage_error(&command_price_diff,
				       "two price files are wanted ('embedded' is the built-in table)");
	return diff_files(args.operands[0], args.operands[1], ns / NS_PER_SECOND, json);
}

const struct command command_price_diff = {
	"price diff",
	"Say which models and standard prices differ between two tables.",
	"[--at TIME] [--output FORMAT] OLD NEW",
	diff_run,
	diff_options,
};

/* ---------------------------------------------------------------- update */

enum { UPDATE_TO, UPDATE_CONFIG, UPDATE_DRY_RUN };

static const struct cli_option update_options[] = {
	[UPDATE_TO] = { "to", 0, "PATH", "Install it here; without it, where prices.file of the configuration says." },
	[UPDATE_CONFIG] = { "config", 'c', "FILE", "The configuration that names prices.file." },
	[UPDATE_DRY_RUN] = { "dry-run", 'n', NULL, "Only say what would change." },
	{ .name = NULL },
};

static bool write_all(FILE *f, struct slice bytes)
{
	return fwrite(bytes.ptr, 1, bytes.len, f) == bytes.len && fflush(f) == 0 && fsync(fileno(f)) == 0;
}

/* The agent may run as another user: who could read the old file can read the new one. */
static bool keep_mode(FILE *f, const char *to)
{
	struct stat old;

	return stat(to, &old) != 0 || fchmod(fileno(f), old.st_mode & 0777) == 0;
}

/* Beside its place first, then renamed: a reader sees the old file or the new one. */
static int install(struct slice text, const char *to)
{
	struct buf temporary = BUF_INIT;

	buf_printf(&temporary, "%s.new", to);
	FILE *f = fopen(buf_string(&temporary), "we");
	bool good = f != NULL && keep_mode(f, to) && write_all(f, text);
	if (f != NULL)
		good = fclose(f) == 0 && good;
	good = good && rename(buf_string(&temporary), to) == 0;
	if (good) {
		printf("installed %s; a running agent reads it when it sees the change\n", to);
	} else {
		fprintf(stderr, "plimsoll price update: cannot write '%s': %s\n", to, strerror(errno));
		if (f != NULL)
			unlink(buf_string(&temporary));
	}
	buf_release(&temporary);
	return good ? CLI_DONE : CLI_UNREACHABLE;
}

/* As table_read_file, of a text that is there already. Overrides are refused: the agent would not take them as its
 * prices.file. */
static struct status open_text(const char *from, struct slice text, struct table *out, struct buf *errors)
{
	struct price_origin origin = { .file = from, .date_unix_s = now_s() };
	struct buf block = BUF_INIT;
	enum price_format format;
	struct status s = price_load(text, &origin, &block, &format, errors);

	if (!FAILED(s) && format == PRICE_FORMAT_OVERRIDES) {
		buf_printf(errors, "%s: holds overrides; they belong under prices.override_file, "
				   "and 'plimsoll price check' checks them\n", from);
		s = FAIL(INVALID, "price file is of the wrong kind");
	}
	if (!FAILED(s))
		s = table_open(out, &block);
	buf_release(&block);
	return s;
}

/* Reads it once, as a pipe gives it: what was checked is what is installed. */
static int read_new(const char *from, struct buf *text, struct table *out)
{
	struct buf errors = BUF_INIT;
	struct status s = file_read(from, PRICE_FILE_MAX, text);

	if (FAILED(s))
		buf_printf(&errors, "cannot read '%s': %s\n", from, s.code == STATUS_IO ? strerror(errno) : s.why);
	else
		s = open_text(from, buf_view(text), out, &errors);
	if (FAILED(s))
		fputs(errors.len > 0 ? buf_string(&errors) : "plimsoll price: no memory\n", stderr);
	buf_release(&errors);
	return !FAILED(s) ? CLI_GO_ON : s.code == STATUS_IO ? CLI_UNREACHABLE : CLI_NO;
}

/* The table that is in that place. One that is broken is what an update mends: then, as where there is none, the
 * built-in one, and *from says so. */
static struct status open_present(const char *place, struct table *out, const char **from)
{
	struct buf errors = BUF_INIT;
	enum price_format format;
	struct stat seen;
	bool found = place != NULL && access(place, F_OK) == 0 &&
		     !FAILED(table_read_file(place, out, &format, &seen, &errors));

	if (errors.len > 0)
		fputs(buf_string(&errors), stderr);
	buf_release(&errors);
	*from = found ? place : "embedded";
	return found ? OK : table_open_builtin(out);
}

static int show_update(const char *from, const struct table *new, const char *to)
{
	struct table old;
	const char *present;

	if (FAILED(open_present(to, &old, &present))) {
		fputs("plimsoll price: no memory\n", stderr);
		return CLI_NO;
	}
	printf("%s, compared with %s:\n", from, present);
	print_diff(&old, new, now_s(), false);
	table_release(&old);
	return CLI_GO_ON;
}

static int update(const char *from, const char *to, bool dry_run)
{
	struct buf text = BUF_INIT;
	struct table new;
	int code = read_new(from, &text, &new);

	if (code == CLI_GO_ON) {
		code = show_update(from, &new, to);
		table_release(&new);
	}
	if (code == CLI_GO_ON && dry_run)
		code = CLI_DONE;
	else if (code == CLI_GO_ON && to == NULL)
		code = cli_usage_error(&command_price_update,
				       "nothing installed: name a place with --to, or by --config with prices.file");
	else if (code == CLI_GO_ON)
		code = install(buf_view(&text), to);
	buf_release(&text);
	return code;
}

static int update_run(int argc, char **argv)
{
	const struct cli_program *program = cli_program();
	struct cli_args args;
	struct config *c = NULL;
	struct buf errors = BUF_INIT;
	int code = cli_parse(&command_price_update, argc, argv, &args);

	if (code == CLI_GO_ON && args.operand_count != 1)
		code = cli_usage_error(&command_price_update, "one price file is wanted");
	if (code == CLI_GO_ON && args.values[UPDATE_CONFIG] != NULL &&
	    FAILED(config_load(args.values[UPDATE_CONFIG], program->kinds, program->kind_count, &c, &errors))) {
		fputs(buf_string(&errors), stderr);
		code = CLI_USAGE;
	}
	if (code == CLI_GO_ON) {
		const char *to = args.values[UPDATE_TO] != NULL ? args.values[UPDATE_TO]
				 : c != NULL                    ? c->prices.file
								: NULL;
		code = update(args.operands[0], to, args.values[UPDATE_DRY_RUN] != NULL);
	}
	config_free(c);
	buf_release(&errors);
	return code;
}

const struct command command_price_update = {
	"price update", "Check a new price file, say what it changes, and install it where the agent reads it.",
	"[--to PATH | --config FILE] [--dry-run] FILE", update_run, update_options,
};
