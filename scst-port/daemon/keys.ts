// SPDX-License-Identifier: MIT
/** Operational keys (RFC 7143, section 13): a rule for each. Pure: no socket, no clock. */
import { LoginError, Status } from './login-error.js';

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
    throw new LoginError(Status.InitiatorError, `${key} is '${offer}', should be from ${low} to ${high}`);
  return value;
};

const yesNo = (key: string, offer: string): boolean => {
  if (offer !== 'Yes' && offer !== 'No')
    throw new LoginError(Status.InitiatorError, `${key} is '${offer}', should be Yes or No`);
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
    field: 'maxBurstLength' | 'firstBurstLength' | 'maxOutstandingR2T',
    ours: number,
    low: number,
    high: number,
  ): Rule =>
  (offer, values) => {
    values[field] = Math.min(number(key, offer, low, high), ours);
    return String(values[field]);
  };

const fixed =
  (answer: string): Rule =>
  () =>
    answer;

/** A Map, not an object: keys come off the network, and "constructor" is one. */
const rules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['HeaderDigest', digest('headerDigest')],
  ['DataDigest', digest('dataDigest')],
  ['MaxConnections', fixed('1')],
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
  ['FirstBurstLength', smaller('FirstBurstLength', 'firstBurstLength', 65_536, 512, 0xff_ff_ff)],
  ['MaxOutstandingR2T', smaller('MaxOutstandingR2T', 'maxOutstandingR2T', 8, 1, 65_535)],
  ['DefaultTime2Wait', (offer) => String(Math.max(2, number('DefaultTime2Wait', offer, 0, 3600)))],
  ['DefaultTime2Retain', (offer) => String(Math.min(0, number('DefaultTime2Retain', offer, 0, 3600)))],
  ['DataPDUInOrder', fixed('Yes')],
  ['DataSequenceInOrder', fixed('Yes')],
  ['ErrorRecoveryLevel', (offer) => String(Math.min(0, number('ErrorRecoveryLevel', offer, 0, 2)))],
  ['IFMarker', fixed('No')],
  ['OFMarker', fixed('No')],
  ['TaskReporting', fixed('RFC3720')],
]);

/** Keys that others read: names and authentication. */
const ELSEWHERE = /^(InitiatorName|InitiatorAlias|TargetName|SessionType|AuthMethod|CHAP_[A-Z])$/;

/** Answers every operational key in @offers, in their order, and notes the outcome in @values. */
export function negotiate(
  offers: Iterable<[string, string]>,
  values: Negotiated,
  wishes: Wishes,
): [string, string][] {
  const answers: [string, string][] = [];
  for (const [key, offer] of offers) {
    if (ELSEWHERE.test(key)) continue;
    const rule = rules.get(key);
    const answer = rule ? rule(offer, values, wishes) : 'NotUnderstood';
    if (answer !== undefined) answers.push([key, answer]);
  }
  if (values.firstBurstLength > values.maxBurstLength) values.firstBurstLength = values.maxBurstLength;
  return answers;
}
