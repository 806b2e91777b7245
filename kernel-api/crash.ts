// SPDX-License-Identifier: MIT
/** What the crash dump of a process that hosts modules says (shim/diag writes it): where, and why. */

export interface CrashReport {
  signal: string;
  /** In words: what was touched, or what a BUG() says. */
  what: string;
  /** The first frame of a module's, the one to look at. */
  where?: Frame;
  /** The crashed thread's stack, innermost first. */
  stack: Frame[];
}

export interface Frame {
  function: string;
  file?: string;
  line?: number;
  /** The shared object. */
  object?: string;
}

/** A line of a stack: "#0  touch at fix_crash.c:14 (fix_crash.ko.so+0x10c0)", or one that is inlined in the next. */
function frameOf(line: string): Frame | undefined {
  const match =
    /^\s*(?:#\d+\s+)?(.+?)(?:\+0x[0-9a-f]+)?(?: at ([^\s:]+):(\d+))?(?:, inlined in)?(?: \(([^()]+)\+0x[0-9a-f]+\))?$/.exec(
      line,
    );
  if (!match) return undefined;
  const [, name = '', file, number, object] = match;
  return {
    function: name,
    ...(file ? { file, line: Number(number) } : {}),
    ...(object ? { object } : {}),
  };
}

/** The frames of a stack, innermost first, from its lines. */
function stackOf(lines: string[]): Frame[] {
  const stack = lines.flatMap((line) => frameOf(line) ?? []);
  // An inlined function lies in the object of the next frame that has one; a bare address lies in none.
  for (let i = stack.length - 2; i >= 0; i--) {
    const object = stack[i]!.object ?? stack[i + 1]!.object;
    if (object && !/^0x/.test(stack[i]!.function)) stack[i]!.object = object;
  }
  return stack;
}

/** Where a dump's threads are in a module, NAME.ko.so: the innermost frame of the first that is. */
export function placeIn(dump: string, object: string): Frame | undefined {
  const stacks = dump.split(/^-- stacks --$/m)[1] ?? '';
  const lines = stacks.split('\n').filter((line) => line.startsWith(' ') && !/^\s+thread \d+/.test(line));
  return stackOf(lines).find((frame) => frame.object === object);
}

/** What a crash dump says, as text of shim/diag; undefined when there is no crash in it. */
export function readCrash(dump: string): CrashReport | undefined {
  const head =
    /^signal=(\S+) code=\S+ tid=(\d+) address=(\S+) addressIs="([^"]*)"(?: panic="([^"]*)")?/m.exec(dump);
  if (!head) return undefined;
  const [, signal = '', tid, address, addressIs, panic] = head;
  const number = new RegExp(`^tid=${tid} .*\\bcrashed=true\\b.*\\bstack=(\\d+)$`, 'm').exec(dump)?.[1];
  const stacks = dump.split(/^-- stacks --$/m)[1] ?? '';
  const own = new RegExp(`^stack=${number}\\n((?: .*\\n)*)`, 'm').exec(stacks)?.[1] ?? '';
  const stack = stackOf(own.split('\n').slice(1).filter(Boolean));
  const where = stack.find(({ object }) => object?.includes('.ko.so'));
  const touched = addressIs?.startsWith('none') ? '' : `${address}: ${addressIs}`;
  return { signal, what: panic ?? touched, stack, ...(where ? { where } : {}) };
}

/** "touch at fix_crash.c:14 (fix_crash.ko.so)" */
export const placeOf = ({ function: name, file, line, object }: Frame): string =>
  `${name}${file ? ` at ${file}:${line}` : ''}${object ? ` (${object})` : ''}`;
