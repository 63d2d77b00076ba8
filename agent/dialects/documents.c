/* SPDX-License-Identifier: Apache-2.0
 * dialects/documents.c - the documents that a search found, told one member at a time.
 */
#include "agent/dialects/documents.h"

#include "agent/dialects/convert.h"

static struct retrieval *retrieval_of(struct reading_context *c, struct reading *r)
{
	if (r->retrieval == NULL) {
		r->retrieval = arena_alloc(c->arena, sizeof(*r->retrieval));
		if (r->retrieval != NULL)
			memset(r->retrieval, 0, sizeof(*r->retrieval));
	}
	return r->retrieval;
}

static void score_document(struct retrieval *found, uint32_t index, double score)
{
	if (index < RETRIEVED_DOCUMENTS_MAX) {
		if (found->document[index].has_score)
			return; /* told twice: beside the document and in its metadata */
		found->document[index].score = score;
		found->document[index].has_score = true;
	}
	if (found->scored == 0 || score > found->best_score)
		found->best_score = score;
	if (found->scored == 0 || score < found->worst_score)
		found->worst_score = score;
	found->score_sum += score;
	found->scored++;
}

bool documents_apply(struct reading_context *c, struct reading *r, const struct dialect_row *row,
		     const struct any_value *v)
{
	struct retrieval *found = retrieval_of(c, r);
	double score;
	uint64_t unix_ns;

	if (found == NULL)
		return true;
	if (c->index >= found->documents)
		found->documents = c->index + 1;
	found->kept = found->documents < RETRIEVED_DOCUMENTS_MAX ? found->documents : RETRIEVED_DOCUMENTS_MAX;
	switch (row->field) {
	case FIELD_DOCUMENT_ID:
		return c->index >= RETRIEVED_DOCUMENTS_MAX || found->document[c->index].id.len > 0 ||
		       convert_text(v, c->arena, &found->document[c->index].id);
	case FIELD_DOCUMENT_SCORE:
		if (!convert_real(v, &score))
			return v->kind == ANY_NONE;
		score_document(found, c->index, score);
		return true;
	case FIELD_DOCUMENT_DATE:
		if (!convert_time(v, &unix_ns))
			return false;
		if (found->oldest_unix_s == 0 || unix_ns / UINT64_C(1000000000) < found->oldest_unix_s)
			found->oldest_unix_s = unix_ns / UINT64_C(1000000000);
		return true;
	case FIELD_DOCUMENT_TEXT:
		if (v->kind == ANY_STRING && v->bytes.len > 0 && r->retrieved_text_count < RETRIEVED_TEXTS_MAX)
			r->retrieved_text[r->retrieved_text_count++] = v->bytes;
		return true;
	default:
		return true;
	}
}
