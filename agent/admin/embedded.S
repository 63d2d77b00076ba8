/* SPDX-License-Identifier: Apache-2.0
 * admin/embedded.S - the page's files as bytes of the program. Each is named and ends as embedded.h says.
 */
	.macro embed name, file
	.global \name
	.global \name\()_end
\name:
	.incbin "\file"
\name\()_end:
	.endm

	.section .rodata
	embed page_html, "dashboards/page/index.html"
	embed page_js, "dashboards/page/page.js"
	embed page_words, "dashboards/page/words.js"
	embed page_alerts, "dashboards/page/alerts.js"
	embed page_budgets, "dashboards/page/budgets.js"
	embed page_prompts, "dashboards/page/prompts.js"
	embed page_css, "dashboards/page/page.css"

	.section .note.GNU-stack, "", %progbits
