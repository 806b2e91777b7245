// SPDX-License-Identifier: MIT
/**
 * What the command says while it runs: lines for people, or one JSON object per line for programs. A peer can cause
 * lines, so there is a limit to them; what was left out is counted and told.
 */
import type { TargetEvent } from '../scst-port/index.js';

/** Lines within a period, and its length. */
const LINES_MAX = { text: 50, json: 5000 };
const PERIOD_MS = 5000;

export interface JournalOptions {
  json: boolean;
  /** Warnings only. */
  quiet: boolean;
  verbose: boolean;
  out: (text: string) => void;
  err: (text: string) => void;
  now?: () => number;
}

/** 41200000 as "41.2 M". */
export function human(count: number): string {
  const power = count < 1000 ? 0 : Math.min(Math.floor(Math.log10(count) / 3), 5);
  return power ? `${(count / 1000 ** power).toFixed(1)} ${' kMGTP'[power]}` : `${Math.round(count)} `;
}

/** A size in bytes as "1.0 GiB". */
export function humanSize(bytes: number): string {
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), 5);
  return `${(bytes / 1024 ** power).toFixed(power ? 1 : 0)} ${['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'][power]}`;
}

const clock = (ms: number): string => new Date(ms).toTimeString().slice(0, 8);

/** One line for people, or undefined for what only --verbose tells. */
export function describe(event: TargetEvent, verbose = false): string | undefined {
  switch (event.event) {
    case 'login':
      return `login    ${event.initiator} from ${event.peer}, session ${event.session}${event.user ? `, user ${event.user}` : ''}`;
    case 'logout':
      return `logout   ${event.initiator} from ${event.peer}, session ${event.session} after ${event.seconds} s: ${event.reason}`;
    case 'refused':
      return `refused  ${event.initiator || 'a connection'} from ${event.peer}: ${event.reason}${event.status ? ` (status ${event.status})` : ''}`;
    case 'discovery':
      return verbose ? `discovery ${event.initiator} from ${event.peer}` : undefined;
  }
}

export class Journal {
  readonly #now: () => number;
  #since = Number.NEGATIVE_INFINITY;
  #lines = 0;
  #lost = 0;

  constructor(readonly options: JournalOptions) {
    this.#now = options.now ?? Date.now;
  }

  /** What a target tells. */
  event(event: TargetEvent): void {
    const { json, quiet, verbose, out, err } = this.options;
    if (json) {
      if (this.#allowed()) out(`${this.#json(event)}\n`);
      return;
    }
    const line = quiet ? undefined : describe(event, verbose);
    if (line !== undefined && this.#allowed()) err(`${clock(this.#now())} ${line}\n`);
  }

  /** What the command itself tells; @line in words, @fields for programs. Not counted. */
  say(line: string, fields: { event: string } & Record<string, unknown>): void {
    const { json, quiet, out, err } = this.options;
    if (json) out(`${this.#json(fields)}\n`);
    else if (!quiet) err(`${clock(this.#now())} ${line}\n`);
  }

  /** Also where --quiet is. */
  warn(message: string): void {
    const { json, out, err } = this.options;
    if (json) out(`${this.#json({ event: 'warning', message })}\n`);
    else err(`warning: ${message}\n`);
  }

  #json(fields: { event: string } & Record<string, unknown>): string {
    const { event, ...rest } = fields;
    return JSON.stringify({ event, time: new Date(this.#now()).toISOString(), ...rest });
  }

  #allowed(): boolean {
    const { json, out, err } = this.options;
    const now = this.#now();
    if (now - this.#since >= PERIOD_MS) {
      if (this.#lost && json) out(`${this.#json({ event: 'lost', count: this.#lost })}\n`);
      else if (this.#lost) err(`${clock(now)} ${this.#lost} more lines like these were left out\n`);
      this.#since = now;
      this.#lines = 0;
      this.#lost = 0;
    }
    if (this.#lines >= (json ? LINES_MAX.json : LINES_MAX.text)) {
      this.#lost++;
      return false;
    }
    this.#lines++;
    return true;
  }
}
