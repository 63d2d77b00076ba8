/* SPDX-License-Identifier: Apache-2.0
 * alerts/channel_test.h - one alert sent to one channel on demand, and what the receiver says to it.
 *
 * Goes past the queue and is never tried again. The last CHANNEL_TESTS_KEPT are remembered. Thread: the loop's.
 */
#ifndef PLIMSOLL_ALERTS_CHANNEL_TEST_H
#define PLIMSOLL_ALERTS_CHANNEL_TEST_H

#include "agent/alerts/outlet.h"

#define CHANNEL_TESTS_KEPT 8

struct channel_test {
	unsigned number; /* 0: no test yet */
	char channel[OUTLET_NAME_SIZE];
	bool done;
	unsigned code; /* of the answer; 0: none came */
	struct buf body, answer;
	const char *why; /* no answer came because ...; a literal */
};

struct channel_tests {
	struct channel_test items[CHANNEL_TESTS_KEPT]; /* by number; stay where they are */
	unsigned last;
};

/* Sends an alert that says it is a test, as firing or as resolved. Errors: FULL, the one of eight tests ago still runs;
 * what the request answers. */
struct status channel_tests_start(struct channel_tests *t, struct outlet *o, const struct alerts_config *config,
				  bool resolved, unsigned *number) MUST_USE;

/* NULL: unknown or forgotten. */
const struct channel_test *channel_tests_find(const struct channel_tests *t, unsigned number);

/* {"test":1,"channel":"slack/x","done":true,"ok":true,"code":200,"answer":"ok"} */
void channel_test_json(const struct channel_test *t, struct buf *out);

/* Ends what runs. */
void channel_tests_release(struct channel_tests *t, struct http_client *http);

#endif
