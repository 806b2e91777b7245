// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { doctorCommand } from '../../scripts/doctor.js';
import { type Command, helpOf, nearest, readArguments, UsageError } from '../../scripts/options.js';
import { defaultDisk, targetCommand, targetOptions } from '../../scripts/target-command.js';

const command = {
  name: 'ring3 test',
  operands: '[DISK...]',
  about: 'Tests.',
  options: [
    { name: 'size', value: 'SIZE', help: 'a size' },
    { name: 'listen', value: 'ADDR:PORT', repeatable: true, help: 'addresses' },
    { name: 'json', help: 'JSON' },
    { name: 'help', help: 'this' },
  ],
  example: 'ring3 test --json',
} as const satisfies Command;

const read = (...args: string[]) => readArguments(command, args);
const wrong = (run: () => unknown, message: RegExp) =>
  assert.throws(run, (error: Error) => {
    assert.ok(error instanceof UsageError || error.name === 'DiskError', String(error));
    assert.match(error.message, message);
    return true;
  });

describe('arguments', () => {
  it('are operands and options, in any order', () => {
    const args = read('a', '--size', '1G', 'b', '--json', '--listen=x', '--listen', 'y', '--', '--c');
    assert.deepEqual(args.operands, ['a', 'b', '--c']);
    assert.equal(args.value('size'), '1G');
    assert.deepEqual(args.values('listen'), ['x', 'y']);
    assert.deepEqual([args.has('json'), args.has('help'), args.value('help')], [true, false, undefined]);
  });
  it('take -h for --help', () => assert.ok(read('-h').has('help')));

  for (const [args, message] of [
    [['--sise', '1'], /--sise is no option of ring3 test; did you mean --size\?/],
    [['--jsno'], /did you mean --json\?/],
    [['--frobnicate'], /--frobnicate is no option of ring3 test$/],
    [['--constructor'], /--constructor is no option/],
    [['--__proto__=1'], /--__proto__ is no option/],
    [['-x'], /-x is no option/],
    [['-j'], /-j is no option/],
    [['--size'], /--size needs a value: --size SIZE/],
    [['--size='], /--size needs a value/],
    [['--size', '1', '--size', '2'], /--size is given twice/],
    [['--json', '--json'], /--json is given twice/],
    [['--json=yes'], /--json takes no value/],
    [['--no-json'], /--no-json is no option/],
  ] as [string[], RegExp][])
    it(`cannot be ${args.join(' ')}`, () => wrong(() => read(...args), message));

  it('cannot be operands where there are none', () =>
    wrong(() => readArguments(doctorCommand, ['x']), /ring3 doctor takes no arguments, 'x' is one/));

  it('are read or refused with a UsageError, whatever they are', () =>
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(fc.string(), fc.constantFrom('--size', '--json', '--', '-', '--listen=', '---', '-h')),
        ),
        (args) => {
          try {
            return Array.isArray(read(...args).operands);
          } catch (error) {
            return error instanceof UsageError;
          }
        },
      ),
    ));
});

describe('the nearest name', () => {
  for (const [given, expected] of [
    ['tagret', 'target'],
    ['docter', 'doctor'],
    ['target', 'target'],
    ['TARGET', undefined],
    ['xyz', undefined],
    ['', undefined],
  ] as const)
    it(`of '${given}' is ${expected}`, () =>
      assert.equal(nearest(given, ['target', 'doctor', 'build']), expected));
});

describe('help', () => {
  for (const one of [targetCommand, doctorCommand])
    it(`of ${one.name} names every option once, in lines that fit`, () => {
      const text = helpOf(one);
      for (const { name } of one.options)
        assert.equal(text.match(new RegExp(`^  --${name}\\b`, 'gm'))?.length, 1, name);
      assert.ok(text.startsWith(`usage: ${one.name}`));
      for (const line of text.split('\n')) assert.ok(line.length <= 120, line);
      assert.doesNotMatch(text, /undefined/);
    });
  it('names every disk option', () => {
    for (const option of ['size=', 'ro', 'blocksize=', 'serial=', 'removable', 'sanitize-rate=', 'wsnz='])
      assert.ok(targetCommand.about.includes(option), option);
  });
});

describe('options of ring3 target', () => {
  let folder: string;
  let warnings: string[];
  const secret = (name: string, text: string | Buffer, mode = 0o600) => {
    writeFileSync(join(folder, name), text, { mode });
    chmodSync(join(folder, name), mode);
    return `alice:${join(folder, name)}`;
  };
  const options = (...args: string[]) => {
    warnings = [];
    return targetOptions(readArguments(targetCommand, args), (line) => warnings.push(line));
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ring3-options-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('have defaults', () => {
    const got = options('a.img');
    assert.match(got.iqn ?? '', /^iqn\.2026-11\.dev\.ring3:[a-z0-9.-]+$/);
    assert.deepEqual(
      { ...got, iqn: undefined },
      {
        iqn: undefined,
        size: 0,
        listen: ['127.0.0.1:3260'],
        threads: 0,
        chap: undefined,
        mutualChap: undefined,
        digests: ['None', 'CRC32C'],
        initiators: [],
        consoleLevel: 4,
        loginTimeoutMs: undefined,
        disks: ['a.img'],
      },
    );
    assert.deepEqual(warnings, []);
  });

  it('take all that help names', () => {
    const chap = secret('chap', 'a secret of 20 bytes\n');
    const mutual = secret('mutual', Buffer.concat([Buffer.alloc(16, 0xff), Buffer.from('\r\n\n')]));
    const got = options(
      ...[
        'a',
        'b',
        '--size',
        '2G',
        '--listen',
        '127.0.0.1:1',
        '--listen',
        '[::1]:2',
        '--iqn',
        'iqn.2001-04.x:y',
      ],
      ...[
        '--chap',
        chap,
        '--mutual-chap',
        mutual,
        '--digest',
        'crc32c',
        '--initiator',
        'iqn.*',
        '--initiator',
        'eui.*',
      ],
      ...['--threads', '3', '--login-timeout', '7', '--verbose'],
    );
    assert.deepEqual(got, {
      iqn: 'iqn.2001-04.x:y',
      size: 2 ** 31,
      listen: ['127.0.0.1:1', '[::1]:2'],
      threads: 3,
      chap: { user: 'alice', secret: Buffer.from('a secret of 20 bytes') },
      mutualChap: { user: 'alice', secret: Buffer.alloc(16, 0xff) },
      digests: ['CRC32C'],
      initiators: ['iqn.*', 'eui.*'],
      consoleLevel: 6,
      loginTimeoutMs: 7000,
      disks: ['a', 'b'],
    });
    assert.deepEqual(warnings, []);
  });

  it('warn of a portal that others reach without CHAP, and say what to do', () => {
    options('a', '--listen', '0.0.0.0:3260');
    assert.equal(warnings.length, 1);
    assert.match(warnings[0]!, /anyone who reaches .*0\.0\.0\.0:3260.*; add --chap USER:FILE/);
    options('a', '--listen', '127.0.0.1:1', '--listen', '[::]:2');
    assert.match(warnings[0]!, /\[::\]:2/);
    assert.doesNotMatch(warnings[0]!, /127\.0\.0\.1/);
    options('a', '--listen', '[::1]:1', '--listen', '127.3.4.5:2');
    assert.deepEqual(warnings, []);
    options('a', '--listen', '0.0.0.0:1', '--chap', secret('s', 'a secret of 20 bytes'));
    assert.deepEqual(warnings, []);
  });

  it('warn of a secret that all may read', () => {
    options('a', '--chap', secret('s', 'a secret of 20 bytes', 0o644));
    assert.match(warnings.join(), /can be read by every user; run: chmod 600 /);
  });

  for (const [args, message] of [
    [['--threads', '0'], /--threads is '0', should be a whole number from 1 to 256/],
    [['--threads', '257'], /from 1 to 256/],
    [['--threads', '-1'], /--threads/],
    [['--threads', '1.5'], /should be a whole number/],
    [['--threads', 'many'], /--threads is 'many'/],
    [['--login-timeout', '0'], /from 1 to 300/],
    [['--login-timeout', '301'], /from 1 to 300/],
    [['--digest', 'md5'], /--digest is 'md5', should be none, crc32c or both/],
    [['--listen', 'localhost'], /--listen: 'localhost' is no address to listen on/],
    [['--listen', '::1'], /--listen: '::1' is no address/],
    [['--size', 'big'], /'big' is no size/],
    [['--chap', 'alice'], /--chap is 'alice', should be USER:FILE/],
    [['--chap', ':file'], /should be USER:FILE/],
    [['--chap', 'alice:'], /should be USER:FILE/],
    [['--chap', 'alice:/no/such/file'], /--chap: the secret in \/no\/such\/file cannot be read: ENOENT/],
    [['--chap', 'alice:/'], /cannot be read: EISDIR/],
    [['--mutual-chap', 'alice:/dev/null'], /--mutual-chap needs --chap/],
    [['--quiet', '--verbose'], /--quiet and --verbose exclude each other/],
  ] as [string[], RegExp][])
    it(`cannot be ${args.join(' ')}`, () => wrong(() => options('a', ...args), message));

  it('put the default disk where data belongs', () => {
    const before = process.env.XDG_DATA_HOME;
    try {
      process.env.XDG_DATA_HOME = join(folder, 'data');
      assert.equal(defaultDisk(), join(folder, 'data/ring3/disk.img'));
      assert.deepEqual([options().size, options().disks], [2 ** 30, [defaultDisk()]]);
      process.env.XDG_DATA_HOME = '/dev/null';
      wrong(
        () => defaultDisk(),
        /\/dev\/null\/ring3 cannot be made for the default disk: ENOTDIR; name a DISK/,
      );
    } finally {
      if (before === undefined) delete process.env.XDG_DATA_HOME;
      else process.env.XDG_DATA_HOME = before;
    }
  });
});
