// SPDX-License-Identifier: MIT
/** Keeps buffers of a cache from two places, of which growers.test.ts finds the lines. */
import { BufferCache } from '../../../shim/index.js';

const cache = new BufferCache('leaky', 4096);
const kept: unknown[] = [];

function keepFew() {
  kept.push(cache.alloc()); // few
}

const keepMany = () => {
  for (let i = 0; i < 100; i++) kept.push(cache.alloc({ zeroed: true })); // many
};

process.on('SIGUSR2', () => {
  for (let i = 0; i < 9; i++) keepFew();
  process.stdout.write(`kept ${kept.length}\n`);
});
keepMany();
process.stdout.write('ready\n');
setInterval(() => {}, 1000);
