/* SPDX-License-Identifier: Apache-2.0
 * base/status.h - the one result type of functions that can fail.
 *
 * Peer data, files and the network fail with a status; a bug of our own fails an assert, which stays on in
 * release builds. `why` is a literal and is never freed; where the subject's name is known, the caller adds it
 * to the message it logs or answers.
 */
#ifndef PLIMSOLL_BASE_STATUS_H
#define PLIMSOLL_BASE_STATUS_H

#include <stdbool.h>

#define STATUS_MAP(X)                                                                     \
	X(OK)                                                                             \
	X(NOMEM)           /* memory limit reached */                                     \
	X(MALFORMED)       /* input breaks its own format */                              \
	X(TOOBIG)          /* input is larger than the configured limit */                \
	X(UNSUPPORTED)     /* not supported */                                            \
	X(INVALID)         /* value is not allowed here */                                \
	X(NOTFOUND)        /* no such thing */                                            \
	X(EXISTS)          /* exists already, or is in use */                             \
	X(FULL)            /* queue or store is full, try again */                        \
	X(UNAVAILABLE)     /* not available now, try again */                             \
	X(TIMEOUT)         /* took too long */                                            \
	X(DENIED)          /* not allowed */                                              \
	X(IO)              /* the operating system or a peer refused */                   \
	X(CORRUPT)         /* stored data fails its checksum or has an unknown version */ \
	X(UNAUTHENTICATED) /* says not who it is, or proves it wrongly */

enum status_code {
#define X(name) STATUS_##name,
	STATUS_MAP(X)
#undef X
};

struct status {
	enum status_code code;
	const char *why;
};

#define MUST_USE __attribute__((warn_unused_result))
#define OK ((struct status){ STATUS_OK, "ok" })
#define FAIL(name, text) ((struct status){ STATUS_##name, (text) })
#define FAILED(s) ((s).code != STATUS_OK)

/* Hands a failure to the caller; only for functions that own nothing at that point. */
#define TRY(call)                                  \
	do {                                       \
		struct status try_status = (call); \
		if (FAILED(try_status))            \
			return try_status;         \
	} while (0)

/* The code's name, "FULL". */
const char *status_name(enum status_code code);

#endif
