// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { LoginError, Status } from '../../scst-port/daemon/login-error.js';
import { formatText, parseText, parts, quoted, TEXT_LIMIT } from '../../scst-port/daemon/text.js';

const parse = (text: string | Buffer) => [...parseText(Buffer.from(text as string))];
const refused = (text: string | Buffer, message: RegExp) =>
  assert.throws(
    () => parse(text),
    (error: Error) => {
      assert.ok(error instanceof LoginError, String(error));
      assert.equal(error.status, Status.InitiatorError);
      assert.match(error.message, message);
      return true;
    },
  );

describe('text keys', () => {
  for (const [text, pairs] of [
    ['', []],
    ['\0\0\0', []],
    ['A=1\0', [['A', '1']]],
    ['A=1', [['A', '1']]],
    ['A=\0', [['A', '']]],
    ['A=b=c\0', [['A', 'b=c']]],
    [
      'A=1\0\0B=2\0',
      [
        ['A', '1'],
        ['B', '2'],
      ],
    ],
    ['X-com.example+_@#9=y\0', [['X-com.example+_@#9', 'y']]],
    ['A=\u00e9\u{1f600}\0', [['A', '\u00e9\u{1f600}']]],
  ] as [string, [string, string][]][])
    it(`${JSON.stringify(text)} reads as ${JSON.stringify(pairs)}`, () =>
      assert.deepEqual(parse(text), pairs));

  for (const [text, message] of [
    ['A', /'A' is no Key=value/],
    ['=1', /'=1' is no Key=value/],
    ['=\0', /'=' is no Key=value/],
    ['a=1', /'a=1' is no Key=value/],
    ['1=1', /is no Key=value/],
    ['A B=1', /'A B=1' is no Key=value/],
    ['A\n=1', /'A\?=1' is no Key=value/],
    ['constructor=1', /'constructor=1' is no Key=value/],
    ['__proto__=1', /'__proto__=1' is no Key=value/],
    [`${'K'.repeat(64)}=1`, /is no Key=value/],
    ['A=1\0B=2\0A=1\0', /the key A comes twice/],
    [`A=${'x'.repeat(256)}`, /the value of A has 256 bytes, at most 255 are allowed/],
    [`A=${'\u00e9'.repeat(128)}`, /has 256 bytes/],
    [`CHAP_C=0x${'0'.repeat(2049)}`, /has 2051 bytes, at most 2050 are allowed/],
    [`CHAP_N=${'x'.repeat(256)}`, /at most 255/],
    [Buffer.from([0x41, 0x3d, 0xff, 0]), /are not UTF-8/],
    [Buffer.from([0x41, 0x3d, 0xed, 0xa0, 0x80, 0]), /are not UTF-8/],
  ] as [string | Buffer, RegExp][])
    it(`${JSON.stringify(String(text).slice(0, 40))} is refused`, () => refused(text, message));

  it('may be as long as is allowed', () => {
    assert.equal(parse(`${'K'.repeat(63)}=${'x'.repeat(255)}`).length, 1);
    assert.equal(parse(`CHAP_R=0x${'0'.repeat(2048)}`)[0]![1].length, 2050);
  });

  it('are not confused with what every object has', () => {
    const keys = parseText(Buffer.from('HasOwnProperty=1\0ToString=2\0'));
    assert.deepEqual([keys.get('toString'), keys.get('ToString'), keys.size], [undefined, '2', 2]);
  });

  it('may be 64 KiB of them', () => {
    const text = Array.from({ length: TEXT_LIMIT / 16 }, (_, i) => `K${String(i).padStart(9, '0')}=0123\0`);
    assert.equal(parse(text.join('')).length, 4096);
  });

  it('come back from their text', () =>
    fc.assert(
      fc.property(
        fc.uniqueArray(
          fc.tuple(
            fc.stringMatching(/^[A-Z][A-Za-z0-9.\-+@_#]{0,20}$/),
            fc.string({ maxLength: 60, unit: 'grapheme' }).filter((value) => !value.includes('\0')),
          ),
          { selector: ([key]) => key },
        ),
        (pairs) => {
          const long = pairs.filter(([, value]) => Buffer.byteLength(value) <= 255);
          assert.deepEqual([...parseText(formatText(long))], long);
        },
      ),
    ));

  it('are keys or a LoginError, whatever bytes come', () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          return parseText(Buffer.from(bytes)) instanceof Map;
        } catch (error) {
          return error instanceof LoginError;
        }
      }),
      { numRuns: 500 },
    ));
});

describe('parts of an answer', () => {
  it('are the whole, in order, none too long, the last one marked', () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.integer({ min: 1, max: 40 }), (bytes, size) => {
        const all = [...parts(Buffer.from(bytes), size)];
        assert.deepEqual(Buffer.concat(all.map(({ part }) => part)), Buffer.from(bytes));
        assert.ok(all.every(({ part }) => part.length <= size));
        assert.deepEqual(
          all.map(({ last }) => last),
          all.map((_, i) => i === all.length - 1),
        );
        assert.equal(all.length, Math.max(1, Math.ceil(bytes.length / size)));
      }),
    ));
});

describe('what a peer sent, in a message', () => {
  it('is cut, and harmless to a terminal', () => {
    assert.equal(quoted('a'), "'a'");
    assert.equal(quoted('a\x1b[2Jb\n\u202e'), "'a?[2Jb??'");
    assert.equal(quoted('x'.repeat(65)), `'${'x'.repeat(64)}...'`);
    assert.equal(quoted(`${'x'.repeat(63)}\u{1f600}`), `'${'x'.repeat(63)}?...'`);
  });
});
