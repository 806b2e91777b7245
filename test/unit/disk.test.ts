// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { DiskError, formatSize, parseDisk, parseSize, prepareDisk } from '../../scst-port/admin/disk.js';

const refused = (run: () => unknown, ...patterns: RegExp[]) =>
  assert.throws(run, (error: Error) => {
    assert.ok(error instanceof DiskError, String(error));
    assert.ok(!error.message.includes('\n'), 'one line');
    for (const pattern of patterns) assert.match(error.message, pattern);
    return true;
  });

describe('a size', () => {
  for (const [text, bytes] of [
    ['1', 1],
    ['512', 512],
    ['512B', 512],
    ['1K', 1024],
    ['1k', 1024],
    ['1KiB', 1024],
    ['1KB', 1024],
    ['3M', 3 << 20],
    ['10G', 10 * 2 ** 30],
    ['1T', 2 ** 40],
    ['7P', 7 * 2 ** 50],
  ] as const)
    it(`${text} is ${bytes} bytes`, () => assert.equal(parseSize(text), bytes));

  for (const text of ['', '-1', '1.5G', '1E', '1 G', 'G', '0x10', '1e9', '1GG', '١'])
    it(`'${text}' is none`, () =>
      refused(() => parseSize(text), /is no size; expected a whole number and K/));
  for (const text of ['0', '0G', '8P', '9007199254740992', '9'.repeat(400)])
    it(`'${text.slice(0, 20)}' is out of bounds`, () =>
      refused(() => parseSize(text), /is no size; expected at least 1 byte and less than 8P/));

  it('comes back from its text', () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 52 }), (bytes) => parseSize(formatSize(bytes)) === bytes),
    ));
});

describe('a disk on the command line', () => {
  it('is a file', () => {
    assert.deepEqual(parseDisk('/a/b.img'), {
      label: '/a/b.img',
      kind: 'file',
      path: '/a/b.img',
      size: 0,
      readOnly: false,
      removable: false,
      sanitizeRate: 0,
      sameToEnd: false,
      blockSize: 512,
      serial: '',
    });
    assert.equal(parseDisk('b.img').path, join(process.cwd(), 'b.img'));
    assert.equal(parseDisk('ram').kind, 'file', 'a file may be called so');
  });

  it('takes every option', () => {
    const disk = parseDisk('/x,size=1G,ro,blocksize=4096,serial=A-1_b.c:d,removable,sanitize-rate=2M,wsnz=0');
    assert.deepEqual(
      { ...disk, label: undefined, path: undefined, kind: undefined },
      {
        label: undefined,
        path: undefined,
        kind: undefined,
        size: 2 ** 30,
        readOnly: true,
        removable: true,
        sanitizeRate: 2 << 20,
        sameToEnd: true,
        blockSize: 4096,
        serial: 'A-1_b.c:d',
      },
    );
  });

  it('is memory, or nothing at all', () => {
    assert.deepEqual([parseDisk('ram:1G').kind, parseDisk('ram:1G').size], ['ram', 2 ** 30]);
    assert.deepEqual([parseDisk('null:1T').kind, parseDisk('null:1T').size], ['null', 2 ** 40]);
    for (const blockSize of [512, 1024, 2048, 4096])
      assert.equal(parseDisk(`ram:1M,blocksize=${blockSize}`).blockSize, blockSize);
  });

  for (const [text, seen, expected] of [
    ['', /''/, /no path/],
    [' a', /' a'/, /no path/],
    ['a;b', /'a;b'/, /no path/],
    ['a\nb', /no path/, /./],
    [`/${'x'.repeat(1023)}`, /1024 bytes/, /at most 1023/],
    ['a,', /''/, /expected size=/],
    ['a,size', /'size' has no value/, /size=\.\.\./],
    ['a,size=', /''/, /expected a whole number/],
    ['a,size=0', /'0'/, /at least 1 byte/],
    ['a,size=ten', /'ten'/, /such as 10G/],
    ['a,size=1G,size=2G', /size is given twice/, /./],
    ['a,size=513', /size is 513/, /multiple of the block size 512/],
    ['a,size=512,blocksize=4096', /size is 512/, /multiple of the block size 4096/],
    ['a,ro=1', /'ro=1'/, /takes no value/],
    ['a,ro,ro', /ro is given twice/, /./],
    ['a,removable=yes', /'removable=yes'/, /takes no value/],
    ['a,removable,removable', /removable is given twice/, /./],
    ['a,sanitize-rate', /'sanitize-rate'/, /has no value/],
    ['a,sanitize-rate=0', /'0'/, /no sanitize-rate; expected at least 1 byte/],
    ['a,sanitize-rate=fast', /'fast'/, /no sanitize-rate; expected a whole/],
    ['a,wsnz', /'wsnz'/, /has no value/],
    ['a,wsnz=2', /'2'/, /should be 0 or 1/],
    ['a,wsnz=0,wsnz=1', /wsnz is given twice/, /./],
    ['a,blocksize=', /''/, /512, 1024, 2048 or 4096/],
    ['a,blocksize=0', /'0'/, /512, 1024, 2048 or 4096/],
    ['a,blocksize=8192', /'8192'/, /512, 1024, 2048 or 4096/],
    ['a,blocksize=4k', /'4k'/, /512, 1024, 2048 or 4096/],
    ['a,blocksize=0x200', /'0x200'/, /512, 1024, 2048 or 4096/],
    ['a,serial=', /''/, /1 to 63 letters/],
    ['a,serial=a;b', /'a;b'/, /1 to 63 letters/],
    [`a,serial=${'s'.repeat(64)}`, /'s{64}'/, /1 to 63 letters/],
    ['a,constructor', /'constructor' is no disk option/, /expected size=, blocksize=/],
    ['a,__proto__=1', /'__proto__=1' is no disk option/, /expected size=, blocksize=/],
    ['a,Size=1G', /'Size=1G' is no disk option/, /./],
    ['ram:', /''/, /expected a whole number/],
    ['ram:0', /'0'/, /at least 1 byte/],
    ['ram:1G,size=2G', /size is given twice/, /./],
    ['null:513', /513/, /multiple of the block size 512/],
  ] as [string, RegExp, RegExp][])
    it(`cannot be '${text.length > 60 ? `${text.slice(0, 60)}...` : text}'`, () =>
      refused(() => parseDisk(text), seen, expected));

  it('is a DiskSpec or a DiskError, whatever is written', () =>
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.string(),
            fc.constantFrom(
              'ram:1M',
              'a',
              'ro',
              'size=',
              'blocksize=512',
              'serial=x',
              'removable',
              '__proto__',
            ),
          ),
        ),
        (parts) => {
          try {
            const { size, blockSize } = parseDisk(parts.join(','));
            return size % blockSize === 0;
          } catch (error) {
            return error instanceof DiskError;
          }
        },
      ),
    ));
});

describe('preparing a disk', () => {
  let folder: string;
  const path = (name: string) => join(folder, name);
  const prepare = (text: string, size?: number) => prepareDisk(parseDisk(text), size);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ring3-disk-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('makes a missing file, sparse, for its owner alone', () => {
    const disk = prepare(`${path('a')},size=64M`);
    const { size, blocks, mode } = statSync(path('a'));
    assert.deepEqual([size, blocks, mode & 0o777], [64 << 20, 0, 0o600]);
    assert.deepEqual(disk, {
      label: path('a'),
      handler: 'vdisk_fileio',
      params: `filename=${path('a')}; blocksize=512`,
    });
  });

  it('gives a missing or an empty file the default size', () => {
    prepare(path('a'), 1 << 20);
    writeFileSync(path('b'), '');
    prepare(path('b'), 1 << 20);
    assert.deepEqual([statSync(path('a')).size, statSync(path('b')).size], [1 << 20, 1 << 20]);
  });

  it('leaves what is in a file alone', () => {
    writeFileSync(path('a'), 'x'.repeat(1024));
    prepare(path('a'), 1 << 20);
    prepare(`${path('a')},size=1K`);
    assert.equal(statSync(path('a')).size, 1024);
  });

  it('tells the kernel side every option', () => {
    writeFileSync(path('a'), 'x'.repeat(4096));
    assert.equal(
      prepare(`${path('a')},ro,blocksize=4096,serial=S1,removable,sanitize-rate=1M,wsnz=0`).params,
      `filename=${path('a')}; read_only=1; removable=1; sanitize_rate=1048576; wsnz=0; blocksize=4096; usn=S1`,
    );
    assert.deepEqual(prepare('ram:1M,wsnz=1'), {
      label: 'ram:1M',
      handler: 'vdisk_ram',
      params: 'size=1048576; blocksize=512',
    });
    assert.equal(prepare('null:1T').handler, 'vdisk_nullio');
  });

  it('refuses a missing file without a size', () =>
    refused(() => prepare(path('a')), /a does not exist; add its size: .*a,size=10G/));
  it('refuses a missing file read-only, and makes none', () => {
    refused(() => prepare(`${path('a')},ro,size=1M`), /does not exist; leave ro out/);
    assert.ok(!existsSync(path('a')));
  });
  it('refuses a missing folder', () =>
    refused(() => prepare(`${path('no/a')},size=1M`), /cannot be created: ENOENT/));
  it('refuses a folder', () => refused(() => prepare(folder), /is neither a file nor a block device/));
  it('refuses a character device', () =>
    refused(() => prepare('/dev/null'), /is neither a file nor a block/));
  it('refuses a path through a file', () => {
    writeFileSync(path('a'), 'x');
    refused(() => prepare(`${path('a')}/b,size=1M`), /ENOTDIR/);
  });
  it('refuses links in a circle', () => {
    symlinkSync(path('b'), path('a'));
    symlinkSync(path('a'), path('b'));
    refused(() => prepare(`${path('a')},size=1M`), /ELOOP/);
  });
  it('refuses another size than a file has', () => {
    writeFileSync(path('a'), 'x'.repeat(1024));
    refused(
      () => prepare(`${path('a')},size=2K`),
      /has 1K already, not 2K/,
      /leave size= out, or: truncate -s 2K/,
    );
  });
  it('refuses a file smaller than a block', () => {
    writeFileSync(path('a'), 'x'.repeat(1024));
    refused(() => prepare(`${path('a')},blocksize=4096`), /has 1024 bytes, at least one block of 4096/);
  });
  it('refuses a size that no file can have, and leaves none behind', () => {
    refused(() => prepare(`${path('a')},size=7P`), /cannot have 7P: EFBIG/);
    assert.ok(!existsSync(path('a')));
  });
  it('refuses a default size that is no multiple of the block size', () =>
    refused(() => prepare(`${path('a')},blocksize=4096`, 512), /size is 512, should be a multiple.* 4096/));

  it('refuses what may not be written, and says how it may be served', function () {
    if (process.getuid?.() === 0) this.skip(); // root may write anything
    writeFileSync(path('a'), 'x'.repeat(1024));
    chmodSync(path('a'), 0o400);
    refused(() => prepare(path('a')), /cannot be written \(EACCES\); serve it read-only: .*a,ro/);
    assert.match(prepare(`${path('a')},ro`).params, /read_only=1/);
  });

  it('takes a link to a file', () => {
    mkdirSync(path('d'));
    writeFileSync(path('d/a'), 'x'.repeat(1024));
    symlinkSync(path('d/a'), path('b'));
    assert.equal(prepare(path('b')).params, `filename=${path('b')}; blocksize=512`);
  });
});
