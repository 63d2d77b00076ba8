/* SPDX-License-Identifier: Apache-2.0
 * pricing/embedded.S - the price table that the build compiled from pricing/data, as read-only data.
 */
	.section .rodata
	.balign 16
	.global price_image_start
	.global price_image_end
	.hidden price_image_start
	.hidden price_image_end
price_image_start:
	.incbin "build/tools/prices.img"
price_image_end:
	.byte 0
	.section .note.GNU-stack, "", %progbits
