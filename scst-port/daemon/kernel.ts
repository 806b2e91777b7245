// SPDX-License-Identifier: MIT
/** The border to the kernel modules: include/iscsi_scst.h and scst.h, mirrored. */
import { readSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import koffi from 'koffi';
import { callAsync, Kernel, KernelError, type Module } from '../../kernel-api/index.js';
import { PollEvents } from '../../shim/events.js';
import { buildFolder, type NativePoll, native } from '../../shim/native.js';
import type { LoginResult } from './login.js';

const NAME = 'char [224]';
const ADDR = 'char [64]';
const handoffType = koffi.struct('iscsi_handoff', {
  size: 'uint32_t',
  tsih: 'uint16_t',
  cid: 'uint16_t',
  tpgt: 'uint16_t',
  isid: koffi.array('uint8_t', 6),
  exp_cmd_sn: 'uint32_t',
  stat_sn: 'uint32_t',
  header_digest: 'uint32_t',
  data_digest: 'uint32_t',
  initial_r2t: 'uint32_t',
  immediate_data: 'uint32_t',
  max_recv_data_segment_length: 'uint32_t',
  max_xmit_data_segment_length: 'uint32_t',
  max_burst_length: 'uint32_t',
  first_burst_length: 'uint32_t',
  max_outstanding_r2t: 'uint32_t',
  error_recovery_level: 'uint32_t',
  queue_depth: 'uint32_t',
  nop_in_interval_ms: 'uint32_t',
  nop_in_timeout_ms: 'uint32_t',
  max_send_queue_bytes: 'uint32_t',
  login_rsp_len: 'uint32_t',
  initiator_name: NAME,
  initiator_alias: NAME,
  target_name: NAME,
  user: NAME,
  peer: ADDR,
  portal: ADDR,
  login_rsp: 'const uint8_t *',
});

koffi.struct('iscsi_event', {
  code: 'uint32_t',
  tsih: 'uint16_t',
  cid: 'uint16_t',
  target_name: NAME,
  initiator_name: NAME,
  reason: 'char [128]',
});

const EBUSY = 16;

const STOP_TRIES = 100;
const STOP_RETRY_MS = 10;

/** enum iscsi_event_code */
const SESSION_UP = 1;

/** Unread ones that the ring holds; then the oldest are dropped. */
const EVENTS_MAX = 1024;

/** What happened to a session after it was handed over. */
export interface SessionEvent {
  up: boolean;
  tsih: number;
  initiator: string;
  /** Why it went down, one sentence. */
  reason: string;
}

/** State as JSON grows with the number of sessions; a larger answer than this is asked for again. */
const SHOW_BYTES = 256 << 10;

/** @param read stores at most @bytes bytes of what there is, and returns how many there are */
async function readJson<T>(
  what: string,
  read: (buffer: Buffer, bytes: number) => Promise<number>,
): Promise<T[]> {
  for (let bytes = SHOW_BYTES; ; ) {
    const buffer = Buffer.alloc(bytes);
    const length = Number(await read(buffer, bytes));
    if (length < 0) throw new KernelError(-length, `there is no '${what}' to show`);
    if (length < bytes) return JSON.parse(buffer.toString('utf8', 0, length)) as T[];
    bytes = length + SHOW_BYTES; // more may come meanwhile
  }
}

export class TargetKernel {
  readonly #functions;
  #poll: NativePoll | undefined;
  #onEvent: ((event: SessionEvent) => void) | undefined;
  #onOverflow: (() => void) | undefined;

  private constructor(
    readonly kernel: Kernel,
    scst: Module,
    iscsi: Module,
  ) {
    this.#functions = {
      write: scst.symbol(
        'int scst_mgmt_write(const char *path, const char *command, _Out_ uint8_t *why, unsigned long bytes)',
      ),
      read: scst.symbol('long scst_mgmt_read(const char *what, _Out_ uint8_t *buf, unsigned long bytes)'),
      handoff: iscsi.symbol('int iscsi_handoff(int fd, const iscsi_handoff *handoff)'),
      shutdown: iscsi.symbol('int iscsi_shutdown(uint32_t timeout_ms)'),
      close: iscsi.symbol('int iscsi_session_close(uint16_t tsih)'),
      eventFd: iscsi.symbol('int iscsi_event_fd()'),
      connections: iscsi.symbol('long iscsi_show(_Out_ uint8_t *buf, unsigned long bytes)'),
      nextEvent: iscsi.symbol('int iscsi_event_next(_Out_ iscsi_event *event)'),
    };
  }

  /** @throws KernelError; nothing runs then */
  static async start(options: { cpus: number; spinUs: number }): Promise<TargetKernel> {
    const kernel = await Kernel.start(options).catch((error: KernelError) => {
      throw error.errno === EBUSY
        ? new KernelError(EBUSY, 'a target runs in this process already, there can be one')
        : error;
    });
    try {
      const scst = await kernel.insmod(join(buildFolder, 'scst.ko.so'));
      await kernel.insmod(join(buildFolder, 'scst_vdisk.ko.so'));
      const iscsi = await kernel.insmod(join(buildFolder, 'iscsi_scst.ko.so'));
      return new TargetKernel(kernel, scst, iscsi);
    } catch (error) {
      await kernel.stop();
      throw error;
    }
  }

  /** SCST's mgmt files. @throws KernelError with the kernel's own sentence */
  async mgmt(path: string, command: string): Promise<void> {
    const why = Buffer.alloc(512);
    const rc = await callAsync<number>(this.#functions.write, path, command, why, why.length);
    if (rc < 0) throw new KernelError(-rc, why.toString('utf8', 0, why.indexOf(0)) || `${path}: ${command}`);
  }

  /** "devices", "targets" or "sessions". */
  show<T>(what: string): Promise<T[]> {
    return readJson(what, (buffer, bytes) => callAsync<number>(this.#functions.read, what, buffer, bytes));
  }

  /** Connections in full-feature phase, with their counters. */
  connections(): Promise<{ tsih: number }[]> {
    return readJson('connections', (buffer, bytes) =>
      callAsync<number>(this.#functions.connections, buffer, bytes),
    );
  }

  /**
   * Calls @handler on Node's thread with each event, until stopEvents(); @overflow when so many waited that some may
   * have been dropped.
   */
  onEvents(handler: (event: SessionEvent) => void, overflow: () => void): void {
    const fd = this.#functions.eventFd() as number;
    const count = Buffer.alloc(8);
    this.#onEvent = handler;
    this.#onOverflow = overflow;
    this.#poll = new native.NativePoll(
      fd,
      PollEvents.In,
      () => {
        readSync(fd, count); // the eventfd's counter: sets it to 0
        this.#drain();
      },
      false,
    );
  }

  /** Delivers what is left, then no more. */
  stopEvents(): void {
    this.#poll?.remove();
    this.#poll = undefined;
    this.#drain();
    this.#onEvent = undefined;
  }

  #drain(): void {
    const event = {} as { code: number; tsih: number; initiator_name: string; reason: string };
    let count = 0;
    for (; this.#onEvent && (this.#functions.nextEvent(event) as number) === 1; count++)
      this.#onEvent({
        up: event.code === SESSION_UP,
        tsih: event.tsih,
        initiator: event.initiator_name,
        reason: event.reason,
      });
    if (count >= EVENTS_MAX) this.#onOverflow?.();
  }

  /** Hands a logged-in socket over. 0, or -errno: then @fd is still the caller's. */
  handoff(fd: number, login: LoginResult, peer: string, portal: string): Promise<number> {
    const v = login.values;
    return callAsync<number>(this.#functions.handoff, fd, {
      size: koffi.sizeof(handoffType),
      tsih: login.tsih,
      cid: login.cid,
      tpgt: 1,
      isid: [...login.isid],
      exp_cmd_sn: login.expCmdSn,
      stat_sn: login.statSn,
      header_digest: v.headerDigest ? 1 : 0,
      data_digest: v.dataDigest ? 1 : 0,
      initial_r2t: v.initialR2T ? 1 : 0,
      immediate_data: v.immediateData ? 1 : 0,
      max_recv_data_segment_length: v.maxRecvDataSegmentLength,
      max_xmit_data_segment_length: v.maxXmitDataSegmentLength,
      max_burst_length: v.maxBurstLength,
      first_burst_length: v.firstBurstLength,
      max_outstanding_r2t: v.maxOutstandingR2T,
      error_recovery_level: 0,
      queue_depth: 128,
      nop_in_interval_ms: 30_000,
      nop_in_timeout_ms: 30_000,
      max_send_queue_bytes: 32 << 20,
      login_rsp_len: login.lastResponse.length,
      initiator_name: login.initiatorName,
      initiator_alias: login.initiatorAlias,
      target_name: login.targetName,
      user: login.user,
      peer,
      portal,
      login_rsp: login.lastResponse,
    });
  }

  /** Ends one session. False: there is none of this identity. */
  async close(tsih: number): Promise<boolean> {
    return (await callAsync<number>(this.#functions.close, tsih)) === 0;
  }

  /** Asks all initiators to leave; returns how many had to be ended. */
  shutdown(timeoutMs: number): Promise<number> {
    return callAsync<number>(this.#functions.shutdown, timeoutMs);
  }

  /** Unloads the modules and ends the kernel; calls of ours that are under way come to their end first. */
  async stop(): Promise<void> {
    for (let tries = STOP_TRIES; ; tries--)
      try {
        return await this.kernel.stop();
      } catch (error) {
        if (!tries || (error as KernelError).errno !== EBUSY) throw error;
        await sleep(STOP_RETRY_MS);
      }
  }
}
