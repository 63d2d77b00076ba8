/* SPDX-License-Identifier: Apache-2.0
 * A store that cannot be used is refused with a sentence that names the path and the remedy.
 */
#include "tests/unit/store_dir.h"

#include <fcntl.h>
#include <lmdb.h>
#include <sys/stat.h>
#include <sys/wait.h>

static void assert_refused(const char *directory, enum status_code code, const char *what, const char *remedy)
{
	struct buf why = BUF_INIT;
	struct store *s = NULL;

	assert_int_equal(store_open(directory, MAP_BYTES, &s, &why).code, code);
	if (strstr(buf_string(&why), what) == NULL || strstr(buf_string(&why), remedy) == NULL ||
	    strstr(buf_string(&why), directory) == NULL)
		fail_msg("not clear: %s", buf_string(&why));
	buf_release(&why);
}

static void write_file(const char *path, const void *bytes, size_t n)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

/* Puts raw bytes under a key, as a broken or newer program would. */
static void put_raw(const char *table, struct slice key, struct slice value)
{
	MDB_val k = { key.len, (void *)(uintptr_t)key.ptr }, v = { value.len, (void *)(uintptr_t)value.ptr };
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;

	assert_int_equal(mdb_env_create(&env), 0);
	mdb_env_set_maxdbs(env, 20);
	mdb_env_set_mapsize(env, MAP_BYTES);
	assert_int_equal(mdb_env_open(env, dir, 0, 0600), 0);
	assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
	assert_int_equal(mdb_dbi_open(txn, table, MDB_CREATE, &dbi), 0);
	assert_int_equal(mdb_put(txn, dbi, &k, &v, 0), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
}

static void a_missing_directory_is_made_for_its_owner_alone(void **state)
{
	char deep[128];
	struct buf why = BUF_INIT;
	struct store *s;
	struct stat st;

	(void)state;
	snprintf(deep, sizeof(deep), "%s", in_dir("a/b"));
	assert_int_equal(store_open(deep, MAP_BYTES, &s, &why).code, STATUS_OK);
	store_close(s);
	assert_int_equal(stat(in_dir("a"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(stat(deep, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(stat(in_dir("a/b/data.mdb"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void a_second_opener_in_this_process_is_refused(void **state)
{
	struct store *s = must_open(MAP_BYTES);

	(void)state;
	assert_refused(dir, STATUS_EXISTS, "in use by process", "storage.directory");
	store_close(s);
	store_close(must_open(MAP_BYTES));
}

static void a_second_process_is_refused_and_told_the_first_ones_number(void **state)
{
	struct store *s = must_open(MAP_BYTES);
	char number[64];
	int how;

	(void)state;
	snprintf(number, sizeof(number), "process %ld;", (long)getpid());
	pid_t child = fork();
	if (child == 0) {
		struct buf why = BUF_INIT;
		struct store *second;
		bool refused = store_open(dir, MAP_BYTES, &second, &why).code == STATUS_EXISTS &&
			       strstr(buf_string(&why), number) != NULL;
		_exit(refused ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &how, 0), child);
	assert_true(WIFEXITED(how) && WEXITSTATUS(how) == 0);
	store_close(s);
}

static void a_file_in_the_way_is_refused(void **state)
{
	char way[128], below[160];

	(void)state;
	snprintf(way, sizeof(way), "%s", in_dir("way"));
	snprintf(below, sizeof(below), "%s/state", way);
	write_file(way, "", 0);
	assert_refused(way, STATUS_IO, "file is in the way", "storage.directory");
	assert_refused(below, STATUS_IO, "file is in the way", "storage.directory");
}

static void a_read_only_directory_is_refused(void **state)
{
	(void)state;
	if (geteuid() == 0)
		skip(); /* root may write anywhere */
	assert_int_equal(chmod(dir, 0500), 0);
	assert_refused(dir, STATUS_IO, "Permission denied", "storage.directory");
	assert_int_equal(chmod(dir, 0700), 0);
}

static void the_folder_above_that_cannot_be_written_is_the_reason(void **state)
{
	char below[160];

	(void)state;
	if (geteuid() == 0)
		skip();
	snprintf(below, sizeof(below), "%s/state/plimsoll", dir);
	assert_int_equal(chmod(dir, 0500), 0);
	assert_refused(below, STATUS_IO, "Permission denied", "let this user write there");
	assert_int_equal(chmod(dir, 0700), 0);
}

static void a_file_that_is_no_lmdb_environment_is_refused(void **state)
{
	char text[8192];

	(void)state;
	memset(text, 'x', sizeof(text));
	write_file(in_dir("data.mdb"), text, sizeof(text));
	assert_refused(dir, STATUS_CORRUPT, "no LMDB file", "move it away");
}

static void the_environment_of_another_program_is_refused(void **state)
{
	(void)state;
	put_raw("their table", SLICE("k"), SLICE("v"));
	assert_refused(dir, STATUS_CORRUPT, "another program", "storage.directory");
}

static void a_store_of_a_newer_schema_is_refused(void **state)
{
	/* {1, length, CRC-32 of format, length, "schema", "2"}, computed with zlib elsewhere */
	static const char two[] = "\x01\x01\x00\x00\x00\x2a\x8a\x9a\x23" "2";

	(void)state;
	store_close(must_open(MAP_BYTES));
	put_raw("meta", SLICE("schema"), SLICE(two));
	assert_refused(dir, STATUS_CORRUPT, "newer plimsoll (schema 2", "storage.directory");
}

static bool count(void *context, struct slice key, struct slice value)
{
	(void)key;
	(void)value;
	++*(int *)context;
	return true;
}

static void a_value_that_fails_its_checksum_is_corrupt_and_skipped_by_scans(void **state)
{
	const struct slice foreign[] = { SLICE(""), SLICE("v"), SLICE("\x01\x01\x00\x00\x00\x00\x00\x00\x00" "v"),
					  SLICE("\x02\x01\x00\x00\x00\x00\x00\x00\x00" "v") };
	struct store *s = must_open(MAP_BYTES);

	(void)state;
	must_write(s, SLICE("good"), SLICE("v"));
	store_close(s);
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		int visited = 0;
		put_raw("baselines", SLICE("bad"), foreign[i]);
		s = must_open(MAP_BYTES);
		assert_lookup(s, SLICE("bad"), STATUS_CORRUPT);
		assert_int_equal(store_scan(s, STORE_BASELINES, SLICE(""), count, &visited).code, STATUS_OK);
		assert_int_equal(visited, 1);
		store_close(s);
	}
}

static void a_smaller_map_than_the_file_still_opens(void **state)
{
	struct store *s = must_open(MAP_BYTES);
	char *value = calloc(1, 3 << 20);

	(void)state;
	must_write(s, SLICE("k"), (struct slice){ value, 3 << 20 });
	store_close(s);
	s = must_open(UINT64_C(1) << 20);
	assert_value(s, SLICE("k"), (struct slice){ value, 3 << 20 });
	assert_int_equal(write_one(s, SLICE("l"), (struct slice){ value, 3 << 20 }).code, STATUS_FULL);
	store_close(s);
	free(value);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_missing_directory_is_made_for_its_owner_alone),
		TEST(a_second_opener_in_this_process_is_refused),
		TEST(a_second_process_is_refused_and_told_the_first_ones_number),
		TEST(a_file_in_the_way_is_refused),
		TEST(a_read_only_directory_is_refused),
		TEST(the_folder_above_that_cannot_be_written_is_the_reason),
		TEST(a_file_that_is_no_lmdb_environment_is_refused),
		TEST(the_environment_of_another_program_is_refused),
		TEST(a_store_of_a_newer_schema_is_refused),
		TEST(a_value_that_fails_its_checksum_is_corrupt_and_skipped_by_scans),
		TEST(a_smaller_map_than_the_file_still_opens),
	};
	return cmocka_run_group_tests_name("store/open", tests, NULL, NULL);
}
