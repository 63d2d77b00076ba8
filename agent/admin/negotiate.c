/* SPDX-License-Identifier: Apache-2.0
 * admin/negotiate.c - see the header.
 */
#include "agent/admin/negotiate.h"

/* Splits off what stands before the separator. False where nothing is left. */
static bool next_part(struct slice *rest, char separator, struct slice *part)
{
	const char *at;

	if (rest->len == 0)
		return false;
	at = memchr(rest->ptr, separator, rest->len);
	*part = slice_trim(slice_head(*rest, at != NULL ? (size_t)(at - rest->ptr) : rest->len));
	*rest = at != NULL ? slice_skip(*rest, (size_t)(at - rest->ptr) + 1) : slice_skip(*rest, rest->len);
	return true;
}

/* The value of one parameter of a list element, empty where it has none. */
static struct slice parameter(struct slice parameters, struct slice name)
{
	struct slice part, key;

	while (next_part(&parameters, ';', &part)) {
		if (next_part(&part, '=', &key) && slice_equal_nocase(key, name))
			return slice_trim(part);
	}
	return SLICE_NONE;
}

/* 1 where none is given, 0 where it is no number. */
static double quality(struct slice parameters)
{
	struct slice text = parameter(parameters, SLICE("q"));
	double q = 0;

	if (text.len == 0)
		return 1;
	return slice_to_double(text, &q) ? q : 0;
}

static bool version_is_ours(struct slice parameters)
{
	struct slice version = parameter(parameters, SLICE("version"));

	return version.len == 0 || slice_equal(version, SLICE("1.0.0")) || slice_equal(version, SLICE("0.0.1"));
}

bool accepts_openmetrics(struct slice accept)
{
	double openmetrics = 0, text = 0;
	struct slice element, type;

	while (next_part(&accept, ',', &element)) {
		if (!next_part(&element, ';', &type))
			continue;
		double q = quality(element);
		if (slice_equal_nocase(type, SLICE("application/openmetrics-text")) && version_is_ours(element))
			openmetrics = q > openmetrics ? q : openmetrics;
		else if (slice_equal_nocase(type, SLICE("text/plain")))
			text = q > text ? q : text;
	}
	return openmetrics > 0 && openmetrics >= text;
}

bool accepts_gzip(struct slice accept_encoding)
{
	struct slice element, coding;
	double any = 0;

	while (next_part(&accept_encoding, ',', &element)) {
		if (!next_part(&element, ';', &coding))
			continue;
		if (slice_equal_nocase(coding, SLICE("gzip")))
			return quality(element) > 0;
		if (slice_equal(coding, SLICE("*")))
			any = quality(element);
	}
	return any > 0;
}

static struct slice without_port(struct slice host)
{
	struct slice name;

	if (host.len > 0 && host.ptr[0] == '[') {
		const char *bracket = memchr(host.ptr, ']', host.len);
		return bracket != NULL ? slice_head(host, (size_t)(bracket - host.ptr) + 1) : host;
	}
	return next_part(&host, ':', &name) ? name : host;
}

bool host_is_local(struct slice host_header, struct slice configured_host)
{
	struct slice host = without_port(slice_trim(host_header));

	if (host.len == 0)
		return false;
	return slice_equal_nocase(host, SLICE("localhost")) || slice_equal(host, SLICE("127.0.0.1")) ||
	       slice_equal(host, SLICE("[::1]")) || slice_equal_nocase(host, configured_host);
}
