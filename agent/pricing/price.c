/* SPDX-License-Identifier: Apache-2.0
 * pricing/price.c - pricing one call, and remembering what was found.
 *
 * A memo is kept for each combination of names that was seen: the row, and the prices that hold now. A call that comes
 * again costs a hash, a comparison and a few multiplications. Sets of four, the longest unused goes first.
 */
#include "agent/pricing/price.h"

#include <stdlib.h>

#include "agent/base/clock.h"
#include "agent/base/compiler.h"
#include "agent/base/hash.h"
#include "agent/pricing/book.h"
#include "agent/pricing/model_pin.h"
#include "agent/pricing/token_sheet.h"
#include "agent/span/cohort.h"

#define MEMO_SETS 128u /* a power of two */
#define MEMO_WAYS 4u
#define KEY_PARTS 5u
#define KEY_BYTES_MAX 2048u /* calls with longer combinations stay without a price: no provider has such names */
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
	enum tristate is_pinned;
	uint32_t covered; /* token classes that have a price */
	struct price_hit hit;
	struct sheet sheet; /* holds for some time: see its from and until */
	struct token_sheet token_sheet;
	char text[];
};

struct pricer {
	const struct price_book *book;
	struct scratch scratch;
	struct cohort_memo found; /* what holds for a cohort */
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

size_t price_tier_contexts(struct slice tier, struct price_context *out)
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
	struct buf url_text = BUF_INIT;
	struct price_names names = {
		.provider = key->parts[0].len > 0 ? key->parts[0] : SLICE_NONE,
		.url = address_url(key->parts[4], &url_text),
	};

	for (unsigned i = 1; i <= 2; i++)
		if (key->parts[i].len > 0)
			names.models[names.model_count++] = key->parts[i];
	bool found = price_book_find(p->book, &p->scratch, &names, hit) == FIND_OK;

	buf_release(&url_text);
	return found;
}

/* ---------------------------------------------------------------- remembering */

/* The address counts only where no provider is named: then it is the last part, else that is empty. */
static inline void make_key(const struct call *call, struct call_key *key)
{
	key->parts[0] = call->provider;
	key->parts[1] = call->response_model;
	key->parts[2] = call->request_model;
	key->parts[3] = call->service_tier;
	key->parts[4] = call->provider.len == 0 ? call->server_address : SLICE_NONE;
	key->hash = 0;
	for (unsigned i = 0; i < KEY_PARTS; i++)
		if (key->parts[i].len > 0)
			key->hash = hash_glance(key->hash + i, key->parts[i]);
}

static inline bool key_equal(const struct call_key *a, const struct call_key *b)
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
	m->is_pinned = model_pin(key->parts[0], key->parts[1].len > 0 ? key->parts[1] : key->parts[2]);
	if (set[MEMO_WAYS - 1] != NULL)
		cohort_memo_clear(&p->found);
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

static NOINLINE struct memo *look_up(struct pricer *p, const struct call *call, uint64_t cohort)
{
	struct call_key key;

	make_key(call, &key);
	struct memo *m = recall(p, &key);
	if (call->provider.len > 0) /* else the address has a say, which tells no cohorts apart */
		cohort_memo_keep(&p->found, cohort, m);
	return m;
}

/* ---------------------------------------------------------------- one call */

static void usage_of(const struct tokens *tokens, struct price_usage *usage)
{
	usage->reported = usage->nonzero = 0;
	usage->scale = 0;
	for (uint32_t known = tokens->known; known != 0; known &= known - 1) {
		enum token_class class = (enum token_class)__builtin_ctz(known);
		price_usage_set(usage, unit_of_class(class), tokens->n[class]);
	}
}

static bool round_bill(const struct price_bill *bill, struct cost *cost)
{
	return price_exact_round(bill->total, &cost->total_pusd) &&
	       price_exact_round(bill->parts[PART_INPUT], &cost->input_pusd) &&
	       price_exact_round(bill->parts[PART_CACHE_READ], &cost->cache_read_pusd) &&
	       price_exact_round(bill->parts[PART_CACHE_WRITE], &cost->cache_write_pusd) &&
	       price_exact_round(bill->parts[PART_OUTPUT], &cost->output_pusd) &&
	       price_exact_round(bill->uncached, &cost->uncached_pusd);
}

/* By the sheet: prices finer than a pico-dollar, and counts that need a closer look. */
static NOINLINE bool bill_exactly(const struct sheet *sheet, const struct tokens *tokens,
						   struct cost *cost)
{
	struct price_usage usage;
	struct price_bill bill;

	usage_of(tokens, &usage);
	return sheet_bill(sheet, &usage, &bill) == NULL && round_bill(&bill, cost);
}

/* A row that prices nothing of what was used (audio by the hour, asked about tokens) does not make the call free. A row
 * without any price does: that is how the tables write free models. */
static bool covers(const struct memo *m, const struct tokens *tokens)
{
	return (m->covered & tokens->known) != 0 || m->sheet.count == 0 ||
	       (m->sheet.priced & UNIT_BIT(UNIT_REQUESTS)) != 0;
}

static NOINLINE bool bring_up_to_date(struct memo *m, uint64_t unix_s, struct slice tier)
{
	struct price_context contexts[PRICE_CONTEXTS_MAX];

	if (!sheet_select(&m->sheet, &m->hit.found, m->hit.factor_digits, m->hit.factor_scale, unix_s, contexts,
			  price_tier_contexts(tier, contexts))) {
		m->sheet = (struct sheet){ .count = 0 }; /* holds at no time, or the next call would be billed by a part of it */
		return false;
	}
	token_sheet_init(&m->token_sheet, &m->sheet);
	m->covered = 0;
	for (enum token_class c = 0; c < TOKEN_CLASS_COUNT; c++)
		if ((m->sheet.priced & UNIT_BIT(unit_of_class(c))) != 0)
			m->covered |= 1u << c;
	return true;
}

void price_call(struct pricer *p, struct call *call)
{
	struct cost *cost = &call->cost;
	uint64_t cohort = call->cohort != NULL ? call->cohort->id : 0;

	*cost = (struct cost){ 0 };
	struct memo *m = cohort_memo_find(&p->found, cohort);
	if (m == NULL && (m = look_up(p, call, cohort)) == NULL)
		return;
	call->model_pinned = m->is_pinned;
	if (!m->is_priced || call->tokens.known == 0)
		return;
	uint64_t unix_ns = call->start_unix_ns != 0 ? call->start_unix_ns : call->end_unix_ns;
	uint64_t unix_s = unix_ns / NS_PER_SECOND;
	if ((unix_s < m->sheet.from_unix_s || unix_s >= m->sheet.until_unix_s) &&
	    !bring_up_to_date(m, unix_s, call->service_tier))
		return;
	if (!covers(m, &call->tokens))
		return;
	if (!token_sheet_bill(&m->token_sheet, &call->tokens, cost) && !bill_exactly(&m->sheet, &call->tokens, cost))
		return;
	cost->known = true;
	cost->price = m->hit.label;
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
	if (why == NULL && !request->as_written && usage.nonzero != 0 && answer->sheet.count > 0 &&
	    answer->bill.count == 0 && (usage.reported & answer->sheet.priced) == 0)
		why = "nothing of what was used has a price"; /* see covers */
	return answer_error(answer, why != NULL ? PRICE_INVALID_USAGE : PRICE_OK, why);
}

void price_ask(struct pricer *p, const struct price_request *request, struct price_answer *answer)
{
	struct price_names names = {
		.provider = request->provider,
		.url = request->api_url,
		.as_written = request->as_written,
		.model_count = 1,
		.models = { request->model },
	};
	struct price_hit hit;

	memset(answer, 0, sizeof(*answer));
	if (request->usage_invalid) {
		answer_error(answer, PRICE_INVALID_USAGE, "a count is no number, negative, or too large");
		return;
	}
	enum find_result result = price_book_find(p->book, &p->scratch, &names, &hit);
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
