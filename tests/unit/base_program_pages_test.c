/* SPDX-License-Identifier: Apache-2.0
 * Code and constants that were read leave memory and are there again when they are needed; what relocation or the
 * program wrote stays.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/base/program_pages.h"

enum { CONSTANT_BYTES = 4 << 20 };

static const unsigned char constants[CONSTANT_BYTES] = { 1, 2, [CONSTANT_BYTES - 1] = 3 };
static const char *const relocated[] = { "one", "two" };
static int written = 1;

static size_t resident_bytes(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	unsigned long all, resident;

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%lu %lu", &all, &resident), 2);
	fclose(f);
	return resident * (size_t)sysconf(_SC_PAGESIZE);
}

static unsigned sum(void)
{
	unsigned n = 0;

	for (size_t i = 0; i < sizeof(constants); i++)
		n += ((const volatile unsigned char *)constants)[i];
	return n;
}

static void what_was_read_leaves_memory_and_comes_back(void **state)
{
	(void)state;
	written = 7;
	assert_int_equal(sum(), 6);
	size_t before = resident_bytes();
	program_pages_release();
	assert_in_range(resident_bytes(), 1, before - CONSTANT_BYTES * 3 / 4);
	assert_int_equal(sum(), 6);
	assert_string_equal(relocated[0], "one");
	assert_string_equal(relocated[1], "two");
	assert_int_equal(written, 7);
}

static void nothing_leaves_under_a_debugger(void **state)
{
	int status;
	pid_t child = fork();

	(void)state;
	assert_true(child >= 0);
	if (child == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
			_exit(2); /* not allowed here */
		sum();
		size_t before = resident_bytes();
		program_pages_release();
		_exit(resident_bytes() + CONSTANT_BYTES / 2 < before);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 2)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_read_leaves_memory_and_comes_back),
		cmocka_unit_test(nothing_leaves_under_a_debugger),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
