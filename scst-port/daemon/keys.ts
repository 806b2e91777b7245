// SPDX-License-Identifier: MIT
/** Operational keys (RFC 7143, section 13): a rule for each. Pure: no socket, no clock. */
import { LoginError, Status } from './login-error.js';
import { quoted } from './text.js';

/** What a connection agreed on; the defaults are the standard's. */
export interface Negotiated {
  headerDigest: boolean;
  dataDigest: boolean;
  initialR2T: boolean;
  immediateData: boolean;
  maxRecvDataSegmentLength: number;
  maxXmitDataSegmentLength: number;
  maxBurstLength: number;
  firstBurstLength: number;
  maxOutstandingR2T: number;
}

export const defaults = (): Negotiated => ({
  headerDigest: false,
  dataDigest: false,
  initialR2T: true,
  immediateData: true,
  maxRecvDataSegmentLength: 262_144,
  maxXmitDataSegmentLength: 8192,
  maxBurstLength: 262_144,
  firstBurstLength: 65_536,
  maxOutstandingR2T: 1,
});

export type Digest = 'None' | 'CRC32C';

/** Ours: which digests we take, in our order of preference. */
export interface Wishes {
  digests: readonly Digest[];
}

type Rule = (offer: string, values: Negotiated, wishes: Wishes) => string | undefined;

const number = (key: string, offer: string, low: number, high: number): number => {
  const value = /^(0x[0-9a-f]+|\d+)$/i.test(offer) ? Number(offer) : Number.NaN;
  if (!(value >= low && value <= high))
    throw new LoginError(
      Status.InitiatorError,
      `${key} is ${quoted(offer)}, should be from ${low} to ${high}`,
    );
  return value;
};

const yesNo = (key: string, offer: string): boolean => {
  if (offer !== 'Yes' && offer !== 'No')
    throw new LoginError(Status.InitiatorError, `${key} is ${quoted(offer)}, should be Yes or No`);
  return offer === 'Yes';
};

const digest =
  (field: 'headerDigest' | 'dataDigest'): Rule =>
  (offer, values, wishes) => {
    const chosen = offer.split(',').find((one) => (wishes.digests as readonly string[]).includes(one));
    values[field] = chosen === 'CRC32C';
    return chosen ?? 'Reject';
  };

const smaller =
  (
    key: string,
    field: 'maxBurstLength' | 'maxOutstandingR2T',
    ours: number,
    low: number,
    high: number,
  ): Rule =>
  (offer, values) => {
    values[field] = Math.min(number(key, offer, low, high), ours);
    return String(values[field]);
  };

/** One answer, whatever is offered, as long as that is possible at all. */
const always =
  (answer: string, check: (offer: string) => unknown): Rule =>
  (offer) => {
    check(offer);
    return answer;
  };

const toggle = (key: string) => (offer: string) => yesNo(key, offer);

/** A Map, not an object: keys come off the network, and "constructor" is one. */
const rules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['HeaderDigest', digest('headerDigest')],
  ['DataDigest', digest('dataDigest')],
  ['MaxConnections', always('1', (offer) => number('MaxConnections', offer, 1, 65_535))],
  [
    'InitialR2T',
    (offer, values) => {
      values.initialR2T = yesNo('InitialR2T', offer); // OR with our No
      return offer;
    },
  ],
  [
    'ImmediateData',
    (offer, values) => {
      values.immediateData = yesNo('ImmediateData', offer); // AND with our Yes
      return offer;
    },
  ],
  [
    'MaxRecvDataSegmentLength',
    (offer, values) => {
      values.maxXmitDataSegmentLength = number('MaxRecvDataSegmentLength', offer, 512, 0xff_ff_ff);
      return undefined; // declarative: ours is declared apart
    },
  ],
  ['MaxBurstLength', smaller('MaxBurstLength', 'maxBurstLength', 262_144, 512, 0xff_ff_ff)],
  [
    'FirstBurstLength',
    (offer, values) => {
      const theirs = number('FirstBurstLength', offer, 512, 0xff_ff_ff);
      values.firstBurstLength = Math.min(theirs, 65_536, values.maxBurstLength);
      return String(values.firstBurstLength);
    },
  ],
  ['MaxOutstandingR2T', smaller('MaxOutstandingR2T', 'maxOutstandingR2T', 8, 1, 65_535)],
  ['DefaultTime2Wait', (offer) => String(Math.max(2, number('DefaultTime2Wait', offer, 0, 3600)))],
  ['DefaultTime2Retain', always('0', (offer) => number('DefaultTime2Retain', offer, 0, 3600))],
  ['DataPDUInOrder', always('Yes', toggle('DataPDUInOrder'))], // OR with our Yes
  ['DataSequenceInOrder', always('Yes', toggle('DataSequenceInOrder'))],
  ['ErrorRecoveryLevel', always('0', (offer) => number('ErrorRecoveryLevel', offer, 0, 2))],
  ['IFMarker', always('No', toggle('IFMarker'))], // AND with our No
  ['OFMarker', always('No', toggle('OFMarker'))],
  ['TaskReporting', (offer) => (offer.split(',').includes('RFC3720') ? 'RFC3720' : 'Reject')],
]);

/** Keys that others read: names and authentication. */
const ELSEWHERE = /^(InitiatorName|InitiatorAlias|TargetName|SessionType|AuthMethod|CHAP_[A-Z])$/;

/** Answers every operational key in @offers, in their order, and notes the outcome in @values. */
export function negotiate(
  offers: ReadonlyMap<string, string>,
  values: Negotiated,
  wishes: Wishes,
): [string, string][] {
  const answers = new Map<string, string>();
  const answer = (key: string, offer: string) => {
    const rule = rules.get(key);
    const ours = rule ? rule(offer, values, wishes) : 'NotUnderstood';
    if (ours !== undefined) answers.set(key, ours);
  };
  // FirstBurstLength may not exceed MaxBurstLength (RFC 7143, 13.14), which may come behind it.
  const maxBurst = offers.get('MaxBurstLength');
  if (maxBurst !== undefined) answer('MaxBurstLength', maxBurst);
  for (const [key, offer] of offers) if (!ELSEWHERE.test(key) && !answers.has(key)) answer(key, offer);
  values.firstBurstLength = Math.min(values.firstBurstLength, values.maxBurstLength);
  return [...offers.keys()].flatMap((key) => {
    const ours = answers.get(key);
    return ours === undefined ? [] : [[key, ours]];
  });
}
