import { silentLogger } from '@bakehouse/base';
import type { HostId, VolumeId } from '@bakehouse/domain';
import { ManualClock, MemoryMetadataStore, settle } from '@bakehouse/fakes';
import { aHostId, aVolume } from '@bakehouse/testkit';
import { expect, test } from 'vitest';
import { createHydrator } from './hydrator.ts';

const [a, b, c] = ['vol-a', 'vol-b', 'vol-c'] as unknown as [VolumeId, VolumeId, VolumeId];

function bench() {
  const clock = new ManualClock();
  const metadata = new MemoryMetadataStore();
  const log: string[] = [];
  const ends = new Map<VolumeId, (outcome: 'over' | 'later' | Error) => void>();
  const hydrator = createHydrator({
    metadata,
    clock,
    logger: silentLogger,
    isHere: ({ hostId }) => hostId === aHostId,
    fill(volumeId, signal) {
      log.push(`fill ${volumeId}`);
      const { promise, resolve, reject } = Promise.withResolvers<'over' | 'later'>();
      ends.set(volumeId, (outcome) =>
        outcome instanceof Error ? reject(outcome) : resolve(outcome),
      );
      signal.addEventListener('abort', () => resolve('later'));
      return promise;
    },
    async end(volumeId) {
      log.push(`end ${volumeId}`);
    },
  });
  return { clock, metadata, hydrator, log, end: (id: VolumeId) => ends.get(id) ?? (() => {}) };
}

test('two volumes are filled at a time, and the next when one of them is over', async () => {
  const { hydrator, log, end } = bench();
  for (const id of [a, b, c, a]) hydrator.wake(id);
  expect(log).toEqual(['fill vol-a', 'fill vol-b']);
  end(b)('over');
  await settle();
  expect(log.slice(2)).toEqual(['fill vol-c']);
  end(a)('over');
  end(c)('over');
  await settle();
  hydrator.wake(b);
  expect(log.slice(3)).toEqual(['fill vol-b']);
});

test('work in its lanes interrupts it, and it goes on when all of them are free', async () => {
  const { hydrator, log } = bench();
  hydrator.wake(a);
  await hydrator.take(['i-1', a]);
  expect(log).toEqual(['fill vol-a', 'end vol-a']);
  const second = hydrator.take([a, a]);
  hydrator.free(['i-1', a]);
  await second;
  hydrator.wake(a);
  await settle();
  expect(log.slice(2)).toEqual(['end vol-a']);
  hydrator.free([a, a]);
  expect(log.slice(3)).toEqual(['fill vol-a']);
});

test('what is woken under work waits for its end', async () => {
  const { hydrator, log } = bench();
  await hydrator.take([a]);
  hydrator.wake(a);
  expect(log).toEqual([]);
  hydrator.free([a]);
  expect(log).toEqual(['fill vol-a']);
});

test('what did not come to its end, or failed, is tried again after a while', async () => {
  const { hydrator, log, clock, end } = bench();
  hydrator.wake(a);
  end(a)('later');
  await settle();
  expect(log).toHaveLength(1);
  await clock.advance(30_000);
  await settle();
  expect(log).toHaveLength(2);
  end(a)(new Error('injected'));
  await settle();
  await clock.advance(30_000);
  await settle();
  expect(log).toHaveLength(3);
});

test('the next control plane goes on with what the records of its host ask for, but not under work', async () => {
  const { hydrator, log, metadata } = bench();
  const volume = (id: VolumeId, state: 'initializing' | 'completed', hostId: HostId = aHostId) =>
    aVolume({ id, hostId, initialization: { state, startedAt: 0, progressPercent: 0 } });
  await metadata.write(async (tx) => {
    await tx.put('volume', volume(a, 'initializing'));
    await tx.put('volume', volume(b, 'completed'));
    await tx.put('volume', volume(c, 'initializing'));
    await tx.put('volume', volume('vol-d', 'initializing', 'host-0bbbbbbbbbbbbbbb1'));
  });
  await hydrator.find();
  await hydrator.take([c]);
  hydrator.resume();
  expect(log).toEqual(['end vol-c', 'fill vol-a']);
  await hydrator.stop();
  hydrator.free([c]);
  expect(log).toHaveLength(2);
});
