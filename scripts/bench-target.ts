// SPDX-License-Identifier: MIT
/**
 * Side by side in one run: ring3, Debian's tgtd, and what the loopback can carry at best.
 *
 *   npm run bench:target -- [compare.py options, such as -w b-4kr -r 3 -d 2]
 *
 * Each serves a 1 GiB file on tmpfs; targets and client are pinned to different CPUs. Prints compare.py's medians.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram, runProgram, shared, TargetProcess } from '../test/outside/target.js';

const TGTD_PORT = 23260;
const CEILING_PORT = 23999;
const IQN = 'iqn.2026-11.dev.ring3:tgtd';

/** Compiles the load generator outside its own folder, which may not be ours to write. */
async function buildTools(into: string): Promise<void> {
  const source = join(shared, 'bench');
  mkdirSync(into, { recursive: true });
  for (const name of readdirSync(source))
    if (/\.(c|h|py)$|^Makefile$/.test(name)) copyFileSync(join(source, name), join(into, name));
  const done = await runProgram('make', ['-C', into, '--quiet'], { timeoutMs: 120_000 });
  if (done.status !== 0)
    throw new Error(`make of the load generator failed (libiscsi-dev missing?):\n${done.output}`);
}

/** 1 GiB of written pages: a hole would be read from one page that the processor's cache holds. */
function writeDisk(path: string): void {
  const chunk = randomBytes(1 << 20);
  const file = openSync(path, 'w');
  for (let i = 0; i < 1024; i++) writeSync(file, chunk);
  closeSync(file);
}

/** tgtd in the foreground, its own control port, one LUN of @file. */
async function startTgtd(file: string, cpus: string): Promise<ChildProcess> {
  const control = String(process.pid);
  const args = ['-c', cpus, 'tgtd', '-f', '-C', control, '--iscsi', `portal=127.0.0.1:${TGTD_PORT}`];
  const child = spawn('taskset', args, { stdio: 'ignore' });
  await new Promise((resolve) => setTimeout(resolve, 500));
  const admin = ['--lld', 'iscsi', '-C', control];
  for (const rest of [
    ['--op', 'new', '--mode', 'target', '--tid', '1', '-T', IQN],
    ['--op', 'new', '--mode', 'logicalunit', '--tid', '1', '--lun', '1', '-b', file],
    ['--op', 'bind', '--mode', 'target', '--tid', '1', '-I', 'ALL'],
  ]) {
    const done = await runProgram('tgtadm', [...admin, ...rest]);
    if (done.status !== 0) throw new Error(`tgtadm ${rest.join(' ')}: ${done.output}`);
  }
  return child;
}

async function main(): Promise<number> {
  if (!existsSync(join(shared, 'bench'))) {
    console.log(
      `skipped: ${join(shared, 'bench')} is not here; RING3_SHARED names the folder that holds bench/`,
    );
    return 0;
  }
  const cpus = availableParallelism();
  const [ours, theirs] = cpus >= 4 ? ['0,1', '2,3'] : ['0', '1'];
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'ring3-bench-'));
  const tools = join(tmpdir(), 'ring3-bench-tools');
  const children: ChildProcess[] = [];
  let target: TargetProcess | undefined;
  try {
    await buildTools(tools);
    for (const name of ['ring3.img', 'tgtd.img']) writeDisk(join(folder, name));
    const prefix = ['taskset', '-c', ours!];
    const threads = String(ours!.split(',').length);
    target = await TargetProcess.start([join(folder, 'ring3.img')], {
      prefix,
      compiled: true,
      args: ['--threads', threads],
    });
    const targets = [`ring3=${target.url()},${target.pid}`, `ring3+digest=${target.url()},${target.pid}`];
    const ceiling = spawn('taskset', [
      '-c',
      ours!,
      join(tools, 'loopback-ceiling'),
      'server',
      '-p',
      String(CEILING_PORT),
      '-t',
      threads,
      '-m',
      '1024',
    ]);
    children.push(ceiling);
    targets.push(`ceiling=127.0.0.1:${CEILING_PORT},${ceiling.pid}`);
    if (findProgram('tgtd')) {
      const tgtd = await startTgtd(join(folder, 'tgtd.img'), ours!);
      children.push(tgtd);
      const url = `iscsi://127.0.0.1:${TGTD_PORT}/${IQN}/1`;
      targets.push(`tgtd=${url},${tgtd.pid}`, `tgtd+digest=${url},${tgtd.pid}`);
    } else console.log('tgtd is not installed (apt-get install tgt): measured without it');
    const args = [join(tools, 'compare.py'), '--client-cpus', theirs!, ...process.argv.slice(2), ...targets];
    const compare = spawn('python3', args, { stdio: 'inherit' });
    return await new Promise((resolve) => compare.once('exit', (code) => resolve(code ?? 1)));
  } finally {
    for (const child of children) child.kill('SIGKILL');
    await target?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main();
