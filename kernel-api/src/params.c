/* SPDX-License-Identifier: MIT */
/*
 * params.c - module parameters: moduleparam.h, and the text that insmod gets.
 *
 * Threads: the module host's, under its lock.
 */
#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

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

int param_set_charp(const char *val, const struct kernel_param *kp)
{
	char *copy;

	if (strlen(val) > 1024)
		return -ENOSPC;
	copy = kstrdup(val, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	*(char **)kp->arg = copy;
	return 0;
}

int param_get_charp(char *buffer, const struct kernel_param *kp)
{
	const char *value = *(char **)kp->arg;

	return scnprintf(buffer, PAGE_SIZE, "%s\n", value ? value : "");
}

const struct kernel_param_ops param_ops_charp = { .set = param_set_charp, .get = param_get_charp };

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
			pr_err("%s: takes %u values at most\n", kp->name, arr->max);
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

const struct kernel_param_ops param_array_ops = { .set = param_array_set, .get = param_array_get };

/* ---- "name=value name="a b"" -------------------------------------------------------------- */

static bool same_name(const char *a, const char *b)
{
	for (; *a && (*a == *b || (*a == '-' && *b == '_') || (*a == '_' && *b == '-')); a++, b++)
		;
	return *a == *b;
}

static int set_param(struct kernel_param *params, const char *module, char *name, char *value)
{
	struct kernel_param *kp;
	int rc;

	for (kp = params; kp && !same_name(kp->name, name); kp = kp->next)
		;
	if (!kp) {
		pr_err("%s: unknown parameter '%s'%s\n", module, name, params ? "; it has:" : "; it has none");
		for (kp = params; kp; kp = kp->next)
			pr_err("%s:   %s\n", module, kp->name);
		return -ENOENT;
	}
	if (!value && !(kp->ops->flags & KERNEL_PARAM_OPS_FL_NOARG)) {
		pr_err("%s: parameter %s wants a value: %s=VALUE\n", module, name, name);
		return -EINVAL;
	}
	rc = kp->ops->set(value, kp);
	if (rc)
		pr_err("%s: parameter %s: '%s' is %s (%d)\n", module, name, value ? value : "",
		       rc == -ERANGE ? "out of range" : rc == -ENOSPC ? "too long" : "not valid", rc);
	return rc;
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

int params_set(struct kernel_param *params, const char *module, const char *text)
{
	char *copy = kstrdup(text, GFP_KERNEL), *rest = copy, *word;
	int rc = copy ? 0 : -ENOMEM;

	while (!rc && (word = next_word(&rest))) {
		char *value = strchr(word, '=');

		if (value)
			*value++ = 0;
		rc = set_param(params, module, word, value);
	}
	kfree(copy);
	return rc;
}
