import { aVolume } from '@bakehouse/testkit';
import { expect, test } from 'vitest';
import { testPlane } from '../testing/test-plane.ts';
import { hydrate } from './hydrate.ts';

test.each(['error', 'deleting'] as const)(
  'the wait for a volume ends when it is %s',
  async (state) => {
    const { plane, scope, metadata, clock } = await testPlane();
    const volume = aVolume({ state: 'creating', originMapId: 'map-0123456789abcdef0' });
    await metadata.write((tx) => tx.put('volume', volume));
    const context = plane.adminContext(scope, new AbortController().signal);
    const reported = Promise.withResolvers<unknown>();
    const hydration = hydrate(context, { volumeId: volume.id }, reported.resolve);
    const refusal = expect(hydration).rejects.toMatchObject({
      code: 'IncorrectState',
      message: `The volume '${volume.id}' is '${state}' and cannot be hydrated`,
    });
    expect(await reported.promise).toMatchObject({ state: 'initializing' });
    await metadata.write((tx) => tx.put('volume', { ...volume, state }));
    await clock.advance(1_000);
    await refusal;
  },
);
