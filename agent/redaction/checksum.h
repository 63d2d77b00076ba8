/* SPDX-License-Identifier: Apache-2.0
 * redaction/checksum.h - the checks that tell a number that somebody was given from any other number.
 *
 * digits: values 0 to 9, not characters.
 */
#ifndef PLIMSOLL_REDACTION_CHECKSUM_H
#define PLIMSOLL_REDACTION_CHECKSUM_H

#include "agent/base/slice.h"

/* Prefix and length of a card network, and Luhn's sum (ISO/IEC 7812-1). */
bool checksum_card(const uint8_t *digits, size_t n);

/* Upper-case letters and digits without blanks: the length of the country (ISO 13616 registry) and ISO 7064 mod 97-10. */
bool checksum_iban(const char *text, size_t n);

/* Area, group and serial that the Social Security Administration gives out. 9 digits. */
bool checksum_us_ssn(const uint8_t *digits);

/* The eleven test. 9 digits. */
bool checksum_nl_bsn(const uint8_t *digits);

/* One digit of the first ten occurs twice or three times, and ISO 7064 mod 11,10. 11 digits. */
bool checksum_de_tax_id(const uint8_t *digits);

/* Sex, month, and 97 minus the first thirteen mod 97. 15 digits. */
bool checksum_fr_nir(const uint8_t *digits);

/* Both check digits, and not all alike. 11 digits. */
bool checksum_br_cpf(const uint8_t *digits);

/* The letter of number mod 23. */
char checksum_es_letter(uint32_t number);

#endif
