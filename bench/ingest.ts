import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { MiB, silentLogger } from '@bakehouse/base';
import { type BlockStore, openBlockStore } from '@bakehouse/blockstore';
import { allocatedBytes, makeDiskImage } from './disk-image.ts';
import { median, type Row, verdict } from './row.ts';

const run = promisify(execFile);
const rounds = 3;
const imageGiB = 1;
const zerosMiB = 512;
const grownMiB = [32, 128, 512] as const;
const goals = { newMiB: 250, knownMiB: 1500e6 / MiB };

/** CPU seconds, of all threads. */
async function cpuOf(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** CPU seconds of a command. POSIX: `times` prints the shell's own times, then those of its children. */
async function cpuOfCommand(...command: readonly string[]): Promise<number> {
  const { stdout } = await run('sh', ['-c', '"$@" >/dev/null; times', 'sh', ...command]);
  const parts =
    stdout
      .trim()
      .split('\n')
      .at(-1)
      ?.matchAll(/(\d+)m([\d.]+)s/g) ?? [];
  return [...parts].reduce(
    (sum, [, minutes, rest]) => sum + Number(minutes) * 60 + Number(rest),
    0,
  );
}

const convert = (from: string, to: string) =>
  cpuOfCommand(
    'qemu-img',
    'convert',
    ...['-f', 'raw', '-O', 'qcow2', '-c', '-o', 'compression_type=zstd', '-m', '8', '-W'],
    from,
    to,
  );

/** As many bytes, in whole blocks, with this content. */
async function writeFile(path: string, countMiB: number, content: () => string | Buffer) {
  await using file = await open(path, 'w');
  for (let index = 0; index < countMiB; index += 1) await file.writeFile(content());
}

let taken = 0;
function capture(store: BlockStore, path: string): Promise<unknown> {
  taken += 1;
  const mapId = `map-${taken.toString(16).padStart(17, '0')}` as const;
  return store.capture({ mapId, source: { kind: 'file', path } });
}

interface Figures {
  readonly ours: number[];
  readonly theirs: number[];
}

const rateOf = (countMiB: number, cpuSeconds: readonly number[]) => countMiB / median(cpuSeconds);

function row(
  what: string,
  figures: Figures & { readonly countMiB: number; readonly rival: string; readonly goal: number },
): Row {
  const { ours, theirs, countMiB, rival, goal } = figures;
  const rate = rateOf(countMiB, ours);
  const rivalRate = rateOf(countMiB, theirs);
  return {
    what: `j) ingest, ${what}: MiB for each second of CPU`,
    measured: `${Math.round(rate)} (${(rate / rivalRate).toFixed(2)} of ${rival}'s ${Math.round(rivalRate)})`,
    against: `≥ ${Math.round(goal)}`,
    verdict: verdict(rate >= goal),
    note: `${Math.round(countMiB)} MiB in the page cache; CPU of all threads; medians of ${rounds}`,
  };
}

/** How the cost of new data, which packs to half, grows with their size. */
async function growth(folder: string): Promise<Row> {
  const perMiB: string[] = [];
  const path = join(folder, 'grown');
  for (const countMiB of grownMiB) {
    await writeFile(path, countMiB, () => randomBytes(MiB / 2).toString('hex'));
    const times: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      const directory = join(folder, 'grown-store');
      await using store = await openBlockStore({ directory, logger: silentLogger });
      times.push(await cpuOf(() => capture(store, path)));
      await rm(directory, { recursive: true });
    }
    perMiB.push(((1000 * median(times)) / countMiB).toFixed(2));
  }
  return {
    what: `j) ingest, new data of ${grownMiB.join(', ')} MiB: ms of CPU for each MiB`,
    measured: perMiB.join(', '),
    against: '',
    verdict: 'no goal',
    note: 'content that packs to half; a store of its own each time, coder threads started in it',
  };
}

/** j) What a byte costs the block store that it has never seen, that it has, and that is zero. In CPU time, which other work on the machine disturbs less. */
export async function ingest(): Promise<readonly Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-bench-'));
  const image = await makeDiskImage(folder, imageGiB);
  const [zeros, copy, directory] = [
    join(folder, 'zeros'),
    join(folder, 'out'),
    join(folder, 'store'),
  ];
  await writeFile(zeros, zerosMiB, () => Buffer.alloc(MiB));
  const fresh: Figures = { ours: [], theirs: [] };
  const known: Figures = { ours: [], theirs: [] };
  const empty: Figures = { ours: [], theirs: [] };
  for (let round = 0; round < rounds; round += 1) {
    await using store = await openBlockStore({ directory, logger: silentLogger });
    fresh.theirs.push(await convert(image, copy));
    fresh.ours.push(await cpuOf(() => capture(store, image)));
    known.theirs.push(await cpuOfCommand('sha256sum', image));
    known.ours.push(await cpuOf(() => capture(store, image)));
    empty.theirs.push(await convert(zeros, copy));
    empty.ours.push(await cpuOf(() => capture(store, zeros)));
    await rm(directory, { recursive: true });
  }
  const countMiB = (await allocatedBytes(image)) / MiB;
  // sha256sum reads the holes of the image, too.
  const hashed = {
    ...known,
    theirs: known.theirs.map((each) => (each * countMiB) / (imageGiB * 1024)),
  };
  const grown = await growth(folder);
  await rm(folder, { recursive: true });
  const rivals = { convert: 'qemu-img convert (zstd)', hash: 'sha256sum' };
  return [
    row('new data', { ...fresh, countMiB, rival: rivals.convert, goal: goals.newMiB }),
    row('known data', { ...hashed, countMiB, rival: rivals.hash, goal: goals.knownMiB }),
    row('zeros', { ...empty, countMiB: zerosMiB, rival: rivals.convert, goal: goals.knownMiB }),
    grown,
  ];
}
