/* SPDX-License-Identifier: MIT */
#ifndef RING3_TREE_TEST_RIG_H
#define RING3_TREE_TEST_RIG_H

/* tree_rig.h - files of the tree as a process reads, writes and lists them. */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <ring3/tree.h>

#include "rig.h"

/* All of it, in reads of @step bytes; what open or a read said instead when that is negative. */
static inline long tree_cat_by(const char *path, char *buf, unsigned long bytes, unsigned long step)
{
	struct ring3_tree_file *file;
	unsigned long done = 0;
	long rc = ring3_tree_open(path, RING3_TREE_READ, &file);

	buf[0] = 0;
	if (rc)
		return rc;
	do {
		rc = ring3_tree_read(file, buf + done, min(step, bytes - 1 - done));
		if (rc > 0)
			done += (unsigned long)rc;
	} while (rc > 0);
	buf[done] = 0;
	ring3_tree_close(file);
	return rc < 0 ? rc : (long)done;
}

static inline long tree_cat(const char *path, char *buf, unsigned long bytes)
{
	return tree_cat_by(path, buf, bytes, bytes);
}

/* One write(2). */
static inline long tree_echo(const char *path, const char *text)
{
	struct ring3_tree_file *file;
	long rc = ring3_tree_open(path, RING3_TREE_WRITE, &file);

	if (rc)
		return rc;
	rc = ring3_tree_write(file, text, strlen(text));
	ring3_tree_close(file);
	return rc;
}

#define CHECK_CAT(path, text) do {					\
	char cat_[512];							\
									\
	CHECK_EQ(tree_cat((path), cat_, sizeof(cat_)), (long)strlen(text)); \
	CHECK_STREQ(cat_, (text));					\
} while (0)

/* What opening it to read says. */
static inline long tree_opens(const char *path)
{
	struct ring3_tree_file *file;
	long rc = ring3_tree_open(path, RING3_TREE_READ, &file);

	if (!rc)
		ring3_tree_close(file);
	return rc;
}

#endif /* RING3_TREE_TEST_RIG_H */
