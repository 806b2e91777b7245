// SPDX-License-Identifier: MIT
/** aio for TypeScript: every operation with every provider, and its misuse. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  AioError,
  type AsyncFile,
  alignedBuffer,
  open,
  PENDING_MAX,
  preferProvider,
  providers,
} from '../../aio/index.js';
import { ring3, root, TargetProcess } from '../outside/target.js';
import { DEADLINE_MS } from '../until.js';

const folder = mkdtempSync(join('/var/tmp', 'ring3-aio-ts-'));
let nr = 0;
const fresh = () => join(folder, `disk-${nr++}`);
const SIZE = 1 << 20;
const PAGE = 4096;

interface Ended {
  status: number | null;
  stdout: string;
  stderr: string;
}

function command(file: string, args: string[]): Promise<Ended> {
  return new Promise((resolve) =>
    execFile(file, args, { cwd: root, timeout: 2 * DEADLINE_MS }, (error, stdout, stderr) =>
      resolve({ status: error ? (typeof error.code === 'number' ? error.code : null) : 0, stdout, stderr }),
    ),
  );
}

const typescript = (code: string) => [
  process.execPath,
  '--import',
  'tsx',
  '--input-type=module',
  '-e',
  `import * as aio from './aio/index.ts';\n${code}`,
];

/** Runs TypeScript in a process of its own, as a user's would. */
function run(code: string): Promise<Ended> {
  const [file = '', ...args] = typescript(code);
  return command(file, args);
}

const rejects = (promise: Promise<unknown>, code: string, syscall: string) =>
  assert.rejects(promise, (error: unknown) => {
    assert.ok(error instanceof AioError, String(error));
    assert.equal(error.code, code);
    assert.equal(error.syscall, syscall);
    assert.ok(error.errno < 0);
    return true;
  });

describe('aio', () => {
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('lists the providers', () => {
    const all = providers();
    assert.deepEqual(
      all.map(({ name }) => name),
      ['io_uring', 'libaio', 'threads', 'ram', 'null'],
    );
    assert.equal(all.find(({ name }) => name === 'threads')?.error, undefined);
  });

  for (const { name: provider, error } of providers())
    for (const direct of [false, true]) {
      const inMemory = provider === 'ram' || provider === 'null';
      if (direct && inMemory) continue;
      describe(`${provider}${direct ? ', direct' : ''}`, () => {
        let file: AsyncFile;
        before(function () {
          if (error) this.skip();
        });
        beforeEach(async () => {
          file = await open(inMemory ? null : fresh(), { provider, direct, size: SIZE });
        });
        afterEach(() => file?.close());

        it('writes and reads', async () => {
          const out = alignedBuffer(2 * PAGE).fill('ring3');
          const back = alignedBuffer(2 * PAGE);
          assert.equal(file.size, SIZE);
          assert.equal(await file.write(out, PAGE), 2 * PAGE);
          assert.equal(await file.read(back, PAGE), 2 * PAGE);
          assert.deepEqual(back, provider === 'null' ? alignedBuffer(2 * PAGE) : out);
          await file.write(out.subarray(0, PAGE), 5 * PAGE, { fua: true });
          await file.sync();
        });

        it('gathers and scatters', async () => {
          const parts = [1, 2, 3].map((fill) => alignedBuffer(PAGE).fill(fill));
          const back = [alignedBuffer(PAGE), alignedBuffer(2 * PAGE)];
          assert.equal(await file.writev(parts, 0), 3 * PAGE);
          assert.equal(await file.readv(back, 0), 3 * PAGE);
          if (provider !== 'null') assert.deepEqual(Buffer.concat(back), Buffer.concat(parts));
          assert.equal(await file.readv([], 0), 0);
        });

        it('discards and zeroes', async () => {
          const back = alignedBuffer(PAGE);
          await file.write(alignedBuffer(4 * PAGE).fill(9), 0);
          await file.discard(0, PAGE);
          await file.zero(2 * PAGE, PAGE, { fua: true });
          for (const [page, byte] of [9, 9, 9, 9].entries()) {
            await file.read(back, page * PAGE);
            assert.deepEqual(back, Buffer.alloc(PAGE, page % 2 && provider !== 'null' ? byte : 0));
          }
        });

        it('reads less only at the end', async () => {
          assert.equal(await file.read(alignedBuffer(2 * PAGE), SIZE - PAGE), PAGE);
          assert.equal(await file.read(alignedBuffer(PAGE), 10 * SIZE), 0);
          assert.equal(await file.read(alignedBuffer(PAGE), Number.MAX_SAFE_INTEGER - (PAGE - 1)), 0);
        });

        it('does hundreds at once', async () => {
          const pages = Array.from({ length: 256 }, (_, index) => alignedBuffer(PAGE).fill(index));
          await Promise.all(pages.map((page, index) => file.write(page, index * PAGE)));
          await file.sync();
          const back = alignedBuffer(256 * PAGE);
          await file.read(back, 0);
          if (provider !== 'null') assert.ok(back.equals(Buffer.concat(pages)));
          assert.equal(file.pending, 0);
        });

        it('closes with operations in flight', async () => {
          const writes = Array.from({ length: 50 }, (_, index) =>
            file.write(alignedBuffer(PAGE), index * PAGE),
          );
          const closed = file.close();
          assert.equal(file.closed, true);
          await rejects(file.sync(), 'EBADF', 'sync');
          assert.deepEqual(await Promise.all(writes), Array(50).fill(PAGE));
          await closed;
        });

        it('closes once, and says what comes after', async () => {
          assert.equal(file.close(), file.close());
          await file.close();
          await rejects(file.read(alignedBuffer(PAGE), 0), 'EBADF', 'read');
          await rejects(file.write(alignedBuffer(PAGE), 0), 'EBADF', 'write');
          await rejects(file.zero(0, PAGE), 'EBADF', 'zero');
          assert.throws(() => file.refreshSize(), { code: 'EBADF' });
        });
      });
    }

  it('refuses bad arguments of operations', async () => {
    const file = await open(null, { provider: 'ram', size: SIZE });
    const bytes = Buffer.alloc(PAGE);
    const wrong = (value: unknown) => value as never;
    for (const offset of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])
      await assert.rejects(file.read(bytes, offset), RangeError);
    for (const offset of ['0', null, undefined, 1n])
      await assert.rejects(file.read(bytes, wrong(offset)), TypeError);
    for (const buffer of ['text', null, 7, [1], new ArrayBuffer(8)])
      await assert.rejects(file.write(wrong(buffer), 0), TypeError);
    await assert.rejects(file.readv(wrong(bytes), 0), TypeError);
    await assert.rejects(file.discard(0, -1), RangeError);
    await assert.rejects(file.zero(wrong('0'), 1), TypeError);
    await assert.rejects(file.sync(wrong(null)), TypeError);
    await assert.rejects(file.sync({ signal: wrong({ aborted: true }) }), TypeError);
    await assert.rejects(file.write(bytes, 0, { fua: wrong(1) }), TypeError);
    await rejects(file.write(bytes, SIZE), 'ENOSPC', 'write');
    await rejects(file.discard(0, 2 * SIZE), 'ENOSPC', 'discard');
    assert.equal(file.pending, 0);
    await file.close();
  });

  it('takes any view of memory', async () => {
    const file = await open(null, { provider: 'ram', size: SIZE });
    await file.write(new Uint16Array([0x1234, 0x5678]), 0);
    const view = new DataView(new ArrayBuffer(8), 2, 4);
    await file.read(view, 0);
    assert.equal(view.getUint16(2, true), 0x5678);
    const shared = new Uint8Array(new SharedArrayBuffer(4));
    await file.read(shared, 0);
    assert.equal(shared[0], 0x34);
    await file.close();
  });

  it('refuses bad arguments of open', async () => {
    const wrong = (value: unknown) => value as never;
    await assert.rejects(open(wrong(7)), TypeError);
    await assert.rejects(open('a\0b'), TypeError);
    for (const options of [
      { provider: 7 },
      { direct: 'yes' },
      { readOnly: 1 },
      { size: '1G' },
      { signal: {} },
      { maxInFlight: '8' },
    ])
      await assert.rejects(open(fresh(), wrong(options)), TypeError);
    for (const options of [{ size: -1 }, { size: 1.5 }, { maxInFlight: 0 }, { maxPerDispatch: 2 ** 21 }])
      await assert.rejects(open(fresh(), options), RangeError);
    await assert.rejects(open(fresh(), wrong(null)), TypeError);
  });

  it('says why a file does not open', async () => {
    await rejects(open(fresh()), 'ENOENT', 'open');
    await rejects(open('/dev/null'), 'EINVAL', 'open');
    await rejects(open('/tmp', { readOnly: true }), 'EISDIR', 'open');
    await assert.rejects(open(fresh(), { provider: 'tape' }), {
      code: 'EINVAL',
      message: /no provider is named 'tape'; there is: .*threads/,
    });
    await rejects(open(null, { provider: 'ram' }), 'EINVAL', 'open');
    await rejects(open(null, { size: 1 }), 'ENOENT', 'open');
    await rejects(open(fresh(), { size: 2 ** 53 - 1 }), 'EFBIG', 'open');
    await rejects(open(fresh(), { size: 1, maxInFlight: 2, minInFlight: 3 }), 'EINVAL', 'open');
    const text = join(folder, 'text');
    writeFileSync(text, 'x');
    const file = await open(pathToFileURL(text), { readOnly: true });
    assert.equal(file.size, 1);
    assert.equal(file.path, text);
    await rejects(file.write(Buffer.from('y'), 0), 'EBADF', 'write');
    await rejects(file.discard(0, 1), 'EBADF', 'discard');
    await file.sync();
    await file.close();
  });

  it('has an example that runs', async () => {
    const source = readFileSync(join(root, 'aio/index.ts'), 'utf8');
    const example = /```ts\n(.*?)```/s.exec(source)?.[1] ?? '';
    const path = fresh();
    const code = example
      .replaceAll(/^ \* ?/gm, '')
      .replace("'ring3/aio'", "'./aio/index.ts'")
      .replace('disk.img', path);
    assert.deepEqual(await run(`${code}\nconsole.log(bytes);`), { status: 0, stdout: '5\n', stderr: '' });
    assert.equal(readFileSync(path).toString('latin1', 4096, 4101), 'hello');
  });

  it('prefers a provider for all files', async () => {
    try {
      preferProvider('threads');
      const file = await open(fresh(), { size: PAGE });
      assert.equal(file.provider, 'threads');
      await file.close();
      assert.throws(() => preferProvider('tape'), { code: 'EINVAL', message: /there is: .*threads/ });
      assert.throws(() => preferProvider('ram'), { code: 'EINVAL' });
      assert.throws(() => preferProvider(7 as never), TypeError);
    } finally {
      preferProvider(undefined);
    }
  });

  it('is chosen by ring3 target --aio', async () => {
    const [file = '', ...args] = ring3(['target', 'ram:1M', '--json', '--aio', 'tape']);
    const bad = await command(file, args);
    assert.match(bad.stdout, /--aio: no provider of files is named 'tape'; there is: .*threads/);
    assert.equal(bad.status, 2);
    const good = await TargetProcess.start([fresh()], { args: ['--size', '1M', '--aio', 'threads'] });
    assert.equal(good.ready.luns[0]!.provider, 'threads');
    assert.equal(await good.stop(), 0, good.stderr);
  });

  it('asks direct files for aligned memory', async () => {
    const file = await open(fresh(), { size: SIZE, direct: true });
    assert.ok(file.alignment >= 512);
    await rejects(file.read(alignedBuffer(PAGE), 100), 'EINVAL', 'read');
    await rejects(file.write(alignedBuffer(100), 0), 'EINVAL', 'write');
    await file.close();
    assert.throws(() => alignedBuffer(-1), RangeError);
    assert.throws(() => alignedBuffer(PAGE, 3000), RangeError);
    assert.throws(() => alignedBuffer('1' as never), TypeError);
    assert.ok(alignedBuffer(PAGE).every((byte) => byte === 0));
    assert.equal(alignedBuffer(0).length, 0);
  });

  it('sees a file grow and shrink', async () => {
    const path = fresh();
    const file = await open(path, { size: PAGE });
    await file.write(Buffer.alloc(10), PAGE);
    assert.equal(file.size, PAGE);
    assert.equal(file.refreshSize(), PAGE + 10);
    truncateSync(path, 5);
    assert.equal(await file.read(Buffer.alloc(10), 0), 5);
    assert.equal(file.refreshSize(), 5);
    await file.close();
    assert.equal(statSync(path).size, 5);
  });

  describe('abort', () => {
    const queue = (file: AsyncFile, signal?: AbortSignal) =>
      Array.from({ length: 40 }, (_, index) => file.write(Buffer.alloc(PAGE), index * PAGE, { signal }));

    it('takes back what has not begun, and lets the rest end', async () => {
      const file = await open(fresh(), { size: SIZE, maxInFlight: 1, provider: 'threads' });
      const abort = new AbortController();
      const all = Promise.allSettled(queue(file, abort.signal));
      const other = file.sync();
      abort.abort(new Error('enough'));
      const ends = await all;
      const taken = ends.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[];
      assert.ok(taken.length >= 38, String(taken.length));
      for (const { reason } of taken) assert.equal(reason.message, 'enough');
      await other;
      await file.close();
    });

    it('has no effect when it comes before, or after', async () => {
      const file = await open(null, { provider: 'ram', size: SIZE });
      await assert.rejects(file.sync({ signal: AbortSignal.abort() }), { name: 'AbortError' });
      const abort = new AbortController();
      await file.sync({ signal: abort.signal });
      abort.abort();
      await file.sync();
      assert.equal(file.pending, 0);
      await file.close();
    });

    it('of open ends the opening, and what waits on the file', async () => {
      await assert.rejects(open(fresh(), { size: 1, signal: AbortSignal.abort() }), { name: 'AbortError' });
      const early = new AbortController();
      const opening = open(fresh(), { size: 1, signal: early.signal });
      early.abort();
      await assert.rejects(opening, { name: 'AbortError' });
      const abort = new AbortController();
      const file = await open(fresh(), {
        size: SIZE,
        maxInFlight: 1,
        provider: 'threads',
        signal: abort.signal,
      });
      const all = Promise.allSettled(queue(file));
      abort.abort();
      const ends = await all;
      assert.ok(ends.filter(({ status }) => status === 'rejected').length >= 38);
      await assert.rejects(file.sync(), { name: 'AbortError' });
      await file.close();
    });

    it('of a close takes back what has not begun', async () => {
      const file = await open(fresh(), { size: SIZE, maxInFlight: 1, provider: 'threads' });
      const all = Promise.allSettled(queue(file));
      await file.close({ cancel: true });
      const ends = await all;
      const taken = ends.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[];
      assert.ok(taken.length >= 38, String(taken.length));
      for (const { reason } of taken) assert.equal(reason.code, 'ECANCELED');
    });
  });

  it('limits what waits', async () => {
    const file = await open(null, { provider: 'null', size: SIZE, maxInFlight: 1 });
    const many = Array.from({ length: PENDING_MAX }, () => file.sync());
    await rejects(file.sync(), 'EAGAIN', 'sync');
    await Promise.all(many);
    await file.sync();
    await file.close();
  });

  it('reports a file size limit', async () => {
    const path = fresh();
    const code = `process.on('SIGXFSZ', () => {});
      const file = await aio.open(${JSON.stringify(path)}, { size: 4096 });
      await file.write(Buffer.alloc(16384), 0).catch(({ code }) => console.log(code));
      await file.close();`;
    const { stdout: out } = await command('bash', ['-c', 'ulimit -f 8; exec "$@"', '-', ...typescript(code)]);
    assert.equal(out, 'EFBIG\n');
  });

  it('keeps the process alive while it works, and no longer', async () => {
    const path = JSON.stringify(fresh());
    const { status, stdout, stderr } = await run(
      `const file = await aio.open(${path}, { size: 1 << 20 });
       file.write(Buffer.alloc(4096), 0).then((bytes) => console.log(bytes));`,
    );
    assert.equal(stderr, '');
    assert.equal(stdout, '4096\n');
    assert.equal(status, 0);
  });

  it('survives an exit with operations in flight', async () => {
    const path = JSON.stringify(fresh());
    const { status, stderr } = await run(
      `const file = await aio.open(${path}, { size: 1 << 24, direct: true });
       for (let i = 0; i < 500; i++) file.read(aio.alignedBuffer(65536), (i % 200) * 65536);
       setImmediate(() => process.exit(7));`,
    );
    assert.equal(stderr, '');
    assert.equal(status, 7);
  });

  it('works in a worker thread, which may end with operations in flight', async () => {
    const path = JSON.stringify(fresh());
    const { status, stdout, stderr } = await run(
      `import { readdirSync } from 'node:fs';
       import { setTimeout } from 'node:timers/promises';
       import { Worker } from 'node:worker_threads';
       const code = \`import { parentPort } from 'node:worker_threads';
         import { register } from 'tsx/esm/api';
         register();
         const aio = await import('./aio/index.ts');
         const file = await aio.open(${path}, { size: 1 << 24, direct: true });
         const bytes = await file.read(aio.alignedBuffer(4096), 0);
         for (let i = 0; i < 300; i++) file.read(aio.alignedBuffer(65536), (i % 200) * 65536);
         parentPort.postMessage(bytes);\`;
       const count = () => readdirSync('/proc/self/fd').length;
       await (await aio.open(${path}, { size: 1 << 24 })).close();
       let before = 0;
       for (let i = 0; i < 4; i++) {
         const worker = new Worker(code, { eval: true });
         console.log(await new Promise((resolve) => worker.once('message', resolve)));
         await worker.terminate();
         if (i === 0) before = count();
       }
       for (let i = 0; i < 3000 && count() > before; i++) await setTimeout(10);
       console.log(count() <= before ? 'nothing is left open' : count() - before);`,
    );
    assert.equal(stderr, '');
    assert.equal(stdout, '4096\n4096\n4096\n4096\nnothing is left open\n');
    assert.equal(status, 0);
  });

  it('closes what was forgotten', async () => {
    const path = JSON.stringify(fresh());
    const { status, stdout, stderr } = await run(
      `import { readdirSync } from 'node:fs';
       import { setTimeout } from 'node:timers/promises';
       import v8 from 'node:v8';
       import vm from 'node:vm';
       v8.setFlagsFromString('--expose-gc');
       const gc = vm.runInNewContext('gc');
       const count = () => readdirSync('/proc/self/fd').length;
       await (await aio.open(${path}, { size: 4096 })).close();
       const before = count();
       await (async () => { for (let i = 0; i < 50; i++) await (await aio.open(${path})).sync(); })();
       for (let i = 0; i < 1500 && count() > before + 2; i++) { gc(); await setTimeout(20); }
       console.log(count() - before <= 2 ? 'closed' : count() - before);`,
    );
    assert.equal(stderr, '');
    assert.equal(stdout, 'closed\n');
    assert.equal(status, 0);
  });
});
