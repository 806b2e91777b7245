// SPDX-License-Identifier: MIT
/** Reads KUnit's results out of the log: KTAP as the 6.1 kernel prints it, Documentation/dev-tools/ktap.rst. */

export type Verdict = 'ok' | 'not ok' | 'skip';

export interface Case {
  suite: string;
  name: string;
  verdict: Verdict;
  /** Since the result before it, milliseconds. */
  ms: number;
  /** Why it was skipped, or the lines that say what failed. */
  notes: string[];
}

export interface Results {
  cases: Case[];
  suites: { name: string; verdict: Verdict }[];
}

export interface LogLine {
  level: number;
  seconds: number;
  text: string;
}

/** "<6>[   12.345678] text" as ring3_dmesg() gives it; undefined for anything else. */
export function readLogLine(line: string): LogLine | undefined {
  const found = /^<(\d)>\[\s*(\d+\.\d+)\] ?(.*)$/.exec(line);
  return found ? { level: Number(found[1]), seconds: Number(found[2]), text: found[3]! } : undefined;
}

const RESULT = /^(\s*)(not ok|ok) (\d+)(?: -)? (.*?)(?: # SKIP ?(.*))?$/;

export class KtapReader {
  readonly results: Results = { cases: [], suites: [] };
  #suite = '';
  #notes: string[] = [];
  #last: number | undefined;

  /** @returns whether the line is part of the KTAP document */
  read({ seconds, text }: LogLine): boolean {
    this.#last ??= seconds;
    const subtest = /^ {4}# Subtest: (.*)$/.exec(text);
    if (subtest) {
      this.#suite = subtest[1]!;
      this.#notes = [];
      this.#last = seconds;
      return true;
    }
    const result = RESULT.exec(text);
    if (!result) {
      if (/^\s*(KTAP|TAP) version|^\s*1\.\.\d+$/.test(text)) return true;
      if (/^\s+#/.test(text)) {
        this.#notes.push(text.trim());
        return true;
      }
      return false;
    }
    const [, indent = '', word, , name = '', skip] = result;
    const verdict: Verdict = skip === undefined ? (word as Verdict) : 'skip';
    if (indent.length === 4) {
      this.results.cases.push({
        suite: this.#suite,
        name,
        verdict,
        ms: Math.max(0, (seconds - this.#last) * 1000),
        notes: skip ? [skip] : verdict === 'not ok' ? this.#notes : [],
      });
      this.#notes = [];
      this.#last = seconds;
    } else if (indent.length === 0) {
      this.results.suites.push({ name, verdict });
    }
    return true;
  }
}
