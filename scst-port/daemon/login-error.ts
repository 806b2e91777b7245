// SPDX-License-Identifier: MIT

/** Status class << 8 | detail (RFC 7143, 11.13.5). */
export const Status = {
  Success: 0x0000,
  InitiatorError: 0x0200,
  AuthenticationFailure: 0x0201,
  AuthorizationFailure: 0x0202,
  TargetNotFound: 0x0203,
  UnsupportedVersion: 0x0205,
  TooManyConnections: 0x0206,
  MissingParameter: 0x0207,
  SessionDoesNotExist: 0x020a,
  InvalidDuringLogin: 0x020b,
  TargetError: 0x0300,
  ServiceUnavailable: 0x0301,
  OutOfResources: 0x0302,
} as const;

/** A login that ends: the status for the initiator, one sentence for the log. */
export class LoginError extends Error {
  override name = 'LoginError';
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}
