/* SPDX-License-Identifier: Apache-2.0
 * cli/prompts_import.c - `plimsoll prompts import`: exports of other tools as manifests. Nothing is ever overwritten.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "agent/base/file.h"
#include "agent/cli/prompts.h"
#include "agent/prompts/import.h"

#define EXPORT_BYTES_MAX (64u << 20)

struct writing {
	const char *directory;
	struct manifest_set there; /* what the folder holds */
	size_t written, same, refused;
	bool failed; /* to write a file */
};

/* A file's name out of a prompt's: letters, digits, dots and dashes stay. */
static void write_file_name(const char *directory, const struct manifest *m, struct buf *path)
{
	const char *const parts[] = { m->name, m->version };

	buf_printf(path, "%s/", directory);
	for (int i = 0; i < 2; i++) {
		for (const char *at = parts[i]; *at != '\0'; at++) {
			bool stays = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9') ||
				     *at == '_' || *at == '-' || (*at == '.' && at > parts[i]);
			buf_byte(path, stays ? *at : '-');
		}
		buf_text(path, i == 0 ? "@" : ".yaml");
	}
}

static const struct manifest *find_version(const struct manifest_set *set, const struct manifest *m)
{
	for (size_t i = 0; i < set->count; i++)
		if (strcmp(set->items[i]->name, m->name) == 0 && strcmp(set->items[i]->version, m->version) == 0)
			return set->items[i];
	return NULL;
}

static void write_new(struct writing *w, const struct manifest *m)
{
	struct buf path = BUF_INIT, text = BUF_INIT;

	write_file_name(w->directory, m, &path);
	manifest_write_yaml(m, &text);
	FILE *file = fopen(buf_string(&path), "wx");
	bool good = file != NULL && fwrite(text.ptr, 1, text.len, file) == text.len;
	good = file != NULL && fclose(file) == 0 && good;
	if (good)
		printf("%s\n", buf_string(&path));
	else
		fprintf(stderr, "plimsoll prompts: cannot write '%s': %s\n", buf_string(&path), strerror(errno));
	w->written += good;
	w->failed |= !good;
	buf_release(&path);
	buf_release(&text);
}

/* A version that is there already stays, in whatever file: it may have been released. */
static void write_one(struct writing *w, const struct manifest *m)
{
	const struct manifest *there = find_version(&w->there, m);

	if (there == NULL) {
		write_new(w, m);
	} else if (there->content_hash == m->content_hash) {
		w->same++;
	} else {
		w->refused++;
		fprintf(stderr, "%s: %s@%s is there with another content and stays: a version does not change in place\n", there->path,
			m->name, m->version);
	}
}

static int write_all(const struct manifest_set *set, const char *directory, const char *source, size_t left_out)
{
	struct writing w = { .directory = directory };

	if (mkdir(directory, 0777) != 0 && errno != EEXIST) {
		fprintf(stderr, "plimsoll prompts: cannot make '%s': %s\n", directory, strerror(errno));
		return CLI_UNREACHABLE;
	}
	int code = prompts_read_folder(directory, &w.there);
	for (size_t i = 0; code != CLI_UNREACHABLE && i < set->count; i++)
		write_one(&w, set->items[i]);
	manifest_set_release(&w.there);
	fprintf(stderr, "%zu prompt version%s of %s: %zu written, %zu there already, %zu refused, %zu left out\n",
		set->count + left_out, set->count + left_out == 1 ? "" : "s", source, w.written, w.same, w.refused, left_out);
	if (code == CLI_UNREACHABLE || w.failed)
		return CLI_UNREACHABLE;
	return code == CLI_NO || w.refused + left_out > 0 ? CLI_NO : CLI_DONE;
}

static int print_all(const struct verb_call *c, const struct manifest_set *set, const char *source, size_t left_out)
{
	struct buf text = BUF_INIT;

	for (size_t i = 0; !c->json && i < set->count; i++) {
		buf_text(&text, i > 0 ? "---\n" : "");
		manifest_write_yaml(set->items[i], &text);
	}
	if (c->json)
		prompts_print_manifests(set);
	fwrite(text.ptr, 1, text.len, stdout);
	buf_release(&text);
	fprintf(stderr, "%zu prompt version%s of %s, %zu left out\n", set->count + left_out,
		set->count + left_out == 1 ? "" : "s", source, left_out);
	return left_out > 0 ? CLI_NO : CLI_DONE;
}

int prompts_import(struct verb_call *c)
{
	struct buf text = BUF_INIT, why = BUF_INIT;
	struct manifest_set set = { .count = 0 };
	const char *source = NULL, *path = c->operands[0], *directory = prompts_import_target(c);
	size_t left_out = 0;

	if (directory != NULL && c->json)
		return cli_usage_error(&command_prompts, "--into writes manifests, --output json prints them: one of the two");
	struct status s = file_read(path, EXPORT_BYTES_MAX, &text);

	if (FAILED(s))
		buf_printf(&why, "plimsoll prompts: cannot read '%s': %s\n", path,
			   s.code == STATUS_IO ? strerror(errno) : s.why);
	else
		s = import_read(path, buf_view(&text), prompts_import_name(c), &set, &source, &left_out, &why);
	fputs(buf_string(&why), stderr);
	int code = FAILED(s) ? (s.code == STATUS_IO ? CLI_UNREACHABLE : CLI_USAGE) :
		   directory != NULL ? write_all(&set, directory, source, left_out) :
						   print_all(c, &set, source, left_out);
	manifest_set_release(&set);
	buf_release(&text);
	buf_release(&why);
	return code;
}
