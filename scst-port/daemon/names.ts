// SPDX-License-Identifier: MIT
/** iSCSI names (RFC 7143, 4.2.7). Pure. */

/** Longest name, bytes in UTF-8. */
export const NAME_LIMIT = 223;

/**
 * Wider than the standard where initiators are (underscores, capitals), but nothing that would be mistaken for
 * something else in a log, in JSON, or in a list: no space, quote, backslash, comma, control or unassigned character.
 */
const NAME = /^(?:iqn\.\d{4}-\d{2}\.[^\s\p{C}"\\,]+|eui\.[0-9A-F]{16}|naa\.[0-9A-F]{16}(?:[0-9A-F]{16})?)$/iu;

export const isIscsiName = (text: string): boolean =>
  Buffer.byteLength(text) <= NAME_LIMIT && NAME.test(text);

/** Names are compared without regard to case: they are to be folded before they are sent. */
export const sameName = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/** The longest beginning of @text that has at most @bytes bytes in UTF-8. */
export function cutToBytes(text: string, bytes: number): string {
  let cut = '';
  let used = 0;
  for (const character of text) {
    used += Buffer.byteLength(character);
    if (used > bytes) break;
    cut += character;
  }
  return cut;
}
