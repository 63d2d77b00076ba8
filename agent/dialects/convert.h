/* SPDX-License-Identifier: Apache-2.0
 * dialects/convert.h - attribute values to what a field needs, as forgiving as the SDKs are careless.
 *
 * Numbers come as strings, booleans as "True", lists where one text is due. A value that cannot mean what its key says
 * returns false: the attribute is left alone and counted. An empty text is fine and means "not told".
 */
#ifndef PLIMSOLL_DIALECTS_CONVERT_H
#define PLIMSOLL_DIALECTS_CONVERT_H

#include "agent/dialects/dialect.h"
#include "agent/otlp/value.h"

/* Borrows from the value, or from the arena where a number had to be written out. */
bool convert_text(const struct any_value *v, struct arena *a, struct slice *out);

/* More than this no call can have of anything: a mistake, which sums would not recover from. */
#define COUNT_MAX UINT64_C(1000000000000)

/* A whole number, from 0 to COUNT_MAX. */
bool convert_count(const struct any_value *v, uint64_t *out);

/* Any finite number that is not negative. */
bool convert_number(const struct any_value *v, double *out);

/* Any finite number. */
bool convert_real(const struct any_value *v, double *out);

/* US dollars to pico-dollars, rounded to nearest. False beyond 9.2 million dollars. */
bool convert_usd(const struct any_value *v, int64_t *out_pusd);

/* unit_ns: nanoseconds in one unit of the value. */
bool convert_duration(const struct any_value *v, double unit_ns, uint64_t *out_ns);

/* RFC 3339, or a bare date, to unix ns. */
bool convert_time(const struct any_value *v, uint64_t *out_unix_ns);

/* The value without the quotes that a second encoding as JSON gave it; as it is where it has none. */
struct any_value convert_unquoted(const struct any_value *v, struct arena *a);

bool convert_truth(const struct any_value *v, bool *out);

/* Values of all words found, or'ed; *found says whether there was one. Words that are not listed are no error. Booleans are
 * the words true and false. */
bool convert_words(const struct any_value *v, const struct dialect_word *words, int *out, bool *found);

#endif
