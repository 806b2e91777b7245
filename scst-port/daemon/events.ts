// SPDX-License-Identifier: MIT
/** What a target tells: one object per event, in plain values, for a log line or a line of JSON. */

export type TargetEvent =
  /** An initiator is in; its session moves data. */
  | {
      event: 'login';
      session: number;
      initiator: string;
      peer: string;
      portal: string;
      user: string;
    }
  /** A session is over; `reason` says why, `seconds` how long it was. */
  | {
      event: 'logout';
      session: number;
      initiator: string;
      peer: string;
      reason: string;
      seconds: number;
    }
  /** A discovery session was served. */
  | { event: 'discovery'; initiator: string; peer: string }
  /** A connection that came to nothing; `status` is what the initiator was told, "0x0201", or "" when nothing was. */
  | { event: 'refused'; peer: string; initiator: string; status: string; reason: string };
