/* SPDX-License-Identifier: MIT */
/*
 * module_link.c - may this file be loaded as a module? Version, licence, and every symbol
 * that it wants or exports, before any of its code runs. All faults of a kind are told at once.
 *
 * A module may use what libring3.so and the modules before it export, and what compilers
 * call by themselves; libc has many names of the kernel's with other meanings, so that
 * a symbol found there only counts as missing.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "host/elf.h"
#include "host/host.h"
#include "module_impl.h"

#define TOLD_MAX	20	/* names in one message; the rest is counted */

static struct host_elf *self_elf;	/* libring3.so, once it was read */

void module_link_exit(void)
{
	host_elf_close(self_elf);
	self_elf = NULL;
}

/* ---- version and licence ------------------------------------------------------------------ */

static bool gpl_compatible(const char *license)
{
	static const char *const known[] = {
		"GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL",
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(known); i++)
		if (!strcmp(license, known[i]))
			return true;
	return false;
}

/* "ring3-3 asan": one blank-separated word, or not. */
static bool has_word(const char *text, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = text; (at = strstr(at, word)); at += length)
		if ((at == text || at[-1] == ' ') && (!at[length] || at[length] == ' '))
			return true;
	return false;
}

static int check_version(const struct loaded *self, const char *magic)
{
	static const char *const flavours[][2] = { { "asan", "AddressSanitizer" }, { "tsan", "ThreadSanitizer" } };
	static const char ours[] = RING3_VERMAGIC;
	size_t length = strcspn(magic, " ");

	if (length != strcspn(ours, " ") || memcmp(magic, ours, length)) {
		module_say("%s: built for '%s', this host is '%s': build it again", self->name, magic, ours);
		return -ENOEXEC;
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(flavours); i++) {
		if (has_word(magic, flavours[i][0]) && !has_word(ours, flavours[i][0])) {
			module_say("%s: built with %s, this host was not", self->name, flavours[i][1]);
			return -ENOEXEC;
		}
	}
	return 0;
}

int module_check_info(const struct loaded *self)
{
	const char *magic = host_elf_modinfo(self->elf, "vermagic", 0);
	const char *license = host_elf_modinfo(self->elf, "license", 0);

	if (!magic || !host_elf_exports(self->elf, "ring3_module_info")) {
		module_say("%s: %s is no module: nothing in it includes linux/module.h, built with -DMODULE",
			   self->name, self->path);
		return -ENOEXEC;
	}
	if (check_version(self, magic))
		return -ENOEXEC;
	if (has_word(magic, "builtin"))
		return 0;
	if (!license) {
		module_say("%s: has no MODULE_LICENSE(); a kernel's build refuses that: add MODULE_LICENSE(\"GPL\") "
			   "or what it is under", self->name);
		return -ENOEXEC;
	}
	if (!gpl_compatible(license))
		pr_warn("%s: module license '%s' taints kernel: symbols that are exported for GPL only are not for it\n",
			self->name, license);
	return 0;
}

/* ---- symbols ------------------------------------------------------------------------------- */

/* What compilers call without being asked, and what sanitizers put in. */
static bool of_compiler(const char *name)
{
	static const char *const names[] = {
		"memcpy", "memmove", "memset", "memcmp", "bcmp", "strlen", "__tls_get_addr", "__stack_chk_fail",
		"_GLOBAL_OFFSET_TABLE_",
	};
	static const char *const prefixes[] = { "__asan_", "__ubsan_", "__tsan_", "__sanitizer_", "__gcov_", "__odr_asan" };

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i]))
			return true;
	for (unsigned int i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (!strncmp(name, prefixes[i], strlen(prefixes[i])))
			return true;
	return false;
}

/* Functions of linux/string.h that are libc's own under the same name, and mean the same. */
static bool of_string_h(const char *name)
{
	static const char *const names[] = {
		"memchr", "stpcpy", "strcasecmp", "strcat", "strchr", "strchrnul", "strcmp", "strcpy", "strcspn", "strncasecmp",
		"strncat", "strncmp", "strncpy", "strnlen", "strpbrk", "strrchr", "strsep", "strspn", "strstr",
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

/* The module that exports @name, or NULL. It may come or go yet. */
static struct loaded *exporter(const char *name)
{
	for (unsigned int slot = 0; slot < MODULES_MAX; slot++) {
		struct loaded *other = module_slot(slot);

		if (other && other->module && host_elf_exports(other->elf, name))
			return other;
	}
	return NULL;
}

static bool gpl_only(const struct loaded *owner, const char *name)
{
	const char *given;

	for (unsigned int i = 0; (given = host_elf_modinfo(owner->elf, "export_gpl", i)); i++)
		if (!strcmp(given, name))
			return true;
	return false;
}

/* Names under one heading: "NAME: heading: a (linux/x.h), b". */
struct told {
	const char	*module, *heading;
	unsigned int	nr;
	int		length;
	char		text[1500];
};

static void tell(struct told *told, const char *name, const char *format, ...) __printf(3, 4);
static void tell(struct told *told, const char *name, const char *format, ...)
{
	va_list args;

	if (told->nr++ >= TOLD_MAX)
		return;
	told->length += scnprintf(told->text + told->length, sizeof(told->text) - (size_t)told->length, "%s%s",
				  told->nr > 1 ? ", " : "", name);
	va_start(args, format);
	told->length += vscnprintf(told->text + told->length, sizeof(told->text) - (size_t)told->length, format, args);
	va_end(args);
}

static bool told_any(const struct told *told)
{
	if (told->nr > TOLD_MAX)
		module_say("%s: %s: %s, and %u more", told->module, told->heading, told->text, told->nr - TOLD_MAX);
	else if (told->nr)
		module_say("%s: %s: %s", told->module, told->heading, told->text);
	return told->nr != 0;
}

static void tell_missing(struct told *told, const char *name)
{
	unsigned long bytes;
	const char *header = host_symbol_header(name, &bytes);

	if (header)
		tell(told, name, " (<%.*s>)", (int)bytes, header);
	else
		tell(told, name, "%s", "");
}

/* What is wrong with its symbols, all of it. */
struct resolving {
	struct told	missing, forbidden, twice, early;
	bool		gpl;
	bool		waits;		/* for one that comes or goes */
};

/* false: @owner comes or goes. To be waited for, but by whom it waits for: that one is told. */
static bool is_settled(struct resolving *all, const struct loaded *owner, const char *name)
{
	if (owner->state == MODULE_STATE_LIVE)
		return true;
	if (owner->busy == current)
		tell(&all->early, name, " (of %s)", owner->name);
	else
		all->waits = true;
	return false;
}

static void want(struct loaded *self, const char *name, struct resolving *all)
{
	struct loaded *owner;

	if (host_elf_exports(self_elf, name))
		return;
	owner = exporter(name);
	if (owner) {
		if (!is_settled(all, owner, name))
			return;
		self->deps[owner->slot / 64] |= 1ull << owner->slot % 64;
		if (!all->gpl && gpl_only(owner, name))
			tell(&all->forbidden, name, " (of %s)", owner->name);
		return;
	}
	if (!of_compiler(name) && !of_string_h(name))
		tell_missing(&all->missing, name);
}

static void offer(const char *name, struct resolving *all)
{
	struct loaded *owner;

	if (!strcmp(name, "ring3_module_info"))
		return;
	if (host_elf_exports(self_elf, name)) {
		tell(&all->twice, name, " (of the host)");
		return;
	}
	owner = exporter(name);
	if (owner && is_settled(all, owner, name))
		tell(&all->twice, name, " (of %s)", owner->name);
}

/* Modules that it was linked against: loaded by us, or not at all, since ld.so would skip their init. */
static int check_needed(const struct loaded *self)
{
	const char *needed;
	int rc = 0;

	for (unsigned int i = 0; (needed = host_elf_needed(self->elf, i)); i++) {
		char name[MODULE_NAME_LEN];
		bool found = false;

		if (!strstr(needed, ".ko.so"))
			continue;
		module_name_of(name, sizeof(name), needed);
		for (unsigned int slot = 0; slot < MODULES_MAX && !found; slot++)
			found = module_slot(slot) && module_slot(slot)->module && !strcmp(module_slot(slot)->name, name);
		if (!found) {
			module_say("%s: uses module %s, which is not loaded: insmod %s first", self->name, name, needed);
			rc = -ENOENT;
		}
	}
	return rc;
}

int module_resolve(struct loaded *self)
{
	const char *name, *license = host_elf_modinfo(self->elf, "license", 0);
	struct resolving all = {
		.missing = { self->name, "no such kernel symbol" },
		.forbidden = { self->name, "exported for GPL only, and its licence is another" },
		.twice = { self->name, "exports what is there already" },
		.early = { self->name, "of a module whose init or exit asks for this one, and has not returned" },
		.gpl = !license || gpl_compatible(license),
	};
	enum host_elf_kind kind;
	char why[200];
	int rc = 0;

	if (!self_elf)
		self_elf = host_elf_self(&rc, why, sizeof(why));
	if (!self_elf) {
		module_say("%s", why);
		return rc;
	}
	rc = check_needed(self);
	if (rc)
		return rc;
	for (unsigned int i = 0; (name = host_elf_symbol(self->elf, i, &kind)); i++) {
		if (kind == HOST_ELF_WANT)
			want(self, name, &all);
		else if (kind == HOST_ELF_EXPORT)
			offer(name, &all);
	}
	if (all.waits) {	/* it is looked at again */
		memset(self->deps, 0, sizeof(self->deps));
		return -EAGAIN;
	}
	if (told_any(&all.missing))
		rc = -ENOENT;
	if (told_any(&all.forbidden))
		rc = -ENOENT;
	if (told_any(&all.twice))
		rc = -ENOEXEC;
	if (told_any(&all.early))
		rc = -EBUSY;
	return rc;
}
