// SPDX-License-Identifier: MIT
/** Uevents from TypeScript: what happened, what happens, and what was missed. */
import assert from 'node:assert/strict';
import { Kernel, type Uevent } from '../../kernel-api/index.js';
import { failsWith, fixture } from './kernel-fixture.js';

describe('uevents', () => {
  let kernel: Kernel;
  beforeEach(async () => {
    kernel = await Kernel.start({ cpus: 1 });
    kernel.consoleLogLevel = -1;
    await kernel.insmod(fixture('uevent'));
  });
  afterEach(() => kernel.stop());

  const tell = (count: number) => kernel.tree.write('/sys/kernel/fix_things/thing/tell', count);

  it('tell what happened, with all its properties', async () => {
    const [added, loaded, ...none] = kernel.uevents();
    assert.deepEqual(none, []);
    const { seq } = added!;
    assert.deepEqual(
      { ...added, time: 0 },
      {
        seq,
        time: 0,
        action: 'add',
        devpath: '/kernel/fix_things/thing',
        subsystem: 'fix_things',
        properties: {
          ACTION: 'add',
          DEVPATH: '/kernel/fix_things/thing',
          SUBSYSTEM: 'fix_things',
          COLOUR: 'red=ish',
          SEQNUM: String(seq),
        },
        lost: 0,
      },
    );
    assert.ok(added!.time > 0 && added!.time <= loaded!.time);
    assert.deepEqual([loaded!.seq, loaded!.devpath], [seq + 1, '/module/fix_uevent']);
    await kernel.rmmod('fix_uevent');
    assert.deepEqual(
      kernel.uevents().map(({ action, devpath }) => `${action} ${devpath}`),
      [
        'add /kernel/fix_things/thing',
        'add /module/fix_uevent',
        'remove /kernel/fix_things/thing',
        'remove /module/fix_uevent',
      ],
    );
    assert.equal(await kernel.tree.read('/sys/kernel/uevent_seqnum'), `${seq + 3}\n`);
  });

  it('are followed, by many, of one subsystem or all', async () => {
    const seen: string[] = [];
    const first = (async () => {
      for await (const { action, properties } of kernel.followUevents({ subsystem: 'fix_things' })) {
        seen.push(`${action} ${properties.WHICH ?? ''}`);
        if (action === 'remove') break;
      }
    })();
    const end = new AbortController();
    const second = (async () => {
      const all: Uevent[] = [];
      for await (const event of kernel.followUevents({ signal: end.signal })) {
        all.push(event);
        if (event.devpath === '/module/fix_uevent' && event.action === 'remove') end.abort();
      }
      return all;
    })();
    await tell(3);
    await kernel.rmmod('fix_uevent');
    await first;
    assert.deepEqual(seen, ['add ', 'change 0', 'change 1', 'change 2', 'remove ']);
    const all = await second;
    assert.equal(all.length, 7);
    assert.ok(all.every(({ seq, lost }, at) => seq === all[0]!.seq + at && lost === 0));
  });

  it('that nobody read in time are counted', async () => {
    const events = kernel.followUevents();
    const begun = (await events.next()).value as Uevent;
    await tell(1000);
    const second = (await events.next()).value as Uevent; // was read with the first
    assert.deepEqual([second.seq, second.lost], [begun.seq + 1, 0]);
    const third = (await events.next()).value as Uevent;
    assert.deepEqual([third.seq, third.lost], [begun.seq + 1002 - 512, 488]);
    assert.equal(third.properties.WHICH, '488');
    await events.return();
    const kept = kernel.uevents();
    assert.deepEqual([kept.length, kept[0]!.seq, kept[0]!.lost], [512, third.seq, 0]);
  });

  it('begin now, where that is asked for', async () => {
    const end = new AbortController();
    const events = kernel.followUevents({ from: 'now', signal: end.signal });
    const next = events.next(); // it stands at its place when this returns
    await tell(1);
    assert.equal((await next).value?.properties.WHICH, '0');
    end.abort();
    assert.equal((await events.next()).done, true);
  });

  it('may be followed 16 times', async () => {
    const many = Array.from({ length: 16 }, () => kernel.followUevents());
    await Promise.all(many.map((one) => one.next()));
    await assert.rejects(kernel.followUevents().next(), failsWith('EMFILE', /16 times/));
    for (const one of many) await one.return();
    const again = kernel.followUevents();
    assert.equal((await again.next()).value?.action, 'add');
    await again.return();
  });
});
