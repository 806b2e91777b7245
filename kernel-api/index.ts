// SPDX-License-Identifier: MIT
/**
 * The kernel for TypeScript: started, stopped, given modules, their functions called; and its primitives for
 * TypeScript itself.
 *
 * ```ts
 * import { Kernel } from 'ring3/kernel-api';
 *
 * const kernel = await Kernel.start({ cpus: 2 });
 * const demo = await kernel.insmod('build/demo.ko.so', { size: 64 });
 * const sum = demo.symbol('int demo_sum(int, int)');
 * console.log(sum(2, 3));
 * await kernel.rmmod(demo);
 * await kernel.stop();
 * ```
 */
export { addressOf, KmemCache, kfree, kmalloc } from './cache.js';
export type { Frame } from './crash.js';
export { IsolatedKernel, IsolatedModule, type IsolatedTree, KernelCrash } from './isolated.js';
export { Kernel, type KernelOptions, type ModuleInfo } from './kernel.js';
export { callAsync, KernelError } from './library.js';
export { Mutex, SpinLock } from './lock.js';
export {
  type FollowOptions,
  formatRecord,
  LEVELS,
  type Level,
  type LogRecord,
  parseLevels,
  printk,
} from './log.js';
export {
  type KernelFunction,
  Module,
  type ParameterInfo,
  type ParameterValue,
  type Variable,
} from './module.js';
export type { Handle } from './port.js';
export { Timer } from './timer.js';
export {
  type OpenOptions,
  type ReadOptions,
  Tree,
  type TreeEntry,
  TreeFile,
  type TreePath,
} from './tree.js';
export type { FollowUeventsOptions, Uevent } from './uevents.js';
export { Completion, WaitQueue } from './wait.js';
export { DelayedWork, Work, Workqueue, type WorkqueueOptions } from './work.js';
