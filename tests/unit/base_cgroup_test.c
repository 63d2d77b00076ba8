/* SPDX-License-Identifier: Apache-2.0
 * The memory limit of the control group: version 1 and 2, the lowest on the way up, none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/base/cgroup.h"
#include "tests/unit/scratch_dir.h"

/* Writes dir/name, making the folders above it. */
static void put(const char *name, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	for (char *slash = strchr(path + strlen(dir) + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static uint64_t limit_for(const char *lines)
{
	put("list", lines);
	return cgroup_memory_limit(in_dir("list"), dir);
}

static void version_2_has_one_line_and_the_lowest_limit_above_counts(void **state)
{
	(void)state;
	put("pod/memory.max", "100000000\n");
	put("pod/agent/memory.max", "max\n");
	assert_int_equal(limit_for("0::/pod/agent\n"), 100000000);
	put("pod/agent/memory.max", "50000000\n");
	assert_int_equal(limit_for("0::/pod/agent\n"), 50000000);
}

static void version_1_names_its_controller(void **state)
{
	(void)state;
	put("memory/docker/memory.limit_in_bytes", "70000000\n");
	assert_int_equal(limit_for("11:cpu,cpuacct:/docker\n4:memory:/docker\n"), 70000000);
}

static void inside_a_container_the_mounts_root_counts(void **state)
{
	(void)state;
	put("memory.max", "60000000\n");
	assert_int_equal(limit_for("0::/host/path/that/is/not/here\n"), 60000000);
}

static void what_is_unlimited_or_missing_is_no_limit(void **state)
{
	(void)state;
	put("memory/memory.limit_in_bytes", "9223372036854771712\n");
	assert_int_equal(limit_for("4:memory:/\n"), 0);
	assert_int_equal(limit_for("0::/\n"), 0);
	assert_int_equal(limit_for("no colons here\n"), 0);
	assert_int_equal(cgroup_memory_limit("/nonexistent", dir), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)
	const struct CMUnitTest tests[] = {
		TEST(version_2_has_one_line_and_the_lowest_limit_above_counts),
		TEST(version_1_names_its_controller),
		TEST(inside_a_container_the_mounts_root_counts),
		TEST(what_is_unlimited_or_missing_is_no_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
