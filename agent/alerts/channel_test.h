/* SPDX-License-Identifier: Apache-2.0
 * alerts/channel_test.h - one alert sent to one channel on demand, and what the receiver says to it.
 *
 * Goes past the queue and is never tried again. The last CHANNEL_TESTS_KEPT are remembered. Thread: the loop's;
 * channel_tests_json: any, since answers come while nobody holds a lock.
 */
#ifndef PLIMSOLL_ALERTS_CHANNEL_TEST_H
#define PLIMSOLL_ALERTS_CHANNEL_TEST_H

#include <pthread.h>

#include "agent/alerts/outlet.h"

#define CHANNEL_TESTS_KEPT 8

struct channel_tests;

struct channel_test {
	struct channel_tests *all;
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
	pthread_mutex_t lock; /* of what is read by channel_tests_json */
};

void channel_tests_init(struct channel_tests *t);

/* Sends an alert that says it is a test, as firing or as resolved. Errors: FULL, the one of eight tests ago still runs;
 * what the request answers. */
struct status channel_tests_start(struct channel_tests *t, struct outlet *o, const struct alerts_config *config,
				  bool resolved, unsigned *number) MUST_USE;

/* {"test":1,"channel":"slack/x","done":true,"ok":true,"code":200,"answer":"ok"}; false: unknown or forgotten. */
bool channel_tests_json(struct channel_tests *t, unsigned number, struct buf *out);

/* Ends what runs. http: NULL where nothing was ever sent. */
void channel_tests_release(struct channel_tests *t, struct http_client *http);

#endif
