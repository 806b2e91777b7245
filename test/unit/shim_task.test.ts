// SPDX-License-Identifier: MIT
/** Event tasks: with a thread of their own, and those of worker threads, which come and go. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, readdirSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import koffi from 'koffi';
import { EventTask } from '../../shim/index.js';
import { root } from '../outside/target.js';
import { until } from '../until.js';

describe('EventTask', () => {
  it('answers calls, in order, and ends', async () => {
    const task = new EventTask({ name: 'unit' });
    const order: number[] = [];
    await Promise.all(Array.from({ length: 100 }, (_, index) => task.call().then(() => order.push(index))));
    assert.deepEqual(order, [...Array(100).keys()]);
    // Its thread counts a round when it is over, which may be after its callbacks were heard of.
    await until(() => {
      const { callbacks, rounds, heartbeatNs } = task.stats;
      return callbacks >= 100 && rounds > 0 && heartbeatNs > 0;
    });
    const { callbacks } = task.stats;
    assert.match(String(task), /^unit: tid [1-9]\d*, /);
    task.stop();
    task.stop();
    assert(task.stats.callbacks >= callbacks);
    assert.equal(String(task), 'unit: stopped');
    await assert.rejects(task.call(), { code: 'ESRCH' });
  });

  it('brings home the calls that are under way when it is stopped', async () => {
    const task = new EventTask();
    const calls = Array.from({ length: 50 }, () => task.call());
    task.stop();
    await Promise.all(calls);
  });

  it('comes and goes many times', async () => {
    for (let i = 0; i < 50; i++) {
      const task = new EventTask({ spinUs: i % 2 ? 0 : 50 });
      await task.call();
      task.stop();
    }
  });

  it('refuses what is out of range', () => {
    assert.throws(() => new EventTask({ cpu: -2 }), /cpu is -2, should be a whole number from -1 to 1023/);
    assert.throws(() => new EventTask({ spinUs: 0.5 }), /spinUs is 0.5/);
    assert.throws(() => new EventTask({ name: 7 as never }), /name is number/);
  });

  it("tells of Node's own", () => {
    assert(EventTask.nodeStats.rounds >= 0);
    assert.match(EventTask.describeNode(), /^event task: tid \d+, /);
  });
});

/** Runs @body in a worker thread, with the engine's names in scope. */
function inWorker(body: string): Worker {
  const source = `
    const { parentPort } = require('node:worker_threads');
    import('tsx/esm/api').then(({ register }) => {
      register();
      return import('${root}/shim/index.ts');
    }).then(({ Alarm, BufferCache, Callback, EventTask, Poll, PollEvents }) => {
      ${body}
    });`;
  return new Worker(source, { eval: true });
}

describe('a worker thread', () => {
  const pipe = [0, 0];
  before(() => {
    assert.equal(koffi.load('libc.so.6').func('int pipe(_Out_ int *)')(pipe), 0);
  });
  after(() => {
    for (const fd of pipe) closeSync(fd);
  });

  it('is an event task of its own', async () => {
    const before = EventTask.nodeStats.alarms;
    const worker = inWorker(`
      let fired = 0;
      const alarm = new Alarm(async () => {
        if (++fired < 5) return alarm.arm(0.5);
        const task = new EventTask();
        await task.call();
        task.stop();
        new Callback(() => parentPort.postMessage(EventTask.nodeStats.alarms)).schedule();
      });
      alarm.arm(0.5);`);
    // At once: where this thread is late both events come in one go.
    const exit = once(worker, 'exit');
    const [alarms] = await once(worker, 'message');
    const [code] = await exit;
    assert.equal(alarms, 5);
    assert.equal(code, 0);
    assert.equal(EventTask.nodeStats.alarms, before);
  });

  it('may end with alarms armed, polls added, calls under way and buffers held', async () => {
    for (let i = 0; i < 5; i++) {
      const worker = inWorker(`
        new Alarm(() => undefined).every(0.2);
        new Alarm(() => undefined).arm(60_000);
        new Poll(${pipe[0]}, PollEvents.In, () => undefined);
        const task = new EventTask();
        for (let i = 0; i < 100; i++) task.call();
        globalThis.held = new BufferCache('worker', 4096).alloc();
        const again = new Callback(() => again.schedule());
        again.schedule();
        parentPort.postMessage('up');`);
      await once(worker, 'message');
      await new Promise((resolve) => setTimeout(resolve, i * 5));
      assert.equal(await worker.terminate(), 1);
    }
  });

  it("may be the only one that has the engine, and Node's own thread get it later", () => {
    const code = `
      import { once } from 'node:events';
      import { Worker } from 'node:worker_threads';
      const source = \`import('tsx/esm/api').then(({ register }) => {
        register();
        return import('${root}/shim/index.ts');
      }).then(({ Alarm, onStall }) => {
        try {
          onStall(() => undefined);
        } catch (error) {
          console.log(error.message);
        }
        new Alarm(() => console.log('fired')).arm(1);
      });\`;
      for (let i = 0; i < 3; i++) await once(new Worker(source, { eval: true }), 'exit');
      const { Alarm, onStall } = await import('${root}/shim/index.ts');
      onStall(() => undefined);
      await once(new Worker(source, { eval: true }), 'exit');
      new Alarm(() => console.log('and here')).arm(1);`;
    const { status, signal, stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '-e', code],
      { cwd: root, encoding: 'utf8', timeout: 60_000 },
    );
    const worker = ["ring3: stalls are told to Node's main thread only", 'fired'];
    assert.deepEqual(
      { status, signal, lines: stdout.split('\n'), stderr },
      {
        status: 0,
        signal: null,
        lines: [...worker, ...worker, ...worker, ...worker, 'and here', ''],
        stderr: '',
      },
    );
  }).timeout(70_000);

  it('leaves no descriptor and no thread behind', async () => {
    const run = async () =>
      once(
        inWorker(
          `new Alarm(() => process.exit(0)).arm(2); new EventTask(); new Poll(${pipe[0]}, 1, () => 0);`,
        ),
        'exit',
      );
    const count = () => readdirSync('/proc/self/fd').length + readdirSync('/proc/self/task').length;
    await run();
    await run();
    const before = count();
    for (let i = 0; i < 5; i++) await run();
    await until(
      () => count() <= before,
      () => `${count() - before} more than before`,
    );
  });
});
