/* SPDX-License-Identifier: Apache-2.0
 * daemon/replay_input.h - reads recorded traffic: OTLP requests in protobuf or JSON, and request records, plain or gzip.
 */
#ifndef PLIMSOLL_DAEMON_REPLAY_INPUT_H
#define PLIMSOLL_DAEMON_REPLAY_INPUT_H

#include "agent/base/buf.h"
#include "agent/base/status.h"
#include "agent/span/batch.h"

/* Takes what the files hold, in order. Returning a failure ends the replay; it is the result. */
struct replay_sink {
	void *context;
	struct status (*request)(void *context, enum signal signal, struct slice wire);
	struct status (*record)(void *context, struct slice line);
};

/* Reads one file; a folder stands for its recordings by name (of *.json files those that hold OTLP, the others describe
 * them), "-" for standard input. signal: what a protobuf file holds whose name does not say, or SIGNAL_COUNT to refuse such
 * a file.
 * why: on failure the sentence to print: file, place and remedy. Errors: IO, NOTFOUND; MALFORMED; TOOBIG; NOMEM. */
struct status replay_read(const char *path, enum signal signal, const struct replay_sink *sink, struct buf *why) MUST_USE;

#endif
