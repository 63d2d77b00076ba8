/* SPDX-License-Identifier: Apache-2.0
 * redaction/addresses.c - e-mail, IPv6 and passwords in URLs, found by the character in their middle.
 */
#include <arpa/inet.h>

#include "agent/redaction/detector_priv.h"

#define LOCAL_BYTES_MAX  64
#define DOMAIN_BYTES_MAX 255
#define IPV6_BYTES_MAX   45
#define USERINFO_BYTES_MAX 512

#define LOCAL (CLASS_ALNUM | CLASS_LOCAL)

static bool is_label_byte(struct slice text, size_t at)
{
	return at < text.len && (is_alnum_at(text, at) || text.ptr[at] == '-' || (unsigned char)text.ptr[at] >= 0x80);
}

/* End of a domain of two labels or more, the last of letters, two at least; 0: none. Digits behind it may be the next
 * word, glued to it. */
static size_t domain_end(struct slice text, size_t at)
{
	size_t end = 0, label = at, last = at + DOMAIN_BYTES_MAX;

	while (label < last) {
		size_t stop = label, letters;
		while (stop < last && is_label_byte(text, stop) && (class_at(text, stop) & CLASS_DIGIT) == 0)
			stop++;
		letters = stop - label;
		if (label > at && letters >= 2)
			end = stop;
		while (stop < last && is_label_byte(text, stop))
			stop++;
		if (stop == label)
			break;
		if (stop >= text.len || text.ptr[stop] != '.')
			break;
		label = stop + 1;
	}
	while (end > 0 && text.ptr[end - 1] == '-')
		end--;
	return end;
}

size_t try_email(struct slice text, size_t at, size_t from, size_t *start)
{
	size_t begin = at;

	while (begin > from && at - begin < LOCAL_BYTES_MAX && (class_at(text, begin - 1) & LOCAL) != 0)
		begin--;
	while (begin < at && (text.ptr[begin] == '.' || text.ptr[begin] == '\''))
		begin++;
	*start = begin;
	return begin < at ? domain_end(text, at + 1) : 0;
}

static bool is_ipv6_byte(struct slice text, size_t at)
{
	return at < text.len && ((class_at(text, at) & CLASS_HEX) != 0 || text.ptr[at] == ':');
}

/* Of this host, or a word with colons: std::dead. */
static bool is_worth_hiding(const char *text, size_t n)
{
	size_t digits = 0, hex = 0;

	for (size_t i = 0; i < n; i++) {
		digits += text[i] >= '0' && text[i] <= '9';
		hex += text[i] != ':';
	}
	return digits > 0 && hex >= 4;
}

static bool is_ipv6(struct slice text, size_t begin, size_t end)
{
	char copy[IPV6_BYTES_MAX + 1];
	struct in6_addr address;

	if (end - begin > IPV6_BYTES_MAX || end - begin < 6)
		return false;
	memcpy(copy, text.ptr + begin, end - begin);
	copy[end - begin] = '\0';
	return inet_pton(AF_INET6, copy, &address) == 1 && is_worth_hiding(copy, end - begin);
}

/* Behind the IPv4 address that an IPv6 one may end in: "::ffff:10.1.2.3". */
static size_t dotted_end(struct slice text, size_t end)
{
	while (end + 1 < text.len && text.ptr[end] == '.' && (class_at(text, end + 1) & CLASS_DIGIT) != 0)
		end = run_end(text, end + 1, CLASS_DIGIT);
	return end;
}

size_t try_ipv6(struct slice text, size_t colon, size_t from, size_t *start)
{
	size_t begin = colon, end = colon;

	while (begin > from && colon - begin < 5 && (class_at(text, begin - 1) & CLASS_HEX) != 0)
		begin--;
	if (begin > 0 && (is_alnum_at(text, begin - 1) || text.ptr[begin - 1] == ':'))
		return 0;
	while (end - begin <= IPV6_BYTES_MAX && is_ipv6_byte(text, end))
		end++;
	if (is_alnum_at(text, end))
		return 0;
	while (end > begin && text.ptr[end - 1] == ':' && (end < begin + 2 || text.ptr[end - 2] != ':'))
		end--; /* a colon behind it is the sentence's */
	*start = begin;
	size_t dotted = dotted_end(text, end);
	if (is_ipv6(text, begin, dotted))
		return dotted;
	return is_ipv6(text, begin, end) ? end : 0;
}

/* RFC 3986, section 3.2.1, and what people write without escapes: up to the last '@' before the path. The user goes too:
 * it may be the token. */
size_t try_url_password(struct slice text, size_t colon, size_t *start)
{
	struct slice rest = slice_skip(text, colon);

	if (!slice_starts_with(rest, SLICE("://")))
		return 0;
	size_t from = colon + 3, end = 0, password = 0;
	for (size_t at = from; at < text.len && at - from <= USERINFO_BYTES_MAX; at++) {
		unsigned char c = (unsigned char)text.ptr[at];
		if (c <= ' ' || strchr("/?#\"'<>\\`", c) != NULL)
			break;
		if (c == ':' && password == 0)
			password = at + 1;
		if (c == '@' && password > 0 && at > password)
			end = at;
	}
	*start = from;
	return end;
}
