/* SPDX-License-Identifier: MIT */
/*
 * kmod.c - modules on demand: linux/kmod.h. What modprobe does: finds a file by name or alias, and loads
 * it after those it uses.
 *
 * Invariant: at most REQUESTS_MAX requests are under way, those that nobody waits for among them, since
 * a module's init may ask for another.
 *
 * Locking: path_lock over the folders, which each search copies. None is held while modules are loaded.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/kmod.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <ring3/kernel.h>

#include "host/elf.h"
#include "host/host.h"
#include "module_impl.h"
#include "module_load.h"

#define REQUESTS_MAX	50	/* max_modprobes */
#define REQUEST_WAIT_S	5	/* for one of them to end */
#define PATH_BYTES	4096
#define FILES_MAX	4096	/* modules in a folder */
#define DEPTH_MAX	16	/* of modules that use modules */
#define FAILED		(1 << 8)	/* modprobe's exit status 1, as wait(2) has it */

static DEFINE_MUTEX(path_lock);
static char module_path[PATH_BYTES];
static atomic_t left = ATOMIC_INIT(REQUESTS_MAX);
static DECLARE_WAIT_QUEUE_HEAD(request_ended);
static struct workqueue_struct *nowait_wq;	/* while a kernel runs */

int ring3_module_path(const char *folders)
{
	int rc;

	mutex_lock(&path_lock);
	rc = strlen(folders ?: "") < PATH_BYTES ? 0 : -ENAMETOOLONG;
	if (!rc)
		strscpy(module_path, folders ?: "", PATH_BYTES);
	mutex_unlock(&path_lock);
	return rc;
}

/* ---- a file and those it uses ------------------------------------------------------------------- */

/* 0: it is there, whoever loaded it. */
static int load_with_deps(const char *path, unsigned int depth)
{
	char why[400], *dep = kmalloc(PATH_BYTES, GFP_KERNEL);
	struct host_elf *elf;
	const char *at;
	int rc = -ENOMEM;

	elf = dep ? host_elf_open(path, &rc, why, sizeof(why)) : NULL;
	if (elf)
		rc = depth > DEPTH_MAX ? -ELOOP : 0;
	for (unsigned int i = 0; elf && !rc; i++) {
		size_t length = host_elf_depends(elf, i, &at);

		if (!length)
			break;
		scnprintf(dep, PATH_BYTES, "%.*s", (int)min_t(size_t, length, PATH_BYTES - 1), at);
		rc = load_with_deps(dep, depth + 1);
	}
	host_elf_close(elf);
	kfree(dep);
	if (!rc)
		rc = module_load(path, "");
	else
		module_say("%s: cannot be loaded for a request: %s", path, elf ? "one that it uses cannot be" : why);
	return rc == -EEXIST ? 0 : rc;
}

/* ---- finding ------------------------------------------------------------------------------------- */

struct search {
	const char	*name;		/* with _ for - */
	char		*path;		/* PATH_BYTES: of the file at hand */
	size_t		folder;		/* bytes of it that are the folder, and a slash */
	bool		by_alias;
	unsigned int	found, loaded;
};

/* As modprobe has names: - and _ are the same, but in [brackets] of a pattern. */
static void underscores(char *text)
{
	bool bracket = false;

	for (; *text; text++) {
		bracket = *text == '[' || (bracket && *text != ']');
		if (*text == '-' && !bracket)
			*text = '_';
	}
}

static bool has_alias(const char *path, const char *name)
{
	char why[400], pattern[256];
	const char *alias;
	bool has = false;
	int rc;
	struct host_elf *elf = host_elf_open(path, &rc, why, sizeof(why));

	for (unsigned int i = 0; elf && !has && (alias = host_elf_modinfo(elf, "alias", i)); i++) {
		if (strscpy(pattern, alias, sizeof(pattern)) < 0)
			continue;
		underscores(pattern);
		has = host_glob(pattern, name);
	}
	host_elf_close(elf);
	return has;
}

/* 1: it was the one. Several may have an alias, and all of those are loaded. */
static int try_file(void *arg, const char *file)
{
	struct search *search = arg;
	char name[MODULE_NAME_LEN];

	if (strlen(file) >= PATH_BYTES - search->folder)
		return 0;
	strscpy(search->path + search->folder, file, PATH_BYTES - search->folder);
	if (search->by_alias ? !has_alias(search->path, search->name) :
	    !module_name_of(name, sizeof(name), file) || strcmp(name, search->name))
		return 0;
	search->found++;
	search->loaded += !load_with_deps(search->path, 0);
	return !search->by_alias;
}

static void search_folders(struct search *search, const char *folders)
{
	for (const char *at = folders; *at && (search->by_alias || !search->found); at += *at == ':') {
		size_t length = strcspn(at, ":");

		if (length && length < PATH_BYTES - 2) {
			scnprintf(search->path, PATH_BYTES, "%.*s/", (int)length, at);
			search->folder = length + 1;
			if (host_each_module(search->path, FILES_MAX, try_file, search) == -E2BIG)
				pr_warn("request_module: %s has more than %d modules: not looked at\n", search->path,
					FILES_MAX);
		}
		at += length;
	}
}

static bool is_loaded(const char *name)
{
	bool is;

	modules_take();
	is = module_live(name) != NULL;
	modules_give();
	return is;
}

static int modprobe(const char *wanted)
{
	char name[MODULE_NAME_LEN], *paths = kmalloc(2 * PATH_BYTES, GFP_KERNEL);
	struct search search = { .name = name, .path = paths };
	struct module_said said;

	if (!paths)
		return -ENOMEM;
	strscpy(name, wanted, sizeof(name));
	underscores(name);
	mutex_lock(&path_lock);
	strscpy(paths + PATH_BYTES, module_path, PATH_BYTES);
	mutex_unlock(&path_lock);
	module_said_begin(&said);
	if (is_loaded(name))
		search.found = search.loaded = 1;
	if (!search.found)
		search_folders(&search, paths + PATH_BYTES);
	search.by_alias = true;
	if (!search.found)
		search_folders(&search, paths + PATH_BYTES);
	module_said_end(&said, NULL, 0);
	kfree(paths);
	return search.loaded ? 0 : FAILED;
}

/* ---- requests -------------------------------------------------------------------------------------- */

struct request {
	struct work_struct	work;
	char			name[MODULE_NAME_LEN];
};

static void end_request(void)
{
	atomic_inc(&left);
	wake_up(&request_ended);
}

static void request_work(struct work_struct *work)
{
	struct request *request = container_of(work, struct request, work);

	modprobe(request->name);
	end_request();
	kfree(request);
}

static int begin_request(const char *name)
{
	long rc;

	if (atomic_dec_if_positive(&left) >= 0)
		return 0;
	pr_warn_ratelimited("request_module: %d requests are under way: %s waits\n", REQUESTS_MAX, name);
	rc = wait_event_killable_timeout(request_ended, atomic_dec_if_positive(&left) >= 0, REQUEST_WAIT_S * HZ);
	if (!rc)
		pr_warn_ratelimited("request_module: %s cannot be processed: %d requests for more than %d s\n", name,
				    REQUESTS_MAX, REQUEST_WAIT_S);
	return rc > 0 ? 0 : rc ? (int)rc : -ETIME;
}

static bool may_request(void)
{
	bool may;

	mutex_lock(&path_lock);
	may = module_path[0];
	mutex_unlock(&path_lock);
	return may && kernel_is_started();
}

int __request_module(bool wait, const char *fmt, ...)
{
	struct request *request;
	char name[MODULE_NAME_LEN];
	va_list args;
	int rc;

	might_sleep();
	if (!may_request())
		return -ENOENT;
	va_start(args, fmt);
	rc = vsnprintf(name, sizeof(name), fmt, args);
	va_end(args);
	if (rc >= MODULE_NAME_LEN)
		return -ENAMETOOLONG;
	rc = begin_request(name);
	if (rc)
		return rc;
	if (wait) {
		rc = modprobe(name);
		end_request();
		return rc;
	}
	request = kmalloc(sizeof(*request), GFP_KERNEL);
	if (!request) {
		end_request();
		return -ENOMEM;
	}
	INIT_WORK(&request->work, request_work);
	strscpy(request->name, name, sizeof(request->name));
	queue_work(nowait_wq, &request->work);
	return 0;
}

int kmod_init(void)
{
	nowait_wq = alloc_workqueue("kmod", WQ_UNBOUND, REQUESTS_MAX);
	return nowait_wq ? 0 : -ENOMEM;
}

void kmod_exit(void)
{
	destroy_workqueue(nowait_wq);
	nowait_wq = NULL;
}
