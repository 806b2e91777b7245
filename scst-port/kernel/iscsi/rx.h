/* SPDX-License-Identifier: MIT */
#ifndef ISCSI_RX_H
#define ISCSI_RX_H

/* rx.h - receiving: between rx.c (the socket, PDUs) and rx_data.c (data segments). */
#include "iscsi.h"

#define RX_KVECS	64		/* of one receive call */
#define RX_BIG_SEGMENT	(32u << 10)	/* from here on data is received straight into its command */

/* A data segment of @len bytes begins; its handler says with rx_data_begin() where it goes. */
void rx_data_expect(struct iscsi_conn *conn, u32 len);
/* @len bytes of it, which lie at @data. */
void rx_data_copy(struct iscsi_conn *conn, const u8 *data, u32 len);
/* It is complete: digest, then its PDU goes on. */
void rx_data_end(struct iscsi_conn *conn);
/* What the receive buffer has of segment and trailer; rx_data_end() at their end. False: more must be received. */
bool rx_data_from_buf(struct iscsi_conn *conn);
/* The rest as kvecs into its command, from @iov[*nr] on; how many bytes they hold. */
u32 rx_data_kvecs(struct iscsi_conn *conn, struct kvec *iov, u32 *nr);
/* The first @bytes of them were received. */
void rx_data_landed(struct iscsi_conn *conn, const struct kvec *iov, u32 bytes);

#endif /* ISCSI_RX_H */
