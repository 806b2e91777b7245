// SPDX-License-Identifier: MIT
/** libring3.so as TypeScript calls it: ring3/kernel.h, ring3/tree.h and ring3/bridge.h, mirrored. The only file that declares them. */
import { constants } from 'node:os';
import koffi, { type KoffiFunc } from 'koffi';
import { libraryPath } from '../shim/native.js';

export { wantFunction, wholeNumber, wrongOptions } from '../shim/check.js';

export type AnyFunction = KoffiFunc<(...args: unknown[]) => unknown>;

const library = koffi.load(libraryPath);
koffi.struct('ring3_kernel_options', {
  nr_event_cpus: 'unsigned int',
  nr_other_cpus: 'unsigned int',
  spin_ns: 'unsigned long long',
  pin: 'int',
});

/** The kernel's names of types, so that its prototypes can be pasted. */
for (const [name, type] of Object.entries({
  u8: 'uint8',
  u16: 'uint16',
  u32: 'uint32',
  u64: 'uint64',
  s8: 'int8',
  s16: 'int16',
  s32: 'int32',
  s64: 'int64',
  __u8: 'uint8',
  __u16: 'uint16',
  __u32: 'uint32',
  __u64: 'uint64',
  __s32: 'int32',
  __s64: 'int64',
  ssize_t: 'int64',
  loff_t: 'int64',
  sector_t: 'uint64',
  gfp_t: 'uint32',
  ktime_t: 'int64',
  dma_addr_t: 'uint64',
  phys_addr_t: 'uint64',
  umode_t: 'uint16',
  pid_t: 'int32',
  _Bool: 'bool',
}))
  if (!knows(name)) koffi.alias(name, type);

function knows(name: string): boolean {
  try {
    koffi.type(name);
    return true;
  } catch {
    return false;
  }
}

const WHY = '_Out_ uint8_t *why, unsigned long bytes';
const BUF = '_Out_ uint8_t *buf, unsigned long bytes';

export const c = {
  start: library.func('int ring3_kernel_start(const ring3_kernel_options *options)'),
  stop: library.func(`int ring3_kernel_shutdown(${WHY})`),
  load: library.func(`int ring3_module_load(const char *path, const char *params, ${WHY})`),
  unload: library.func(`int ring3_module_unload(const char *name, ${WHY})`),
  modulePath: library.func('int ring3_module_path(const char *folders)'),
  modules: library.func(`int ring3_modules(${BUF})`),
  moduleGet: library.func('int ring3_module_get(unsigned long long id)'),
  modulePut: library.func('void ring3_module_put(unsigned long long id)'),
  moduleSymbol: library.func('void *ring3_module_symbol(unsigned long long id, const char *name)'),
  moduleExports: library.func(`int ring3_module_exports(unsigned long long id, ${BUF})`),
  params: library.func(`int ring3_params(const char *module, ${BUF})`),
  paramRead: library.func(`int ring3_param_read(const char *module, const char *param, ${BUF})`),
  paramWrite: library.func(
    `int ring3_param_write(const char *module, const char *param, const char *value, ${WHY})`,
  ),
  dmesg: library.func(`int ring3_dmesg(_Inout_ unsigned long long *seq, ${BUF})`),
  dmesgFd: library.func('int ring3_dmesg_fd()'),
  dmesgFdClose: library.func('void ring3_dmesg_fd_close(int fd)'),
  uevents: library.func(`int ring3_uevents(_Inout_ unsigned long long *seq, ${BUF})`),
  ueventFd: library.func('int ring3_uevent_fd()'),
  ueventFdClose: library.func('void ring3_uevent_fd_close(int fd)'),
  log: library.func('void ring3_log(int level, const char *text)'),
  loglevel: library.func('void ring3_console_loglevel(int level)'),
  isStarted: library.func('int ring3_kernel_started()'),
  eventCpus: library.func('unsigned int ring3_nr_event_cpus()'),
  inAtomic: library.func('int ring3_in_atomic()'),

  treeOpen: library.func('int ring3_tree_open(const char *path, int how, _Out_ void **file)'),
  treeClose: library.func('void ring3_tree_close(void *file)'),
  treeRead: library.func(`long ring3_tree_read(void *file, ${BUF})`),
  treeWrite: library.func('long ring3_tree_write(void *file, const uint8_t *buf, unsigned long bytes)'),
  treeSeek: library.func('long long ring3_tree_seek(void *file, long long offset, int whence)'),
  treeList: library.func(`long ring3_tree_list(const char *path, ${BUF})`),
  treeInfo: library.func(`long ring3_tree_info(const char *path, ${BUF})`),

  portOpen: library.func('int ring3_port_open(_Out_ void **port)'),
  portTake: library.func('int ring3_port_take(void *port, _Out_ int64_t *pairs, int max)'),
  portCancel: library.func('void ring3_port_cancel(void *port)'),
  portClose: library.func('void ring3_port_close(void *port)'),
  /** Its address: for what calls it without JavaScript. */
  portCloseAddress: library.symbol('ring3_port_close') as bigint,
  objectNew: library.func('long long ring3_object_new(void *port, int kind, const char *name, int arg)'),
  objectShare: library.func('long long ring3_object_share(void *port, long long id, int kind)'),
  objectAddress: library.func('void *ring3_object_address(long long id, int kind)'),
  objectPut: library.func('int ring3_object_put(void *port, long long id)'),
  call: library.func('int ring3_call(void *port, long long cookie, int call, long long id, long long arg)'),
  complete: library.func('void ring3_complete(void *completion, int all)'),
  completionTry: library.func('int ring3_completion_try(void *completion)'),
  completionIsDone: library.func('int ring3_completion_is_done(void *completion)'),
  completionReinit: library.func('void ring3_completion_reinit(void *completion)'),
  wakeUp: library.func('void ring3_wake_up(void *wait_queue, int nr)'),
  waitAdd: library.func(
    'void *ring3_wait_add(void *port, long long cookie, void *wait_queue, int exclusive)',
  ),
  waitDel: library.func('int ring3_wait_del(void *wait)'),
  mutexLock: library.func('int ring3_mutex_lock_checked(void *mutex)'),
  mutexTrylock: library.func('int ring3_mutex_trylock_checked(void *mutex)'),
  mutexUnlock: library.func('int ring3_mutex_unlock_checked(void *mutex)'),
  spinLock: library.func('int ring3_spin_lock_checked(void *lock)'),
  spinTrylock: library.func('int ring3_spin_trylock_checked(void *lock)'),
  spinUnlock: library.func('int ring3_spin_unlock_checked(void *lock)'),
  timerNew: library.func('void *ring3_timer_new(void *port, long long cookie)'),
  timerArm: library.func('int ring3_timer_arm(void *timer, long long ms)'),
  timerCancel: library.func('int ring3_timer_cancel(void *timer)'),
  timerPending: library.func('int ring3_timer_pending(void *timer)'),
  timerFree: library.func('void ring3_timer_free(void *timer)'),
  workNew: library.func('void *ring3_work_new(void *port, long long cookie, long long wq)'),
  workQueue: library.func('int ring3_work_queue(void *work, long long delay_ms)'),
  workMod: library.func('int ring3_work_mod(void *work, long long delay_ms)'),
  workCancel: library.func('int ring3_work_cancel(void *work)'),
  workPending: library.func('int ring3_work_pending(void *work)'),
  workDone: library.func('void ring3_work_done(void *work)'),
  workFree: library.func('int ring3_work_free(void *work)'),
  poolNew: library.func('void *ring3_pool_new(const char *name, unsigned int bytes, unsigned int align)'),
  poolAlloc: library.func('void *ring3_pool_alloc(void *pool, int zero)'),
  poolFree: library.func('void ring3_pool_free(void *pool, void *object)'),
  poolDestroy: library.func('int ring3_pool_destroy(void *pool)'),
  kmalloc: library.func('void *ring3_kmalloc(unsigned long bytes, int zero)'),
  kfree: library.func('void ring3_kfree(void *memory)'),
};

/** enum ring3_object_kind */
export const Kind = { completion: 1, waitQueue: 2, mutex: 3, spinLock: 4, workqueue: 5 } as const;
/** enum ring3_call */
export const Call = { wait: 1, flush: 2, drain: 3, put: 4 } as const;

/** Runs a call that may block on a thread of libuv's, off Node's loop. */
export function callAsync<T>(fn: AnyFunction, ...args: unknown[]): Promise<T> {
  return new Promise((resolve, reject) => {
    fn.async(...args, (error: Error | null, result: unknown) =>
      error ? reject(error) : resolve(result as T),
    );
  });
}

/** prctl(PR_SET_PDEATHSIG): SIGKILL for this process when the thread that started it ends. */
export function dieWithParent(): void {
  const prctl = library.func('int prctl(int option, unsigned long value)');
  prctl(1, constants.signals.SIGKILL);
}

/** Names, also of those that only kernels know (linux/errno.h). */
const ERRNOS: ReadonlyMap<number, string> = new Map<number, string>([
  [512, 'ERESTARTSYS'],
  [515, 'ENOIOCTLCMD'],
  [517, 'EPROBE_DEFER'],
  [524, 'ENOTSUPP'],
  ...Object.entries(constants.errno)
    .reverse() // of two names for one number, the older one
    .map(([name, number]) => [number, name] as const),
]);

/** A negative errno from the kernel: `errno` is positive, `code` its name. */
export class KernelError extends Error {
  override name = 'KernelError';
  readonly code: string;
  constructor(
    readonly errno: number,
    message: string,
  ) {
    super(`${message} (errno ${errno})`);
    this.code = ERRNOS.get(errno) ?? `errno ${errno}`;
  }
}

/** @throws KernelError when @rc is negative */
export function check(rc: number, message: string): number {
  if (rc < 0) throw new KernelError(-rc, message);
  return rc;
}

/** Text up to its first zero byte. */
export function text(buffer: Buffer, length = buffer.indexOf(0)): string {
  return buffer.toString('utf8', 0, length < 0 ? buffer.length : length);
}

/** What a function writes into a buffer, and the buffer's size, as it returns its length; it grows while it fills it. */
export function readText(read: (buffer: Buffer, bytes: number) => number, bytes = 16_384): string {
  for (; ; bytes *= 4) {
    const buffer = Buffer.alloc(bytes);
    const length = read(buffer, bytes);
    if (length < bytes - 1) return text(buffer, Math.max(length, 0));
  }
}

/** Text that C can hold. @throws TypeError */
export function wantText(name: string, value: unknown, most = 4096): string {
  if (typeof value !== 'string' || !value || value.includes('\0') || Buffer.byteLength(value) > most)
    throw new TypeError(
      `${name} is ${typeof value === 'string' ? JSON.stringify(value.slice(0, 60)) : typeof value}, should be text of 1 to ${most} bytes without a zero byte`,
    );
  return value;
}
