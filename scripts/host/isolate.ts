// SPDX-License-Identifier: MIT
/**
 * `ring3 run --isolate`: the host is a child process. When it crashes, this one says in which module and where: the
 * child's own crash dump (shim/diag) names functions, files and lines.
 */
import { spawn } from 'node:child_process';
import { type CrashReport, placeOf } from '../../kernel-api/crash.js';
import { CrashFolder, passStderr } from '../../kernel-api/isolated-process.js';
import { plain } from './print.js';

export { type CrashReport, type Frame, readCrash } from '../../kernel-api/crash.js';

/** What the child tells as it goes. */
export type Progress = { event: 'loading' | 'loaded'; module: string } | { event: 'stopping' };

/** From the host to the process that watches over it; nothing where there is none. */
export function tellParent(progress: Progress): void {
  process.send?.(progress);
}

/** The report for people. */
function crashText(report: CrashReport | undefined, signal: string, module: string | undefined): string {
  const doing = module ? `while module ${module} was loaded` : 'while it ran';
  if (!report) return `ring3: the host ended with ${signal} ${doing}, and wrote no dump\n`;
  const { what, where, stack } = report;
  const lines = [
    `ring3: the host crashed with ${report.signal} ${doing}${what ? `: ${what}` : ''}`,
    ...(where ? [`  in ${placeOf(where)}`] : []),
    ...stack.slice(0, 16).map((frame, i) => `  #${String(i).padEnd(2)} ${placeOf(frame)}`),
  ];
  return `${lines.map(plain).join('\n')}\n`;
}

/**
 * Runs `ring3 run` with these arguments in a child. Signals to end are passed on.
 * @returns the child's exit status, or 1 when it crashed
 */
export async function runIsolated(argv: string[], json: boolean): Promise<number> {
  const folder = new CrashFolder();
  try {
    const child = spawn(process.execPath, [...process.execArgv, process.argv[1]!, 'run', ...argv], {
      stdio: ['inherit', 'inherit', 'pipe', 'ipc'],
      ...folder.spawnOptions,
    });
    let loading: string | undefined;
    child.on('message', (message) => {
      const progress = message as Progress;
      loading = progress.event === 'loading' ? progress.module : undefined;
    });
    passStderr(child);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(signal, () => child.kill(signal));
    const [status, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (...how) => resolve(how));
    });
    if (!signal) return status ?? 1;
    const report = folder.report();
    process.stderr.write(crashText(report, signal, loading));
    if (json)
      process.stdout.write(`${JSON.stringify({ event: 'crash', module: loading, signal, ...report })}\n`);
    return 1;
  } finally {
    folder.dispose();
  }
}
