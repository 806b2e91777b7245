// SPDX-License-Identifier: MIT
/** What `npm run test:kunit` and `npm run test:torture` take after `--`. */
import { nearest } from '../../kernel-api/nearest.js';
import type { Sanitizer } from './paths.js';
import { allowedCores } from './runner.js';

/** Virtual CPUs: of event tasks, and those that all other threads share. */
export interface Layout {
  cpus: number;
  others: number;
}

export interface TestOptions {
  san: Sanitizer;
  /** CPUs of the machine it may run on; undefined: all. */
  cores: number | undefined;
  /** Empty: the usual. */
  layouts: Layout[];
  /** How long each runs; undefined: the usual. */
  seconds: number | undefined;
  /** Parts of names; empty: all. */
  patterns: string[];
}

type Name = 'cores' | 'cpus' | 'seconds';

const sanitizers: Record<string, Sanitizer> = {
  '--asan': 'address',
  '--tsan': 'thread',
  '--san=none': 'none',
  '--san=address': 'address',
  '--san=thread': 'thread',
};

const examples: Record<Name, string> = { cores: '--cores=2', cpus: '--cpus=1+63', seconds: '--seconds=1' };

/** A message for people, and exit status 64. */
export function refuse(program: string, message: string): never {
  console.error(`${program}: ${message}`);
  process.exit(64);
}

/** @throws Error, one sentence: what was seen and what was expected */
export function parseTestOptions(argv: string[], names: readonly Name[]): TestOptions {
  const options: TestOptions = {
    san: 'none',
    cores: undefined,
    layouts: [],
    seconds: undefined,
    patterns: [],
  };
  const known = ['--asan', '--tsan', ...names.map((name) => `--${name}`)];
  for (const arg of argv) {
    if (!arg.startsWith('-')) {
      options.patterns.push(arg);
      continue;
    }
    const san = sanitizers[arg];
    if (san) {
      options.san = san;
      continue;
    }
    const [, name = '', value = ''] = /^--(\w+)(?:=(.*))?$/s.exec(arg) ?? [];
    if (!names.includes(name as Name)) {
      const guess = nearest(arg.replace(/=.*/s, ''), known);
      throw new Error(
        `there is no ${arg}; ${guess ? `did you mean ${guess}?` : `there are ${known.join(', ')}`}`,
      );
    }
    const wrong = (what: string) => new Error(`${arg}: ${what}, expected such as ${examples[name as Name]}`);
    if (name === 'cpus') {
      const [, cpus, others] = /^(\d+)\+(\d+)$/.exec(value) ?? [];
      if (!(Number(cpus) >= 1) || !(Number(others) >= 1) || Number(cpus) + Number(others) > 256)
        throw wrong('event CPUs + others, one of each at least and 256 together');
      options.layouts.push({ cpus: Number(cpus), others: Number(others) });
      continue;
    }
    if (!/^\d+$/.test(value) || Number(value) < 1) throw wrong('a whole number from 1 on');
    if (name === 'seconds') options.seconds = Number(value);
    else if (Number(value) > allowedCores().length)
      throw wrong(`this process may use ${allowedCores().length} CPUs of the machine`);
    else options.cores = Number(value);
  }
  return options;
}

/** The same for a program: what is wrong ends it. */
export function testOptions(program: string, argv: string[], names: readonly Name[]): TestOptions {
  try {
    return parseTestOptions(argv, names);
  } catch (error) {
    return refuse(program, (error as Error).message);
  }
}
