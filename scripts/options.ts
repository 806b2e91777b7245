// SPDX-License-Identifier: MIT
/** The command line: options as a table, from which help is printed and arguments are read. Touches nothing. */
import { parseArgs } from 'node:util';
import { nearest } from '../kernel-api/nearest.js';

export { nearest };

/** Wrong usage; the message says what was expected. */
export class UsageError extends Error {
  override name = 'UsageError';
}

export interface Option {
  name: string;
  /** What its value is called; none = it takes none. */
  value?: string;
  repeatable?: boolean;
  help: string;
}

export interface Command<Names extends string = string> {
  /** "ring3 target" */
  name: string;
  /** "[DISK...]", or "" when it takes no arguments. */
  operands: string;
  about: string;
  options: readonly (Option & { name: Names })[];
  example: string;
}

export interface Arguments<Names extends string> {
  operands: string[];
  /** Whether it was given. */
  has(name: Names): boolean;
  /** The value of one that is not repeatable. */
  value(name: Names): string | undefined;
  values(name: Names): string[];
  /** A value that is a whole number within bounds. @throws UsageError */
  wholeNumber(name: Names, low: number, high: number): number | undefined;
}

/** All options are long ones, but for what everybody types. */
const SHORT: ReadonlyMap<string, string> = new Map([['-h', 'help']]);

/** @throws UsageError */
export function readArguments<Names extends string>(
  command: Command<Names>,
  args: string[],
): Arguments<Names> {
  const known = new Map<string, Option>(command.options.map((option) => [option.name, option]));
  const { tokens } = parseArgs({
    args,
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: Object.fromEntries(
      command.options.map(({ name, value }) => [name, { type: value ? ('string' as const) : 'boolean' }]),
    ),
  });
  const operands: string[] = [];
  const given = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind === 'positional') operands.push(token.value);
    if (token.kind !== 'option') continue;
    const { rawName, value } = token;
    const option = rawName.startsWith('--') ? known.get(token.name) : known.get(SHORT.get(rawName) ?? '');
    if (!option) {
      const guess = nearest(token.name, [...known.keys()]);
      throw new UsageError(
        `${rawName} is no option of ${command.name}${guess ? `; did you mean --${guess}?` : ''}`,
      );
    }
    if (option.value && !value) throw new UsageError(`${rawName} needs a value: ${rawName} ${option.value}`);
    if (!option.value && value !== undefined) throw new UsageError(`${rawName} takes no value`);
    const before = given.get(option.name) ?? [];
    if (before.length && !option.repeatable) throw new UsageError(`${rawName} is given twice`);
    given.set(option.name, [...before, value ?? '']);
  }
  if (operands.length && !command.operands)
    throw new UsageError(`${command.name} takes no arguments, '${operands[0]}' is one`);
  return {
    operands,
    has: (name) => given.has(name),
    value: (name) => given.get(name)?.[0],
    values: (name) => given.get(name) ?? [],
    wholeNumber: (name, low, high) => {
      const text = given.get(name)?.[0];
      if (text === undefined) return undefined;
      const number = /^-?\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
      if (!(number >= low && number <= high))
        throw new UsageError(`--${name} is '${text}', should be a whole number from ${low} to ${high}`);
      return number;
    },
  };
}

export function helpOf(command: Command): string {
  const labels = command.options.map(({ name, value }) => `--${name}${value ? ` ${value}` : ''}`);
  const width = Math.max(...labels.map((label) => label.length)) + 1;
  const lines = command.options.map(({ help, repeatable }, i) => {
    const text = repeatable ? `${help}; repeatable` : help;
    return `  ${labels[i]!.padEnd(width)} ${text.replaceAll('\n', `\n${' '.repeat(width + 3)}`)}`;
  });
  const operands = command.operands ? ` ${command.operands}` : '';
  return `usage: ${command.name}${operands} [options]\n\n${command.about}\n\n${lines.join('\n')}\n\nexample: ${command.example}\n`;
}
