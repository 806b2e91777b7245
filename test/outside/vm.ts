// SPDX-License-Identifier: MIT
/**
 * A real Linux initiator in a virtual machine: `npm run test:vm [CHECK...]`. Runs the checks fs, discard, reserve and
 * paths: plain, with CHAP in both directions, and with CRC32C digests.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram, shared, TargetProcess } from './target.js';

const CHECKS = ['fs', 'discard', 'reserve', 'paths'];
const IN = { user: 'initiator', secret: 'twelve-or-more-1' };
const OUT = { user: 'target', secret: 'twelve-or-more-2' };

async function main(): Promise<number> {
  const program = join(shared, 'vm/linux-initiator.sh');
  if (!existsSync(program)) {
    console.log(`skipped: ${program} is not here; RING3_SHARED names the folder that holds vm/`);
    return 0;
  }
  const folder = mkdtempSync(join(tmpdir(), 'ring3-vm-'));
  const [inFile, outFile] = [join(folder, 'in'), join(folder, 'out')];
  writeFileSync(inFile, IN.secret, { mode: 0o600 });
  writeFileSync(outFile, OUT.secret, { mode: 0o600 });
  const chap = ['--chap', `${IN.user}:${IN.secret}`, '--chap-in', `${OUT.user}:${OUT.secret}`];
  const ways: [name: string, target: string[], initiator: string[]][] = [
    ['plain', [], []],
    ['CHAP both ways', ['--chap', `${IN.user}:${inFile}`, '--mutual-chap', `${OUT.user}:${outFile}`], chap],
    ['CRC32C digests', [], ['--digest', 'CRC32C']],
  ];
  const wanted = process.argv.slice(2);
  let [passed, failed] = [0, 0];
  try {
    for (const [name, targetArgs, initiatorArgs] of ways) {
      const target = await TargetProcess.start(['ram:256M'], { args: targetArgs });
      const scripts = CHECKS.filter((check) => !wanted.length || wanted.includes(check));
      const args = [program, '--portal', target.portal, '--target', target.iqn, ...initiatorArgs];
      args.push(...scripts.flatMap((script) => ['--script', script]));
      const start = Date.now();
      const done = await runProgram('bash', args, { timeoutMs: 300_000 });
      const good = done.status === 0;
      good ? passed++ : failed++;
      const checks = done.output.match(/^ok .*/gm)?.length ?? 0;
      const seconds = ((Date.now() - start) / 1000).toFixed(0);
      console.log(
        `${name}: ${scripts.join(', ')}: ${good ? 'passed' : `FAILED (${done.status})`}, ${checks} checks, ${seconds} s`,
      );
      if (!good) console.log(done.output.slice(-6000), target.stderr.slice(-3000));
      await target.stop();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  console.log(`${passed} passed, ${failed} failed, 0 skipped`);
  return failed ? 1 : 0;
}

process.exitCode = await main();
