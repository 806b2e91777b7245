// SPDX-License-Identifier: MIT
/** What the tests of kernel-api do in worker threads. */
import { parentPort, workerData } from 'node:worker_threads';
import {
  Completion,
  type Handle,
  Kernel,
  type KernelError,
  Mutex,
  SpinLock,
  Timer,
  WaitQueue,
  Workqueue,
} from '../../kernel-api/index.js';
import { until } from '../until.js';

const port = parentPort!;
const data = workerData as {
  job: string;
  name: string;
  mutex: Handle<'mutex'>;
  spinLock: Handle<'spinLock'>;
  completion: Handle<'completion'>;
  queue: Handle<'waitQueue'> & Handle<'workqueue'>;
  memory: SharedArrayBuffer;
  rounds: number;
  ms: number;
};

/** Adds without atomicity what only a lock makes right. */
function addSlowly(counter: Int32Array): void {
  const was = counter[0]!;
  for (let spin = 0; spin < 50; spin++) Math.sqrt(spin);
  counter[0] = was + 1;
}

const jobs: Record<string, () => void | Promise<void>> = {
  module: () => {
    const module = Kernel.attach().module(data.name);
    const sum = module.symbol('int demo_sum(int, int)');
    port.postMessage({ sum: sum(2, 3), running: Kernel.running });
    port.once('message', () => {
      try {
        port.postMessage({ sum: sum(2, 3) });
      } catch (error) {
        port.postMessage({ code: (error as KernelError).code });
      }
    });
  },
  count: () => {
    const lock = data.mutex ? Mutex.from(data.mutex) : SpinLock.from(data.spinLock);
    const counter = new Int32Array(data.memory);
    for (let round = 0; round < data.rounds; round++) lock.withLock(() => addSlowly(counter));
    lock.dispose();
    port.postMessage('done');
  },
  hold: () => {
    const mutex = Mutex.from(data.mutex);
    mutex.lock();
    port.postMessage('held');
    const told = new Int32Array(data.memory);
    Atomics.wait(told, 0, 0);
    Atomics.wait(told, 0, 1, data.ms); // so long longer, which somebody waits for
    mutex.unlock();
    mutex.dispose();
  },
  complete: () => {
    const completion = Completion.from(data.completion);
    completion.complete();
    completion.dispose();
  },
  wait: async () => {
    const completion = Completion.from(data.completion);
    port.postMessage('waits');
    port.postMessage(await completion.wait());
    completion.dispose();
  },
  leave: async () => {
    const mutex = Mutex.from(data.mutex);
    const completion = new Completion();
    const queue = Workqueue.ordered('leaves');
    const timer = new Timer(() => timer.arm(1));
    timer.arm(1);
    void completion.wait();
    void new WaitQueue().wait();
    await new Promise<void>((resolve) => {
      void queue.run(() => {
        resolve();
        return new Promise(() => {});
      });
      void queue.run(() => {});
    });
    mutex.lock();
    port.postMessage('left');
    setInterval(() => {}, 1000);
  },
  wake: () => {
    const queue = WaitQueue.from(data.queue);
    Atomics.store(new Int32Array(data.memory), 0, 1);
    queue.wakeUp();
    queue.dispose();
  },
  work: async () => {
    const queue = Workqueue.from(data.queue);
    const counter = new Int32Array(data.memory);
    await Promise.all(
      Array.from({ length: 5 }, () =>
        queue.run(async () => {
          const now = Atomics.add(counter, 0, 1) + 1;
          for (let most = 0; now > most; )
            most = Math.max(Atomics.compareExchange(counter, 1, most, now), most);
          await until(() => Atomics.load(counter, 1) >= 2); // as many as may be are at it
          await new Promise((resolve) => setTimeout(resolve, 2)); // and time for one too many
          Atomics.sub(counter, 0, 1);
        }),
      ),
    );
    await queue.dispose();
    port.postMessage('done');
  },
};

await jobs[data.job]!();
