import { FakeWorld } from '@bakehouse/fakes';
import { expect, test } from 'vitest';
import { publishImage } from './simulated-platform.ts';
import { forbiddenTransitions, watchTransitions } from './watched-transitions.ts';

test('a change against the state tables goes through, and is noted', async () => {
  const world = new FakeWorld({ seed: 'transitions' });
  const image = await publishImage(
    world,
    (await world.builder.bake({ recipe: 'bakehouse-linux' })).source,
  );
  const store = watchTransitions(world, world.metadata);
  await store.write((tx) => tx.put('image', { ...image, description: 'the same state' }));
  expect(forbiddenTransitions(world).size).toBe(0);
  await store.write((tx) => tx.put('image', { ...image, state: 'pending' }));
  await store.write((tx) => tx.put('image', image));
  expect(await store.read((tx) => tx.get('image', image.id))).toEqual(image);
  expect([...forbiddenTransitions(world)]).toEqual([
    expect.stringMatching(/^image .*"available".* becomes .*"pending"/),
  ]);
});
