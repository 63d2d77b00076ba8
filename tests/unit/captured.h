/* SPDX-License-Identifier: Apache-2.0
 * What the code under test writes to standard output and standard error. One thread at a time.
 */
#ifndef PLIMSOLL_TESTS_CAPTURED_H
#define PLIMSOLL_TESTS_CAPTURED_H

#include <assert.h>
#include <stdio.h>
#include <unistd.h>

/* The last capture: one text of each, cut where it is longer. */
static struct captured {
	char out[65536], err[8192];
	FILE *files[2];
	int real[2]; /* descriptors of what was there before */
} captured;

static FILE *captured_divert(FILE *stream, int *real)
{
	FILE *file = tmpfile();

	assert(file != NULL && fflush(stream) == 0);
	*real = dup(fileno(stream));
	dup2(fileno(file), fileno(stream));
	return file;
}

static void captured_restore(FILE *stream, int real, FILE *file, char *text, size_t size)
{
	fflush(stream);
	dup2(real, fileno(stream));
	close(real);
	rewind(file);
	text[fread(text, 1, size - 1, file)] = '\0';
	fclose(file);
}

/* Nothing between the two may end the test, or its words are lost. */
static void captured_begin(void)
{
	captured.files[0] = captured_divert(stdout, &captured.real[0]);
	captured.files[1] = captured_divert(stderr, &captured.real[1]);
}

static void captured_end(void)
{
	captured_restore(stdout, captured.real[0], captured.files[0], captured.out, sizeof(captured.out));
	captured_restore(stderr, captured.real[1], captured.files[1], captured.err, sizeof(captured.err));
}

#endif
