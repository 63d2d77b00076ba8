/* SPDX-License-Identifier: Apache-2.0
 * redaction/redaction_priv.h - the compiled configuration, a thread's scratch, and the scan of one text.
 */
#ifndef PLIMSOLL_REDACTION_REDACTION_PRIV_H
#define PLIMSOLL_REDACTION_REDACTION_PRIV_H

#include "agent/base/meter.h"
#include "agent/redaction/detector.h"
#include "agent/redaction/key_list.h"
#include "agent/redaction/pattern.h"
#include "agent/redaction/redaction.h"

#define PATTERNS_MAX    32u
#define SCAN_LEVELS_MAX 6 /* JSON in strings of JSON in ... */

/* One detector, pattern, or reason for a find. */
struct redaction_rule {
	const char *name;
	struct slice mask; /* "[email]" */
	enum redaction_action action;
	struct meter *found;
};

enum { RULE_DENIED = DETECTOR_COUNT, RULE_UNSCANNED, RULE_PATTERNS, RULE_MAX = RULE_PATTERNS + PATTERNS_MAX };

struct redactor {
	const struct redaction_config *config;
	uint32_t detectors; /* bits */
	struct pattern *patterns[PATTERNS_MAX];
	size_t pattern_count;
	struct key_list allowed, denied;
	struct redaction_rule rules[RULE_MAX];
};

/* Bytes [start, end) of the text that is scanned go. */
struct finding {
	size_t start, end;
	unsigned rule;
	bool is_json_value; /* a number or a container of JSON: it becomes null */
	struct slice label; /* what stands there instead */
};

/* Reused from text to text. */
struct redaction_lane {
	const struct redactor *redactor;
	struct pattern_scratch *patterns;
	struct arena *arena; /* of this request: labels, replaced texts */
	struct finding *findings;
	size_t count, cap;
	bool failed;  /* no memory for a finding or label */
	bool dropped; /* a finding whose action is drop */
	struct scan_level {
		struct buf text; /* a string of JSON, unescaped */
		struct buf map;  /* uint32_t for each byte of it, and one more: where it stood */
	} levels[SCAN_LEVELS_MAX];
};

/* Adds a finding in text, widened to whole characters. */
void finding_add(struct redaction_lane *l, struct slice text, size_t start, size_t end, unsigned rule);

/* Finds everything in text, as JSON where it is JSON; findings are sorted and do not overlap afterwards. */
void scan_text(struct redaction_lane *l, struct slice text);

/* The same for lines of request records. */
void scan_records(struct redaction_lane *l, struct slice lines);

/* The text with its findings replaced, in the arena. */
struct slice findings_apply(struct redaction_lane *l, struct slice text);
void findings_count(const struct redaction_lane *l);

/* What one text becomes. */
enum redacted { REDACTED_NOTHING, REDACTED_SOME, REDACTED_DROP };

/* Scans text (or denies it whole) and writes what remains to the arena. Counts. */
enum redacted redact_value(struct redaction_lane *l, struct slice text, bool is_denied, struct slice *out);

#endif
