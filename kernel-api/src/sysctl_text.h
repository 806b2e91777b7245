/* SPDX-License-Identifier: MIT */
#ifndef RING3_SYSCTL_TEXT_H
#define RING3_SYSCTL_TEXT_H

/*
 * sysctl_text.h - private to src: text of /proc/sys as its handlers read it, from the front.
 */
#include <linux/types.h>

struct sysctl_text {
	const char	*at;
	size_t		left;		/* bytes */
};

struct sysctl_number {
	bool		negative;
	unsigned long	magnitude;
};

void sysctl_skip_blanks(struct sysctl_text *text);
/*
 * A number of at most 20 characters, as C writes them. What comes next must be the text's end or one of
 * @behind, and is then in *@found. -EINVAL, where @text may have moved.
 */
int sysctl_take_number(struct sysctl_text *text, struct sysctl_number *number, const char *behind, char *found);

#endif /* RING3_SYSCTL_TEXT_H */
