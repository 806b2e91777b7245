/* SPDX-License-Identifier: MIT */
#ifndef ISCSI_SHOW_H
#define ISCSI_SHOW_H

/* show.h - JSON into a buffer that may be too small: between show.c, show_cmnds.c and error.c. */
#include "iscsi.h"

#define SHOW_CMNDS		16	/* of a connection, the oldest */
/* Once so much is written, no more commands and errors: what is left must hold ISCSI_MAX_SESSIONS. */
#define SHOW_DETAIL_BYTES	(2u << 20)

struct show {
	struct snapshot	*snapshots;
	u32		nr;
	char		*buf;
	size_t		bytes, len;	/* len: what there would be with room for it */
};

struct cmnd_snapshot {
	unsigned long	begun;		/* jiffies */
	u64		lun;		/* U64_MAX: not known */
	const char	*name;		/* static, NULL: not known */
	const char	*state;		/* static */
	u32		itt, cmd_sn, expected_len;
	u8		opcode;
};

struct cmnds_snapshot {
	unsigned long		now;	/* jiffies */
	u32			nr, nr_all;
	struct cmnd_snapshot	cmnds[SHOW_CMNDS];	/* the oldest first */
};

void show_add(struct show *show, const char *format, ...) __printf(2, 3);
/* "@name":"@s", and a comma behind it. */
void show_string(struct show *show, const char *name, const char *s);

void cmnds_snapshot(struct cmnds_snapshot *to, struct iscsi_conn *conn);	/* home CPU */
void show_cmnds(struct show *show, const struct cmnds_snapshot *cmnds);
void show_errors(struct show *show, const struct iscsi_errors *errors, unsigned long now);

#endif /* ISCSI_SHOW_H */
