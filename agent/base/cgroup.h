/* SPDX-License-Identifier: Apache-2.0
 * base/cgroup.h - the memory that the container, or whatever control group we run in, may take.
 */
#ifndef PLIMSOLL_BASE_CGROUP_H
#define PLIMSOLL_BASE_CGROUP_H

#include <stdint.h>

/* Bytes: the lowest limit of the process's own group and those above it, version 2 or 1. 0: none is set, or none can be
 * read. list: NULL, or for tests a file like /proc/self/cgroup; root: like /sys/fs/cgroup.
 * Source: the kernel's cgroup-v2 (memory.max) and cgroup-v1 memory (memory.limit_in_bytes) pages. */
uint64_t cgroup_memory_limit(const char *list, const char *root);

#endif
