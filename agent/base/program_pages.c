/* SPDX-License-Identifier: Apache-2.0
 * base/program_pages.c - the read-only segments of all that is loaded.
 */
#include "agent/base/program_pages.h"

#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static bool is_traced(void)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[128];
	int tracer = 0;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "TracerPid: %d", &tracer) == 1)
			break;
	if (f != NULL)
		fclose(f);
	return tracer != 0;
}

/* Writable segments hold what relocation wrote, also where they were made read-only behind it. */
static bool is_as_in_the_file(const ElfW(Phdr) *segment)
{
	return segment->p_type == PT_LOAD && (segment->p_flags & PF_W) == 0;
}

static int release_object(struct dl_phdr_info *object, size_t size, void *page_bytes)
{
	uintptr_t mask = ~(*(const uintptr_t *)page_bytes - 1);

	(void)size;
	for (unsigned i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
		uintptr_t begin = object->dlpi_addr + segment->p_vaddr, end = begin + segment->p_memsz;
		if (is_as_in_the_file(segment)) /* a refusal leaves the pages where they are */
			(void)madvise((void *)(begin & mask), end - (begin & mask), MADV_DONTNEED);
	}
	return 0;
}

void program_pages_release(void)
{
	uintptr_t page_bytes = (uintptr_t)sysconf(_SC_PAGESIZE);

	if (!is_traced())
		dl_iterate_phdr(release_object, &page_bytes);
}
