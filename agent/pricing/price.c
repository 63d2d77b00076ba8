/* SPDX-License-Identifier: Apache-2.0
 * pricing/price.c - pricing one call, and remembering what was found.
 *
 * A memo is kept for each combination of names that was seen: the row, and the prices that hold now. A call that comes
 * again costs a hash, a comparison and a few multiplications. Sets of four, the longest unused goes first.
 */
#include "agent/pricing/price.h"

#include <stdlib.h>

#include "agent/base/clock.h"
#include "agent/base/hash.h"
#include "agent/pricing/book.h"

#define MEMO_SETS 128u /* a power of two */
#define MEMO_WAYS 4u
#define KEY_PARTS 5u
#define KEY_BYTES_MAX 2048u /* longer combinations are looked up each time */
#define ADDRESS_MAX 256

const char *const price_error_names[] = { "", "provider_not_found", "model_not_found", "invalid_usage" };

/* What the price of a call depends on, but for its time and its counts. */
struct call_key {
	uint64_t hash;
	struct slice parts[KEY_PARTS];
};

struct memo {
	struct call_key key; /* parts point to text */
	bool is_priced;
	struct price_hit hit;
	struct sheet sheet;
	char text[];
};

struct pricer {
	const struct price_book *book;
	struct scratch scratch;
	struct memo *memos[MEMO_SETS][MEMO_WAYS]; /* each set: the last used first */
};

struct pricer *pricer_new(const struct price_book *b)
{
	struct pricer *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->book = b;
	if (FAILED(scratch_init(&p->scratch))) {
		free(p);
		return NULL;
	}
	return p;
}

void pricer_free(struct pricer *p)
{
	if (p == NULL)
		return;
	for (uint32_t set = 0; set < MEMO_SETS; set++)
		for (uint32_t way = 0; way < MEMO_WAYS; way++)
			free(p->memos[set][way]);
	scratch_release(&p->scratch);
	free(p);
}

/* ---------------------------------------------------------------- finding */

/* Service tiers under the keys that the tables' variants ask for. */
static size_t tier_contexts(struct slice tier, struct price_context *out)
{
	size_t n = 0;

	if (tier.len == 0)
		return 0;
	out[n++] = (struct price_context){ SLICE("service_tier"), tier };
	if (slice_equal(tier, SLICE("batch")))
		out[n++] = (struct price_context){ SLICE("processing"), tier };
	if (slice_equal(tier, SLICE("fast")))
		out[n++] = (struct price_context){ SLICE("speed"), tier };
	return n;
}

static bool select_prices(struct memo *m, uint64_t unix_s, const struct price_context *contexts, size_t count)
{
	return sheet_select(&m->sheet, &m->hit.found, m->hit.factor_digits, m->hit.factor_scale, unix_s, contexts, count);
}

/* "https://host/" where only the address says who answered. */
static struct slice address_url(struct slice address, struct buf *out)
{
	if (address.len == 0 || address.len > ADDRESS_MAX)
		return SLICE_NONE;
	if (slice_find(address, SLICE("://")) < 0)
		buf_text(out, "https://");
	buf_slice(out, address);
	buf_byte(out, '/');
	return buf_view(out);
}

static bool find_call(struct pricer *p, const struct call_key *key, struct price_hit *hit)
{
	struct slice provider = key->parts[0].len > 0 ? key->parts[0] : SLICE_NONE;
	struct buf url_text = BUF_INIT;
	struct slice url = address_url(key->parts[4], &url_text);
	bool found = false;

	for (int i = 1; i <= 2 && !found; i++)
		found = key->parts[i].len > 0 &&
			price_book_find(p->book, &p->scratch, provider, url, key->parts[i], false, hit) == FIND_OK;
	buf_release(&url_text);
	return found;
}

/* ---------------------------------------------------------------- remembering */

/* The address counts only where no provider is named: then it is the last part, else that is empty. */
static struct call_key key_of(const struct call *call)
{
	struct call_key key = { 0, { call->provider, call->response_model, call->request_model, call->service_tier,
				     call->provider.len == 0 ? call->server_address : SLICE_NONE } };

	for (unsigned i = 0; i < KEY_PARTS; i++)
		if (key.parts[i].len > 0)
			key.hash = hash_mix(key.hash ^ i, hash_slice(key.parts[i]));
	return key;
}

static bool key_equal(const struct call_key *a, const struct call_key *b)
{
	if (a->hash != b->hash)
		return false;
	for (unsigned i = 0; i < KEY_PARTS; i++)
		if (!slice_equal(a->parts[i], b->parts[i]))
			return false;
	return true;
}

static struct memo *memo_new(const struct call_key *key)
{
	size_t len = 0;

	for (unsigned i = 0; i < KEY_PARTS; i++)
		len += key->parts[i].len;
	struct memo *m = len <= KEY_BYTES_MAX ? calloc(1, sizeof(*m) + len) : NULL;
	if (m == NULL)
		return NULL;
	m->key.hash = key->hash;
	char *at = m->text;
	for (unsigned i = 0; i < KEY_PARTS; i++) {
		if (key->parts[i].len == 0)
			continue;
		memcpy(at, key->parts[i].ptr, key->parts[i].len);
		m->key.parts[i] = (struct slice){ at, key->parts[i].len };
		at += key->parts[i].len;
	}
	return m;
}

static void move_to_front(struct memo **set, struct memo *m, uint32_t way)
{
	for (; way > 0; way--)
		set[way] = set[way - 1];
	set[0] = m;
}

static struct memo *learn(struct pricer *p, const struct call_key *key, struct memo **set)
{
	struct memo *m = memo_new(key);

	if (m == NULL)
		return NULL;
	m->is_priced = find_call(p, key, &m->hit);
	free(set[MEMO_WAYS - 1]);
	move_to_front(set, m, MEMO_WAYS - 1);
	return m;
}

static struct memo *recall(struct pricer *p, const struct call_key *key)
{
	struct memo **set = p->memos[key->hash % MEMO_SETS];

	for (uint32_t way = 0; way < MEMO_WAYS && set[way] != NULL; way++) {
		struct memo *m = set[way];
		if (!key_equal(&m->key, key))
			continue;
		if (way > 0)
			move_to_front(set, m, way);
		return m;
	}
	return learn(p, key, set);
}

/* ---------------------------------------------------------------- one call */

static void usage_of(const struct tokens *tokens, struct price_usage *usage)
{
	static const uint8_t units[TOKEN_CLASS_COUNT] = {
		[TOKENS_INPUT] = UNIT_INPUT_TOKENS,
		[TOKENS_OUTPUT] = UNIT_OUTPUT_TOKENS,
		[TOKENS_CACHE_READ] = UNIT_CACHE_READ_TOKENS,
		[TOKENS_CACHE_WRITE] = UNIT_CACHE_WRITE_TOKENS,
		[TOKENS_CACHE_WRITE_1H] = UNIT_CACHE_WRITE_1H_TOKENS,
		[TOKENS_REASONING] = UNIT_OUTPUT_REASONING_TOKENS,
		[TOKENS_AUDIO_IN] = UNIT_INPUT_AUDIO_TOKENS,
		[TOKENS_AUDIO_OUT] = UNIT_OUTPUT_AUDIO_TOKENS,
		[TOKENS_IMAGE_IN] = UNIT_INPUT_IMAGE_TOKENS,
		[TOKENS_IMAGE_OUT] = UNIT_OUTPUT_IMAGE_TOKENS,
	};

	usage->reported = usage->nonzero = 0;
	usage->scale = 0;
	for (uint32_t known = tokens->known; known != 0; known &= known - 1) {
		int class = __builtin_ctz(known);
		if (class < TOKEN_CLASS_COUNT)
			price_usage_set(usage, (enum unit)units[class], tokens->n[class]);
	}
}

/* A row that prices nothing of what was used (audio by the hour, asked about tokens) does not make the call free. A row
 * without any price does: that is how the tables write free models. */
static bool covers(const struct sheet *sheet, const struct price_usage *usage)
{
	return sheet->count == 0 || (sheet->priced & (usage->reported | UNIT_BIT(UNIT_REQUESTS))) != 0;
}

static bool round_bill(const struct price_bill *bill, struct cost *cost)
{
	return price_exact_round(bill->total, &cost->total_pusd) &&
	       price_exact_round(bill->parts[PART_INPUT], &cost->input_pusd) &&
	       price_exact_round(bill->parts[PART_CACHE_READ], &cost->cache_read_pusd) &&
	       price_exact_round(bill->parts[PART_CACHE_WRITE], &cost->cache_write_pusd) &&
	       price_exact_round(bill->parts[PART_OUTPUT], &cost->output_pusd);
}

static bool bring_up_to_date(struct memo *m, uint64_t unix_s, struct slice tier)
{
	struct price_context contexts[PRICE_CONTEXTS_MAX];

	if (unix_s >= m->sheet.from_unix_s && unix_s < m->sheet.until_unix_s)
		return true;
	return select_prices(m, unix_s, contexts, tier_contexts(tier, contexts));
}

void price_call(struct pricer *p, struct call *call)
{
	struct call_key key = key_of(call);
	struct price_usage usage;
	struct price_bill bill;
	struct cost cost;

	memset(&call->cost, 0, sizeof(call->cost));
	if (call->tokens.known == 0)
		return;
	struct memo *m = recall(p, &key);
	if (m == NULL || !m->is_priced)
		return;
	uint64_t unix_ns = call->start_unix_ns != 0 ? call->start_unix_ns : call->end_unix_ns;
	if (!bring_up_to_date(m, unix_ns / NS_PER_SECOND, call->service_tier))
		return;
	usage_of(&call->tokens, &usage);
	if (!covers(&m->sheet, &usage) || sheet_bill(&m->sheet, &usage, &bill) != NULL || !round_bill(&bill, &cost))
		return;
	cost.known = true;
	cost.price = m->hit.label;
	call->cost = cost;
}

/* ---------------------------------------------------------------- anything */

static struct price_answer *answer_error(struct price_answer *answer, enum price_error error, const char *why)
{
	answer->error = error;
	answer->why = why;
	return answer;
}

static struct price_answer *bill_request(const struct price_request *request, const struct price_hit *hit,
					 struct price_answer *answer)
{
	struct price_usage usage = request->usage;

	if (!sheet_select(&answer->sheet, &hit->found, hit->factor_digits, hit->factor_scale, request->unix_s,
			  request->contexts, request->context_count))
		return answer_error(answer, PRICE_MODEL_NOT_FOUND, "the row has too many prices");
	sheet_apply_minimum(&answer->sheet, &usage);
	answer->usage_scale = usage.scale;
	const char *why = sheet_bill(&answer->sheet, &usage, &answer->bill);
	return answer_error(answer, why != NULL ? PRICE_INVALID_USAGE : PRICE_OK, why);
}

void price_ask(struct pricer *p, const struct price_request *request, struct price_answer *answer)
{
	struct price_hit hit;

	memset(answer, 0, sizeof(*answer));
	if (request->usage_invalid) {
		answer_error(answer, PRICE_INVALID_USAGE, "a count is no number, negative, or too large");
		return;
	}
	enum find_result result = price_book_find(p->book, &p->scratch, request->provider, request->api_url, request->model,
						  request->as_written, &hit);
	if (result != FIND_OK) {
		answer_error(answer, result == FIND_NO_MODEL ? PRICE_MODEL_NOT_FOUND : PRICE_PROVIDER_NOT_FOUND, NULL);
		return;
	}
	answer->provider = image_slice(&hit.found.table->image, hit.found.provider->id);
	answer->model = image_slice(&hit.found.table->image, hit.found.model->id);
	answer->price = hit.label;
	answer->source = hit.source;
	bill_request(request, &hit, answer);
}
