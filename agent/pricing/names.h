/* SPDX-License-Identifier: Apache-2.0
 * pricing/names.h - from the names that telemetry uses to those that price tables use.
 *
 * A table is asked with the model's name as it came first; only where that finds nothing, with the rewritten forms, in
 * the order in which they are handed out. Source: OpenTelemetry's provider names, and the id forms of Bedrock, Vertex,
 * Azure and gateways, as of November 2026.
 */
#ifndef PLIMSOLL_PRICING_NAMES_H
#define PLIMSOLL_PRICING_NAMES_H

#include "agent/base/slice.h"

/* The table's id of a provider as OpenTelemetry (or an older instrumentation) names it; else the name itself, trimmed.
 * ptr NULL where the name is that of a framework, which pays for nothing: the model decides then. */
struct slice provider_table_name(struct slice name);

#define NAME_FORMS_MAX 8
#define NAME_TEXT_MAX 512

/* A provider and a model to ask for. */
struct name_form {
	struct slice provider; /* ptr NULL: not named */
	struct slice model;
};

struct name_forms {
	size_t count;
	struct name_form forms[NAME_FORMS_MAX]; /* [0]: as it came, but for the provider's name */
	char text[3 * NAME_TEXT_MAX];           /* what had to be written anew */
};

/* All forms of a model's name. model: at most NAME_TEXT_MAX bytes, else only the first form. None where no provider is
 * named and the model is one of a local runner's: the family's vendor is not who serves it. */
void name_forms_of(struct slice provider, struct slice model, struct name_forms *out);

#endif
