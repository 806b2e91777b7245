// SPDX-License-Identifier: MIT
export function hungIo(folder: string): { file: string; buf: number };
