// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { cutToBytes, isIscsiName, NAME_LIMIT, sameName } from '../../scst-port/daemon/names.js';

describe('an iSCSI name', () => {
  for (const name of [
    'iqn.2026-11.dev.ring3:disk',
    'iqn.1991-05.com.microsoft:HOST_1',
    'iqn.2001-04.com.example',
    'iqn.2001-04.com.example:storage:a.b-c',
    'IQN.2001-04.com.example:x',
    'iqn.2001-04.com.example:\u00e9\u4e2d',
    'eui.02004567A425678D',
    'eui.02004567a425678d',
    'naa.52004567BA64678D',
    'naa.62004567BA64678D0123456789ABCDEF',
    `iqn.2001-04.${'x'.repeat(NAME_LIMIT - 12)}`,
  ])
    it(`may be ${name.slice(0, 60)}`, () => assert.ok(isIscsiName(name)));

  for (const name of [
    '',
    'iqn.',
    'iqn.2001-04.',
    'iqn.2001-4.com.example',
    'iqn.20001-04.com.example',
    'iqn.2001-04.com example',
    'iqn.2001-04.com.example\n',
    '\niqn.2001-04.com.example',
    'iqn.2001-04.com.example"',
    "iqn.2001-04.com.example\\'",
    'iqn.2001-04.com.example,other',
    'iqn.2001-04.com.\x1b[2J',
    'iqn.2001-04.com.\u202eexample',
    'iqn.2001-04.com.\ud800',
    'eui.02004567A425678',
    'eui.02004567A425678DD',
    'eui.02004567A425678G',
    'naa.52004567BA64678D0',
    'host',
    'constructor',
    `iqn.2001-04.${'x'.repeat(NAME_LIMIT - 11)}`,
    `iqn.2001-04.${'\u00e9'.repeat(106)}`,
  ])
    it(`cannot be ${JSON.stringify(name.slice(0, 60))}`, () => assert.ok(!isIscsiName(name)));

  it('is the same in capitals', () => {
    assert.ok(sameName('iqn.2001-04.com.Example', 'IQN.2001-04.com.example'));
    assert.ok(!sameName('iqn.2001-04.com.example', 'iqn.2001-04.com.example2'));
  });
});

describe('a text cut to bytes', () => {
  it('is as long as can be, and whole characters', () =>
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 0, max: 30 }), (text, bytes) => {
        const cut = cutToBytes(text, bytes);
        assert.ok(text.startsWith(cut) && Buffer.byteLength(cut) <= bytes);
        const next = [...text.slice(cut.length)][0];
        assert.ok(next === undefined || Buffer.byteLength(cut + next) > bytes);
        assert.doesNotMatch(cut, /\p{Cs}/u, 'no half of a character');
      }),
    ));
});
