/* SPDX-License-Identifier: Apache-2.0
 * store/probe.h - looks at a store's file before this process trusts it.
 */
#ifndef PLIMSOLL_STORE_PROBE_H
#define PLIMSOLL_STORE_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* False where walking the environment in directory fails or crashes. A missing or empty one is fine; so is one that
 * cannot be opened at all, since opening it says why. Forks; reads each index page and two pages a large value. */
bool probe_is_sound(const char *directory, size_t map_bytes);

/* fork() for a child that reads what may be damaged, and how it ended, as waitpid says: also where whoever started us had
 * it that no child is waited for (SIGCHLD ignored, which exec hands on). */
pid_t probe_fork(void);
int probe_wait(pid_t child);

/* From here on a crash ends this process, a child that reads what may be damaged, by its signal: nobody handles it, and it
 * leaves no core. */
void probe_expect_crash(void);

#endif
