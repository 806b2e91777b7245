// SPDX-License-Identifier: MIT
/** Event tasks: with a thread of their own, and those of worker threads, which come and go. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { EventTask } from '../../shim/index.js';
import { root } from '../outside/target.js';

describe('EventTask', () => {
  it('answers calls, in order, and ends', async () => {
    const task = new EventTask({ name: 'unit' });
    const order: number[] = [];
    await Promise.all(Array.from({ length: 100 }, (_, index) => task.call().then(() => order.push(index))));
    assert.deepEqual(order, [...Array(100).keys()]);
    const { callbacks, rounds, heartbeatNs } = task.stats;
    assert(callbacks >= 100 && rounds > 0 && heartbeatNs > 0);
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

/** Runs @body as a module in a worker thread, with the engine's names in scope; resolves with what it posts. */
function inWorker(body: string): Worker {
  const source = `
    import { parentPort } from 'node:worker_threads';
    import { Alarm, BufferCache, Callback, EventTask, Poll, PollEvents } from '${root}/shim/index.ts';
    ${body}`;
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), {
    execArgv: ['--import', 'tsx'],
  });
}

describe('a worker thread', () => {
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
    const [alarms] = await once(worker, 'message');
    const [code] = await once(worker, 'exit');
    assert.equal(alarms, 5);
    assert.equal(code, 0);
    assert.equal(EventTask.nodeStats.alarms, before);
  });

  it('may end with alarms armed, polls added, calls under way and buffers held', async () => {
    for (let i = 0; i < 5; i++) {
      const worker = inWorker(`
        new Alarm(() => undefined).every(0.2);
        new Alarm(() => undefined).arm(60_000);
        new Poll(0, PollEvents.In, () => undefined);
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

  it('leaves nothing behind in a process that goes on to its end', () => {
    const out = execFileSync(
      process.execPath,
      [
        ...['--import', 'tsx', '--input-type=module', '-e'],
        `import { Worker } from 'node:worker_threads';
         import { readdirSync } from 'node:fs';
         import { once } from 'node:events';
         const source = "import('${root}/shim/index.ts').then(({ Alarm, EventTask }) => {"
           + "new Alarm(() => process.exit(0)).arm(5); new EventTask(); })";
         const run = () => once(new Worker(source, { eval: true, execArgv: ['--import', 'tsx'] }), 'exit');
         await run();
         const before = readdirSync('/proc/self/fd').length;
         for (let i = 0; i < 5; i++) await run();
         console.log(readdirSync('/proc/self/fd').length - before);`,
      ],
      { cwd: root, encoding: 'utf8', timeout: 30_000 },
    );
    assert.equal(out.trim(), '0');
  }).timeout(40_000);
});
