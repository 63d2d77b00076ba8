/* SPDX-License-Identifier: Apache-2.0
 * What was acknowledged survives kill -9, half a batch never shows, and a damaged file is refused instead of crashing.
 */
#include "tests/unit/store_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define KEYS_PER_BATCH 5

struct acknowledgement {
	int pipe;
	uint32_t number;
};

static void acknowledge(void *context, struct status result)
{
	struct acknowledgement *a = context;

	if (!FAILED(result) && write(a->pipe, &a->number, sizeof(a->number)) != sizeof(a->number))
		_exit(1);
	free(a);
}

/* Key "<batch>/<i>", batches numbered from first; never returns. */
static _Noreturn void write_until_killed(int pipe, uint32_t first)
{
	struct buf why = BUF_INIT;
	struct store *s;
	char key[32], value[200] = { 0 };

	if (FAILED(store_open(dir, UINT64_C(64) << 20, &s, &why)))
		_exit(1);
	for (uint32_t n = first;; n++) {
		struct store_batch *b = store_batch_new();
		struct acknowledgement *a = malloc(sizeof(*a));
		*a = (struct acknowledgement){ pipe, n };
		for (int i = 0; i < KEYS_PER_BATCH; i++) {
			snprintf(key, sizeof(key), "%08x/%d", n, i);
			store_batch_put(b, STORE_BASELINES, slice_of(key), (struct slice){ value, sizeof(value) });
		}
		if (FAILED(store_write(s, b, acknowledge, a)) || (n % 16 == 0 && FAILED(store_flush(s))))
			_exit(1);
		usleep(100);
	}
}

/* Runs the writer for a while, kills it, and says which batch was acknowledged last (0: none). */
static uint32_t kill_writer(uint32_t first, useconds_t after_us)
{
	uint32_t number, last = 0;
	int ends[2], how;

	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	if (child == 0)
		write_until_killed(ends[1], first);
	close(ends[1]);
	usleep(after_us);
	kill(child, SIGKILL);
	while (read(ends[0], &number, sizeof(number)) == sizeof(number))
		last = number;
	close(ends[0]);
	assert_int_equal(waitpid(child, &how, 0), child);
	assert_true(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
	return last;
}

struct found {
	uint32_t newest;
	uint64_t keys;
};

static bool note_key(void *context, struct slice key, struct slice value)
{
	struct found *f = context;
	char text[9];

	(void)value;
	memcpy(text, key.ptr, 8);
	text[8] = '\0';
	f->newest = (uint32_t)strtoul(text, NULL, 16);
	f->keys++;
	return true;
}

static void killing_the_process_loses_no_acknowledged_batch_and_shows_no_half_one(void **state)
{
	uint32_t first = 1;

	(void)state;
	for (int round = 0; round < 10; round++) {
		uint32_t acknowledged = kill_writer(first, (useconds_t)(20000 + rand() % 200000));
		struct found f = { 0 };
		struct store *s = must_open(UINT64_C(64) << 20);
		assert_int_equal(store_scan(s, STORE_BASELINES, SLICE(""), note_key, &f).code, STATUS_OK);
		store_close(s);
		assert_true(f.newest >= acknowledged);
		assert_int_equal(f.keys, (uint64_t)f.newest * KEYS_PER_BATCH);
		first = f.newest + 1;
	}
	assert_true(first > 10);
}

/* A store with small and large values in several tables. */
static void make_store(void)
{
	struct store *s = must_open(MAP_BYTES);
	struct store_batch *b = store_batch_new();
	char key[16], value[3000] = { 1 }, *large = calloc(1, 100000);

	for (int i = 0; i < 400; i++) {
		snprintf(key, sizeof(key), "%04d", i);
		store_batch_put(b, i % 2 ? STORE_BASELINES : STORE_MODELS, slice_of(key), (struct slice){ value, 300 });
	}
	for (int i = 0; i < 5; i++) {
		snprintf(key, sizeof(key), "%04d", i);
		store_batch_put(b, STORE_QUEUE, slice_of(key), (struct slice){ large, 100000 });
	}
	assert_int_equal(store_write(s, b, NULL, NULL).code, STATUS_OK);
	free(large);
	store_close(s);
}

/* Opens the store and reads all of it, if it lets itself be opened. */
static enum status_code open_and_read(void)
{
	struct buf why = BUF_INIT;
	struct found f = { 0 };
	struct store *s;
	struct status result = store_open(dir, MAP_BYTES, &s, &why);

	if (!FAILED(result)) {
		for (int t = STORE_BASELINES; t < STORE_TABLE_COUNT; t++)
			assert_int_equal(store_scan(s, (enum store_table)t, SLICE(""), note_key, &f).code, STATUS_OK);
		store_close(s);
	} else {
		assert_true(why.len > 0);
	}
	buf_release(&why);
	return result.code;
}

static void a_file_that_was_cut_off_is_refused(void **state)
{
	struct stat st;
	int refused = 0;

	make_store();
	assert_int_equal(stat(in_dir("data.mdb"), &st), 0);
	for (off_t size = st.st_size * 9 / 10; size > 8192; size = size * 3 / 4) {
		assert_int_equal(truncate(in_dir("data.mdb"), size), 0);
		assert_int_equal(open_and_read(), STATUS_CORRUPT);
		refused++;
		assert_int_equal(remove_dir(state), 0);
		assert_int_equal(make_dir(state), 0);
		make_store();
	}
	assert_true(refused > 5);
}

static void a_parent_that_waited_for_no_child_changes_nothing(void **state)
{
	(void)state;
	signal(SIGCHLD, SIG_IGN); /* as we may be started */
	alarm(60);
	make_store();
	assert_int_equal(open_and_read(), STATUS_OK);
	signal(SIGCHLD, SIG_IGN);
	assert_int_equal(truncate(in_dir("data.mdb"), 16384), 0);
	assert_int_equal(open_and_read(), STATUS_CORRUPT);
	alarm(0);
	signal(SIGCHLD, SIG_DFL);
}

static void overwrite_page(int fd, off_t page, unsigned char byte)
{
	unsigned char bytes[4096];

	memset(bytes, byte, sizeof(bytes));
	assert_int_equal(pwrite(fd, bytes, sizeof(bytes), page * 4096), 4096);
}

static void an_overwritten_page_is_refused_or_costs_only_its_values(void **state)
{
	unsigned char saved[4096];
	struct stat st;
	int damaged = 0;

	(void)state;
	make_store();
	int fd = open(in_dir("data.mdb"), O_RDWR);
	assert_int_equal(fstat(fd, &st), 0);
	for (off_t page = 2; page < st.st_size / 4096; page += 1 + page / 32) {
		assert_int_equal(pread(fd, saved, sizeof(saved), page * 4096), 4096);
		overwrite_page(fd, page, (unsigned char)(page % 3 ? 0xff : 0));
		enum status_code code = open_and_read();
		assert_true(code == STATUS_OK || code == STATUS_CORRUPT);
		damaged += code == STATUS_CORRUPT;
		assert_int_equal(pwrite(fd, saved, sizeof(saved), page * 4096), 4096);
	}
	close(fd);
	assert_true(damaged > 5);
}

static void a_file_that_may_not_grow_answers_and_works_again(void **state)
{
	struct store *s = must_open(MAP_BYTES);
	const struct rlimit small = { 256 << 10, RLIM_INFINITY }, none = { RLIM_INFINITY, RLIM_INFINITY };
	char *value = calloc(1, 1 << 20);

	(void)state;
	must_write(s, SLICE("before"), SLICE("v"));
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	struct status refused = write_one(s, SLICE("big"), (struct slice){ value, 1 << 20 });
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_true(refused.code == STATUS_FULL || refused.code == STATUS_IO);
	assert_lookup(s, SLICE("big"), STATUS_NOTFOUND);
	assert_value(s, SLICE("before"), SLICE("v"));
	must_write(s, SLICE("big"), (struct slice){ value, 1 << 20 });
	free(value);
	store_close(s);
}

static void what_is_written_to_a_deleted_file_is_not_acknowledged(void **state)
{
	struct store *s = must_open(MAP_BYTES);

	must_write(s, SLICE("before"), SLICE("kept"));
	remove_dir(state);
	struct status result = write_one(s, SLICE("after"), SLICE("lost"));
	assert_int_equal(result.code, STATUS_IO);
	assert_non_null(strstr(result.why, "deleted"));
	assert_value(s, SLICE("before"), SLICE("kept"));
	assert_lookup(s, SLICE("after"), STATUS_NOTFOUND);
	store_close(s);
}

static void a_copy_that_finds_no_room_leaves_no_half_of_it(void **state)
{
	struct store *s = must_open(MAP_BYTES);
	const struct rlimit small = { 8 << 10, RLIM_INFINITY }, none = { RLIM_INFINITY, RLIM_INFINITY };
	struct buf why = BUF_INIT;
	char copy[128];

	(void)state;
	must_write(s, SLICE("before"), SLICE("v"));
	snprintf(copy, sizeof(copy), "%s", in_dir("copy"));
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(store_copy(s, copy, &why).code, STATUS_FULL);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_int_equal(access(in_dir("copy/data.mdb"), F_OK), -1);
	assert_int_equal(store_copy(s, copy, &why).code, STATUS_OK);
	assert_int_equal(store_copy(s, copy, &why).code, STATUS_EXISTS);
	assert_int_equal(access(in_dir("copy/data.mdb"), F_OK), 0);
	buf_release(&why);
	store_close(s);
}

static void a_full_disk_answers_full_and_works_again_when_there_is_room(void **state)
{
	char filler[128], *value = calloc(1, 1 << 20);

	(void)state;
	if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("plimsoll", dir, "tmpfs", 0, "size=2m") != 0) {
		free(value);
		skip(); /* only root may make a small disk */
	}
	struct store *s = must_open(MAP_BYTES);
	must_write(s, SLICE("before"), SLICE("v"));
	snprintf(filler, sizeof(filler), "%s", in_dir("filler"));
	int fd = open(filler, O_CREAT | O_WRONLY, 0600);
	while (write(fd, value, 4096) == 4096)
		;
	close(fd);
	assert_int_equal(write_one(s, SLICE("big"), (struct slice){ value, 1 << 20 }).code, STATUS_FULL);
	assert_value(s, SLICE("before"), SLICE("v"));
	assert_int_equal(unlink(filler), 0);
	must_write(s, SLICE("big"), (struct slice){ value, 1 << 20 });
	store_close(s);
	assert_int_equal(umount(dir), 0);
	free(value);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(killing_the_process_loses_no_acknowledged_batch_and_shows_no_half_one),
		TEST(a_file_that_was_cut_off_is_refused),
		TEST(a_parent_that_waited_for_no_child_changes_nothing),
		TEST(an_overwritten_page_is_refused_or_costs_only_its_values),
		TEST(a_file_that_may_not_grow_answers_and_works_again),
		TEST(what_is_written_to_a_deleted_file_is_not_acknowledged),
		TEST(a_copy_that_finds_no_room_leaves_no_half_of_it),
		TEST(a_full_disk_answers_full_and_works_again_when_there_is_room),
	};
	return cmocka_run_group_tests_name("store/crash", tests, NULL, NULL);
}
