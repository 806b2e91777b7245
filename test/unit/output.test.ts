// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { Output } from '../../scripts/output.js';

/** A reader that takes nothing until it is told to. */
function slowReader() {
  let taken = '';
  let reads = false;
  let waiting: (() => void) | undefined;
  const stream = new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      taken += chunk;
      if (reads) done();
      else waiting = done;
    },
  });
  return {
    stream,
    taken: () => taken,
    read: () => {
      reads = true;
      waiting?.();
    },
  };
}

describe('output', () => {
  it('keeps 1 MiB for a slow reader, drops the rest, and says how much', async () => {
    const reader = slowReader();
    const output = new Output(reader.stream, (count) => `lost ${count}\n`);
    const line = `${'x'.repeat(1023)}\n`;
    const written = Array.from({ length: 1100 }, () => output.write(line)).filter(Boolean).length;
    assert.equal(written, 1025);
    assert.ok(reader.stream.writableLength <= (1 << 20) + 1024);
    reader.read();
    await output.flush(1000);
    assert.ok(output.write('again\n'));
    await output.flush(1000);
    assert.equal(reader.taken(), `${line.repeat(1025)}lost 75\nagain\n`);
  });
  it('does not wait for ever for who never reads', async () => {
    const reader = slowReader();
    const output = new Output(reader.stream, String);
    output.write('a');
    await output.flush(30);
    assert.equal(reader.taken(), 'a', 'it was offered');
  });
  it('goes on when who reads has left', async () => {
    const stream = new Writable({ write: (_chunk, _encoding, done) => done(new Error('EPIPE')) });
    const output = new Output(stream, String);
    output.write('a');
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(output.write('b'), false);
    await output.flush(1000);
  });
});
