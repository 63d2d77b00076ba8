/* SPDX-License-Identifier: Apache-2.0
 * prompts/folder.c - walks the folder, sorted, so that mistakes and their order are the same everywhere.
 */
#include "agent/prompts/folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "agent/base/hash.h"

struct walk {
	void (*file)(void *context, const char *path, const struct stat *st);
	void *context;
	struct buf *errors; /* NULL: nobody reads them */
	size_t files, left_out; /* left out: could not be read, or one too many */
	unsigned depth;
	struct place {
		dev_t device;
		ino_t inode;
	} *seen; /* folders */
	size_t seen_count, seen_cap;
};

static struct status walk_folder(struct walk *w, const char *directory, const struct stat *st);

static bool is_manifest(const char *name)
{
	static const char *const endings[] = { ".yaml", ".yml", ".json" };
	struct slice s = slice_of(name);

	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		if (slice_ends_with(s, slice_of(endings[i])))
			return true;
	return false;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void complain(struct walk *w, const char *path, const char *what)
{
	if (w->errors != NULL)
		buf_printf(w->errors, "%s: %s\n", path, what);
}

static void visit(struct walk *w, const char *path, const char *name)
{
	struct stat st;

	if (stat(path, &st) != 0) {
		w->left_out++;
		complain(w, path, strerror(errno));
		return;
	}
	if (S_ISDIR(st.st_mode)) {
		if (FAILED(walk_folder(w, path, &st))) {
			w->left_out++;
			complain(w, path, "cannot be read");
		}
		return;
	}
	if (!S_ISREG(st.st_mode) || !is_manifest(name))
		return;
	if (w->files++ == FOLDER_FILES_MAX)
		complain(w, path, "more than 4096 manifests; this one and the rest are left out");
	if (w->files <= FOLDER_FILES_MAX)
		w->file(w->context, path, &st);
	else
		w->left_out++;
}

static bool was_seen(const struct walk *w, const struct stat *st)
{
	for (size_t i = 0; i < w->seen_count; i++)
		if (w->seen[i].inode == st->st_ino && w->seen[i].device == st->st_dev)
			return true;
	return false;
}

static bool note_seen(struct walk *w, const struct stat *st)
{
	if (w->seen_count == w->seen_cap) {
		size_t cap = w->seen_cap * 2 + 16;
		struct place *seen = realloc(w->seen, cap * sizeof(*seen));
		if (seen == NULL)
			return false;
		w->seen = seen;
		w->seen_cap = cap;
	}
	w->seen[w->seen_count++] = (struct place){ st->st_dev, st->st_ino };
	return true;
}

static struct status walk_folder(struct walk *w, const char *directory, const struct stat *st)
{
	struct dirent **entries = NULL;

	if (was_seen(w, st))
		return OK;
	if (w->depth == FOLDER_DEPTH_MAX)
		return FAIL(IO, "folders are nested too deeply");
	if (!note_seen(w, st))
		return FAIL(NOMEM, "no memory for the folders");
	int count = scandir(directory, &entries, is_visible, alphasort);
	if (count < 0)
		return FAIL(IO, "the folder cannot be read");
	w->depth++;
	for (int i = 0; i < count; i++) {
		struct buf path = BUF_INIT;
		buf_printf(&path, "%s/%s", directory, entries[i]->d_name);
		visit(w, buf_string(&path), entries[i]->d_name);
		buf_release(&path);
		free(entries[i]);
	}
	free(entries);
	w->depth--;
	return OK;
}

static struct status walk_all(struct walk *w, const char *directory)
{
	struct stat st;

	if (stat(directory, &st) != 0)
		return FAIL(IO, "the folder cannot be read");
	struct status s = walk_folder(w, directory, &st);
	free(w->seen);
	return s;
}

/* ---------------------------------------------------------------- manifests */
static const struct manifest *find(const struct manifest_set *set, const struct manifest *m)
{
	for (size_t i = 0; i < set->count; i++)
		if (strcmp(set->items[i]->version, m->version) == 0 && strcmp(set->items[i]->name, m->name) == 0)
			return set->items[i];
	return NULL;
}

struct status manifest_set_add(struct manifest_set *set, struct manifest *m, struct buf *errors)
{
	const struct manifest *twin = find(set, m);
	struct status s = OK;

	if (twin != NULL) {
		buf_printf(errors, "%s:%zu:%zu: version '%s' of '%s' stands in %s already\n", m->path, m->version_mark.line,
			   m->version_mark.column, m->version, m->name, twin->path);
		s = FAIL(EXISTS, "the version is there already");
	} else if (set->count == set->cap) {
		size_t cap = set->cap * 2 + 16;
		struct manifest **items = realloc(set->items, cap * sizeof(*items));
		if (items == NULL)
			s = FAIL(NOMEM, "no memory for the manifests");
		else {
			set->items = items;
			set->cap = cap;
		}
	}
	if (FAILED(s))
		manifest_free(m);
	else
		set->items[set->count++] = m;
	return s;
}

void manifest_set_release(struct manifest_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		manifest_free(set->items[i]);
	free(set->items);
	*set = (struct manifest_set){ .count = 0 };
}

struct reading {
	struct manifest_set *set;
	struct buf *errors;
	bool nomem;
};

static void read_one(void *context, const char *path, const struct stat *st)
{
	struct reading *r = context;
	struct manifest *m = NULL;

	(void)st;
	struct status s = manifest_load(path, &m, r->errors);
	if (!FAILED(s))
		s = manifest_set_add(r->set, m, r->errors);
	r->set->mistakes += FAILED(s);
	r->nomem |= s.code == STATUS_NOMEM;
}

struct status folder_read(const char *directory, struct manifest_set *out, struct buf *errors)
{
	struct reading r = { out, errors, false };
	struct walk w = { .file = read_one, .context = &r, .errors = errors };

	*out = (struct manifest_set){ .count = 0 };
	struct status s = walk_all(&w, directory);
	out->mistakes += w.left_out;
	if (FAILED(s))
		buf_printf(errors, "%s: %s\n", directory, strerror(errno));
	return r.nomem ? FAIL(NOMEM, "no memory for the manifests") : s;
}

/* ---------------------------------------------------------------- whether anything changed */
static void stamp_one(void *context, const char *path, const struct stat *st)
{
	const uint64_t parts[] = { (uint64_t)st->st_size, (uint64_t)st->st_mtim.tv_sec, (uint64_t)st->st_mtim.tv_nsec,
				   (uint64_t)st->st_ino };
	uint64_t *stamp = context;

	*stamp = hash_mix(*stamp ^ hash_stable(path, strlen(path)), hash_stable(parts, sizeof(parts)));
}

uint64_t folder_stamp(const char *directory)
{
	uint64_t stamp = 1;
	struct walk w = { .file = stamp_one, .context = &stamp };

	return FAILED(walk_all(&w, directory)) ? 0 : stamp;
}
