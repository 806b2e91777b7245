// SPDX-License-Identifier: MIT
/** What shim/binding/async_file.cc gives, with types. Arguments are checked by aio/index.ts. */
import { native } from '../shim/native.js';

/** Ends with 0 or -errno, and what was wrong in words. */
export type Done = (rc: number, why: string) => void;

export interface NativeOpenOptions {
  provider: string | null;
  direct: boolean;
  readOnly: boolean;
  create: boolean;
  size: number;
  maxInFlight: number;
  minInFlight: number;
  maxPerDispatch: number;
}

export interface NativeFileInfo {
  provider: string;
  size: number;
  isBlockDevice: boolean;
  alignment: number;
  memoryAlignment: number;
}

export interface NativeAsyncFile {
  open(path: string | null, options: NativeOpenOptions, done: Done): void;
  /** The operation's id, or -EBADF; @done gets bytes or -errno, never from inside. */
  submit(
    opcode: number,
    fua: boolean,
    offset: number,
    size: number,
    buffers: Uint8Array[],
    done: (result: number) => void,
  ): number;
  cancel(id: number): boolean;
  cancelAll(): number;
  close(done: Done): void;
  info(): NativeFileInfo;
  refresh(): number;
}

interface NativeAio {
  NativeAsyncFile: new () => NativeAsyncFile;
  alignedBuffer(bytes: number, alignment: number): Buffer;
  aioProviders(): { name: string; error: number }[];
  aioPrefer(name: string | null): [rc: number, why: string];
}

export const nativeAio = native as unknown as NativeAio;
