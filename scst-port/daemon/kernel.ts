// SPDX-License-Identifier: MIT
/** The border to the kernel modules: include/iscsi_scst.h and scst.h, mirrored. */
import { join } from 'node:path';
import koffi from 'koffi';
import { callAsync, Kernel, KernelError, type Module } from '../../kernel-api/index.js';
import { buildFolder } from '../../shim/native.js';
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

export class TargetKernel {
  readonly #functions;

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
    };
  }

  static async start(options: { cpus: number; spinUs: number }): Promise<TargetKernel> {
    const kernel = await Kernel.start(options);
    const scst = await kernel.insmod(join(buildFolder, 'scst.ko.so'));
    await kernel.insmod(join(buildFolder, 'scst_vdisk.ko.so'));
    const iscsi = await kernel.insmod(join(buildFolder, 'iscsi_scst.ko.so'));
    return new TargetKernel(kernel, scst, iscsi);
  }

  /** SCST's mgmt files. @throws KernelError with the kernel's own sentence */
  async mgmt(path: string, command: string): Promise<void> {
    const why = Buffer.alloc(512);
    const rc = await callAsync<number>(this.#functions.write, path, command, why, why.length);
    if (rc < 0) throw new KernelError(-rc, why.toString('utf8', 0, why.indexOf(0)) || `${path}: ${command}`);
  }

  /** "devices", "targets" or "sessions". */
  async show<T>(what: string): Promise<T[]> {
    const buffer = Buffer.alloc(1 << 20);
    const length = await callAsync<number>(this.#functions.read, what, buffer, buffer.length);
    return JSON.parse(buffer.toString('utf8', 0, Number(length))) as T[];
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

  /** Asks all initiators to leave; returns how many had to be ended. */
  shutdown(timeoutMs: number): Promise<number> {
    return callAsync<number>(this.#functions.shutdown, timeoutMs);
  }
}
