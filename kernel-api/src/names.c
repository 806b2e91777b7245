/* SPDX-License-Identifier: MIT */
/*
 * names.c - what text is made of: names of flags (mm/internal.h), of addresses
 * (kallsyms.h), of software nodes (property.h), of files (dcache.h), and hashes of names
 * (stringhash.h).
 */
#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/kallsyms.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/property.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/stringhash.h>
#include <../mm/internal.h>

#include "host/host.h"

/* ---- flags: the longest name that fits comes first ------------------------------------- */

#define PAGE_NAME(name)	{ 1ul << PG_##name, #name }
const struct trace_print_flags pageflag_names[] = {
	PAGE_NAME(locked), PAGE_NAME(waiters), PAGE_NAME(error), PAGE_NAME(referenced), PAGE_NAME(uptodate),
	PAGE_NAME(dirty), PAGE_NAME(lru), PAGE_NAME(active), PAGE_NAME(workingset), PAGE_NAME(slab),
	{ 1ul << PG_owner_priv_1, "owner_priv_1" }, { 1ul << PG_arch_1, "arch_1" }, PAGE_NAME(reserved),
	PAGE_NAME(private), { 1ul << PG_private_2, "private_2" }, PAGE_NAME(writeback), PAGE_NAME(head),
	PAGE_NAME(mappedtodisk), PAGE_NAME(reclaim), PAGE_NAME(swapbacked), PAGE_NAME(unevictable),
	PAGE_NAME(mlocked), { 0, NULL },
};

const struct trace_print_flags vmaflag_names[] = {
	{ VM_READ, "read" }, { VM_WRITE, "write" }, { VM_EXEC, "exec" }, { VM_SHARED, "shared" },
	{ VM_MAYREAD, "mayread" }, { VM_MAYWRITE, "maywrite" }, { VM_MAYEXEC, "mayexec" }, { 0, NULL },
};

#define GFP_NAME(name)	{ name, #name }
const struct trace_print_flags gfpflag_names[] = {
	GFP_NAME(GFP_TRANSHUGE), GFP_NAME(GFP_TRANSHUGE_LIGHT), GFP_NAME(GFP_HIGHUSER_MOVABLE),
	GFP_NAME(GFP_HIGHUSER), GFP_NAME(GFP_USER), GFP_NAME(GFP_KERNEL_ACCOUNT), GFP_NAME(GFP_KERNEL),
	GFP_NAME(GFP_NOFS), GFP_NAME(GFP_ATOMIC), GFP_NAME(GFP_NOIO), GFP_NAME(GFP_NOWAIT), GFP_NAME(GFP_DMA),
	GFP_NAME(__GFP_HIGHMEM), GFP_NAME(GFP_DMA32), GFP_NAME(__GFP_HIGH), GFP_NAME(__GFP_ATOMIC),
	GFP_NAME(__GFP_IO), GFP_NAME(__GFP_FS), GFP_NAME(__GFP_NOWARN), GFP_NAME(__GFP_RETRY_MAYFAIL),
	GFP_NAME(__GFP_NOFAIL), GFP_NAME(__GFP_NORETRY), GFP_NAME(__GFP_COMP), GFP_NAME(__GFP_ZERO),
	GFP_NAME(__GFP_NOMEMALLOC), GFP_NAME(__GFP_MEMALLOC), GFP_NAME(__GFP_HARDWALL), GFP_NAME(__GFP_THISNODE),
	GFP_NAME(__GFP_RECLAIMABLE), GFP_NAME(__GFP_MOVABLE), GFP_NAME(__GFP_ACCOUNT), GFP_NAME(__GFP_WRITE),
	GFP_NAME(__GFP_RECLAIM), GFP_NAME(__GFP_DIRECT_RECLAIM), GFP_NAME(__GFP_KSWAPD_RECLAIM),
	GFP_NAME(__GFP_ZEROTAGS), { 0, NULL },
};

/* ---- addresses ---------------------------------------------------------------------------- */

int sprint_symbol(char *buffer, unsigned long address)
{
	const char *name, *object;
	host_size offset;

	if (host_symbol((const void *)address, &name, &object, &offset))
		return scnprintf(buffer, KSYM_SYMBOL_LEN, "0x%lx", address);
	return scnprintf(buffer, KSYM_SYMBOL_LEN, "%.400s+0x%lx [%.60s]", name, offset, object);
}

int sprint_symbol_no_offset(char *buffer, unsigned long address)
{
	const char *name, *object;
	host_size offset;

	if (host_symbol((const void *)address, &name, &object, &offset))
		return scnprintf(buffer, KSYM_SYMBOL_LEN, "0x%lx", address);
	return scnprintf(buffer, KSYM_SYMBOL_LEN, "%.400s", name);
}

/* ---- hashes: a byte at a time (FNV-1a, 64 bits), salted, and folded at the end ---------------- */

static u64 hash_step(u64 hash, char c)
{
	return (hash ^ (u8)c) * 0x100000001b3ull;
}

unsigned int full_name_hash(const void *salt, const char *name, unsigned int len)
{
	u64 hash = 0xcbf29ce484222325ull ^ (unsigned long)salt;

	for (unsigned int i = 0; i < len; i++)
		hash = hash_step(hash, name[i]);
	return hash_64(hash, 32);
}

u64 hashlen_string(const void *salt, const char *name)
{
	unsigned int len = (unsigned int)strlen(name);

	return hashlen_create(full_name_hash(salt, name, len), len);
}

/* ---- software nodes: a list under one lock ------------------------------------------------------- */

struct swnode {
	struct fwnode_handle	fwnode;
	struct list_head	entry;
};

static LIST_HEAD(swnodes);
static DEFINE_MUTEX(swnodes_lock);

static struct swnode *swnode_find(const struct software_node *node)
{
	struct swnode *swnode;

	list_for_each_entry(swnode, &swnodes, entry)
		if (swnode->fwnode.swnode == node)
			return swnode;
	return NULL;
}

static void swnode_remove(const struct software_node *node)
{
	struct swnode *swnode = swnode_find(node);

	if (swnode) {
		list_del(&swnode->entry);
		kfree(swnode);
	}
}

static int swnode_add(const struct software_node *node)
{
	struct swnode *swnode;

	if (swnode_find(node))
		return -EEXIST;
	if (node->parent && !swnode_find(node->parent))
		return -EINVAL;
	swnode = kzalloc(sizeof(*swnode), GFP_KERNEL);
	if (!swnode)
		return -ENOMEM;
	swnode->fwnode.swnode = node;
	list_add_tail(&swnode->entry, &swnodes);
	return 0;
}

int software_node_register_nodes(const struct software_node *nodes)
{
	int rc = 0, i;

	mutex_lock(&swnodes_lock);
	for (i = 0; !rc && nodes[i].name; i++)
		rc = swnode_add(&nodes[i]);
	if (rc)
		for (i--; i-- > 0; )
			swnode_remove(&nodes[i]);
	mutex_unlock(&swnodes_lock);
	return rc;
}

void software_node_unregister_nodes(const struct software_node *nodes)
{
	int nr = 0;

	while (nodes[nr].name)
		nr++;
	mutex_lock(&swnodes_lock);
	while (nr)
		swnode_remove(&nodes[--nr]);
	mutex_unlock(&swnodes_lock);
}

struct fwnode_handle *software_node_fwnode(const struct software_node *node)
{
	struct swnode *swnode;

	mutex_lock(&swnodes_lock);
	swnode = swnode_find(node);
	mutex_unlock(&swnodes_lock);
	return swnode ? &swnode->fwnode : NULL;
}

const char *fwnode_get_name(const struct fwnode_handle *fwnode)
{
	return fwnode->swnode->name;
}

/* Roots have none, their children neither. */
const char *fwnode_get_name_prefix(const struct fwnode_handle *fwnode)
{
	return fwnode->swnode->parent ? "/" : "";
}

unsigned int fwnode_count_parents(const struct fwnode_handle *fwnode)
{
	unsigned int depth = 0;

	for (const struct software_node *node = fwnode->swnode->parent; node; node = node->parent)
		depth++;
	return depth;
}

struct fwnode_handle *fwnode_get_nth_parent(struct fwnode_handle *fwnode, unsigned int depth)
{
	const struct software_node *node = fwnode->swnode;

	while (depth-- && node)
		node = node->parent;
	return node ? software_node_fwnode(node) : NULL;
}

/* ---- names of files ------------------------------------------------------------ */

char *d_path(const struct path *path, char *buf, int buflen)
{
	char *at = buf + buflen - 1;

	*at = 0;
	for (const struct dentry *d = path->dentry; d != d->d_parent; d = d->d_parent) {
		if (at - buf < (long)d->d_name.len + 1)
			return ERR_PTR(-ENAMETOOLONG);
		at -= d->d_name.len;
		memcpy(at, d->d_name.name, d->d_name.len);
		*--at = '/';
	}
	if (!*at)
		*--at = '/';
	return at;
}

char *mangle_path(char *s, const char *p, const char *esc)
{
	for (; s <= p && *p; p++) {
		if (!strchr(esc, *p)) {
			*s++ = *p;
			continue;
		}
		if (p + 1 - s < 4)	/* it would overwrite what is still to be read */
			return NULL;
		{
			char octal[5];

			scnprintf(octal, sizeof(octal), "\\%03o", (u8)*p);
			memcpy(s, octal, 4);
		}
		s += 4;
	}
	return s <= p ? s : NULL;
}
