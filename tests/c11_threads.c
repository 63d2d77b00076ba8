/* SPDX-License-Identifier: Apache-2.0
 * The threads of C11 by those of POSIX, for programs under ThreadSanitizer. It knows the latter only: a thread that
 * librdkafka starts by thrd_create, out of the sanitizer's sight, would fault at its first malloc.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>

struct start {
	thrd_start_t function;
	void *argument;
};

static void *begin(void *moved)
{
	struct start start = *(struct start *)moved;

	free(moved);
	return (void *)(intptr_t)start.function(start.argument);
}

int thrd_create(thrd_t *thread, thrd_start_t function, void *argument)
{
	struct start *start = malloc(sizeof(*start));

	if (start == NULL)
		return thrd_nomem;
	*start = (struct start){ function, argument };
	if (pthread_create(thread, NULL, begin, start) == 0)
		return thrd_success;
	free(start);
	return thrd_error;
}

int thrd_join(thrd_t thread, int *result)
{
	void *value;

	if (pthread_join(thread, &value) != 0)
		return thrd_error;
	if (result != NULL)
		*result = (int)(intptr_t)value;
	return thrd_success;
}
