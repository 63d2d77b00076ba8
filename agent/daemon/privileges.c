/* SPDX-License-Identifier: Apache-2.0
 * daemon/privileges.c - setresuid and what belongs to it.
 */
#include "agent/daemon/privileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/base/log.h"
#include "agent/daemon/state_dir.h"

#define LOW_PORTS_END 1024

static bool has_low_port(const struct config *c)
{
	const char *const endpoints[] = { c->grpc.enabled ? c->grpc.endpoint : NULL,
					  c->http.enabled ? c->http.endpoint : NULL,
					  c->admin.enabled ? c->admin.endpoint : NULL,
					  c->budgets.envoy_endpoint };
	char host[256];
	uint16_t port;

	for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++)
		if (endpoints[i] != NULL && !FAILED(endpoint_split(endpoints[i], host, sizeof(host), &port)) && port > 0 &&
		    port < LOW_PORTS_END)
			return true;
	return false;
}

/* What root would take, since the user's own default depends on a HOME that is not the user's. */
static struct status choose_state_dir(struct config *config)
{
	struct buf path = BUF_INIT;

	if (config->storage.directory != NULL)
		return OK;
	state_dir_default(&path);
	config->storage.directory = arena_dup(&config->arena, buf_view(&path)).ptr;
	buf_release(&path);
	return config->storage.directory != NULL ? OK : FAIL(NOMEM, "no memory for the configuration");
}

/* Only a folder that we have made changes its owner. */
static struct status make_state_dir(const struct config *config, const struct passwd *user, struct buf *why)
{
	const char *path = config->storage.directory;

	if (mkdir(path, 0700) != 0)
		return OK; /* there already, or the store will say what is wrong */
	if (chown(path, user->pw_uid, user->pw_gid) == 0)
		return OK;
	buf_printf(why, "cannot give '%s' to user '%s': %s", path, config->user, strerror(errno));
	return FAIL(IO, "cannot change the owner");
}

static bool keep_low_ports(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { { 0 } };

	data[0].effective = data[0].permitted = 1u << CAP_NET_BIND_SERVICE;
	return syscall(SYS_capset, &header, data) == 0;
}

static bool become(const struct passwd *user, bool needs_low_ports)
{
	if (needs_low_ports && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0)
		return false;
	if (initgroups(user->pw_name, user->pw_gid) != 0 ||
	    setresgid(user->pw_gid, user->pw_gid, user->pw_gid) != 0 ||
	    setresuid(user->pw_uid, user->pw_uid, user->pw_uid) != 0)
		return false;
	if (needs_low_ports && !keep_low_ports())
		return false;
	if (user->pw_uid != 0 && setuid(0) == 0)
		return false;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

static struct status check_state_dir(const struct config *config, struct buf *why)
{
	if (access(config->storage.directory, W_OK | X_OK) == 0 || errno == ENOENT)
		return OK;
	buf_printf(why, "user '%s' may not write to '%s'; run: chown -R %s '%s'", config->user, config->storage.directory,
		   config->user, config->storage.directory);
	return FAIL(DENIED, "the state folder is another user's");
}

struct status privileges_drop(struct config *config, struct buf *why)
{
	if (config->user == NULL)
		return OK;
	const struct passwd *user = getpwnam(config->user); /* before any other thread */
	if (user == NULL) {
		buf_printf(why, "user: this machine knows no user '%s'", config->user);
		return FAIL(INVALID, "no such user");
	}
	if (geteuid() == user->pw_uid)
		return OK;
	if (geteuid() != 0) {
		buf_printf(why, "user: only root can become '%s'; start it as root, or leave the key out", config->user);
		return FAIL(INVALID, "not root");
	}
	TRY(choose_state_dir(config));
	TRY(make_state_dir(config, user, why));
	if (!become(user, has_low_port(config))) {
		buf_printf(why, "cannot become user '%s': %s", config->user, strerror(errno));
		return FAIL(DENIED, "cannot change the user");
	}
	TRY(check_state_dir(config, why));
	LOG(INFO, "daemon", "privileges_dropped", "user=%s uid=%u", config->user, (unsigned)geteuid());
	return OK;
}
