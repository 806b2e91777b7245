/* SPDX-License-Identifier: MIT */
/*
 * params.c - module parameters: moduleparam.h, and the text that insmod gets.
 *
 * Locking: each module's parameters have a lock of their own, so that a set() may load other modules, or wait for who
 * does; kept_lock is a leaf.
 */
#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "module_impl.h"
#include "params.h"

#define PARAM_TYPE(name, type, wide, parse, format)					\
int param_set_##name(const char *val, const struct kernel_param *kp)			\
{											\
	wide value;									\
	int rc = parse(val, 0, &value);							\
											\
	if (rc)										\
		return rc;								\
	if ((wide)(type)value != value)							\
		return -ERANGE;								\
	*(type *)kp->arg = (type)value;							\
	return 0;									\
}											\
int param_get_##name(char *buffer, const struct kernel_param *kp)			\
{											\
	return scnprintf(buffer, PAGE_SIZE, format "\n", *(type *)kp->arg);		\
}											\
const struct kernel_param_ops param_ops_##name = { .set = param_set_##name, .get = param_get_##name }

PARAM_TYPE(byte, unsigned char, unsigned long long, kstrtoull, "%hhu");
PARAM_TYPE(short, short, long long, kstrtoll, "%hi");
PARAM_TYPE(ushort, unsigned short, unsigned long long, kstrtoull, "%hu");
PARAM_TYPE(int, int, long long, kstrtoll, "%i");
PARAM_TYPE(uint, unsigned int, unsigned long long, kstrtoull, "%u");
PARAM_TYPE(long, long, long long, kstrtoll, "%li");
PARAM_TYPE(ulong, unsigned long, unsigned long long, kstrtoull, "%lu");
PARAM_TYPE(ullong, unsigned long long, unsigned long long, kstrtoull, "%llu");
PARAM_TYPE(hexint, unsigned int, unsigned long long, kstrtoull, "%#08x");

int param_set_uint_minmax(const char *val, const struct kernel_param *kp, unsigned int min, unsigned int max)
{
	unsigned int value;
	int rc = kstrtouint(val, 0, &value);

	if (rc)
		return rc;
	if (value < min || value > max)
		return -EINVAL;
	*(unsigned int *)kp->arg = value;
	return 0;
}

int param_set_bool(const char *val, const struct kernel_param *kp)
{
	return kstrtobool(val ? val : "1", kp->arg);
}

int param_get_bool(char *buffer, const struct kernel_param *kp)
{
	return scnprintf(buffer, PAGE_SIZE, "%c\n", *(bool *)kp->arg ? 'Y' : 'N');
}

const struct kernel_param_ops param_ops_bool = {
	.flags = KERNEL_PARAM_OPS_FL_NOARG, .set = param_set_bool, .get = param_get_bool,
};

int param_set_bool_enable_only(const char *val, const struct kernel_param *kp)
{
	bool was = *(bool *)kp->arg, is = was;
	struct kernel_param copy = *kp;
	int rc;

	copy.arg = &is;
	rc = param_set_bool(val, &copy);
	if (!rc && was && !is)
		return -EROFS;
	if (!rc)
		*(bool *)kp->arg = is;
	return rc;
}

const struct kernel_param_ops param_ops_bool_enable_only = {
	.flags = KERNEL_PARAM_OPS_FL_NOARG, .set = param_set_bool_enable_only, .get = param_get_bool,
};

int param_set_invbool(const char *val, const struct kernel_param *kp)
{
	bool value;
	int rc = kstrtobool(val, &value);

	if (!rc)
		*(bool *)kp->arg = !value;
	return rc;
}

int param_get_invbool(char *buffer, const struct kernel_param *kp)
{
	return scnprintf(buffer, PAGE_SIZE, "%c\n", *(bool *)kp->arg ? 'N' : 'Y');
}

const struct kernel_param_ops param_ops_invbool = { .set = param_set_invbool, .get = param_get_invbool };

/* Strings that were set here, and not by the module's own initialiser. */
struct kept {
	struct list_head	list;
	char			text[];
};
static LIST_HEAD(kept);		/* under kept_lock */
static DEFINE_SPINLOCK(kept_lock);
static DEFINE_MUTEX(builtin_lock);	/* of what is in no module */

static struct mutex *lock_of(struct module *mod)
{
	return mod && mod->loaded ? &mod->loaded->param_lock : &builtin_lock;
}

void kernel_param_lock(struct module *mod)
{
	mutex_lock(lock_of(mod));
}

void kernel_param_unlock(struct module *mod)
{
	mutex_unlock(lock_of(mod));
}

void param_free_charp(void *arg)
{
	struct kept *one, *found = NULL;

	spin_lock(&kept_lock);
	list_for_each_entry(one, &kept, list)
		if (one->text == *(char **)arg)
			found = one;
	if (found) {
		*(char **)arg = NULL;
		list_del(&found->list);
	}
	spin_unlock(&kept_lock);
	kfree(found);
}

int param_set_charp(const char *val, const struct kernel_param *kp)
{
	struct kept *one;

	if (strlen(val) > 1024)
		return -ENOSPC;
	one = kmalloc(sizeof(*one) + strlen(val) + 1, GFP_KERNEL);
	if (!one)
		return -ENOMEM;
	memcpy(one->text, val, strlen(val) + 1);
	param_free_charp(kp->arg);
	spin_lock(&kept_lock);
	list_add(&one->list, &kept);
	spin_unlock(&kept_lock);
	*(char **)kp->arg = one->text;
	return 0;
}

int param_get_charp(char *buffer, const struct kernel_param *kp)
{
	const char *value = *(char **)kp->arg;

	return scnprintf(buffer, PAGE_SIZE, "%s\n", value ? value : "");
}

const struct kernel_param_ops param_ops_charp = {
	.set = param_set_charp, .get = param_get_charp, .free = param_free_charp,
};

int param_set_copystring(const char *val, const struct kernel_param *kp)
{
	if (strlen(val) + 1 > kp->str->maxlen)
		return -ENOSPC;
	strscpy(kp->str->string, val, kp->str->maxlen);
	return 0;
}

int param_get_string(char *buffer, const struct kernel_param *kp)
{
	return scnprintf(buffer, PAGE_SIZE, "%s\n", kp->str->string);
}

const struct kernel_param_ops param_ops_string = { .set = param_set_copystring, .get = param_get_string };

/* "1,2,3": elements, at most arr->max. */
static int param_array_set(const char *val, const struct kernel_param *kp)
{
	const struct kparam_array *arr = kp->arr;
	char *copy = kstrdup(val, GFP_KERNEL), *rest = copy, *text;
	struct kernel_param element = *kp;
	unsigned int nr = 0;
	int rc = copy ? 0 : -ENOMEM;

	while (!rc && rest && (text = strsep(&rest, ","))) {
		if (nr == arr->max) {
			module_say("parameter %s takes %u values at most", kp->name, arr->max);
			rc = -EINVAL;
			break;
		}
		element.arg = (char *)arr->elem + (size_t)arr->elemsize * nr++;
		rc = arr->ops->set(text, &element);
	}
	if (!rc && arr->num)
		*arr->num = nr;
	kfree(copy);
	return rc;
}

static int param_array_get(char *buffer, const struct kernel_param *kp)
{
	const struct kparam_array *arr = kp->arr;
	unsigned int nr = arr->num ? *arr->num : arr->max;
	struct kernel_param element = *kp;
	int done = 0;

	for (unsigned int i = 0; i < nr; i++) {
		int len;

		if (done)
			buffer[done - 1] = ',';	/* in the place of the newline */
		element.arg = (char *)arr->elem + (size_t)arr->elemsize * i;
		len = arr->ops->get(buffer + done, &element);
		if (len < 0)
			return len;
		done += len;
	}
	return done;
}

static void param_array_free(void *arg)
{
	const struct kparam_array *arr = arg;

	for (unsigned int i = 0; arr->ops->free && i < (arr->num ? *arr->num : arr->max); i++)
		arr->ops->free((char *)arr->elem + (size_t)arr->elemsize * i);
}

const struct kernel_param_ops param_array_ops = {
	.set = param_array_set, .get = param_array_get, .free = param_array_free,
};

/* ---- "name=value name="a b"" -------------------------------------------------------------- */

static bool same_name(const char *a, const char *b)
{
	for (; *a && (*a == *b || (*a == '-' && *b == '_') || (*a == '_' && *b == '-')); a++, b++)
		;
	return *a == *b;
}

/* What its type is called, and what may stand behind "=". */
static const struct {
	const struct kernel_param_ops	*ops;
	const char			*type, *expected;
} types[] = {
	{ &param_ops_byte, "byte", "a whole number from 0 to 255" },
	{ &param_ops_short, "short", "a whole number from -32768 to 32767" },
	{ &param_ops_ushort, "ushort", "a whole number from 0 to 65535" },
	{ &param_ops_int, "int", "a whole number from -2147483648 to 2147483647" },
	{ &param_ops_uint, "uint", "a whole number from 0 to 4294967295" },
	{ &param_ops_hexint, "hexint", "a whole number from 0 to 0xffffffff" },
	{ &param_ops_long, "long", "a whole number of 64 bits" },
	{ &param_ops_ulong, "ulong", "a whole number of 64 bits, from 0" },
	{ &param_ops_ullong, "ullong", "a whole number of 64 bits, from 0" },
	{ &param_ops_bool, "bool", "y or n, 1 or 0, on or off" },
	{ &param_ops_bool_enable_only, "bool", "y or n, 1 or 0, on or off; on stays so" },
	{ &param_ops_invbool, "invbool", "y or n, 1 or 0, on or off" },
	{ &param_ops_charp, "charp", "text, at most 1024 bytes" },
};

static const char *type_of(const struct kernel_param_ops *ops)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(types); i++)
		if (types[i].ops == ops)
			return types[i].type;
	return ops == &param_ops_string ? "string" : "of its own";
}

static void expected_of(const struct kernel_param *kp, char *buf, size_t bytes)
{
	bool array = kp->ops == &param_array_ops;
	const struct kernel_param_ops *ops = array ? kp->arr->ops : kp->ops;

	for (unsigned int i = 0; i < ARRAY_SIZE(types); i++) {
		if (types[i].ops != ops)
			continue;
		if (array)
			scnprintf(buf, bytes, "up to %u values with commas between, each %s", kp->arr->max, types[i].expected);
		else
			scnprintf(buf, bytes, "%s", types[i].expected);
		return;
	}
	if (ops == &param_ops_string)
		scnprintf(buf, bytes, "text, at most %u bytes", kp->str->maxlen - 1);
	else
		scnprintf(buf, bytes, "what the module's own check takes");
}

static struct kernel_param *find_param(struct kernel_param *kp, const char *name)
{
	for (; kp && !same_name(kp->name, name); kp = kp->next)
		;
	return kp;
}

static void say_unknown(struct kernel_param *params, const char *module, const char *name)
{
	char text[300];
	int done = 0;

	for (struct kernel_param *kp = params; kp; kp = kp->next)
		done += scnprintf(text + done, sizeof(text) - (size_t)done, "%s%s", done ? ", " : "", kp->name);
	if (params)
		module_say("%s: unknown parameter '%.80s'; it has: %s", module, name, text);
	else
		module_say("%s: unknown parameter '%.80s'; it has none", module, name);
}

/* @why says what is wrong, when it is not 0. */
static int try_value(const struct kernel_param *kp, const char *module, const char *value, char *why, size_t bytes)
{
	char expected[160];
	int rc;

	expected_of(kp, expected, sizeof(expected));
	if (!value && !(kp->ops->flags & KERNEL_PARAM_OPS_FL_NOARG)) {
		scnprintf(why, bytes, "%s: parameter %s has no value: %s=VALUE, %s", module, kp->name, kp->name,
			  expected);
		return -EINVAL;
	}
	if (!kp->ops->set) {
		scnprintf(why, bytes, "%s: parameter %s can be read only", module, kp->name);
		return -EPERM;
	}
	rc = kp->ops->set(value, kp);
	if (rc)
		scnprintf(why, bytes, "%s: parameter %s is '%.*s' (%s); expected %s", module, kp->name,
			  value ? min_t(int, 80, (int)strcspn(value, "\n")) : 0, value ? value : "",
			  rc == -ERANGE ? "out of range" : rc == -ENOSPC ? "too long" : "not valid", expected);
	return rc;
}

static int set_value(const struct kernel_param *kp, const char *module, const char *value)
{
	char why[400];
	int rc = try_value(kp, module, value, why, sizeof(why));

	if (rc)
		module_say("%s", why);
	return rc;
}

static int set_param(struct kernel_param *params, const char *module, char *name, char *value)
{
	struct kernel_param *kp = find_param(params, name);

	if (kp)
		return set_value(kp, module, value);
	say_unknown(params, module, name);
	return -ENOENT;
}

/* Up to the next space outside quotes, which go away; NULL at the end. */
static char *next_word(char **rest)
{
	char *from = skip_spaces(*rest), *to, *word;
	bool quoted = false;

	if (!*from)
		return NULL;
	for (word = to = from; *from && (quoted || !isspace(*from)); from++) {
		if (*from == '"')
			quoted = !quoted;
		else
			*to++ = *from;
	}
	*rest = *from ? from + 1 : from;
	*to = 0;
	return word;
}

int params_set(struct kernel_param *params, struct module *module, const char *text)
{
	char *copy = kstrdup(text, GFP_KERNEL), *rest = copy, *word;
	int rc = copy ? 0 : -ENOMEM;

	for (struct kernel_param *kp = params; kp; kp = kp->next)
		kp->mod = module;
	kernel_param_lock(module);
	while (!rc && (word = next_word(&rest))) {
		char *value = strchr(word, '=');

		if (value)
			*value++ = 0;
		rc = set_param(params, module->name, word, value);
	}
	kernel_param_unlock(module);
	kfree(copy);
	return rc;
}

void params_free(struct kernel_param *params, struct module *module)
{
	kernel_param_lock(module);
	for (struct kernel_param *kp = params; kp; kp = kp->next)
		if (kp->ops->free)
			kp->ops->free(kp->arg);
	kernel_param_unlock(module);
}

/* ---- what stands for the files of sysfs ---------------------------------------------------- */

#define READABLE	0444
#define WRITABLE	0222

int params_read(struct kernel_param *params, const char *name, char *buf, size_t bytes)
{
	struct kernel_param *kp = find_param(params, name);
	char *page;
	int rc;

	if (!kp || !kp->perm)
		return -ENOENT;
	if (!(kp->perm & READABLE) || !kp->ops->get)
		return -EACCES;
	page = (char *)get_zeroed_page(GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	kernel_param_lock(kp->mod);
	rc = kp->ops->get(page, kp);
	kernel_param_unlock(kp->mod);
	if (rc >= 0)
		rc = scnprintf(buf, bytes, "%.*s", rc, page);
	free_page((unsigned long)page);
	return rc;
}

int params_write(struct kernel_param *params, struct module *module, const char *name, const char *value)
{
	struct kernel_param *kp = find_param(params, name);
	int rc;

	if (!kp || !kp->perm) {
		if (kp)
			module_say("%s: parameter %s has permissions 0: it is set when the module is loaded", module->name,
				   kp->name);
		else
			say_unknown(params, module->name, name);
		return -ENOENT;
	}
	if (!(kp->perm & WRITABLE)) {
		module_say("%s: parameter %s has permissions 0%o: it cannot be written", module->name, kp->name, kp->perm);
		return -EACCES;
	}
	kernel_param_lock(module);
	rc = set_value(kp, module->name, value);
	kernel_param_unlock(module);
	return rc;
}

int params_list(struct kernel_param *params, char *buf, size_t bytes)
{
	int done = 0;

	for (struct kernel_param *kp = params; kp; kp = kp->next) {
		bool array = kp->ops == &param_array_ops;

		done += scnprintf(buf + done, bytes - (size_t)done, "%s %04o %s%s\n", kp->name, kp->perm,
				  array ? "array of " : "", type_of(array ? kp->arr->ops : kp->ops));
	}
	return done;
}

int params_show(const struct kernel_param *kp, char *page)
{
	int rc = -EPERM;

	kernel_param_lock(kp->mod);
	if (kp->ops->get)
		rc = kp->ops->get(page, kp);
	kernel_param_unlock(kp->mod);
	return rc;
}

int params_store(const struct kernel_param *kp, const char *text)
{
	char why[400];
	int rc;

	kernel_param_lock(kp->mod);
	rc = try_value(kp, kp->mod->name, text, why, sizeof(why));
	kernel_param_unlock(kp->mod);
	if (rc)
		pr_err("%s\n", why);
	return rc;
}
