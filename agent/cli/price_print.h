/* SPDX-License-Identifier: Apache-2.0
 * cli/price_print.h - the answer of `plimsoll price`, on standard output.
 */
#ifndef PLIMSOLL_CLI_PRICE_PRINT_H
#define PLIMSOLL_CLI_PRICE_PRINT_H

#include "agent/pricing/price.h"

/* One JSON object on a line: the members of a batch line's answer, and price, source and at. */
void price_print_json(const struct price_request *request, const struct price_answer *answer);

/* The row, a line for each part (count x listed price), and the sums. For an answer without error. */
void price_print_text(const struct price_request *request, const struct price_answer *answer);

/* Why there is no price, on standard error. */
void price_print_unpriced(const struct price_request *request, const struct price_answer *answer);

#endif
