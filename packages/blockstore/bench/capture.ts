/**
 * First and incremental captures against qemu-img on the same disk in the same run:
 *   node packages/blockstore/bench/capture.ts [--image FILE] [--rounds N] [--folder DIR]
 * Without an image, an ext4 one of 8 GiB is filled with some 600 MB from /usr.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { GiB, MiB, silentLogger } from '@bakehouse/base';
import type { BlockSource, ByteRange } from '@bakehouse/domain';
import { openBlockStore } from '../src/open-block-store.ts';

const { values } = parseArgs({
  options: {
    image: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    folder: { type: 'string', default: join(tmpdir(), 'blockstore-bench') },
  },
});
const { folder } = values;
mkdirSync(folder, { recursive: true });
const image = values.image ?? makeImage(join(folder, 'disk.raw'));
const times = new Map<string, number[]>();

for (let round = 0; round < Number(values.rounds); round += 1) {
  await timed('qemu-img convert', async () => convert(image, join(folder, 'out.qcow2')));
  await measureStore(join(folder, 'store'));
}
report();
rmSync(folder, { recursive: true });

function makeImage(path: string): string {
  if (existsSync(path)) return path;
  const stage = join(folder, 'stage');
  mkdirSync(stage, { recursive: true });
  let copiedBytes = 0;
  for (const from of globSync('/usr/{bin,lib/*,share/*}')) {
    const bytes = Number(execFileSync('du', ['-sb', from]).toString().split('\t')[0]);
    if (bytes > 500 * MiB || copiedBytes + bytes > 560 * MiB) continue;
    mkdirSync(join(stage, dirname(from)), { recursive: true });
    execFileSync('cp', ['-a', from, join(stage, dirname(from))]);
    copiedBytes += bytes;
  }
  execFileSync('truncate', ['-s', String(8 * GiB), path]);
  execFileSync('mke2fs', ['-q', '-t', 'ext4', '-d', stage, path]);
  rmSync(stage, { recursive: true });
  return path;
}

function convert(from: string, to: string): void {
  const options = ['-c', '-O', 'qcow2', '-o', 'compression_type=zstd', '-m', '8', '-W'];
  execFileSync('qemu-img', ['convert', ...options, from, to]);
}

async function measureStore(directory: string): Promise<void> {
  rmSync(directory, { recursive: true, force: true });
  let changed: ByteRange[] = [];
  await using engine = await openBlockStore({
    directory,
    logger: silentLogger,
    openSource: () => openImage(image, () => changed),
  });
  const nbd = { kind: 'nbd', socketPath: '', exportName: '', changedContext: '' } as const;
  const file = { kind: 'file', path: image } as const;
  await timed('first capture', () => engine.capture({ mapId: 'map-first', source: file }));
  await timed('the same again', () => engine.capture({ mapId: 'map-again', source: file }));
  changed = Array.from({ length: 10 }, (_, at) => ({
    offset: at * 700 * MiB,
    lengthBytes: 1 * MiB,
  }));
  await timed('10 MiB changed', () =>
    engine.capture({ mapId: 'map-changed', source: nbd, baseMapId: 'map-first' }),
  );
  changed = [];
  await timed('nothing changed', () =>
    engine.capture({ mapId: 'map-same', source: nbd, baseMapId: 'map-first' }),
  );
  await timed('verify', () => engine.verify());
}

/** The image with every changed byte one more than it was. */
async function openImage(path: string, changed: () => readonly ByteRange[]): Promise<BlockSource> {
  const file = await open(path);
  return {
    sizeBytes: statSync(path).size,
    async *changedRanges() {
      yield* changed();
    },
    async read(offset, lengthBytes) {
      const { buffer } = await file.read(Buffer.alloc(lengthBytes), 0, lengthBytes, offset);
      return buffer.map((byte) => (byte + 1) & 0xff);
    },
    close: () => file.close(),
  };
}

async function timed(name: string, work: () => Promise<unknown>): Promise<void> {
  const startedAt = performance.now();
  await work();
  times.set(name, [...(times.get(name) ?? []), performance.now() - startedAt]);
}

function report(): void {
  const median = (of: readonly number[]) => of.toSorted((a, b) => a - b)[of.length >> 1] ?? 0;
  const reference = median(times.get('qemu-img convert') ?? []);
  const dataMB = Math.round((statSync(image).blocks * 512) / 1e6);
  console.log(`${dataMB} MB of data in a disk of ${statSync(image).size / GiB} GiB; medians`);
  console.table(
    [...times].map(([what, of]) => ({
      what,
      ms: Math.round(median(of)),
      'of qemu-img': (median(of) / reference).toFixed(2),
      runs: of.map((each) => Math.round(each)).join(' '),
    })),
  );
}
