import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KeyPair, MetadataStore, Snapshot } from '@bakehouse/domain';
import { openSqliteMetadataStore } from '../src/index.ts';

/** Prints the store's speed on this machine: `node packages/metadata-sqlite/bench/measure-store.ts [COUNT]`. */
const count = Number(process.argv[2] ?? 100_000);
const owner = '123456789012';
const hex = (index: number) => index.toString(16).padStart(17, '0');

function aSnapshot(index: number): Snapshot {
  return {
    id: `snap-${hex((index * 2_654_435_761) % 2 ** 40)}`,
    ownerId: owner,
    region: index % 2 ? 'us-west-2' : 'us-east-1',
    tags: { Name: `s-${index}`, team: `t${index % 500}`, env: index % 4 ? 'dev' : 'prod' },
    createdAt: index,
    volumeId: `vol-${hex(index % 5_000)}`,
    sizeGiB: 8,
    description: '',
    state: index % 1_000 ? 'completed' : 'pending',
    progressPercent: 100,
    startedAt: index,
    origin: { kind: 'capture' },
    mapId: `map-${hex(index)}`,
    createVolumePermissions: { everyone: false, accountIds: [] },
  };
}

async function fill(store: MetadataStore): Promise<void> {
  for (let from = 0; from < count; from += 1_000) {
    await store.write(async (tx) => {
      for (let index = from; index < from + 1_000; index += 1) {
        await tx.put('snapshot', aSnapshot(index));
      }
    });
  }
}

async function timeList(name: string, list: () => Promise<readonly unknown[]>): Promise<void> {
  const times: number[] = [];
  let rows = 0;
  for (let run = 0; run < 41; run += 1) {
    const startedAt = performance.now();
    rows = (await list()).length;
    times.push(performance.now() - startedAt);
  }
  const first = times[0] ?? 0;
  const median = times.sort((a, b) => a - b)[20] ?? 0;
  console.log(
    `${name}: first ${first.toFixed(1)} ms, median ${median.toFixed(2)} ms, ${rows} rows`,
  );
}

async function perSecond(
  callers: number,
  call: (index: number) => Promise<unknown>,
): Promise<string> {
  const startedAt = performance.now();
  let calls = 0;
  const caller = async () => {
    while (performance.now() - startedAt < 2_000) await call(calls++);
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return ((calls / (performance.now() - startedAt)) * 1_000).toFixed(0);
}

const aKeyPair = (index: number): KeyPair => ({
  id: `key-${hex(index % 1_000)}`,
  ownerId: owner,
  region: 'us-east-1',
  tags: { run: `${index}` },
  createdAt: index,
  name: `k-${index % 1_000}`,
  keyType: 'ed25519',
  fingerprint: '',
  publicKey: '',
});

const folder = await mkdtemp(join(tmpdir(), 'bakehouse-bench-'));
const path = join(folder, 'metadata.sqlite');
const filled = await openSqliteMetadataStore({ path });
const startedAt = performance.now();
await fill(filled);
await filled.close();
console.log(`${count} snapshots written in ${(performance.now() - startedAt).toFixed(0)} ms`);

const store = await openSqliteMetadataStore({ path });
const lists = {
  'owner and state': { owner: [owner], state: ['pending'] },
  'owner and tag': { owner: [owner], tag: ['team=t42'] },
  volume: { volume: [`vol-${hex(8)}`] },
  'owner, half of all': { owner: [owner] },
  'owner and tag, a quarter of all': { owner: [owner], tag: ['env=prod'] },
} as const;
for (const [name, where] of Object.entries(lists)) {
  const query = { region: 'us-east-1', where };
  await timeList(name, () => store.read((tx) => tx.list('snapshot', query)));
}
const gets = await perSecond(32, (index) =>
  store.read(async (tx) => {
    await tx.get('accessKey', 'none');
    return tx.get('snapshot', aSnapshot(index % count).id);
  }),
);
console.log(`reads of a key and a record, 32 callers: ${gets}/s`);
for (const callers of [1, 32]) {
  const writes = await perSecond(callers, (index) =>
    store.write((tx) => tx.put('keyPair', aKeyPair(index))),
  );
  console.log(`durable writes, ${callers} callers: ${writes}/s`);
}
console.log(`resident: ${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB`);
await store.close();
await rm(folder, { recursive: true });
