/* SPDX-License-Identifier: Apache-2.0
 * base/meter.c - the registry behind meter_get: a list that only grows.
 */
#include "agent/base/meter.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

const struct meter_info meter_infos[METER_FAMILY_COUNT] = {
#define X(id, type, name, labels, help) { name, #type, labels, help },
	METER_MAP(X)
#undef X
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct meter *_Atomic newest;

static struct meter *find(enum meter_family family, const char *labels)
{
	for (struct meter *m = newest; m != NULL; m = m->next)
		if (m->family == family && strcmp(m->labels, labels) == 0)
			return m;
	return NULL;
}

static struct meter *add(enum meter_family family, const char *labels)
{
	struct meter *m = calloc(1, sizeof(*m));
	char *copy = strdup(labels);

	if (m == NULL || copy == NULL)
		abort();
	m->family = family;
	m->labels = copy;
	m->next = newest;
	newest = m;
	return m;
}

struct meter *meter_get(enum meter_family family, const char *labels)
{
	pthread_mutex_lock(&lock);
	struct meter *m = find(family, labels);
	if (m == NULL)
		m = add(family, labels);
	pthread_mutex_unlock(&lock);
	return m;
}

const struct meter *meter_first(void)
{
	return newest;
}
