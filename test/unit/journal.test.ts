// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import {
  human,
  humanSize,
  describe as inWords,
  Journal,
  type JournalOptions,
} from '../../scripts/journal.js';
import type { TargetEvent } from '../../scst-port/index.js';

const LOGIN: TargetEvent = {
  event: 'login',
  session: 3,
  initiator: 'iqn.x',
  peer: '127.0.0.1:5',
  portal: '127.0.0.1:3260',
  user: '',
};
const LOGOUT: TargetEvent = {
  event: 'logout',
  session: 3,
  initiator: 'iqn.x',
  peer: '127.0.0.1:5',
  reason: 'it asked to',
  seconds: 1.5,
};
const REFUSED: TargetEvent = {
  event: 'refused',
  peer: '127.0.0.1:5',
  initiator: '',
  status: '',
  reason: 'no login',
};
const DISCOVERY: TargetEvent = { event: 'discovery', initiator: 'iqn.x', peer: '127.0.0.1:5' };

function journal(options: Partial<JournalOptions> = {}) {
  const seen = { out: '', err: '', now: Date.UTC(2026, 10, 21) };
  const made = new Journal({
    json: false,
    quiet: false,
    verbose: false,
    out: (text) => {
      seen.out += text;
    },
    err: (text) => {
      seen.err += text;
    },
    now: () => seen.now,
    ...options,
  });
  return { journal: made, seen };
}
const lines = (text: string) => text.split('\n').filter(Boolean);

describe('numbers for people', () => {
  for (const [count, text] of [
    [0, '0 '],
    [1, '1 '],
    [999, '999 '],
    [1000, '1.0 k'],
    [41_200_000, '41.2 M'],
    [1e12, '1.0 T'],
    [1e20, '100000.0 P'],
  ] as const)
    it(`${count} is '${text}'`, () => assert.equal(human(count), text));
  for (const [bytes, text] of [
    [0, '0 B'],
    [512, '512 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [2 ** 30, '1.0 GiB'],
    [1.5 * 2 ** 40, '1.5 TiB'],
  ] as const)
    it(`${bytes} bytes are '${text}'`, () => assert.equal(humanSize(bytes), text));
});

describe('an event in words', () => {
  for (const [event, text] of [
    [LOGIN, 'login    iqn.x from 127.0.0.1:5, session 3'],
    [{ ...LOGIN, user: 'alice' }, 'login    iqn.x from 127.0.0.1:5, session 3, user alice'],
    [LOGOUT, 'logout   iqn.x from 127.0.0.1:5, session 3 after 1.5 s: it asked to'],
    [REFUSED, 'refused  a connection from 127.0.0.1:5: no login'],
    [
      { ...REFUSED, initiator: 'iqn.x', status: '0x0201' },
      'refused  iqn.x from 127.0.0.1:5: no login (status 0x0201)',
    ],
    [DISCOVERY, undefined],
  ] as [TargetEvent, string | undefined][])
    it(String(text), () => assert.equal(inWords(event), text));
  it('tells discovery only to who wants to know', () =>
    assert.equal(inWords(DISCOVERY, true), 'discovery iqn.x from 127.0.0.1:5'));
});

describe('the journal', () => {
  it('writes lines to stderr, with the time', () => {
    const { journal: log, seen } = journal();
    log.event(LOGIN);
    log.say('stopping', { event: 'stopping' });
    log.warn('beware');
    assert.match(seen.err, /^\d\d:\d\d:\d\d login .*\n\d\d:\d\d:\d\d stopping\nwarning: beware\n$/);
    assert.equal(seen.out, '');
  });
  it('writes warnings alone when it is quiet', () => {
    const { journal: log, seen } = journal({ quiet: true });
    log.event(LOGIN);
    log.say('stopping', { event: 'stopping' });
    log.warn('beware');
    assert.equal(seen.err, 'warning: beware\n');
  });
  it('writes an object a line to stdout, with the event first and all its fields', () => {
    const { journal: log, seen } = journal({ json: true });
    for (const event of [LOGIN, LOGOUT, REFUSED, DISCOVERY]) log.event(event);
    log.say('words', { event: 'stopped', ended: 2 });
    log.warn('beware');
    const time = '2026-11-21T00:00:00.000Z';
    assert.deepEqual(
      lines(seen.out).map((line) => JSON.parse(line)),
      [
        ...[LOGIN, LOGOUT, REFUSED, DISCOVERY].map((event) => ({ ...event, time })),
        { event: 'stopped', time, ended: 2 },
        { event: 'warning', time, message: 'beware' },
      ],
    );
    assert.ok(lines(seen.out).every((line) => line.startsWith('{"event":"')));
    assert.equal(seen.err, '');
  });
  it('keeps to one line whatever a name holds', () => {
    const { journal: log, seen } = journal({ json: true });
    log.event({ ...LOGIN, initiator: 'a\n{"event":"ready"}\u2028' });
    assert.equal(lines(seen.out).length, 1);
  });

  for (const [json, most] of [
    [false, 50],
    [true, 5000],
  ] as const)
    it(`writes ${most} ${json ? 'objects' : 'lines'} in 5 s at most, and counts the rest`, () => {
      const { journal: log, seen } = journal({ json });
      const text = () => lines(json ? seen.out : seen.err);
      for (let i = 0; i < most + 7; i++) log.event(REFUSED);
      assert.equal(text().length, most);
      seen.now += 4999;
      log.event(REFUSED);
      assert.equal(text().length, most);
      log.say('stopping', { event: 'stopping' });
      assert.equal(text().length, most + 1, 'what we say ourselves is not counted');
      seen.now += 1;
      log.event(LOGIN);
      if (json) assert.deepEqual(JSON.parse(text()[most + 1]!).count, 8);
      else assert.match(text()[most + 1]!, /8 more lines like these were left out$/);
      assert.match(text()[most + 2]!, /login/);
    });
});
