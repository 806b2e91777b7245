// SPDX-License-Identifier: MIT
/**
 * What a dump says, as JSON. Members may be added; those here keep their names and meanings while `ring3Dump` is 1.
 * Addresses are strings ("0x7f..."), for they do not fit a number. Times are in what their names end with.
 */

/** Parts of a dump that can be asked for by name. */
export const SECTIONS = [
  'threads',
  'locks',
  'tasks',
  'memory',
  'aio',
  'iscsi',
  'modules',
  'watchdogs',
] as const;
export type Section = (typeof SECTIONS)[number];

export interface SourceLine {
  function: string;
  file: string;
  line: number;
}

/** One call on a stack, the innermost first. */
export interface Frame {
  /** Frames left out before this one: a stack deeper than 96 is shown by its 64 innermost and 32 outermost. */
  skipped?: number;
  pc: string;
  /** The file that holds the code, and the address in it: what `addr2line -e MODULE ADDRESS` takes. */
  module?: string;
  address?: string;
  function?: string;
  /** Bytes from the start of `function`. */
  offset?: number;
  file?: string;
  line?: number;
  /** Functions inlined here, the innermost first; `function` is the one they are inlined in. */
  inlined?: SourceLine[];
  /** The JavaScript function that runs here, and where it begins; 0 = unknown. Of TypeScript: by an inline source map. */
  js?: SourceLine & { column: number };
}

export interface Thread {
  tid: number;
  name: string;
  role: string;
  /** As in proc(5): R runs, S sleeps, D sleeps uninterruptibly, ... */
  state: string;
  cpuMs: number;
  syscall?: string;
  waitChannel?: string;
  crashed?: boolean;
  /** Why it did not tell its stack itself: what is shown was read from outside and may begin further out. */
  silent?: string;
  sleepsIn?: string;
  sleepsMs?: number;
  /** Of kernel-api, since the thread began. */
  locksTaken?: number;
  locksHeld?: number;
  /** The lock it waits for, and the thread that holds that. */
  waitsFor?: string;
  heldBy?: number;
  /** Number of its stack in `stacks`; threads with equal stacks share one. */
  stack?: number;
}

export interface Locks {
  orderChecked: boolean;
  classes?: number;
  edges?: number;
  /** Circles of threads, a sentence for each thread. */
  deadlocks: string[][];
  held: { is: 'held' | 'wanted'; tid: number; kind: string; lock: string; at: string; sinceMs?: number }[];
  contention: { kind: string; at: string; waits: number; waitedUs: number; longestUs: number }[];
  orderFindings: {
    what: string;
    tid: number;
    where?: string;
    lock1?: string;
    lock2?: string;
    sites: string[];
    stack: string[];
  }[];
}

export interface Task {
  name: string;
  tid: number;
  state: string;
  heartbeatMs?: number;
  runs?: string;
  queued: number;
  queuedLow: number;
  mostInARound: number;
  longestRoundUs: number;
  rounds: number;
  sleeps: number;
  callbacks: number;
  busyMs: number;
  idleMs: number;
  polls: { fd: number; events: string; name?: string; function: string }[];
  nrPolls: number;
  /** The soonest 64. */
  alarms: { dueInUs: number; name?: string; function: string }[];
  nrAlarms: number;
}

/** One that waits in a wait queue: a thread, or a function that is called when it is woken. */
export interface Waiter {
  /** Name and thread of its task; absent for a function. */
  task?: string;
  tid?: number;
  /** How long it has slept. */
  sinceMs?: number;
  /** A task that is queued, and does not sleep at this moment. */
  awake?: boolean;
  exclusive: boolean;
  /** Of one that is no task. */
  function?: string;
}

/** A wait queue of kernel-api that somebody waits in. */
export interface WaitQueue {
  /** Its symbol, or what was written where it was set up: "&session->gone". */
  name: string;
  address: string;
  /** It changed whenever it was looked at: what is here may be torn. */
  busy?: boolean;
  /** The thread that holds its lock. */
  lockedBy?: number;
  nrWaiters: number;
  /** The first 64. */
  waiters: Waiter[];
}

export interface Cache {
  name: string;
  objectBytes: number;
  used: number;
  bytes: number;
  pages: number;
  allocs: number;
  frees: number;
  grownSinceLastDump: number;
}

export interface Crash {
  signal: string;
  code: number;
  tid: number;
  /** 0x0 where the signal brought none. */
  address: string;
  addressIs: string;
  panic?: string;
  /** Registers that point into the engine's memory: whose it is, in use or freed, and where that was done. */
  pointers: { register: string; is: string }[];
  registers: Record<string, string>;
}

/** What aio has in flight on an event task, the oldest first. */
export interface AioTask {
  task: number;
  inFlight: number;
  /** The first 256. */
  operations: {
    op: string;
    /** Of the open files, and its descriptor. */
    file: number;
    fd: number;
    offset: number;
    bytes: number;
    done: number;
    ageUs: number;
  }[];
}

/** An iSCSI session and its connection; names of RFC 7143. */
export interface IscsiSession {
  tsih: number;
  cid: number;
  initiator: string;
  alias: string;
  target: string;
  user: string;
  peer: string;
  portal: string;
  isid: string;
  cpu: number;
  state: string;
  headerDigest: boolean;
  dataDigest: boolean;
  expCmdSn: number;
  maxCmdSn: number;
  statSn: number;
  expStatSn: number;
  /** In flight. */
  commands: number;
  sendQueuePdus: number;
  sendQueueBytes: number;
  /** Of commands and their data. */
  heldBytes: number;
  /** Of tcp(7)'s tcp_info; null when the socket is gone. */
  tcp: {
    rttUs: number;
    rttVarUs: number;
    mss: number;
    cwnd: number;
    ssthresh: number;
    unacked: number;
    lost: number;
    retransmits: number;
    notSentBytes: number;
    sendWindow: number;
    lastReceiveMs: number;
    lastSendMs: number;
    windowLimitedUs: number;
    bufferLimitedUs: number;
  } | null;
  /** It is not read from, for it has too much unsent. */
  paused: boolean;
  rxBytes: number;
  txBytes: number;
  rxPdus: number;
  txPdus: number;
  rxCalls: number;
  txCalls: number;
  rejects: number;
  errors: number;
  ignored: number;
  /** The oldest 16. None once the section has 2 MiB: they are told of the first sessions then. */
  inFlight: IscsiCommand[];
  /** More of them. */
  inFlightOmitted: number;
  /**
   * The last 8, the youngest first: breaches of the protocol, wrong data digests, commands that end with MEDIUM ERROR
   * or HARDWARE ERROR. None once the section has 2 MiB.
   */
  lastErrors: { text: string; ageMs: number }[];
}

/** A SCSI command in flight. */
export interface IscsiCommand {
  itt: number;
  cmdSn: number;
  /** First byte of the CDB. */
  opcode: number;
  /** "WRITE(10)"; "" = not known. */
  name: string;
  /** Null = not known: the core has not seen the command. */
  lun: number | null;
  state:
    | 'held' // an earlier CmdSN is missing
    | 'starting'
    | 'data-out' // waits for write data
    | 'deferred' // by task attributes, or by an atomic command
    | 'executing' // in the device handler
    | 'answered' // by the core, but its write data is not all here yet
    | 'sending' // its response is in the send queue
    | 'aborted'; // and not over yet
  /** Since its header was received; since its turn came, for one that was held. */
  ageMs: number;
  /** Expected Data Transfer Length. */
  expectedBytes: number;
}

/** A session that ended, or a hand-off of one that was refused. */
export interface IscsiEnded {
  tsih: number;
  refused: boolean;
  initiator: string;
  target: string;
  peer: string;
  reason: string;
  ageMs: number;
}

/** A section another room writes is a sentence instead when it could not answer in time. */
export interface Dump {
  ring3Dump: 1;
  pid: number;
  reason: string;
  timeMs: number;
  uptimeMs: number;
  threadsCaughtMs: number;
  dumpMs: number;
  crash?: Crash;
  locks?: Locks;
  threads?: Thread[];
  stacks?: { stack: number; threads: number[]; frames: Frame[] }[];
  tasks?: Task[];
  /** Of kernel-api; in section `tasks`. `running` and `next` name functions. */
  workqueues?:
    | {
        name: string;
        waiting: number;
        workers: number;
        idle: number;
        maxActive: number;
        running: { tid: number; function: string }[];
        next: string[];
      }[]
    | string;
  /** Of kernel-api; in section `tasks`. Up to 512. */
  waitQueues?: WaitQueue[];
  memory?: Cache[] | string;
  /** With RING3_MEM=count: what grew most first. Of a BufferCache's buffers, who called alloc() in TypeScript. */
  memorySites?: {
    site: string;
    bytes: number;
    objects: number;
    allocs: number;
    grownBytesSinceLastDump: number;
  }[];
  aio?: AioTask[] | string;
  iscsi?: IscsiSession[] | string;
  /** In section `iscsi`: the last 16, the youngest first. Asks no event task. */
  iscsiEnded?: IscsiEnded[] | string;
  modules?: { name: string; references: string }[] | string;
  /** Findings so far, those included that were not told. */
  watchdogs?: Record<Stall['kind'], number>;
  /** Those that are on. */
  watchdogBudgetsMs?: Partial<Record<Stall['kind'], number>>;
  /** Files met whose functions or lines have no names, and why: deleted, replaced, not to be read. */
  files?: string[];
}

/** Stacks taken from outside. */
export interface Backtrace {
  ring3Backtrace: 1;
  pid: number;
  /** That ended it, for a core file. */
  signal?: number;
  threads: {
    tid: number;
    name?: string;
    role?: string;
    state?: string;
    syscall?: string;
    frames: Frame[];
  }[];
  /** Of a core file that was cut off: how much is not there, in words. */
  missing?: string;
  /** As in a dump. */
  files?: string[];
}

/** What a watchdog found. */
export interface Stall {
  kind: 'task' | 'callback' | 'kthread' | 'lock' | 'io' | 'node' | 'order';
  /** The culprit, 0 = none. */
  tid: number;
  durationMs: number;
  /** Of its kind so far, those included that were not reported. */
  count: number;
  what: string;
  /** A frame a line. */
  stack: string;
}
