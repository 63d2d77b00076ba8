/* SPDX-License-Identifier: Apache-2.0
 * pricing/model_pin.c - the rules, in order: names that float, dates and versions that pin, names that never moved.
 */
#include "agent/pricing/model_pin.h"

#include "agent/pricing/names.h"

#define ID_MAX 256

#define S(literal) { literal, sizeof(literal) - 1 }

static bool contains(struct slice s, struct slice part)
{
	return slice_find(s, part) >= 0;
}

/* ---------------------------------------------------------------- shapes */

/* '0' stands for a digit, anything else for itself. True where s starts with the shape. */
static bool has_shape(struct slice s, const char *shape)
{
	size_t n = strlen(shape);

	if (s.len < n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (shape[i] == '0' ? !is_digit(s.ptr[i]) : s.ptr[i] != shape[i])
			return false;
	return true;
}

static unsigned two_digits(const char *p)
{
	return (unsigned)(p[0] - '0') * 10 + (unsigned)(p[1] - '0');
}

static bool is_month(const char *p)
{
	return two_digits(p) >= 1 && two_digits(p) <= 12;
}

static bool is_day(const char *p)
{
	return two_digits(p) >= 1 && two_digits(p) <= 31;
}

/* A shape ends where the id ends, or goes on with a version, a preview mark or a fine-tune's owner. */
static bool ends_after(struct slice s, size_t n)
{
	return s.len == n || s.ptr[n] == ':' || s.ptr[n] == '-';
}

static bool is_full_date(struct slice s) /* -2024-11-20, -20241120, @20241120 */
{
	if (has_shape(s, "-0000-00-00"))
		return s.ptr[1] == '2' && is_month(s.ptr + 6) && is_day(s.ptr + 9) && ends_after(s, 11);
	if (has_shape(s, "-00000000") || has_shape(s, "@00000000"))
		return s.ptr[1] == '2' && s.ptr[2] == '0' && is_month(s.ptr + 5) && is_day(s.ptr + 7) &&
		       ends_after(s, 9);
	return false;
}

static bool is_month_day(struct slice s) /* -0613, and with preview or exp: -preview-05-06 */
{
	if (has_shape(s, "-preview-00-00"))
		return is_month(s.ptr + 9) && s.ptr[8] == '-';
	if (has_shape(s, "-exp-00-00"))
		return is_month(s.ptr + 5);
	return has_shape(s, "-0000") && is_month(s.ptr + 1) && is_day(s.ptr + 3) && ends_after(s, 5);
}

static bool is_month_year(struct slice s) /* -08-2024 */
{
	return has_shape(s, "-00-0000") && is_month(s.ptr + 1) && s.ptr[4] == '2' && s.ptr[5] == '0' &&
	       ends_after(s, 8);
}

static bool is_year_month(struct slice s) /* Mistral: -2411 */
{
	return has_shape(s, "-0000") && s.ptr[1] == '2' && is_month(s.ptr + 3) && ends_after(s, 5);
}

static bool is_version(struct slice s) /* -v1:0, -v1, -v14, -v4.0, and Google's -001 */
{
	if (has_shape(s, "-000"))
		return s.len == 4;
	size_t n = has_shape(s, "-v00") ? 4 : 3;
	if (!has_shape(s, "-v0"))
		return false;
	return s.len == n || (s.len > n + 1 && (s.ptr[n] == ':' || s.ptr[n] == '.') && is_digit(s.ptr[n + 1]));
}

typedef bool shape(struct slice s);

static bool has_any(struct slice id, shape *is)
{
	for (size_t i = 0; i < id.len; i++)
		if ((id.ptr[i] == '-' || id.ptr[i] == '@') && is(slice_skip(id, i)))
			return true;
	return false;
}

/* ---------------------------------------------------------------- families */

/* "4-6", "4.6" or "5" behind a family's name: generation times ten. 0 where there is none. */
static unsigned generation(struct slice s)
{
	if (s.len == 0 || !is_digit(s.ptr[0]) || (s.len > 1 && is_digit(s.ptr[1])))
		return 0;
	unsigned tens = (unsigned)(s.ptr[0] - '0') * 10;
	bool has_minor = s.len > 2 && (s.ptr[1] == '-' || s.ptr[1] == '.') && is_digit(s.ptr[2]) &&
			 (s.len == 3 || !is_digit(s.ptr[3]));
	return tens + (has_minor ? (unsigned)(s.ptr[2] - '0') : 0);
}

/* From 4.6 on an id without a date is the pinned one; the numbered ones before Claude 3 never moved. */
static bool is_pinned_claude(struct slice id)
{
	static const struct slice families[] = { S("sonnet-"), S("opus-"), S("haiku-"), S("fable-"), S("mythos-") };
	ptrdiff_t at = slice_find(id, SLICE("claude-"));

	if (at < 0)
		return false;
	struct slice rest = slice_skip(id, (size_t)at + 7);
	if (slice_starts_with(rest, SLICE("instant-")))
		rest = slice_skip(rest, 8);
	if (has_shape(rest, "0.0") && rest.len == 3)
		return true;
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (slice_starts_with(rest, families[i]))
			return generation(slice_skip(rest, families[i].len)) >= 46;
	return false;
}

/* From 2.5 on the bare id is the stable model. */
static bool is_pinned_gemini(struct slice id)
{
	if (!slice_starts_with(id, SLICE("gemini-")) || contains(id, SLICE("-preview")) || contains(id, SLICE("-exp")))
		return false;
	return generation(slice_skip(id, 7)) >= 25;
}

/* Names of which the provider has never published snapshots. */
static bool is_lone_name(struct slice id)
{
	static const struct slice names[] = { S("text-embedding-3-"), S("text-embedding-ada-002"), S("whisper-1"),
					      S("tts-1"), S("dall-e-2"), S("dall-e-3"), S("open-mi"), S("deepseek-v") };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_starts_with(id, names[i]))
			return true;
	return false;
}

/* Open weights carry their size ("70b", "8x7b"). One of Gemini's aliases does, too ("gemini-1.5-flash-8b"). */
static bool is_open_weights(struct slice id)
{
	if (slice_starts_with(id, SLICE("gemini-")))
		return false;
	for (size_t i = 1; i < id.len; i++) {
		bool ends = i + 1 == id.len || id.ptr[i + 1] == '-' || id.ptr[i + 1] == ':' || id.ptr[i + 1] == '.';
		if (id.ptr[i] == 'b' && is_digit(id.ptr[i - 1]) && ends)
			return true;
	}
	return false;
}

static bool floats(struct slice id)
{
	return contains(id, SLICE("latest")) || contains(id, SLICE("nightly")) || slice_ends_with(id, SLICE("/auto")) ||
	       slice_ends_with(id, SLICE("-auto")) || slice_equal(id, SLICE("auto")) ||
	       contains(id, SLICE("application-inference-profile/"));
}

/* ---------------------------------------------------------------- the rule */

static bool is_dated(struct slice id)
{
	bool is_mistral = contains(id, SLICE("stral")) || contains(id, SLICE("xtral"));

	return has_any(id, is_full_date) || has_any(id, is_month_day) || has_any(id, is_month_year) ||
	       has_any(id, is_version) || (is_mistral && has_any(id, is_year_month));
}

/* The last segment of a path; a fine-tune's id has none. */
static struct slice last_segment(struct slice id)
{
	for (ptrdiff_t at; (at = slice_find(id, SLICE("/"))) >= 0;)
		id = slice_skip(id, (size_t)at + 1);
	return id;
}

enum tristate model_pin(struct slice provider, struct slice model)
{
	char lower[ID_MAX];
	bool is_azure = slice_equal_nocase(provider_table_name(provider), SLICE("azure"));

	if (model.len == 0 || model.len > sizeof(lower))
		return TRI_UNKNOWN;
	for (size_t i = 0; i < model.len; i++)
		lower[i] =
			model.ptr[i] >= 'A' && model.ptr[i] <= 'Z' ? (char)(model.ptr[i] + ('a' - 'A')) : model.ptr[i];
	struct slice whole = { lower, model.len }, id = last_segment(whole);
	if (slice_starts_with(id, SLICE("ft:"))) /* whatever words its owner put into it */
		return TRI_YES;
	if (floats(whole))
		return TRI_NO;
	if (is_dated(id))
		return TRI_YES;
	if (is_azure) /* a deployment's name, whatever it looks like */
		return TRI_NO;
	return is_pinned_claude(id) || is_pinned_gemini(id) || is_lone_name(id) || is_open_weights(id) ? TRI_YES :
													 TRI_NO;
}
