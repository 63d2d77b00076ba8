/* SPDX-License-Identifier: Apache-2.0
 * daemon/main.c - the program's entry: the one table of commands.
 */
#include "agent/cli/alerts.h"
#include "agent/cli/canary.h"
#include "agent/cli/budgets.h"
#include "agent/cli/command.h"
#include "agent/cli/gate.h"
#include "agent/cli/price.h"
#include "agent/cli/review.h"
#include "agent/cli/top.h"
#include "agent/cli/prompts.h"
#include "agent/daemon/baselines_command.h"
#include "agent/daemon/cases_command.h"
#include "agent/daemon/explain.h"
#include "agent/daemon/kinds.h"
#include "agent/daemon/replay.h"
#include "agent/daemon/run.h"
#include "agent/daemon/store_command.h"
#include "agent/gate/suite.h"
#include "agent/pricing/price.h"
#include "agent/prompts/manifest.h"

/* In the order of README.md. Names of two words are for help and the manual; their first word runs them. */
static const struct command *const commands[] = {
	&command_run,
	&command_check,
	&command_replay,
	&command_explain,
	&command_baselines,
	&command_price,
	&command_price_list,
	&command_price_check,
	&command_price_update,
	&command_price_diff,
	&command_top,
	&command_prompts,
	&command_gate,
	&command_canary,
	&command_report,
	&command_cases,
	&command_alerts,
	&command_budgets,
	&command_audit,
	&command_store,
	&command_version,
	&command_help,
	NULL,
};

static const struct cli_file files[] = {
	{ &command_prompts, "a manifest", manifest_options },
	{ &command_gate, "a suite, or a list of its cases alone", suite_options },
	{ &command_gate, "a case of the suite, and of its defaults", suite_case_options },
	{ .command = NULL },
};

static void describe_prices(struct buf *out)
{
	struct buf errors = BUF_INIT;
	struct price_book *book;

	if (!FAILED(price_book_new(NULL, &book, &errors))) {
		price_book_describe(book, out);
		price_book_free(book);
	}
	buf_release(&errors);
}

int main(int argc, char **argv)
{
	const struct cli_program program = {
		.commands = commands,
		.kinds = exporter_config_kinds(),
		.kind_count = exporter_config_kind_count(),
		.files = files,
		.prices = describe_prices,
	};

	return cli_main(&program, argc, argv);
}
