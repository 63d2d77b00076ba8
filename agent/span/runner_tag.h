/* SPDX-License-Identifier: Apache-2.0
 * span/runner_tag.h - does a model's id carry the tag of a local runner?
 */
#ifndef PLIMSOLL_SPAN_RUNNER_TAG_H
#define PLIMSOLL_SPAN_RUNNER_TAG_H

#include "agent/base/slice.h"

/* "deepseek-r1:7b", "mistral:latest": weights as Ollama and its like name them, a size or "latest" behind a colon. They
 * run on the user's own machines, so the family's name does not tell who is paid. */
bool has_runner_tag(struct slice model);

#endif
