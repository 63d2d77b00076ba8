/* SPDX-License-Identifier: Apache-2.0
 * base/program_pages.h - what of program and libraries is resident.
 *
 * Thirty libraries come up with the agent, and most of what that reads of them is not read again. Until the system is
 * short of memory it stays mapped, and counts as the container's.
 */
#ifndef PLIMSOLL_BASE_PROGRAM_PAGES_H
#define PLIMSOLL_BASE_PROGRAM_PAGES_H

/* Unmaps the pages of code and constants that were read so far. What is needed again comes back from the file's cache at
 * its first access, some microseconds for 64 KiB. Nothing happens under a debugger, whose breakpoints stand in such
 * pages. Any thread. */
void program_pages_release(void);

#endif
