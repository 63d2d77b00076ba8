/* SPDX-License-Identifier: Apache-2.0
 * config/option.h - what one key of the configuration file is: a row that parses, checks and documents it.
 *
 * A section is an array of rows that ends at name == NULL. Each row says where its value goes in the section's plain
 * struct. The YAML reader, `plimsoll check`, the man page and the sample file are all made from these rows.
 */
#ifndef PLIMSOLL_CONFIG_OPTION_H
#define PLIMSOLL_CONFIG_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/base/buf.h"
#include "agent/base/status.h"

enum conf_type {
	CONF_BOOL,     /* bool */
	CONF_INT,      /* int64_t */
	CONF_DOUBLE,   /* double */
	CONF_DURATION, /* uint64_t milliseconds; written "30s", "1m30s", "250ms", "24h" */
	CONF_SIZE,     /* uint64_t bytes; written "64MiB", "512KiB", "1GiB", or a plain number */
	CONF_MIB,      /* uint64_t bytes; written as a plain number of MiB, where the Collector does so (..._mib) */
	CONF_STRING,   /* const char * */
	CONF_SECRET,   /* const char *, NULL where empty; never printed. The key with _file behind it names a file that
			  holds it */
	CONF_ENUM,     /* int; choices lists the words, separated by '|', 0 is the first */
	CONF_LIST,     /* struct string_list */
	CONF_MAP,      /* struct string_map; values may hold secrets and are never printed */
	CONF_JSON,     /* const char *: any value, as JSON text */
	CONF_SECTION,  /* a struct in place, described by section */
	CONF_KINDS,    /* a map of "kind" or "kind/name" to the kind's own section; config/load.c says where it goes */
};

struct string_list {
	const char **items;
	size_t count;
};

struct string_map {
	struct string_pair {
		const char *key, *value;
	} *items;
	size_t count;
};

struct config_kind;

/* One key. Bounds of CONF_MIB are in MiB. */
struct conf_option {
	const char *name;
	enum conf_type type;
	size_t offset;        /* of the value in the section's struct */
	const char *fallback; /* default as it would be written in the file; NULL: zero, or empty, or (STRING) NULL */
	double min, max;      /* of numbers, durations (ms) and sizes; both 0: unbounded */
	const char *choices;  /* CONF_ENUM; of CONF_LIST what its elements may be, NULL: anything */
	bool required;
	bool guards;  /* CONF_SECRET: a door is locked by it, so that an empty one is a mistake, not none */
	bool is_read; /* CONF_STRING: the path of a file that is there before the agent starts */
	bool reloads; /* SIGHUP applies a change; else it waits for a restart, and the log says so */
	const char *doc;
	const struct conf_option *section;
	const struct config_kind *kinds; /* CONF_KINDS: ends at name == NULL; NULL: those that config_load is given */
};

/* What config needs to know of a kind of exporter (or alert channel) to parse its section; it sees none itself. */
struct config_kind {
	const char *name;
	const struct conf_option *options;
	size_t options_size;
	const char *doc; /* one sentence for the manual */
	/* What no row can say by itself: options that need or exclude each other. why: "api_key is missing: ...", without
	 * the instance's name. NULL: nothing. */
	struct status (*check)(const void *options, struct buf *why);
};

#endif
