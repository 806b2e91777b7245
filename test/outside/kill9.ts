// SPDX-License-Identifier: MIT
/**
 * kill -9 while a client writes: `npm run test:kill [ROUNDS]` (20). qemu-io writes a counted pattern, half of the
 * writes with FUA and half followed by a flush; the target is killed at a random moment, started again on the same
 * file, and every write that was acknowledged as durable must be there.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram, runProgram, TargetProcess } from './target.js';

const WRITE_BYTES = 65_536;
const SLOTS = 512;

/** The pattern byte of write number @n; 0 is what the disk held before. */
const pattern = (n: number) => (n % 255) + 1;

/** Writes until the target dies. Returns, by slot, the number of the last write known to be durable. */
async function writeUntilKilled(target: TargetProcess, first: number): Promise<Map<number, number>> {
  const client = spawn('qemu-io', ['-f', 'raw', target.url()], { stdio: ['pipe', 'pipe', 'pipe'] });
  const commands: string[] = [];
  for (let n = first; n < first + SLOTS; n++) {
    const offset = (n % SLOTS) * WRITE_BYTES;
    if (n % 2) commands.push(`write -f -P ${pattern(n)} ${offset} ${WRITE_BYTES}`);
    else commands.push(`write -P ${pattern(n)} ${offset} ${WRITE_BYTES}`, 'flush');
  }
  // A mark after each command tells that the one before it is over: qemu-io answers in order.
  client.stdin.on('error', () => {});
  client.stdin.write(`${commands.join('\n')}\nquit\n`);
  let output = '';
  client.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  await new Promise((resolve) => setTimeout(resolve, 150 + Math.random() * 400));
  await target.stop('SIGKILL');
  await new Promise((resolve) => setTimeout(resolve, 50));
  client.kill('SIGKILL');
  await once(client, 'close');

  const durable = new Map<number, number>();
  const acknowledged = [...output.matchAll(/wrote \d+\/\d+ bytes at offset (\d+)/g)].length;
  // A plain write is known to be durable only once the command after its flush was answered.
  for (let i = 0; i < acknowledged; i++) {
    const n = first + i;
    if (n % 2 || i + 1 < acknowledged) durable.set(n % SLOTS, n);
  }
  return durable;
}

async function main(): Promise<number> {
  const rounds = Number(process.argv[2] ?? 20);
  if (!findProgram('qemu-io')) {
    console.log('skipped: qemu-io is not installed (apt-get install qemu-utils qemu-block-extra)');
    return 0;
  }
  const folder = mkdtempSync(join(tmpdir(), 'ring3-kill9-'));
  const disk = `${join(folder, 'disk.img')},size=${(SLOTS * WRITE_BYTES) >> 20}M`;
  let [passed, failed, checked] = [0, 0, 0];
  try {
    for (let round = 0; round < rounds; round++) {
      const durable = await writeUntilKilled(await TargetProcess.start([disk]), round * 37);
      const target = await TargetProcess.start([disk]);
      const reads = [...durable].flatMap(([slot, n]) => [
        '-c',
        `read -P ${pattern(n)} ${slot * WRITE_BYTES} ${WRITE_BYTES}`,
      ]);
      const done = reads.length
        ? await runProgram('qemu-io', ['-f', 'raw', ...reads, target.url()])
        : { status: 0, output: '' };
      const lost = done.output.match(/Pattern verification failed/g)?.length ?? 0;
      const good = done.status === 0 && !lost;
      good ? passed++ : failed++;
      checked += durable.size;
      console.log(
        `round ${round + 1}: ${durable.size} durable writes, ${lost} lost${good ? '' : `\n${done.output}`}`,
      );
      await target.stop();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  console.log(`kill -9: ${checked} durable writes checked`);
  console.log(`${passed} passed, ${failed} failed, 0 skipped`);
  return failed || !checked ? 1 : 0;
}

process.exitCode = await main();
