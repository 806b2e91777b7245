// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Digest, defaults, type Negotiated, negotiate } from '../../scst-port/daemon/keys.js';
import { LoginError, Status } from '../../scst-port/daemon/login-error.js';

const BOTH: Digest[] = ['None', 'CRC32C'];

function run(offers: [string, string][], digests: readonly Digest[] = BOTH) {
  const values = defaults();
  const answers = negotiate(new Map(offers), values, { digests });
  return { answers, values };
}

/** The one answer to one offer; undefined = none. */
const answer = (key: string, offer: string, digests?: Digest[]) =>
  run([[key, offer]], digests).answers[0]?.[1];

describe('the table of keys', () => {
  const table: [
    key: string,
    offer: string,
    answer: string | undefined,
    value?: [keyof Negotiated, unknown],
  ][] = [
    ['HeaderDigest', 'None', 'None', ['headerDigest', false]],
    ['HeaderDigest', 'CRC32C', 'CRC32C', ['headerDigest', true]],
    ['HeaderDigest', 'CRC32C,None', 'CRC32C', ['headerDigest', true]],
    ['HeaderDigest', 'None,CRC32C', 'None', ['headerDigest', false]],
    ['HeaderDigest', 'X-crc,CRC32C', 'CRC32C', ['headerDigest', true]],
    ['HeaderDigest', 'X-crc', 'Reject', ['headerDigest', false]],
    ['HeaderDigest', '', 'Reject', ['headerDigest', false]],
    ['HeaderDigest', 'crc32c', 'Reject', ['headerDigest', false]],
    ['DataDigest', 'CRC32C', 'CRC32C', ['dataDigest', true]],
    ['DataDigest', 'None', 'None', ['dataDigest', false]],
    ['DataDigest', 'constructor', 'Reject', ['dataDigest', false]],
    ['MaxConnections', '1', '1'],
    ['MaxConnections', '65535', '1'],
    ['InitialR2T', 'Yes', 'Yes', ['initialR2T', true]],
    ['InitialR2T', 'No', 'No', ['initialR2T', false]],
    ['ImmediateData', 'Yes', 'Yes', ['immediateData', true]],
    ['ImmediateData', 'No', 'No', ['immediateData', false]],
    ['MaxRecvDataSegmentLength', '512', undefined, ['maxXmitDataSegmentLength', 512]],
    ['MaxRecvDataSegmentLength', '16777215', undefined, ['maxXmitDataSegmentLength', 16_777_215]],
    ['MaxRecvDataSegmentLength', '0x10000', undefined, ['maxXmitDataSegmentLength', 65_536]],
    ['MaxBurstLength', '512', '512', ['maxBurstLength', 512]],
    ['MaxBurstLength', '16776192', '262144', ['maxBurstLength', 262_144]],
    ['FirstBurstLength', '512', '512', ['firstBurstLength', 512]],
    ['FirstBurstLength', '262144', '65536', ['firstBurstLength', 65_536]],
    ['MaxOutstandingR2T', '1', '1', ['maxOutstandingR2T', 1]],
    ['MaxOutstandingR2T', '65535', '8', ['maxOutstandingR2T', 8]],
    ['DefaultTime2Wait', '0', '2'],
    ['DefaultTime2Wait', '20', '20'],
    ['DefaultTime2Retain', '0', '0'],
    ['DefaultTime2Retain', '3600', '0'],
    ['DataPDUInOrder', 'No', 'Yes'],
    ['DataPDUInOrder', 'Yes', 'Yes'],
    ['DataSequenceInOrder', 'No', 'Yes'],
    ['ErrorRecoveryLevel', '0', '0'],
    ['ErrorRecoveryLevel', '2', '0'],
    ['IFMarker', 'Yes', 'No'],
    ['OFMarker', 'No', 'No'],
    ['TaskReporting', 'FastAbort,RFC3720', 'RFC3720'],
    ['TaskReporting', 'FastAbort', 'Reject'],
    ['X-com.example.unknown', 'whatever', 'NotUnderstood'],
    ['SendTargets', 'All', 'NotUnderstood'],
    ['IFMarkInt', '1~2', 'NotUnderstood'],
    ['Constructor', '1', 'NotUnderstood'],
    ['HasOwnProperty', '1', 'NotUnderstood'],
  ];
  for (const [key, offer, expected, value] of table)
    it(`${key}=${offer} is answered with ${expected ?? 'nothing: it declares'}`, () => {
      const { answers, values } = run([[key, offer]]);
      assert.deepEqual(answers, expected === undefined ? [] : [[key, expected]]);
      const wanted = { ...defaults(), ...(value ? { [value[0]]: value[1] } : {}) };
      wanted.firstBurstLength = Math.min(wanted.firstBurstLength, wanted.maxBurstLength);
      assert.deepEqual(values, wanted);
    });

  const numbers = [
    '',
    '-1',
    '1.5',
    'many',
    '1e3',
    '0x',
    '0xg',
    ' 1',
    '1 ',
    '99999999999999999999',
    'Infinity',
  ];
  const bad: [string, string[]][] = [
    ['MaxConnections', [...numbers, '0', '65536']],
    ['InitialR2T', ['', 'yes', 'NO', '1', 'Yes,No', 'true', 'constructor']],
    ['ImmediateData', ['', 'yes', 'maybe']],
    ['MaxRecvDataSegmentLength', [...numbers, '0', '511', '16777216']],
    ['MaxBurstLength', [...numbers, '511', '16777216']],
    ['FirstBurstLength', [...numbers, '511', '16777216']],
    ['MaxOutstandingR2T', [...numbers, '0', '65536']],
    ['DefaultTime2Wait', [...numbers, '3601']],
    ['DefaultTime2Retain', [...numbers, '3601']],
    ['ErrorRecoveryLevel', [...numbers, '3']],
    ['DataPDUInOrder', ['', 'no']],
    ['DataSequenceInOrder', ['', 'no']],
    ['IFMarker', ['', '0']],
    ['OFMarker', ['', 'off']],
  ];
  for (const [key, offers] of bad)
    it(`${key} is refused as ${offers.map((offer) => `'${offer}'`).join(', ')}`, () => {
      for (const offer of offers)
        assert.throws(
          () => answer(key, offer),
          (error: Error) => {
            assert.ok(error instanceof LoginError, `${offer}: ${error}`);
            assert.equal(error.status, Status.InitiatorError);
            assert.ok(error.message.startsWith(`${key} is '${offer}', should be `), error.message);
            return true;
          },
        );
    });

  it('obeys --digest none and --digest crc32c', () => {
    assert.equal(answer('HeaderDigest', 'CRC32C,None', ['None']), 'None');
    assert.equal(answer('HeaderDigest', 'CRC32C', ['None']), 'Reject');
    assert.equal(answer('DataDigest', 'None,CRC32C', ['CRC32C']), 'CRC32C');
    assert.equal(answer('DataDigest', 'None', ['CRC32C']), 'Reject');
  });

  for (const order of ['first', 'last'])
    it(`keeps FirstBurstLength within a MaxBurstLength that comes ${order}`, () => {
      const offers: [string, string][] = [
        ['MaxBurstLength', '4096'],
        ['FirstBurstLength', '65536'],
      ];
      if (order === 'last') offers.reverse();
      const { answers, values } = run(offers);
      assert.deepEqual(
        answers,
        offers.map(([key]) => [key, '4096']),
      );
      assert.equal(values.firstBurstLength, 4096);
    });

  it('keeps FirstBurstLength within a MaxBurstLength that came alone', () =>
    assert.equal(run([['MaxBurstLength', '512']]).values.firstBurstLength, 512));

  it('leaves names and authentication to others', () =>
    assert.deepEqual(
      run([
        ['InitiatorName', 'a'],
        ['InitiatorAlias', 'b'],
        ['TargetName', 'c'],
        ['SessionType', 'Normal'],
        ['AuthMethod', 'None'],
        ['CHAP_A', '5'],
      ]).answers,
      [],
    ));

  it('answers every other key once, in order, and agrees on nothing out of range', () => {
    const key = fc.constantFrom(...new Set([...table.map(([name]) => name), 'X-a', 'X-b']));
    const offer = fc.oneof(
      fc.constantFrom(...table.map(([, text]) => text)),
      fc.integer({ min: 0, max: 1 << 25 }).map(String),
      fc.string({ maxLength: 8 }),
    );
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(key, offer), { selector: ([name]) => name }), (offers) => {
        try {
          const { answers, values } = run(offers);
          const expected = offers.map(([name]) => name).filter((name) => name !== 'MaxRecvDataSegmentLength');
          assert.deepEqual(
            answers.map(([name]) => name),
            expected,
          );
          assert.ok(values.firstBurstLength <= values.maxBurstLength);
          for (const [field, low, high] of [
            ['maxXmitDataSegmentLength', 512, 0xff_ff_ff],
            ['maxBurstLength', 512, 262_144],
            ['firstBurstLength', 512, 65_536],
            ['maxOutstandingR2T', 1, 8],
          ] as const)
            assert.ok(values[field] >= low && values[field] <= high, `${field} ${values[field]}`);
        } catch (error) {
          if (!(error instanceof LoginError)) throw error;
        }
      }),
      { numRuns: 1000 },
    );
  });
});
