/* SPDX-License-Identifier: Apache-2.0
 * The file exporter appends whole lines, rotates by size, keeps the newest files, and tells what stands in its way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "agent/base/log.h"
#include "agent/otlp/json_transcode.h"
#include "tests/unit/exporter_rig.h"
#include "tests/unit/scratch_dir.h"

#define EXPORTED METER_EXPORTED, "exporter=\"file\",kind=\"records\""

static char path[128];
static struct rig rig;

static int set_up(void **state)
{
	if (make_dir(state) != 0)
		return -1;
	snprintf(path, sizeof(path), "%s", in_dir("records.jsonl"));
	return 0;
}

static int tear_down(void **state)
{
	return rig_stop(&rig) != 0 || remove_dir(state) != 0 ? -1 : 0;
}

static void start(const char *at, const char *more)
{
	char yaml[1024];

	snprintf(yaml, sizeof(yaml), "exporters:\n  file:\n    path: %s\n%s", at, more);
	if (FAILED(rig_start(&rig, yaml)))
		fail_msg("%s", buf_string(&rig.why));
}

static void offer(const char *lines, uint32_t items)
{
	rig_offer(&rig, PAYLOAD_RECORDS, slice_of(lines), items);
}

static unsigned files_in_directory(void)
{
	struct dirent **entries;
	int n = scandir(dir, &entries, NULL, alphasort);

	for (int i = 0; i < n; i++)
		free(entries[i]);
	free(entries);
	return (unsigned)n - 2;
}

static void lines_are_appended_to_what_is_there(void **state)
{
	struct stat st;

	(void)state;
	FILE *before = fopen(path, "w");
	fputs("{\"a\":0}\n", before);
	fclose(before);
	start(path, "");
	offer("{\"a\":1}\n", 1);
	assert_true(rig_wait(&rig, EXPORTED, 1));
	assert_string_equal(file_text(path), "{\"a\":0}\n{\"a\":1}\n");
	offer("{\"a\":2}\n{\"a\":3}\n", 2);
	assert_true(rig_wait(&rig, EXPORTED, 3));
	assert_string_equal(file_text(path), "{\"a\":0}\n{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n");
	assert_int_equal(stat(path, &st), 0);
}

static void a_new_file_is_for_its_owner_alone(void **state)
{
	struct stat st;

	(void)state;
	start(path, "");
	offer("{}\n", 1);
	assert_true(rig_wait(&rig, EXPORTED, 1));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void a_full_file_is_moved_away_and_the_oldest_are_deleted(void **state)
{
	size_t size = 700 << 10;
	char *big = malloc(size + 1);

	(void)state;
	memset(big, 'x', size);
	big[size - 1] = '\n';
	big[size] = '\0';
	start(path, "    rotation:\n      max_megabytes: 1\n      max_backups: 2\n");
	for (int64_t i = 1; i <= 5; i++) {
		offer(big, 1);
		assert_true(rig_wait(&rig, EXPORTED, i));
		assert_int_equal(files_in_directory(), i < 3 ? i : 3);
	}
	free(big);
}

/* The one file whose name ends like this; NULL where there is none. */
static const char *file_ending(const char *suffix)
{
	static char found[400];
	struct dirent **entries;
	int n = scandir(dir, &entries, NULL, alphasort);

	found[0] = '\0';
	for (int i = 0; i < n; i++) {
		if (slice_ends_with(slice_of(entries[i]->d_name), slice_of(suffix)))
			snprintf(found, sizeof(found), "%s/%s", dir, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return found[0] != '\0' ? found : NULL;
}

static void older_files_are_compressed_and_still_counted(void **state)
{
	size_t size = 900 << 10;
	char *big = malloc(size + 1), *back = malloc(size + 1);

	(void)state;
	memset(big, 'x', size);
	big[size - 1] = '\n';
	big[size] = '\0';
	start(path, "    rotation: { max_megabytes: 1, max_backups: 2, compress: true }\n");
	for (int i = 1; i <= 4; i++) {
		offer(big, 1);
		assert_true(rig_wait(&rig, EXPORTED, i));
		for (int turn = 0; turn < 20000 && i > 1 && (file_ending(".gz") == NULL ||
							     file_ending(".gz.new") != NULL); turn++) {
			uv_run(&rig.loop, UV_RUN_NOWAIT);
			usleep(100);
		}
	}
	struct stat st;
	const char *packed = file_ending(".jsonl.gz");
	assert_non_null(packed);
	assert_int_equal(stat(packed, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	gzFile file = gzopen(packed, "rb");
	assert_int_equal(gzread(file, back, (unsigned)size + 1), size);
	assert_memory_equal(back, big, size);
	gzclose(file);
	assert_true(files_in_directory() <= 4);
	free(big);
	free(back);
}

#define OTLP_LOG "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"severityNumber\":9}]}]}]}"

static void otlp_is_written_as_json_lines(void **state)
{
	struct buf wire = BUF_INIT;

	(void)state;
	start(path, "    format: json\n");
	assert_false(FAILED(json_to_wire(SLICE(OTLP_LOG), SIGNAL_LOGS, 1000, &wire, NULL)));
	offer("{\"a\":1}\n", 1); /* a record: not wanted in this format */
	rig_offer(&rig, PAYLOAD_LOGS, buf_view(&wire), 1);
	assert_true(rig_wait(&rig, METER_EXPORTED, "exporter=\"file\",kind=\"logs\"", 1));
	rig_offer(&rig, PAYLOAD_LOGS, buf_view(&wire), 1);
	assert_true(rig_wait(&rig, METER_EXPORTED, "exporter=\"file\",kind=\"logs\"", 2));
	assert_string_equal(file_text(path), OTLP_LOG "\n" OTLP_LOG "\n");
	buf_release(&wire);
}

static void otlp_is_written_as_protobuf_behind_its_length(void **state)
{
	(void)state;
	start(path, "    format: proto\n");
	rig_offer(&rig, PAYLOAD_TRACES, SLICE("abc"), 1);
	assert_true(rig_wait(&rig, METER_EXPORTED, "exporter=\"file\",kind=\"traces\"", 1));
	assert_memory_equal(file_text(path), "\0\0\0\3abc", 8);
}

static void files_of_other_names_are_left_alone(void **state)
{
	char other[128];
	char *big = malloc((600 << 10) + 1);

	(void)state;
	memset(big, 'x', 600 << 10);
	big[600 << 10] = '\0';
	snprintf(other, sizeof(other), "%s/records-old.jsonl", dir);
	fclose(fopen(other, "w"));
	start(path, "    rotation:\n      max_megabytes: 1\n      max_backups: 1\n");
	for (int64_t i = 1; i <= 4; i++) {
		offer(big, 1);
		assert_true(rig_wait(&rig, EXPORTED, i));
	}
	assert_int_equal(access(other, F_OK), 0);
	assert_int_equal(files_in_directory(), 3);
	free(big);
}

static void a_file_that_was_moved_away_is_opened_anew(void **state)
{
	char moved[128];

	(void)state;
	start(path, "");
	offer("{\"a\":1}\n", 1);
	assert_true(rig_wait(&rig, EXPORTED, 1));
	snprintf(moved, sizeof(moved), "%s/moved", dir);
	assert_int_equal(rename(path, moved), 0);
	offer("{\"a\":2}\n", 1);
	assert_true(rig_wait(&rig, EXPORTED, 2));
	assert_string_equal(file_text(path), "{\"a\":2}\n");
}

static void a_missing_directory_is_retried_until_it_is_there(void **state)
{
	char below[160];
	char file[192];

	(void)state;
	snprintf(below, sizeof(below), "%s/later", dir);
	snprintf(file, sizeof(file), "%s/records.jsonl", below);
	start(file, "    retry_on_failure:\n      initial_interval: 10ms\n      max_interval: 10ms\n");
	offer("{\"a\":1}\n", 1);
	assert_true(rig_wait(&rig, METER_EXPORT_FAILURES, "exporter=\"file\",reason=\"io\"", 2));
	assert_int_equal(mkdir(below, 0700), 0);
	assert_true(rig_wait(&rig, EXPORTED, 1));
	assert_string_equal(file_text(file), "{\"a\":1}\n");
}

static void a_full_disk_is_counted_and_given_up_in_the_end(void **state)
{
	(void)state;
	start("/dev/full", "    retry_on_failure:\n      initial_interval: 10ms\n      max_interval: 10ms\n"
			   "      max_elapsed_time: 60ms\n");
	offer("{\"a\":1}\n", 5);
	assert_true(rig_wait(&rig, METER_DROPPED, "exporter=\"file\",kind=\"records\",reason=\"gave_up\"", 5));
	assert_true(rig_count(METER_EXPORT_FAILURES, "exporter=\"file\",reason=\"disk_full\"") > 2);
}

static void a_path_is_required(void **state)
{
	(void)state;
	assert_int_equal(rig_start(&rig, "exporters:\n  file:\n    rotation:\n      max_megabytes: 1\n").code,
			 STATUS_INVALID);
	assert_non_null(strstr(buf_string(&rig.why), "path"));
}

/* Opening one without a reader waits for it, and with the loop's thread everything else would. */
static void a_pipe_that_nobody_reads_holds_up_nothing(void **state)
{
	char lines[64];

	(void)state;
	alarm(10);
	assert_int_equal(mkfifo(path, 0600), 0);
	start(path, "    retry_on_failure: { initial_interval: 10ms, max_interval: 10ms }\n");
	offer("{\"a\":1}\n", 1);
	assert_true(rig_wait(&rig, METER_EXPORT_FAILURES, "exporter=\"file\",reason=\"io\"", 1));
	int reader = open(path, O_RDONLY | O_NONBLOCK);
	assert_true(rig_wait(&rig, EXPORTED, 1));
	assert_int_equal(read(reader, lines, sizeof(lines)), 8);
	assert_memory_equal(lines, "{\"a\":1}\n", 8);
	close(reader);
	alarm(0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(lines_are_appended_to_what_is_there),
		TEST(a_new_file_is_for_its_owner_alone),
		TEST(a_full_file_is_moved_away_and_the_oldest_are_deleted),
		TEST(older_files_are_compressed_and_still_counted),
		TEST(otlp_is_written_as_json_lines),
		TEST(otlp_is_written_as_protobuf_behind_its_length),
		TEST(files_of_other_names_are_left_alone),
		TEST(a_file_that_was_moved_away_is_opened_anew),
		TEST(a_missing_directory_is_retried_until_it_is_there),
		TEST(a_full_disk_is_counted_and_given_up_in_the_end),
		TEST(a_path_is_required),
		TEST(a_pipe_that_nobody_reads_holds_up_nothing),
	};
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("exporters/file", tests, NULL, NULL);
}
