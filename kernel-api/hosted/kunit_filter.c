/* SPDX-License-Identifier: MIT */
/*
 * kunit_filter.c - of kunit.ko.so: the parameter filter_glob, "suite*" or "suite*.case*",
 * for suites of modules. KUnit's own filter is for suites built into the kernel.
 *
 * A notifier that comes before KUnit's replaces a module's suites by copies with the
 * cases that match; the copies stay, as the log of a suite may be read at any time.
 */
#include <kunit/test.h>
#include <linux/glob.h>
#include <linux/limits.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

static char *filter_glob;
module_param(filter_glob, charp, 0);
MODULE_PARM_DESC(filter_glob, "which suites and cases run: SUITE or SUITE.CASE, with * and ?");

static bool matches(const char *glob, const char *name)
{
	return !*glob || glob_match(glob, name);
}

/* A copy with the cases that match, or NULL when none does. */
static struct kunit_suite *filtered(const struct kunit_suite *suite, const char *case_glob)
{
	struct kunit_suite *copy = kmemdup(suite, sizeof(*copy), GFP_KERNEL);
	struct kunit_case *from, *to;
	size_t nr = 0;

	kunit_suite_for_each_test_case(suite, from)
		nr++;
	to = kcalloc(nr + 1, sizeof(*to), GFP_KERNEL);
	if (!copy || !to)
		goto out_none;
	copy->test_cases = to;
	kunit_suite_for_each_test_case(suite, from)
		if (matches(case_glob, from->name))
			*to++ = *from;
	if (to != copy->test_cases)
		return copy;
	to = copy->test_cases;
out_none:
	kfree(to);
	kfree(copy);
	return NULL;
}

static void filter(struct module *module)
{
	char *suite_glob = kstrdup(filter_glob, GFP_KERNEL), *case_glob = strchr(suite_glob, '.');
	int kept = 0;

	if (case_glob)
		*case_glob++ = 0;
	for (int i = 0; i < module->num_kunit_suites; i++) {
		struct kunit_suite *suite = module->kunit_suites[i];

		if (!matches(suite_glob, suite->name))
			continue;
		suite = filtered(suite, case_glob ? case_glob : "");
		if (suite)
			module->kunit_suites[kept++] = suite;
	}
	module->num_kunit_suites = kept;
	kfree(suite_glob);
}

static int notify(struct notifier_block *nb, unsigned long state, void *data)
{
	if (state == MODULE_STATE_COMING && filter_glob)
		filter(data);
	return NOTIFY_DONE;
}

static struct notifier_block before_kunit = { .notifier_call = notify, .priority = INT_MAX };

static int __init kunit_filter_init(void)
{
	return register_module_notifier(&before_kunit);
}
core_initcall(kunit_filter_init);

static void __exit kunit_filter_exit(void)
{
	unregister_module_notifier(&before_kunit);
}
__exitcall(kunit_filter_exit);
