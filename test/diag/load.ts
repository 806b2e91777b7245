// SPDX-License-Identifier: MIT
/**
 * A session that writes and reads back all the time, several commands at once, and sees whether it is what it wrote;
 * besides, one write whose data it keeps back until finish(). So a dump has something that must be in it.
 */
import assert from 'node:assert/strict';
import { Initiator, Op, type Pdu } from '../outside/initiator.js';
import type { TargetProcess } from '../outside/target.js';
import { until } from '../until.js';

const BLOCK = 512;
const BYTES = 4096;
const SLOTS = 4;
/** Each session has this much of the disk for itself. */
const SPAN = (SLOTS + 1) * BYTES;

const cdb10 = (opcode: number, lba: number): number[] => {
  const cdb = Buffer.alloc(10);
  cdb[0] = opcode;
  cdb.writeUInt32BE(lba, 2);
  cdb.writeUInt16BE(BYTES / BLOCK, 7);
  return [...cdb];
};

/** Where a command of ours is, once it is over. */
interface Outcome {
  status: number;
  sense: string;
  data: Buffer;
}

export class LoadSession {
  /** Commands that ended well. */
  done = 0;
  /** The write whose data stays out. */
  held!: { itt: number; cmdSn: number };
  readonly #waiting = new Map<number, { data: Buffer[]; over: (outcome: Outcome) => void }>();
  readonly #r2ts = new Map<number, number>();
  #heldOver!: Promise<Outcome>;
  #stopping = false;
  #abandoned = false;
  #failure: unknown;
  #slots: Promise<unknown> = Promise.resolve();
  #next = 1000;

  private constructor(
    private readonly peer: Initiator,
    private readonly index: number,
  ) {}

  static async start(target: TargetProcess, index: number): Promise<LoadSession> {
    const peer = await Initiator.login(target.portal, target.iqn, {
      InitiatorName: `iqn.2026-11.dev.ring3.test:load${index}`,
      InitialR2T: 'Yes',
      ImmediateData: 'Yes',
    });
    const session = new LoadSession(peer, index);
    session.#read().catch((error) => session.#fail(error));
    await session.#command([0, 0, 0, 0, 0, 0]); // it may end with a unit attention
    session.held = { itt: session.#next, cmdSn: peer.cmdSn };
    session.#heldOver = session.#command(cdb10(0x2a, session.#lba(SLOTS)), { write: BYTES });
    await until(() => session.#r2ts.has(session.held.itt), 'the target to ask for the data');
    const slots = Array.from({ length: SLOTS }, (_, slot) => session.#run(slot));
    session.#slots = Promise.all(slots).catch((error) => session.#fail(error));
    return session;
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
  }

  /** @throws what failed so far, other than by abandon() */
  check(): void {
    if (this.#failure && !this.#abandoned) throw this.#failure;
  }

  /** Ends the load, and the write that was held back, and reads what that wrote. @throws what failed meanwhile */
  async finish(): Promise<void> {
    this.#stopping = true;
    await this.#slots;
    this.check();
    const { itt } = this.held;
    const words = { 20: this.#r2ts.get(itt)!, 28: this.peer.expStatSn, 36: 0, 40: 0 };
    const data = this.#pattern(SLOTS, 0);
    this.peer.send({ opcode: Op.DataOut, flags: 0x80, itt, words, data });
    this.#good(await this.#heldOver);
    const read = await this.#command(cdb10(0x28, this.#lba(SLOTS)), { read: BYTES });
    this.#good(read);
    assert.ok(read.data.equals(data), `session ${this.index}: what was held back is not what is read`);
    this.peer.close();
  }

  /** Ends at once, whatever is under way. */
  abandon(): void {
    this.#stopping = this.#abandoned = true;
    this.peer.close();
  }

  #lba(slot: number): number {
    return (this.index * SPAN + slot * BYTES) / BLOCK;
  }

  /** No two are equal: not of two sessions, places or generations. */
  #pattern(slot: number, generation: number): Buffer {
    return Buffer.alloc(BYTES, `session ${this.index} slot ${slot} generation ${generation}; `);
  }

  #good({ status, sense }: Outcome): void {
    assert.equal(status, 0, `session ${this.index}: status ${status}, sense ${sense}`);
    this.done++;
  }

  async #run(slot: number): Promise<void> {
    for (let generation = 0; !this.#stopping; generation++) {
      const data = this.#pattern(slot, generation);
      this.#good(await this.#command(cdb10(0x2a, this.#lba(slot)), { write: BYTES, data }));
      const read = await this.#command(cdb10(0x28, this.#lba(slot)), { read: BYTES });
      this.#good(read);
      assert.ok(read.data.equals(data), `session ${this.index}: slot ${slot} is not what was written`);
    }
  }

  #command(cdb: number[], options: Parameters<Initiator['command']>[1] = {}): Promise<Outcome> {
    const itt = this.#next++;
    return new Promise((over) => {
      this.#waiting.set(itt, { data: [], over });
      this.peer.command(cdb, { ...options, itt });
    });
  }

  /** Until the connection ends; what is under way then ends with status -1. */
  async #read(): Promise<void> {
    while (!this.peer.closed) {
      const pdu = await this.peer.receive();
      if (pdu) this.#take(pdu);
    }
    for (const { over } of this.#waiting.values())
      over({ status: -1, sense: 'the connection ended', data: Buffer.alloc(0) });
  }

  #take(pdu: Pdu): void {
    if (pdu.opcode === Op.NopIn) {
      const words = { 20: pdu.word(20), 24: this.peer.cmdSn, 28: this.peer.expStatSn };
      if (pdu.word(20) !== 0xffffffff) this.peer.send({ opcode: Op.NopOut, immediate: true, words });
      return;
    }
    if (pdu.opcode === Op.R2T) {
      this.#r2ts.set(pdu.itt, pdu.word(20));
      return;
    }
    const command = this.#waiting.get(pdu.itt);
    assert.ok(
      command,
      `session ${this.index}: opcode ${pdu.opcode} for itt ${pdu.itt}, which is none of ours`,
    );
    if (pdu.opcode === Op.DataIn) command.data.push(pdu.data);
    if (pdu.opcode === Op.DataIn && !(pdu.flags & 1)) return;
    this.#waiting.delete(pdu.itt);
    const sense = pdu.opcode === Op.ScsiResponse ? pdu.sense : pdu.opcode === Op.Reject ? 'rejected' : '';
    command.over({ status: pdu.status, sense, data: Buffer.concat(command.data) });
  }
}
