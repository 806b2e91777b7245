// SPDX-License-Identifier: MIT
/**
 * The engine for TypeScript: Node's own thread, and each worker thread, as an event task; tasks with native threads of
 * their own; buffers outside of V8's heap.
 *
 * ```ts
 * import { Alarm, Poll, PollEvents } from 'ring3/shim';
 *
 * const alarm = new Alarm(() => console.log('half a millisecond is over'));
 * alarm.arm(0.5);
 * const poll = new Poll(fd, PollEvents.In, (events) => read(fd));
 * poll.remove();
 * ```
 */
export { Alarm } from './alarm.js';
export { BufferCache, CachedBuffer } from './buffer_cache.js';
export { Callback } from './callback.js';
export { backtrace, onStall, setBudgets, sigdump } from './diag/diag.js';
export type { Backtrace, Dump, Frame, Section, Stall } from './diag/schema.js';
export { EventTask } from './event_task.js';
export { PollEvents } from './events.js';
export { Memory } from './memory.js';
export type { EventTaskStats, MemoryCache, MemoryUsage } from './native.js';
export { Poll } from './poll.js';
export { TcpClosedError, TcpListener, TcpSocket } from './socket.js';
