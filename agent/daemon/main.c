/* SPDX-License-Identifier: Apache-2.0
 * daemon/main.c - the program's entry: finds the subcommand and runs it.
 */
#include <stdio.h>

int main(void)
{
	puts("plimsoll " PLIMSOLL_VERSION);
	return 0;
}
