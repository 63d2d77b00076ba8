/* SPDX-License-Identifier: Apache-2.0
 * admin/embedded.h - the files of dashboards/page, as embedded.S puts them into the program.
 */
#ifndef PLIMSOLL_ADMIN_EMBEDDED_H
#define PLIMSOLL_ADMIN_EMBEDDED_H

extern const char page_html[], page_html_end[];
extern const char page_js[], page_js_end[];
extern const char page_words[], page_words_end[];
extern const char page_alerts[], page_alerts_end[];
extern const char page_budgets[], page_budgets_end[];
extern const char page_prompts[], page_prompts_end[];
extern const char page_css[], page_css_end[];

#endif
