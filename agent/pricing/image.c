/* SPDX-License-Identifier: Apache-2.0
 * pricing/image.c - finds the parts of a price table's block.
 */
#include "agent/pricing/image.h"

bool image_open(struct image *image, const void *block, size_t size)
{
	const struct image_header *header = block;
	const char *base = block;

	if (size < sizeof(*header) || header->magic != IMAGE_MAGIC || header->size_bytes > size)
		return false;
	image->header = header;
#define X(name, type) image->name = (const void *)(base + header->sections[IMAGE_##name].at);
	IMAGE_SECTION_MAP(X)
#undef X
	return true;
}
