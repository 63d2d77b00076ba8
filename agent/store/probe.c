/* SPDX-License-Identifier: Apache-2.0
 * store/probe.c - walks an environment in a child process.
 *
 * LMDB has no checksums on its pages and believes the lengths and offsets it finds there: a file that was cut off or
 * overwritten ends in SIGBUS, SIGSEGV or an abort somewhere inside mdb_get. So a child walks every table first, and if
 * it dies, the store is refused with a sentence instead. Damage inside a value is not looked for here: its checksum
 * tells when it is read.
 */
#include "agent/store/probe.h"

#include <assert.h>
#include <errno.h>
#include <lmdb.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/store/store.h"

#define TIME_LIMIT_S 60 /* a walk that takes longer is let go: slow is not damaged */
#define NAME_MAX_BYTES 64

static int visit_entries(MDB_txn *txn, MDB_dbi table, int (*visit)(MDB_txn *, MDB_val, MDB_val))
{
	MDB_cursor *cursor;
	MDB_val key, value;
	int rc = mdb_cursor_open(txn, table, &cursor);

	if (rc != 0)
		return rc;
	while (rc == 0 && (rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0)
		rc = visit(txn, key, value);
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* Reads both ends: past the end of a file that was cut off this is a SIGBUS. */
static int touch(MDB_txn *txn, MDB_val key, MDB_val value)
{
	(void)txn;
	(void)key;
	if (value.mv_size > 0) {
		const volatile unsigned char *bytes = value.mv_data;
		(void)bytes[0];
		(void)bytes[value.mv_size - 1];
	}
	return 0;
}

/* An entry of the unnamed table is a named table. */
static int walk_table(MDB_txn *txn, MDB_val key, MDB_val value)
{
	char name[NAME_MAX_BYTES];
	MDB_dbi table;

	(void)value;
	if (key.mv_size >= sizeof(name))
		return 0; /* none of ours; opening the store will say so */
	memcpy(name, key.mv_data, key.mv_size);
	name[key.mv_size] = '\0';
	int rc = mdb_dbi_open(txn, name, 0, &table);
	return rc == 0 ? visit_entries(txn, table, touch) : rc == MDB_INCOMPATIBLE || rc == MDB_DBS_FULL ? 0 : rc;
}

static int walk(MDB_env *env)
{
	MDB_dbi unnamed;
	MDB_txn *txn;
	int rc = mdb_txn_begin(env, NULL, MDB_RDONLY, &txn);

	if (rc == 0)
		rc = visit_entries(txn, 0, touch); /* the free pages */
	if (rc == 0)
		rc = mdb_dbi_open(txn, NULL, 0, &unnamed);
	return rc == 0 ? visit_entries(txn, unnamed, walk_table) : rc;
}

void probe_expect_crash(void)
{
	static const int crashes[] = { SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL };
	const struct rlimit no_core = { 0, 0 };

	for (size_t i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++)
		signal(crashes[i], SIG_DFL);
	setrlimit(RLIMIT_CORE, &no_core);
}

static _Noreturn void probe_main(const char *directory, size_t map_bytes)
{
	MDB_env *env;

	probe_expect_crash();
	close(STDERR_FILENO); /* LMDB prints its failed assertions */
	signal(SIGALRM, SIG_DFL);
	alarm(TIME_LIMIT_S);
	if (mdb_env_create(&env) != 0)
		_exit(0);
	mdb_env_set_mapsize(env, map_bytes);
	mdb_env_set_maxdbs(env, STORE_TABLE_COUNT);
	/* alone by the lock of directory.h, so LMDB's own locks are not needed */
	if (mdb_env_open(env, directory, MDB_RDONLY | MDB_NOLOCK, 0600) != 0)
		_exit(0);
	_exit(walk(env) == 0 ? 0 : 1);
}

pid_t probe_fork(void)
{
	struct sigaction now;

	if (sigaction(SIGCHLD, NULL, &now) == 0 && now.sa_handler == SIG_IGN)
		signal(SIGCHLD, SIG_DFL);
	return fork();
}

int probe_wait(pid_t child)
{
	int how = 0;

	while (waitpid(child, &how, 0) < 0)
		assert(errno == EINTR);
	return how;
}

bool probe_is_sound(const char *directory, size_t map_bytes)
{
	pid_t child = probe_fork();

	if (child == 0)
		probe_main(directory, map_bytes);
	if (child < 0)
		return true; /* no process to spare: not a word about the file */
	int how = probe_wait(child);
	return WIFEXITED(how) ? WEXITSTATUS(how) == 0 : WTERMSIG(how) == SIGALRM;
}
