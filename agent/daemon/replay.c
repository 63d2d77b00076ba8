/* SPDX-License-Identifier: Apache-2.0
 * daemon/replay.c - the pipeline fed from files, judged in event time, told on standard output.
 */
#include "agent/daemon/replay.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/alerts/alerts.h"
#include "agent/base/clock.h"
#include "agent/base/money.h"
#include "agent/baselines/detector.h"
#include "agent/canary/canary_json.h"
#include "agent/cli/canary.h"
#include "agent/cli/review.h"
#include "agent/cli/terminal.h"
#include "agent/daemon/alert_list.h"
#include "agent/daemon/evidence.h"
#include "agent/daemon/judgements.h"
#include "agent/daemon/kinds.h"
#include "agent/daemon/learners.h"
#include "agent/daemon/pipeline.h"
#include "agent/daemon/replay_input.h"
#include "agent/daemon/replay_lines.h"
#include "agent/daemon/report.h"
#include "agent/daemon/state.h"
#include "agent/judgements/body.h"
#include "agent/judgements/joiner.h"
#include "agent/span/record.h"

struct replay {
	bool json;
	bool reviews; /* --report */
	struct config *config;
	struct observer *observer;
	struct counting *counting;
	struct model_watch *models;
	struct joiner *joiner;
	struct pipeline *pipeline;
	struct detector *detector;
	struct slo_tracker *slos;
	struct canary *canary;
	struct review *review;
	struct cases *cases; /* for the storage only */
	struct evidence evidence;
	struct alerts *alerts;
	struct alert_list alert_list;
	struct store *store; /* NULL: nothing is kept */
	struct arena arena;  /* of one record */
	struct replay_lines *lines;
	struct buf line;
	uint64_t event_ns; /* how far event time has come */
	struct {
		uint64_t requests, items, rejected, calls, errors, unpriced, judgements[JUDGEMENT_KIND_COUNT];
		struct tokens tokens;
		__int128_t cost_pusd;
		struct { /* of these, what was counted from texts */
			uint64_t calls, input, output;
			__int128_t cost_pusd;
		} estimated;
		uint64_t first_unix_ns, last_unix_ns;
	} totals;
};

static void print_line(struct replay *r)
{
	buf_byte(&r->line, '\n');
	fwrite(r->line.ptr, 1, r->line.len, stdout);
	buf_reset(&r->line);
}

/* Behind those that are kept back. */
static void keep_line(struct replay *r)
{
	replay_lines_add(r->lines, buf_view(&r->line));
	buf_reset(&r->line);
}

static void add_estimated(struct replay *r, const struct call *c)
{
	r->totals.estimated.calls++;
	r->totals.estimated.input += tokens_get(&c->tokens, TOKENS_INPUT);
	r->totals.estimated.output += tokens_get(&c->tokens, TOKENS_OUTPUT);
	if (c->cost.known)
		r->totals.estimated.cost_pusd += c->cost.total_pusd;
}

static void count_call(struct replay *r, const struct call *c)
{
	r->totals.calls++;
	r->totals.errors += outcome_is_error(c->outcome);
	r->totals.unpriced += !c->cost.known && !outcome_is_error(c->outcome);
	if (c->cost.known)
		r->totals.cost_pusd += c->cost.total_pusd;
	if (c->tokens.estimated)
		add_estimated(r, c);
	for (int class = 0; class < TOKEN_CLASS_COUNT; class++)
		if (tokens_has(&c->tokens, (enum token_class)class))
			tokens_set(&r->totals.tokens, (enum token_class)class,
				   tokens_get(&r->totals.tokens, (enum token_class)class) + c->tokens.n[class]);
	if (r->totals.first_unix_ns == 0 || c->end_unix_ns < r->totals.first_unix_ns)
		r->totals.first_unix_ns = c->end_unix_ns;
	if (c->end_unix_ns > r->totals.last_unix_ns)
		r->totals.last_unix_ns = c->end_unix_ns;
}

static void on_call(void *context, const struct call *c)
{
	struct replay *r = context;

	if (c->counted)
		count_call(r, c);
	if (!r->json)
		return;
	if (c->counted) {
		replay_lines_call(r->lines, c);
		return;
	}
	record_write_retrieval(&r->line, c, "\"type\":\"retrieval\"");
	keep_line(r);
}

/* The calendar of the files is the true one. */
static void judge_sample(struct replay *r, struct sample *s)
{
	const struct learners learners = { r->detector, r->slos, r->canary, r->review, r->cases, r->evidence.movement };

	learners_take(&learners, s, UINT64_MAX);
}

/* With its call, or at the end without. */
static void on_judgement(void *context, const struct joined_judgement *j)
{
	struct replay *r = context;
	struct sample sample;

	r->totals.judgements[j->judgement->kind]++;
	quality_count(observer_quality(r->observer), j);
	if (judgement_sample(j, &sample))
		judge_sample(r, &sample);
	if (!r->json)
		return;
	replay_lines_judge(r->lines, j);
	judgement_write(&r->line, j);
	keep_line(r);
}

static void on_recall(void *context, struct recall_chunk *chunk)
{
	struct replay *r = context;

	joiner_begin(r->joiner);
	for (size_t i = 0; i < chunk->call_count; i++)
		joiner_call(r->joiner, &chunk->calls[i].call, chunk->calls[i].labels);
	joiner_end(r->joiner, 0); /* no time passes: who waits does so until the end */
	for (size_t i = 0; i < chunk->judgement_count; i++)
		joiner_take(r->joiner, &chunk->judgements[i], 0);
	free(chunk);
}

static void on_samples(void *context, struct sample_chunk *chunk)
{
	struct replay *r = context;

	for (size_t i = 0; i < chunk->count; i++)
		judge_sample(r, &chunk->items[i]);
	free(chunk);
}

static void on_verdict(void *context, const struct verdict *v)
{
	struct replay *r = context;

	alerts_verdict(r->alerts, v);
}

static void on_alert(void *context, const struct alert *a)
{
	struct replay *r = context;

	alert_list_take(&r->alert_list, a);
}

/* Event time goes on, and what was held falls due as it would have in the agent. A span from the far future is wrong. */
static void let_time_pass(struct replay *r)
{
	uint64_t event_ns = pipeline_event_time(r->pipeline, 0);

	if (event_ns <= r->event_ns || event_ns > clock_unix_ns() + UINT64_C(86400) * NS_PER_SECOND)
		return;
	r->event_ns = event_ns;
	pipeline_promote(r->pipeline, 0, event_ns / NS_PER_SECOND, false);
}

static struct status take_request(void *context, enum signal signal, struct slice wire)
{
	struct replay *r = context;
	struct ingest_reply reply = { .later = NULL };

	pipeline_ingest(r->pipeline, 0, signal, wire, &reply);
	r->totals.requests++;
	r->totals.rejected += reply.rejected_items;
	let_time_pass(r);
	return reply.status;
}

/* A line that our file exporter wrote beside the records. */
static struct status take_judgement(struct replay *r, struct slice line, enum judgement_kind kind)
{
	struct judgement_list list;
	struct buf why = BUF_INIT;
	struct status s = judgement_body_read(line, kind, 0, &r->arena, &list, &why);

	buf_release(&why);
	if (FAILED(s))
		return s;
	for (size_t i = 0; i < list.count; i++)
		joiner_take(r->joiner, &list.items[i], 0);
	return OK;
}

/* What an object says it is; empty where it does not. */
static struct slice type_of(struct slice line)
{
	struct json j;
	struct json_string key, type;

	json_init(&j, line);
	if (json_object(&j))
		while (json_member(&j, &key)) {
			if (slice_equal(key.raw, SLICE("type")) && json_peek(&j) == JSON_STRING && json_string(&j, &type))
				return type.raw;
			if (!json_skip(&j))
				break;
		}
	return SLICE_NONE;
}

static struct status take_record(void *context, struct slice line)
{
	struct replay *r = context;
	struct call c;
	struct slice type = type_of(line);

	arena_reset(&r->arena);
	for (int kind = 0; kind < JUDGEMENT_KIND_COUNT; kind++)
		if (slice_equal(type, slice_of(judgement_kind_names[kind])))
			return take_judgement(r, line, (enum judgement_kind)kind);
	if (type.len > 0 && !slice_equal(type, SLICE("call")))
		return OK; /* of an earlier replay: a retrieval, an alert, its totals */
	TRY(record_read(line, &r->arena, &c));
	pipeline_call(r->pipeline, 0, &c);
	return OK;
}

/* The sums hold what was estimated too; the members that say so tell how much of them that is. */
static void write_totals(struct replay *r)
{
	struct buf *b = &r->line;

	buf_text(b, "{\"type\":\"totals\"");
	json_write_count(b, "requests", r->totals.requests);
	json_write_count(b, "rejected_items", r->totals.rejected);
	json_write_count(b, "calls", r->totals.calls);
	json_write_count(b, "errors", r->totals.errors);
	json_write_count(b, "unpriced_calls", r->totals.unpriced);
	json_write_count(b, "held_calls", counting_held(r->counting));
	for (int class = 0; class < TOKEN_CLASS_COUNT; class++) {
		buf_printf(b, ",\"%s_tokens\":%llu", token_class_names[class],
			   (unsigned long long)tokens_get(&r->totals.tokens, (enum token_class)class));
	}
	json_write_key(b, "cost_usd");
	pusd_write(b, r->totals.cost_pusd);
	json_write_count(b, "estimated_calls", r->totals.estimated.calls);
	json_write_count(b, "estimated_input_tokens", r->totals.estimated.input);
	json_write_count(b, "estimated_output_tokens", r->totals.estimated.output);
	json_write_key(b, "estimated_cost_usd");
	pusd_write(b, r->totals.estimated.cost_pusd);
	json_write_count(b, "evaluations", r->totals.judgements[JUDGEMENT_EVALUATION]);
	json_write_count(b, "feedback_signals", r->totals.judgements[JUDGEMENT_FEEDBACK]);
	json_write_count(b, "alerts", r->alert_list.count);
	buf_byte(b, '}');
	print_line(r);
}

/* Exact, whatever the tables below have room for. */
static void write_opening(struct replay *r)
{
	char first[21], last[21];

	if (r->totals.calls == 0) {
		buf_text(&r->line, "no model calls found\n");
		return;
	}
	clock_format_utc(r->totals.first_unix_ns / NS_PER_SECOND, first);
	clock_format_utc(r->totals.last_unix_ns / NS_PER_SECOND, last);
	buf_count(&r->line, r->totals.calls, "model call");
	buf_printf(&r->line, " from %s to %s, ", first, last);
	buf_count(&r->line, r->alert_list.count, "alert");
	buf_byte(&r->line, '\n');
	pusd_write(&r->line, r->totals.cost_pusd);
	buf_printf(&r->line, " USD, %llu input and %llu output tokens\n",
		   (unsigned long long)tokens_get(&r->totals.tokens, TOKENS_INPUT),
		   (unsigned long long)tokens_get(&r->totals.tokens, TOKENS_OUTPUT));
	if (r->totals.unpriced > 0)
		buf_printf(&r->line, "%llu of them without a price, which the sum does not hold\n",
			   (unsigned long long)r->totals.unpriced);
	if (r->totals.estimated.calls > 0)
		buf_printf(&r->line, "%llu of them with %llu tokens that were estimated from texts\n",
			   (unsigned long long)r->totals.estimated.calls,
			   (unsigned long long)(r->totals.estimated.input + r->totals.estimated.output));
}

static void write_report(struct replay *r)
{
	struct observe_about about = { .config_path = r->config->path };
	struct buf summary = BUF_INIT;

	write_opening(r);
	observer_summary(r->observer, &about, &summary);
	report_write(&r->line, buf_view(&summary), terminal_look().columns);
	fputs(buf_string(&r->line), stdout);
	buf_reset(&r->line);
	buf_release(&summary);
}

/* The two newest versions of each prompt and environment, side by side where they served so. */
static void write_versions(void *context, const struct canary_wish *wish)
{
	struct replay *r = context;
	struct buf comparison = BUF_INIT;

	if (!FAILED(canary_write_json(r->canary, wish, "\"type\":\"canary\"", &comparison)) && r->json) {
		buf_slice(&r->line, buf_view(&comparison));
		print_line(r);
	} else if (comparison.len > 0) {
		buf_byte(&r->line, '\n');
		canary_print(buf_view(&comparison), &r->line);
		fputs(buf_string(&r->line), stdout);
		buf_reset(&r->line);
	}
	buf_release(&comparison);
}

/* As the agent's own, without alerts and changes: those stand above. */
static void write_review(struct replay *r)
{
	struct review_span span = review_span(r->review, 7, 0);
	struct buf answer = BUF_INIT;

	buf_text(&answer, r->json ? "{\"type\":\"report\"" : "{");
	review_write(r->review, &span, &answer);
	buf_byte(&answer, '}');
	if (r->json)
		buf_slice(&r->line, buf_view(&answer));
	else
		review_print(buf_view(&answer), &r->line);
	buf_release(&answer);
	print_line(r);
}

static void write_results(struct replay *r)
{
	replay_lines_flush(r->lines);
	for (size_t i = 0; i < r->alert_list.count; i++)
		fwrite(r->alert_list.items[i].line.ptr, 1, r->alert_list.items[i].line.len, stdout);
	if (!r->json)
		write_report(r);
	canary_pairs(r->canary, write_versions, r);
	if (r->reviews)
		write_review(r);
	if (r->json)
		write_totals(r);
}

static struct status open_stages(struct replay *r, struct buf *why)
{
	struct pipeline_outlets outlets = { .judge = on_samples, .judge_context = r,
		.recall = on_recall, .recall_context = r, .call = on_call, .call_context = r, .is_alone = true };
	struct joiner_settings joining = {
		.max_bytes = r->config->judgements.max_size_bytes,
		.keep_ns = UINT64_MAX / 2, /* no time passes */
		.out = on_judgement,
		.out_context = r,
	};
	struct price_book *prices;

	r->observer = observer_new(r->config, 1);
	r->detector = detector_new(&r->config->baselines, on_verdict, r);
	r->slos = slo_new(r->config, on_verdict, r);
	r->canary = canary_new(&r->config->canary, NULL, NULL);
	r->review = review_new();
	r->cases = cases_new();
	r->evidence.movement = movement_new(NULL, NULL);
	r->counting = counting_new(r->config->limits.max_counting_bytes);
	r->joiner = joiner_new(&joining);
	r->models = model_watch_new();
	r->lines = replay_lines_new(stdout);
	if (r->observer == NULL || r->detector == NULL || r->slos == NULL || r->canary == NULL || r->review == NULL ||
	    r->cases == NULL || r->counting == NULL || r->joiner == NULL || r->models == NULL || r->lines == NULL ||
	    r->evidence.movement == NULL)
		return FAIL(NOMEM, "no memory");
	movement_days_begin(r->evidence.movement, r->config->baselines.utc_offset_hours);
	outlets.observer = r->observer;
	outlets.counting = r->counting;
	outlets.models = r->models;
	TRY(alerts_new(&r->config->alerts, NULL, NULL, &r->alerts, why));
	r->alert_list = (struct alert_list){ .config = &r->config->alerts, .as_json = r->json };
	alerts_on_change(r->alerts, on_alert, r);
	alerts_on_explain(r->alerts, evidence_explain, &r->evidence);
	TRY(price_book_new(r->config, &prices, why));
	struct status s = pipeline_new(r->config, prices, 1, &outlets, &r->pipeline, why);
	if (FAILED(s))
		price_book_free(prices);
	return s;
}

static void close_stages(struct replay *r)
{
	pipeline_free(r->pipeline);
	alerts_free(r->alerts);
	detector_free(r->detector);
	slo_free(r->slos);
	canary_free(r->canary);
	review_free(r->review);
	cases_free(r->cases);
	movement_free(r->evidence.movement);
	observer_free(r->observer);
	counting_free(r->counting);
	model_watch_free(r->models);
	joiner_free(r->joiner);
	replay_lines_free(r->lines);
	store_close(r->store);
	alert_list_release(&r->alert_list);
	arena_release(&r->arena);
	buf_release(&r->line);
}

/* With --storage the replay goes on where the last one, or an agent, has stopped: what is held stays so. */
static struct status open_storage(struct replay *r, struct state *state, const char *directory, struct buf *why)
{
	TRY(store_open(directory, r->config->storage.max_size_bytes, &r->store, why));
	*state = (struct state){ .store = r->store, .detector = r->detector, .alerts = r->alerts, .slos = r->slos,
				 .canary = r->canary, .review = r->review, .cases = r->cases,
				 .movement = r->evidence.movement, .counting = r->counting, .models = r->models };
	return state_load(state);
}

static struct status replay_files(struct replay *r, const char *directory, enum signal signal, char **files, int count,
				  struct buf *why)
{
	const struct replay_sink sink = { r, take_request, take_record };
	struct state state;

	TRY(open_stages(r, why));
	if (directory != NULL)
		TRY(open_storage(r, &state, directory, why));
	for (int i = 0; i < count; i++)
		TRY(replay_read(files[i], signal, &sink, why));
	if (directory == NULL)
		pipeline_promote(r->pipeline, 0, r->event_ns / NS_PER_SECOND, true);
	joiner_advance(r->joiner, 0, true);
	if (directory == NULL)
		detector_finish(r->detector);
	alerts_advance(r->alerts, detector_time(r->detector));
	alerts_visit(r->alerts, false, on_alert, r); /* some end without a word */
	if (directory == NULL)
		return OK;
	state_save(&state);
	return store_flush(r->store);
}

static const struct cli_option options[] = {
	{ "config", 'c', "FILE", "Judge and price by this configuration; its receivers and exporters are not used." },
	{ "storage", 0, "DIR", "Start from the baselines kept there, and keep the new ones; without it all starts anew." },
	{ "signal", 0, "NAME", "What protobuf files hold whose names do not say: traces, metrics or logs." },
	{ "report", 0, NULL, "Also the last seven days against the seven before, as `plimsoll report` has it." },
	{ "output", 'o', "FORMAT", "text (a report) or json (a line for each call and alert, then the totals)." },
	{ 0 },
};

enum { OPTION_CONFIG, OPTION_STORAGE, OPTION_SIGNAL, OPTION_REPORT, OPTION_OUTPUT };

static int read_signal(const char *name, enum signal *out)
{
	*out = SIGNAL_COUNT;
	for (int s = 0; name != NULL && s < SIGNAL_COUNT; s++)
		if (strcmp(name, signal_names[s]) == 0)
			*out = (enum signal)s;
	if (name != NULL && *out == SIGNAL_COUNT)
		return cli_usage_error(&command_replay, "--signal takes traces, metrics or logs, not '%s'", name);
	return CLI_GO_ON;
}

static int exit_status_of(struct status s)
{
	return s.code == STATUS_IO || s.code == STATUS_EXISTS || s.code == STATUS_NOTFOUND ? CLI_UNREACHABLE : CLI_NO;
}

static int replay(struct replay *r, const struct cli_args *args, enum signal signal)
{
	struct buf why = BUF_INIT;
	struct status s = replay_files(r, args->values[OPTION_STORAGE], signal, args->operands, args->operand_count, &why);

	if (!FAILED(s) && r->alert_list.failed)
		s = FAIL(NOMEM, "no memory for the alerts");
	if (FAILED(s))
		fprintf(stderr, "plimsoll: %s\n", why.len > 0 ? buf_string(&why) : s.why);
	else
		write_results(r);
	buf_release(&why);
	close_stages(r);
	return FAILED(s) ? exit_status_of(s) : CLI_DONE;
}

static int run(int argc, char **argv)
{
	struct replay r = { .line = BUF_INIT };
	struct cli_args args;
	struct buf errors = BUF_INIT;
	enum signal signal;
	int code = cli_parse(&command_replay, argc, argv, &args);

	if (code == CLI_GO_ON)
		code = cli_read_output(&command_replay, args.values[OPTION_OUTPUT], &r.json);
	if (code == CLI_GO_ON)
		code = read_signal(args.values[OPTION_SIGNAL], &signal);
	if (code != CLI_GO_ON)
		return code;
	r.reviews = args.values[OPTION_REPORT] != NULL;
	if (args.operand_count == 0)
		return cli_usage_error(&command_replay, "name at least one file");
	struct status s = config_load(args.values[OPTION_CONFIG], exporter_config_kinds(), exporter_config_kind_count(),
				      &r.config, &errors);
	if (FAILED(s)) {
		fputs(buf_string(&errors), stderr);
		buf_release(&errors);
		return s.code == STATUS_IO ? CLI_UNREACHABLE : CLI_USAGE;
	}
	if (args.values[OPTION_CONFIG] == NULL) /* it is an agent's week; a replay holds the traffic of any number of them */
		r.config->baselines.false_alerts_per_week = 0;
	arena_init(&r.arena, 16u << 20);
	code = replay(&r, &args, signal);
	config_free(r.config);
	return code;
}

const struct command command_replay = {
	.name = "replay",
	.summary = "Put recorded traffic through the same stages: what it cost, and which alerts it would have raised.",
	.usage = "[--output json] FILE|FOLDER|-...",
	.run = run,
	.options = options,
};
