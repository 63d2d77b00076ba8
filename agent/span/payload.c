/* SPDX-License-Identifier: Apache-2.0
 * span/payload.c - made, joined, copied into one piece, and freed with the last reference.
 */
#include "agent/span/payload.h"

#include "agent/base/block.h"

const char *const payload_kind_names[PAYLOAD_KIND_COUNT] = { "traces", "metrics", "logs", "records",
							     "samples", "judgements" };

struct payload *payload_new(enum payload_kind kind, size_t size_bytes, uint32_t items)
{
	size_t room_bytes;
	struct payload *p = size_bytes < SIZE_MAX - sizeof(*p) ? block_alloc(sizeof(*p) + size_bytes, &room_bytes) : NULL;

	if (p == NULL)
		return NULL;
	atomic_init(&p->references, 1);
	p->kind = kind;
	p->exporters = UINT64_MAX;
	p->items = items;
	p->piece_count = 0;
	p->size_bytes = size_bytes;
	p->room_bytes = room_bytes;
	return p;
}

struct payload *payload_ref(struct payload *p)
{
	atomic_fetch_add_explicit(&p->references, 1, memory_order_relaxed);
	return p;
}

void payload_unref(struct payload *p)
{
	if (p == NULL || atomic_fetch_sub_explicit(&p->references, 1, memory_order_acq_rel) != 1)
		return;
	for (uint32_t i = 0; i < p->piece_count; i++)
		payload_unref(payload_pieces(p)[i]);
	block_free(p, p->room_bytes);
}

struct payload *payload_new_joined(enum payload_kind kind, uint32_t pieces_max)
{
	struct payload *p = payload_new(kind, pieces_max * sizeof(p), 0);

	if (p != NULL)
		p->size_bytes = 0;
	return p;
}

void payload_join(struct payload *joined, struct payload *piece)
{
	assert(piece->kind == joined->kind && piece->piece_count == 0);
	payload_pieces(joined)[joined->piece_count++] = payload_ref(piece);
	joined->size_bytes += piece->size_bytes;
	joined->items += piece->items;
}

struct payload *payload_flat(struct payload *p)
{
	struct payload *flat;
	size_t at = 0;

	if (p->piece_count == 0)
		return payload_ref(p);
	flat = payload_new(p->kind, p->size_bytes, p->items);
	for (uint32_t i = 0; flat != NULL && i < p->piece_count; i++) {
		struct slice piece = payload_view(payload_pieces(p)[i]);
		memcpy(flat->bytes + at, piece.ptr, piece.len);
		at += piece.len;
	}
	return flat;
}
