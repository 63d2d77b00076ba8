/* SPDX-License-Identifier: Apache-2.0
 * canary/canary_json.h - a comparison of two versions as JSON, for the API, the command line and a replay.
 *
 *     {"prompt":"support","from":"support@1.4.0","to":"support@1.5.0",
 *      "environment":"production","state":"running","since":1760054400,"by":"ana",
 *      "share":{"told":0.05,"actual":0.061,"calls":61,"of":1000,"since":1760054400,"differs":false},
 *      "verdict":"worse","promote":false,"reason":"...","calls_from":939,"calls_to":61,
 *      "comparisons":[{"environment","feature","model","from_model","verdict","alpha","metrics":[{"metric","name","guarded",
 *      "side_by_side","hours","from":{"calls","value"},"to":{...},"unit":"ratio","difference","low","high","margin",
 *      "verdict","needs"}]}]}
 *
 * The second line stands there where the two follow from what is deployed, the third while a canary runs; from_model
 * where the older version never used the newer one's model. Values are in the metric's own unit (of logarithms: what a
 * typical call has). difference, low, high and margin are shares where unit is "ratio" (0.1: ten percent more), else
 * differences of values. Unknown is null.
 */
#ifndef PLIMSOLL_CANARY_CANARY_JSON_H
#define PLIMSOLL_CANARY_CANARY_JSON_H

#include "agent/base/buf.h"
#include "agent/canary/canary.h"

/* leading: members to put first, such as "\"type\":\"canary\"", or "". Errors: as of canary_choose; nothing is written. */
struct status canary_write_json(const struct canary *c, const struct canary_wish *wish, const char *leading,
				struct buf *out) MUST_USE;

/* {"prompts":[...]}: of each pair the same, without comparisons. */
void canary_write_list(const struct canary *c, struct buf *out);

#endif
