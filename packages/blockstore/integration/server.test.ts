import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock } from '@bakehouse/base';
import type { BlockSource } from '@bakehouse/domain';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { blockSizeBytes } from '../src/format/block-size.ts';
import { GuestReads } from '../src/guest-reads/guest-reads.ts';
import { openBlockStore } from '../src/open-block-store.ts';
import { type BlockStoreClient, connectBlockStore } from '../src/rpc/connect-block-store.ts';
import { serveBlockStore } from '../src/rpc/serve-block-store.ts';
import { StoreFullError } from '../src/store-errors.ts';
import { bytesSource } from './support/bytes-source.ts';

let folder = '';
let socketPath = '';
let stop: AsyncDisposableStack;
let client: BlockStoreClient;
let source: BlockSource;
const address = { kind: 'nbd' as const, socketPath: '', exportName: '', changedContext: '' };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'blockstore-server-'));
  socketPath = join(folder, 'store.sock');
  source = bytesSource(randomBytes(6 * blockSizeBytes));
  stop = new AsyncDisposableStack();
  stop.defer(() => rm(folder, { recursive: true }));
  const store = stop.use(
    await openBlockStore({
      directory: join(folder, 'store'),
      logger: silentLogger,
      openSource: async () => source,
    }),
  );
  const server = await serveBlockStore({
    store: store,
    reads: new GuestReads({ orders: store.orders, clock: systemClock }),
    socketPath,
    build: 'b',
    logger: silentLogger,
  });
  stop.defer(() => server.close());
  client = connectBlockStore({ socketPath });
});

afterEach(() => stop.disposeAsync());

test('the client is a store: capture with progress, find, list, usage, verify, prune', async () => {
  expect(await client.hello()).toEqual({ pid: process.pid, build: 'b' });
  expect((await stat(socketPath)).mode & 0o777).toBe(0o600);
  const progress: number[] = [];
  const summary = await client.capture(
    { mapId: 'map-1', source: address },
    { onProgress: ({ doneBytes }) => progress.push(doneBytes) },
  );
  expect(summary).toMatchObject({ blockCount: 6, sizeBytes: 6 * blockSizeBytes });
  expect(progress.at(-1)).toBe(6 * blockSizeBytes);
  expect(await client.find('map-1')).toEqual(summary);
  expect(await client.find('map-2')).toBeUndefined();
  expect(await client.list()).toEqual(['map-1']);
  expect((await client.usage()).maps).toHaveLength(1);
  expect(await client.verify()).toEqual({ checkedChunks: 6, checkedMaps: 1, problems: [] });
  expect(await client.prune(new Set(['map-1']))).toMatchObject({
    removedMaps: 1,
    removedChunks: 6,
  });
});

test('errors keep their class on the way', async () => {
  source = {
    ...source,
    read: () => Promise.reject(new StoreFullError('/somewhere')),
  };
  const error = await client.capture({ mapId: 'map-1', source: address }).catch((each) => each);
  expect(error).toBeInstanceOf(StoreFullError);
  expect(error).toMatchObject({ path: '/somewhere' });
});

test('aborting a call aborts the capture in the server', async () => {
  const abort = new AbortController();
  const closed = vi.fn();
  source = {
    ...source,
    read: () => {
      abort.abort(new Error('enough'));
      return new Promise(() => {});
    },
    close: async () => closed(),
  };
  await expect(
    client.capture({ mapId: 'map-1', source: address }, { signal: abort.signal }),
  ).rejects.toThrow('enough');
  await vi.waitFor(() => expect(closed).toHaveBeenCalled());
  source = bytesSource(randomBytes(blockSizeBytes));
  expect((await client.capture({ mapId: 'map-1', source: address })).blockCount).toBe(1);
});

test('a server that is missing or silent is reported as that', async () => {
  const nobody = connectBlockStore({ socketPath: join(folder, 'nobody.sock') });
  await expect(nobody.hello()).rejects.toMatchObject({ name: 'BlockStoreUnreachableError' });
  const silentPath = join(folder, 'silent.sock');
  const silent = createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(silentPath, resolve));
  stop.defer(() => void silent.close());
  const patient = connectBlockStore({ socketPath: silentPath, silenceMsMax: 50 });
  await expect(patient.hello()).rejects.toThrow('it was silent for 50 ms');
});
