/* SPDX-License-Identifier: MIT */
/*
 * show.c - connections as JSON: their counters, their commands in flight and their last errors.
 *
 * Counters belong to a connection's home CPU, so each CPU is asked once, and
 * copies those of its connections. Process context; holds iscsi_mutex meanwhile,
 * so no session leaves the table.
 */
#include <linux/export.h>
#include <linux/mm.h>
#include <net/tcp.h>
#include <ring3/kernel.h>

#include "show.h"

struct snapshot {
	struct iscsi_session *session;
	struct iscsi_conn_stats stats;
	u32	state, exp_cmd_sn, max_cmd_sn, stat_sn, exp_stat_sn;
	u32	nr_cmnds, tx_pdus, held_bytes;
	u64	tx_bytes;
	bool	rx_paused;
	struct tcp_info tcp;	/* tcpi_state 0: the socket is gone, or none of TCP's */
	struct iscsi_errors errors;
	struct cmnds_snapshot cmnds;
};

/* On each event CPU. */
static void snapshot_cpu(void *info)
{
	struct show *show = info;

	for (u32 i = 0; i < show->nr; i++) {
		struct snapshot *s = &show->snapshots[i];
		struct iscsi_conn *conn = &s->session->conn;

		if (conn->cpu != (int)smp_processor_id())
			continue;
		s->stats = conn->stats;
		s->state = conn->state;
		s->exp_cmd_sn = conn->exp_cmd_sn;
		s->max_cmd_sn = conn->max_cmd_sn;
		s->stat_sn = conn->stat_sn;
		s->exp_stat_sn = conn->exp_stat_sn;
		s->nr_cmnds = conn->nr_cmnds;
		s->tx_pdus = conn->tx_pdus;
		s->tx_bytes = conn->tx_bytes;
		s->held_bytes = conn->held_bytes;
		s->rx_paused = conn->rx_paused;
		s->errors = conn->errors;
		cmnds_snapshot(&s->cmnds, conn);
		if (conn->state != ISCSI_CONN_DOWN)	/* which is set here, before the socket goes */
			tcp_get_info(conn->sock->sk, &s->tcp);
	}
}

void show_add(struct show *show, const char *format, ...)
{
	size_t left = show->len < show->bytes ? show->bytes - show->len : 0;
	va_list args;

	va_start(args, format);
	show->len += vsnprintf(left ? show->buf + show->len : NULL, left, format, args);
	va_end(args);
}

void show_string(struct show *show, const char *name, const char *s)
{
	show_add(show, "\"%s\":\"", name);
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			show_add(show, "\\%c", *s);
		else if ((u8)*s < 0x20)
			show_add(show, "\\u%04x", *s);
		else
			show_add(show, "%c", *s);
	}
	show_add(show, "\",");
}

/* RFC 9293's numbers of the connection, as tcp(7) counts them. */
static void show_tcp(struct show *show, const struct tcp_info *tcp)
{
	if (!tcp->tcpi_state) {
		show_add(show, "\"tcp\":null,");
		return;
	}
	show_add(show, "\"tcp\":{\"rttUs\":%u,\"rttVarUs\":%u,\"mss\":%u,\"cwnd\":%u,\"ssthresh\":%u,", tcp->tcpi_rtt,
		 tcp->tcpi_rttvar, tcp->tcpi_snd_mss, tcp->tcpi_snd_cwnd, tcp->tcpi_snd_ssthresh);
	show_add(show, "\"unacked\":%u,\"lost\":%u,\"retransmits\":%u,\"notSentBytes\":%u,\"sendWindow\":%u,",
		 tcp->tcpi_unacked, tcp->tcpi_lost, tcp->tcpi_total_retrans, tcp->tcpi_notsent_bytes, tcp->tcpi_snd_wnd);
	show_add(show, "\"lastReceiveMs\":%u,\"lastSendMs\":%u,\"windowLimitedUs\":%llu,\"bufferLimitedUs\":%llu},",
		 tcp->tcpi_last_data_recv, tcp->tcpi_last_data_sent, tcp->tcpi_rwnd_limited, tcp->tcpi_sndbuf_limited);
}

static void show_session(struct show *show, const struct snapshot *s)
{
	static const char * const states[] = { "starting", "up", "draining", "closing", "down" };
	const struct iscsi_session *session = s->session;
	const struct iscsi_conn *conn = &session->conn;

	show_add(show, "{\"tsih\":%u,\"cid\":%u,", session->tsih, session->cid);
	show_string(show, "initiator", session->initiator_name);
	show_string(show, "alias", session->initiator_alias);
	show_string(show, "target", session->target_name);
	show_string(show, "user", session->user);
	show_string(show, "peer", session->peer);
	show_string(show, "portal", session->portal);
	show_add(show, "\"isid\":\"0x%02x%02x%02x%02x%02x%02x\",", session->isid[0], session->isid[1],
		 session->isid[2], session->isid[3], session->isid[4], session->isid[5]);
	show_add(show, "\"cpu\":%d,\"state\":\"%s\",", conn->cpu, states[s->state]);
	show_add(show, "\"headerDigest\":%s,\"dataDigest\":%s,", conn->header_digest ? "true" : "false",
		 conn->data_digest ? "true" : "false");
	show_add(show, "\"expCmdSn\":%u,\"maxCmdSn\":%u,\"statSn\":%u,\"expStatSn\":%u,", s->exp_cmd_sn,
		 s->max_cmd_sn, s->stat_sn, s->exp_stat_sn);
	show_add(show, "\"commands\":%u,\"sendQueuePdus\":%u,\"sendQueueBytes\":%llu,\"heldBytes\":%u,",
		 s->nr_cmnds, s->tx_pdus, s->tx_bytes, s->held_bytes);
	show_tcp(show, &s->tcp);
	show_add(show, "\"paused\":%s,\"rxBytes\":%llu,\"txBytes\":%llu,\"rxPdus\":%llu,\"txPdus\":%llu,",
		 s->rx_paused ? "true" : "false", s->stats.rx_bytes, s->stats.tx_bytes, s->stats.rx_pdus,
		 s->stats.tx_pdus);
	show_add(show, "\"rxCalls\":%llu,\"txCalls\":%llu,\"rejects\":%llu,\"errors\":%llu,\"ignored\":%llu,",
		 s->stats.rx_calls, s->stats.tx_calls, s->stats.rejects, s->stats.errors, s->stats.ignored);
	show_cmnds(show, &s->cmnds);
	show_errors(show, &s->errors, s->cmnds.now);
	show_add(show, "}");
}

long iscsi_show(char *buf, unsigned long bytes)
{
	struct show show = { .buf = buf, .bytes = bytes };
	struct iscsi_session *session;
	u32 i = 0;

	mutex_lock(&iscsi_mutex);
	show.nr = atomic_read(&iscsi_nr_sessions);
	show.snapshots = kvcalloc(show.nr + 1, sizeof(*show.snapshots), GFP_KERNEL);
	if (!show.snapshots) {
		mutex_unlock(&iscsi_mutex);
		return -ENOMEM;
	}
	list_for_each_entry(session, &iscsi_sessions, entry)
		show.snapshots[i++].session = session;
	for (u32 cpu = 0; show.nr && cpu < ring3_nr_event_cpus(); cpu++)
		smp_call_function_single(cpu, snapshot_cpu, &show, 1);
	show_add(&show, "[");
	for (i = 0; i < show.nr; i++) {
		if (i)
			show_add(&show, ",");
		show_session(&show, &show.snapshots[i]);
	}
	show_add(&show, "]");
	mutex_unlock(&iscsi_mutex);
	kvfree(show.snapshots);
	return show.len;
}
EXPORT_SYMBOL(iscsi_show);
