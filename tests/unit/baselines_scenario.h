/* SPDX-License-Identifier: Apache-2.0
 * For tests of the baselines: plays a scenario (gzipped CSV of requests) into a detector.
 *
 * Columns: ts_unix_ms, feature, model, prompt_version, input_tokens, output_tokens, cached_tokens, cost_usd,
 * latency_ms, ttft_ms, error, refusal, eval_score. An empty field is unknown.
 */
#ifndef PLIMSOLL_TESTS_BASELINES_SCENARIO_H
#define PLIMSOLL_TESTS_BASELINES_SCENARIO_H

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "agent/baselines/detector.h"

#define SCENARIO_COLUMNS 13

static const struct baselines_config scenario_config = {
	.enabled = true,
	.sigma = 2.0,
	.false_alert_budget = 0.01,
	.max_series = 10000,
	.idle_after_ms = UINT64_C(720) * 3600 * 1000,
};

static inline double scenario_number(const char *text)
{
	return text[0] != '\0' ? strtod(text, NULL) : NAN;
}

/* line: of the CSV, cut up in place; s borrows from it. False where it has not all columns. */
static inline bool scenario_row(char *line, struct sample *s)
{
	char *field[SCENARIO_COLUMNS];

	line[strcspn(line, "\r\n")] = '\0';
	for (int i = 0; i < SCENARIO_COLUMNS; i++)
		if ((field[i] = strsep(&line, ",")) == NULL)
			return false;
	*s = sample_unknown(SAMPLE_CALL);
	s->time_unix_ms = strtoull(field[0], NULL, 10);
	s->feature = slice_of(field[1]);
	s->model = slice_of(field[2]);
	s->prompt_version = slice_of(field[3]);
	s->input_tokens = scenario_number(field[4]);
	s->output_tokens = scenario_number(field[5]);
	s->cache_read_tokens = scenario_number(field[6]);
	s->cost_usd = scenario_number(field[7]);
	s->latency_ms = scenario_number(field[8]);
	s->ttft_ms = scenario_number(field[9]);
	s->outcome = strcmp(field[10], "1") == 0 ? OUTCOME_ERROR :
		     strcmp(field[11], "1") == 0 ? OUTCOME_REFUSAL : OUTCOME_OK;
	s->model_pinned = TRI_YES;
	s->value = scenario_number(field[12]);
	s->name = isnan(s->value) ? SLICE_NONE : SLICE("quality");
	return true;
}

/* Calls row for each request, in order. Requests played, or -1 where there is no such file. */
static inline long scenario_play(const char *path, void (*row)(void *context, const struct sample *s), void *context)
{
	gzFile file = gzopen(path, "rb");
	struct sample s;
	char line[1024];
	long rows = 0;

	if (file == NULL || gzgets(file, line, sizeof(line)) == NULL)
		return -1;
	while (gzgets(file, line, sizeof(line)) != NULL) {
		if (!scenario_row(line, &s))
			continue;
		memcpy(s.trace_id, &rows, sizeof(rows));
		row(context, &s);
		rows++;
	}
	gzclose(file);
	return rows;
}

#endif
