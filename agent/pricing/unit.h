/* SPDX-License-Identifier: Apache-2.0
 * pricing/unit.h - the things that providers count and charge for.
 *
 * Each unit has the key under which usage reports it, the key under which a price table prices it, the count that the
 * price is for, and its dimensions. A unit whose dimensions include another's is a part of it (cached input tokens are
 * input tokens). Source: the unit registry of genai-prices 0.2.3 (pricing/data/genai-prices.units.json).
 */
#ifndef PLIMSOLL_PRICING_UNIT_H
#define PLIMSOLL_PRICING_UNIT_H

#include "agent/base/slice.h"

/* X(id, usage key, price key, units per price, family, direction, modality, token type, further dimension) */
#define UNIT_MAP(X) \
	X(INPUT_TOKENS, "input_tokens", "input_mtok", 1000000, TOKENS, INPUT, ANY, ANY, ANY) \
	X(OUTPUT_TOKENS, "output_tokens", "output_mtok", 1000000, TOKENS, OUTPUT, ANY, ANY, ANY) \
	X(CACHE_READ_TOKENS, "cache_read_tokens", "cache_read_mtok", 1000000, TOKENS, INPUT, ANY, CACHE_READ, ANY) \
	X(CACHE_WRITE_TOKENS, "cache_write_tokens", "cache_write_mtok", 1000000, TOKENS, INPUT, ANY, CACHE_WRITE, ANY) \
	X(CACHE_WRITE_5M_TOKENS, "cache_write_5m_tokens", "cache_write_5m_mtok", 1000000, TOKENS, INPUT, ANY, CACHE_WRITE, TTL_5M) \
	X(CACHE_WRITE_1H_TOKENS, "cache_write_1h_tokens", "cache_write_1h_mtok", 1000000, TOKENS, INPUT, ANY, CACHE_WRITE, TTL_1H) \
	X(INPUT_TEXT_TOKENS, "input_text_tokens", "input_text_mtok", 1000000, TOKENS, INPUT, TEXT, ANY, ANY) \
	X(OUTPUT_TEXT_TOKENS, "output_text_tokens", "output_text_mtok", 1000000, TOKENS, OUTPUT, TEXT, ANY, ANY) \
	X(CACHE_TEXT_READ_TOKENS, "cache_text_read_tokens", "cache_text_read_mtok", 1000000, TOKENS, INPUT, TEXT, CACHE_READ, ANY) \
	X(CACHE_TEXT_WRITE_TOKENS, "cache_text_write_tokens", "cache_text_write_mtok", 1000000, TOKENS, INPUT, TEXT, CACHE_WRITE, ANY) \
	X(CACHE_TEXT_WRITE_5M_TOKENS, "cache_text_write_5m_tokens", "cache_text_write_5m_mtok", 1000000, TOKENS, INPUT, TEXT, CACHE_WRITE, TTL_5M) \
	X(CACHE_TEXT_WRITE_1H_TOKENS, "cache_text_write_1h_tokens", "cache_text_write_1h_mtok", 1000000, TOKENS, INPUT, TEXT, CACHE_WRITE, TTL_1H) \
	X(INPUT_AUDIO_TOKENS, "input_audio_tokens", "input_audio_mtok", 1000000, TOKENS, INPUT, AUDIO, ANY, ANY) \
	X(OUTPUT_AUDIO_TOKENS, "output_audio_tokens", "output_audio_mtok", 1000000, TOKENS, OUTPUT, AUDIO, ANY, ANY) \
	X(CACHE_AUDIO_READ_TOKENS, "cache_audio_read_tokens", "cache_audio_read_mtok", 1000000, TOKENS, INPUT, AUDIO, CACHE_READ, ANY) \
	X(CACHE_AUDIO_WRITE_TOKENS, "cache_audio_write_tokens", "cache_audio_write_mtok", 1000000, TOKENS, INPUT, AUDIO, CACHE_WRITE, ANY) \
	X(CACHE_AUDIO_WRITE_5M_TOKENS, "cache_audio_write_5m_tokens", "cache_audio_write_5m_mtok", 1000000, TOKENS, INPUT, AUDIO, CACHE_WRITE, TTL_5M) \
	X(CACHE_AUDIO_WRITE_1H_TOKENS, "cache_audio_write_1h_tokens", "cache_audio_write_1h_mtok", 1000000, TOKENS, INPUT, AUDIO, CACHE_WRITE, TTL_1H) \
	X(INPUT_IMAGE_TOKENS, "input_image_tokens", "input_image_mtok", 1000000, TOKENS, INPUT, IMAGE, ANY, ANY) \
	X(OUTPUT_IMAGE_TOKENS, "output_image_tokens", "output_image_mtok", 1000000, TOKENS, OUTPUT, IMAGE, ANY, ANY) \
	X(CACHE_IMAGE_READ_TOKENS, "cache_image_read_tokens", "cache_image_read_mtok", 1000000, TOKENS, INPUT, IMAGE, CACHE_READ, ANY) \
	X(CACHE_IMAGE_WRITE_TOKENS, "cache_image_write_tokens", "cache_image_write_mtok", 1000000, TOKENS, INPUT, IMAGE, CACHE_WRITE, ANY) \
	X(CACHE_IMAGE_WRITE_5M_TOKENS, "cache_image_write_5m_tokens", "cache_image_write_5m_mtok", 1000000, TOKENS, INPUT, IMAGE, CACHE_WRITE, TTL_5M) \
	X(CACHE_IMAGE_WRITE_1H_TOKENS, "cache_image_write_1h_tokens", "cache_image_write_1h_mtok", 1000000, TOKENS, INPUT, IMAGE, CACHE_WRITE, TTL_1H) \
	X(INPUT_VIDEO_TOKENS, "input_video_tokens", "input_video_mtok", 1000000, TOKENS, INPUT, VIDEO, ANY, ANY) \
	X(OUTPUT_VIDEO_TOKENS, "output_video_tokens", "output_video_mtok", 1000000, TOKENS, OUTPUT, VIDEO, ANY, ANY) \
	X(CACHE_VIDEO_READ_TOKENS, "cache_video_read_tokens", "cache_video_read_mtok", 1000000, TOKENS, INPUT, VIDEO, CACHE_READ, ANY) \
	X(CACHE_VIDEO_WRITE_TOKENS, "cache_video_write_tokens", "cache_video_write_mtok", 1000000, TOKENS, INPUT, VIDEO, CACHE_WRITE, ANY) \
	X(CACHE_VIDEO_WRITE_5M_TOKENS, "cache_video_write_5m_tokens", "cache_video_write_5m_mtok", 1000000, TOKENS, INPUT, VIDEO, CACHE_WRITE, TTL_5M) \
	X(CACHE_VIDEO_WRITE_1H_TOKENS, "cache_video_write_1h_tokens", "cache_video_write_1h_mtok", 1000000, TOKENS, INPUT, VIDEO, CACHE_WRITE, TTL_1H) \
	X(INPUT_TOOL_TOKENS, "input_tool_tokens", "input_tool_mtok", 1000000, TOKENS, INPUT, ANY, TOOL, ANY) \
	X(INPUT_TEXT_TOOL_TOKENS, "input_text_tool_tokens", "input_text_tool_mtok", 1000000, TOKENS, INPUT, TEXT, TOOL, ANY) \
	X(INPUT_AUDIO_TOOL_TOKENS, "input_audio_tool_tokens", "input_audio_tool_mtok", 1000000, TOKENS, INPUT, AUDIO, TOOL, ANY) \
	X(INPUT_IMAGE_TOOL_TOKENS, "input_image_tool_tokens", "input_image_tool_mtok", 1000000, TOKENS, INPUT, IMAGE, TOOL, ANY) \
	X(INPUT_VIDEO_TOOL_TOKENS, "input_video_tool_tokens", "input_video_tool_mtok", 1000000, TOKENS, INPUT, VIDEO, TOOL, ANY) \
	X(OUTPUT_REASONING_TOKENS, "output_reasoning_tokens", "output_reasoning_mtok", 1000000, TOKENS, OUTPUT, ANY, REASONING, ANY) \
	X(OUTPUT_TEXT_REASONING_TOKENS, "output_text_reasoning_tokens", "output_text_reasoning_mtok", 1000000, TOKENS, OUTPUT, TEXT, REASONING, ANY) \
	X(OUTPUT_AUDIO_REASONING_TOKENS, "output_audio_reasoning_tokens", "output_audio_reasoning_mtok", 1000000, TOKENS, OUTPUT, AUDIO, REASONING, ANY) \
	X(OUTPUT_IMAGE_REASONING_TOKENS, "output_image_reasoning_tokens", "output_image_reasoning_mtok", 1000000, TOKENS, OUTPUT, IMAGE, REASONING, ANY) \
	X(OUTPUT_VIDEO_REASONING_TOKENS, "output_video_reasoning_tokens", "output_video_reasoning_mtok", 1000000, TOKENS, OUTPUT, VIDEO, REASONING, ANY) \
	X(OUTPUT_CITATION_TOKENS, "output_citation_tokens", "output_citation_mtok", 1000000, TOKENS, OUTPUT, ANY, CITATION, ANY) \
	X(OUTPUT_TEXT_CITATION_TOKENS, "output_text_citation_tokens", "output_text_citation_mtok", 1000000, TOKENS, OUTPUT, TEXT, CITATION, ANY) \
	X(OUTPUT_AUDIO_CITATION_TOKENS, "output_audio_citation_tokens", "output_audio_citation_mtok", 1000000, TOKENS, OUTPUT, AUDIO, CITATION, ANY) \
	X(OUTPUT_IMAGE_CITATION_TOKENS, "output_image_citation_tokens", "output_image_citation_mtok", 1000000, TOKENS, OUTPUT, IMAGE, CITATION, ANY) \
	X(OUTPUT_VIDEO_CITATION_TOKENS, "output_video_citation_tokens", "output_video_citation_mtok", 1000000, TOKENS, OUTPUT, VIDEO, CITATION, ANY) \
	X(INPUT_CHARACTERS, "input_characters", "input_mchars", 1000000, CHARACTERS, INPUT, ANY, ANY, ANY) \
	X(INPUT_TEXT_MESSAGES, "input_text_messages", "input_text_messages_kcount", 1000, MESSAGES, INPUT, TEXT, ANY, ANY) \
	X(AUDIO_SECONDS, "audio_seconds", "audio_hours", 3600, DURATIONS, ANY, AUDIO, ANY, ANY) \
	X(INPUT_AUDIO_SECONDS, "input_audio_seconds", "input_audio_hours", 3600, DURATIONS, INPUT, AUDIO, ANY, ANY) \
	X(OUTPUT_AUDIO_SECONDS, "output_audio_seconds", "output_audio_hours", 3600, DURATIONS, OUTPUT, AUDIO, ANY, ANY) \
	X(INPUT_PIXELS, "input_pixels", "input_gpixels", 1000000000, PIXELS, INPUT, ANY, ANY, ANY) \
	X(INPUT_DOCUMENT_PAGES, "input_document_pages", "input_document_kpages", 1000, DOCUMENT_PAGES, INPUT, ANY, ANY, ANY) \
	X(INPUT_ANNOTATED_DOCUMENT_PAGES, "input_annotated_document_pages", "input_annotated_document_kpages", 1000, DOCUMENT_PAGES, INPUT, ANY, ANY, ANNOTATED) \
	X(RERANK_SEARCHES, "rerank_searches", "rerank_searches_kcount", 1000, RERANK, ANY, ANY, ANY, ANY) \
	X(WEB_SEARCHES, "web_searches", "web_searches_kcount", 1000, TOOL_CALLS, ANY, ANY, ANY, WEB_SEARCH) \
	X(SOCIAL_SEARCHES, "social_searches", "social_searches_kcount", 1000, TOOL_CALLS, ANY, ANY, ANY, SOCIAL_SEARCH) \
	X(STORAGE_SEARCHES, "storage_searches", "storage_searches_kcount", 1000, TOOL_CALLS, ANY, ANY, ANY, STORAGE_SEARCH) \
	X(CODE_EXECUTIONS, "code_executions", "code_executions_kcount", 1000, TOOL_CALLS, ANY, ANY, ANY, CODE_EXECUTION) \
	X(REQUESTS, "requests", "requests_kcount", 1000, REQUESTS, ANY, ANY, ANY, ANY)

enum unit {
#define X(id, usage_key, price_key, per, family, direction, modality, type, extra) UNIT_##id,
	UNIT_MAP(X)
#undef X
	UNIT_COUNT
};

_Static_assert(UNIT_COUNT <= 64, "sets of units are one 64-bit word");

/* A set of units: bit 1 << unit. */
typedef uint64_t unit_set;
#define UNIT_BIT(unit) (UINT64_C(1) << (unit))

enum unit_direction { DIRECTION_ANY, DIRECTION_INPUT, DIRECTION_OUTPUT };
enum unit_token_type { TYPE_ANY, TYPE_CACHE_READ, TYPE_CACHE_WRITE, TYPE_TOOL, TYPE_REASONING, TYPE_CITATION };

struct unit_info {
	struct slice usage_key, price_key;
	uint32_t per;        /* 1,000,000 for a price per million tokens */
	uint32_t dimensions; /* four bits each; 0 where the unit leaves the dimension open */
	enum unit_direction direction;
	enum unit_token_type type;
};

extern const struct unit_info unit_infos[UNIT_COUNT];

/* The unit of that key, or UNIT_COUNT. */
enum unit unit_by_usage_key(struct slice key);
enum unit unit_by_price_key(struct slice key);

/* The units that are parts of this one, without itself. */
unit_set unit_parts(enum unit unit);

/* Whether two units of the set overlap, neither being part of the other, and this unit is exactly their overlap: then
 * how much they overlap cannot be known without a count of this unit. */
bool unit_is_overlap(enum unit unit, unit_set counted);

#endif
