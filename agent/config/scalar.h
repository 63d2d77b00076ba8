/* SPDX-License-Identifier: Apache-2.0
 * config/scalar.h - values of one word: their text in the file, and back.
 */
#ifndef PLIMSOLL_CONFIG_SCALAR_H
#define PLIMSOLL_CONFIG_SCALAR_H

#include "agent/base/buf.h"
#include "agent/config/option.h"

/* Reads text (NUL-terminated, and living as long as the value, which may borrow it) as the option's type into *value.
 * False, with the reason appended to why, where it is of another type or out of range; *value is then untouched.
 * Not for LIST, MAP, SECTION and KINDS. */
bool scalar_read(const struct conf_option *o, struct slice text, void *value, struct buf *why);

/* Whether text is one of the words that '|' separates. */
bool scalar_is_choice(const char *choices, struct slice text);

/* Appends the value as it would be written in the file; strings in double quotes. Secrets read <redacted>. */
void scalar_print(const struct conf_option *o, const void *value, struct buf *out);

/* Whether two values of a scalar type are the same. */
bool scalar_equal(const struct conf_option *o, const void *a, const void *b);

/* A YAML string in double quotes, its dollars doubled so that reading it back gives the same text. */
void scalar_print_string(const char *text, struct buf *out);

/* "1 to 65535", "64KiB to 1GiB", "at least 1s"; nothing where the option is unbounded. */
void scalar_print_range(const struct conf_option *o, struct buf *out);

#endif
