/* SPDX-License-Identifier: Apache-2.0
 * Any bytes as a configuration file: every one is either refused with at least one line that says why, or gives a
 * configuration that, printed and read again, prints the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/config/config.h"

struct fake_options {
	const char *endpoint, *token;
	struct string_map headers;
	struct string_list list;
	struct tls_client_config tls;
	struct queue_config queue;
	struct retry_config retry;
};

#define FAKE(member) .offset = offsetof(struct fake_options, member)

static const struct conf_option fake_table[] = {
	{ "endpoint", CONF_STRING, FAKE(endpoint) },
	{ "token", CONF_SECRET, FAKE(token) },
	{ "headers", CONF_MAP, FAKE(headers) },
	{ "list", CONF_LIST, FAKE(list) },
	{ "tls", CONF_SECTION, FAKE(tls), .section = tls_client_options },
	{ "sending_queue", CONF_SECTION, FAKE(queue), .section = queue_options },
	{ "retry_on_failure", CONF_SECTION, FAKE(retry), .section = retry_options },
	{ .name = NULL },
};

static const struct config_kind kinds[] = { { "fake", fake_table, sizeof(struct fake_options), "", NULL } };

static struct config *load(struct slice text, struct buf *errors)
{
	struct config *c = NULL;
	char path[64];
	int fd = memfd_create("config", 0);

	if (fd < 0 || write(fd, text.ptr, text.len) != (ssize_t)text.len)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	struct status s = config_load(path, kinds, 1, &c, errors);
	close(fd);
	if ((c == NULL) != FAILED(s) || (s.code == STATUS_INVALID && errors->len == 0))
		abort();
	return c;
}

/* A secret file named by the input would be read: leave such inputs alone. */
static bool names_a_file(struct slice text)
{
	return slice_find(text, SLICE("_file")) >= 0 || slice_find(text, SLICE("_FILE")) >= 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf errors = BUF_INIT, first = BUF_INIT, second = BUF_INIT, changes = BUF_INIT;
	struct slice text = { (const char *)data, size };
	struct config *c = names_a_file(text) ? NULL : load(text, &errors);

	if (c != NULL) {
		config_print(c, &first);
		struct config *again = load(buf_view(&first), &errors);
		if (again == NULL)
			abort();
		config_print(again, &second);
		config_diff_reload(c, again, &changes);
		if (!slice_equal(buf_view(&first), buf_view(&second)))
			abort();
		config_free(again);
		config_free(c);
	}
	buf_release(&errors);
	buf_release(&first);
	buf_release(&second);
	buf_release(&changes);
	return 0;
}
