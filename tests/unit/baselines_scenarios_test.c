/* SPDX-License-Identifier: Apache-2.0
 * The detector raises exactly the alerts that the reference implementation raises, with the same figures: on a scenario
 * of our own, and on all development scenarios where ../shared (or PLIMSOLL_SHARED) has them.
 *
 * ALERTS_OUT=FILE appends the alerts as JSON lines, for a scorer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <unistd.h>

#include "agent/base/json.h"
#include "tests/unit/baselines_scenario.h"

/* One alert as the reference prints it: a flat JSON object. Numbers that it leaves out are NaN. */
struct expected {
	char scenario[32], metric[32], kind[32], feature[64], model[64], prompt_version[64];
	double started_at, z, pooled_z, ratio, run, scale_s, direction;
	bool seen;
};

static const struct member {
	const char *name;
	size_t offset, size; /* size 0: a double */
} members[] = {
#define TEXT(m)                                                                                                        \
	{                                                                                                              \
#m, offsetof(struct expected, m), sizeof(((struct expected *)0)->m)                                    \
	}
#define NUMBER(m)                                                                                                      \
	{                                                                                                              \
#m, offsetof(struct expected, m), 0                                                                    \
	}
	TEXT(scenario),       TEXT(metric),       TEXT(kind),        TEXT(feature), TEXT(model),
	TEXT(prompt_version), NUMBER(started_at), NUMBER(z),         NUMBER(run),   NUMBER(pooled_z),
	NUMBER(ratio),        NUMBER(scale_s),    NUMBER(direction),
#undef TEXT
#undef NUMBER
};

static void read_member(struct json *j, struct slice name, struct expected *e)
{
	struct json_string text;
	struct slice number;

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		char *at = (char *)e + members[i].offset;
		if (!slice_equal(name, slice_of(members[i].name)))
			continue;
		if (json_peek(j) == JSON_STRING && json_string(j, &text))
			snprintf(at, members[i].size, "%.*s", SLICE_ARG(text.raw));
		else if (json_peek(j) == JSON_NUMBER && json_number(j, &number))
			slice_to_double(number, (double *)(void *)at);
		else
			json_skip(j);
		return;
	}
	json_skip(j);
}

static struct expected read_alert(const char *line)
{
	struct expected e = { .z = NAN, .pooled_z = NAN, .ratio = NAN, .run = NAN, .scale_s = NAN, .direction = NAN };
	struct json_string name;
	struct json j;

	json_init(&j, slice_of(line));
	assert_true(json_object(&j));
	while (json_member(&j, &name))
		read_member(&j, name.raw, &e);
	assert_int_equal(json_finish(&j).code, STATUS_OK);
	return e;
}

struct replay {
	struct detector *detector;
	const char *scenario;
	struct expected alerts[512];
	size_t count;
	int unexpected, different;
	FILE *out;
};

static bool is_about(const struct expected *e, const struct verdict *v)
{
	return strcmp(e->metric, v->metric) == 0 && strcmp(e->kind, verdict_kind_names[v->kind]) == 0 &&
	       slice_equal(slice_of(e->feature), v->feature) && slice_equal(slice_of(e->model), v->model) &&
	       slice_equal(slice_of(e->prompt_version), v->prompt_version) && e->started_at == (double)v->started_at_s;
}

/* The reference rounds what it prints. */
static bool agrees(double want, double value, double rounding)
{
	return isnan(want) || fabs(want - value) <= rounding / 2 + 1e-9;
}

static bool figures_agree(const struct expected *e, const struct verdict *v)
{
	bool is_log = strstr(e->metric, "rate") == NULL && strstr(e->metric, "tail") == NULL &&
		      strstr(e->metric, "score") == NULL;
	/* of a canary's rates and means the reference prints the difference */
	double ratio = v->kind == VERDICT_CANARY && !is_log ? v->value - v->baseline_mean : v->ratio;

	return agrees(e->z, v->deviation, 0.01) && agrees(e->pooled_z, v->pooled_deviation, 0.01) &&
	       agrees(e->ratio, ratio, v->kind == VERDICT_RUNAWAY ? 0.01 : 0.001) && agrees(e->run, v->run, 0) &&
	       agrees(e->direction, v->direction, 0) &&
	       (v->kind != VERDICT_SHIFT || agrees(e->scale_s, v->window_s, 0));
}

static void print(FILE *out, const struct replay *r, const struct verdict *v)
{
	fprintf(out,
		"{\"scenario\":\"%s\",\"metric\":\"%s\",\"kind\":\"%s\",\"started_at\":%llu,\"feature\":\"%.*s\","
		"\"model\":\"%.*s\",\"prompt_version\":\"%.*s\",\"z\":%.4f,\"pooled_z\":%.4f,\"ratio\":%.4f,"
		"\"value\":%.6g,\"mean\":%.6g,\"stddev\":%.6g}\n",
		r->scenario, v->metric, verdict_kind_names[v->kind], (unsigned long long)v->started_at_s,
		SLICE_ARG(v->feature), SLICE_ARG(v->model), SLICE_ARG(v->prompt_version), v->deviation,
		isnan(v->pooled_deviation) ? 0 : v->pooled_deviation, v->ratio, v->value, v->baseline_mean,
		v->baseline_stddev);
}

static void compare(void *context, const struct verdict *v)
{
	struct replay *r = context;

	if (v->event != VERDICT_RAISED)
		return;
	if (r->out != NULL)
		print(r->out, r, v);
	for (size_t i = 0; i < r->count; i++) {
		struct expected *e = &r->alerts[i];
		if (e->seen || !is_about(e, v))
			continue;
		e->seen = true;
		if (!figures_agree(e, v)) {
			r->different++;
			printf("expected z %g, pooled %g, ratio %g, run %g: ", e->z, e->pooled_z, e->ratio, e->run);
			print(stdout, r, v);
		}
		return;
	}
	r->unexpected++;
	printf("not expected: ");
	print(stdout, r, v);
}

static void add(void *context, const struct sample *s)
{
	detector_add(((struct replay *)context)->detector, s);
}

static void read_alerts(const char *path, struct replay *r)
{
	FILE *file = fopen(path, "r");
	char line[2048];

	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		struct expected e = read_alert(line);
		if (strcmp(e.scenario, r->scenario) != 0)
			continue;
		assert_true(r->count < sizeof(r->alerts) / sizeof(r->alerts[0]));
		r->alerts[r->count++] = e;
	}
	fclose(file);
}

static int missing(const struct replay *r)
{
	int count = 0;

	for (size_t i = 0; i < r->count; i++) {
		const struct expected *e = &r->alerts[i];
		if (e->seen)
			continue;
		count++;
		printf("missing: %s %s %s of %s, %s, %s at %.0f\n", r->scenario, e->kind, e->metric, e->feature,
		       e->model, e->prompt_version, e->started_at);
	}
	return count;
}

static void assert_same_alerts(const char *folder, const char *scenario, const char *alerts)
{
	char path[1024];
	struct replay r = { .scenario = scenario };

	snprintf(path, sizeof(path), "%s/%s", folder, alerts);
	read_alerts(path, &r);
	r.out = getenv("ALERTS_OUT") != NULL ? fopen(getenv("ALERTS_OUT"), "a") : NULL;
	r.detector = detector_new(&scenario_config, compare, &r);
	snprintf(path, sizeof(path), "%s/%s.csv.gz", folder, scenario);
	assert_true(scenario_play(path, add, &r) > 0);
	detector_finish(r.detector);
	detector_free(r.detector);
	if (r.out != NULL)
		fclose(r.out);
	if (missing(&r) + r.unexpected + r.different != 0)
		fail_msg("%s: %d missing, %d not expected, %d with other figures", scenario, missing(&r), r.unexpected,
			 r.different);
}

static void our_own_scenario_gives_the_alerts_of_the_reference(void **state)
{
	(void)state;
	assert_same_alerts("tests/golden/baselines", "steps", "steps.alerts.jsonl");
}

static void every_development_scenario_gives_the_alerts_of_the_reference(void **state)
{
	static const char *const scenarios[] = { "quiet",    "cost_steps",  "quality",    "latency",
						 "versions", "drift_burst", "low_traffic" };
	const char *shared = getenv("PLIMSOLL_SHARED");
	char folder[512];

	(void)state;
	snprintf(folder, sizeof(folder), "%s/scenarios", shared != NULL ? shared : "../shared");
	if (access(folder, R_OK) != 0)
		skip();
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
		assert_same_alerts(folder, scenarios[i], "oracle_alerts.jsonl");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_own_scenario_gives_the_alerts_of_the_reference),
		cmocka_unit_test(every_development_scenario_gives_the_alerts_of_the_reference),
	};
	return cmocka_run_group_tests_name("baselines/scenarios", tests, NULL, NULL);
}
