import { expect, test } from 'vitest';
import { openScene, runStory } from './client-story.ts';
import { nothing } from './inventory.ts';

test('fog', async () => {
  const scene = await openScene();
  const step = (name: string, input = '') =>
    runStory(scene, ['/usr/bin/ruby', 'fog-story.rb', name], { input });

  const made = await step('make');
  expect(await scene.inventory()).toEqual({
    images: [
      'fog-story-registered; registered by fog; available; /dev/xvda 4 GiB gp2',
      'fog-story; made by fog; available; /dev/sdh ephemeral0, /dev/xvda 10 GiB gp3; for 111122223333; Name=fog-story',
    ],
    instances: [
      't3.micro; running; in default, fog-story; /dev/xvda',
      't3.micro; running; key fog-story; in fog-story; /dev/xvda; Name=fog-story, role=builder',
      't3.small; running; in default, fog-story; /dev/xvda; empty=, role=spare',
    ],
    volumes: [
      '10 GiB gp3; in-use; /dev/xvda; disk=root',
      '3 GiB gp2; available',
      '3 GiB gp3; available; Name=fog-story-data',
      '8 GiB standard; in-use; /dev/xvda',
      '8 GiB standard; in-use; /dev/xvda',
    ],
    snapshots: [
      '10 GiB; completed; Created by CreateImage(i-…) for ami-…',
      '3 GiB; completed; fog-story-data; for 111122223333; role=data',
    ],
    keys: ['fog-story', 'fog-story-imported'],
    groups: [
      'fog-story; from 127.0.0.1/32 tcp 22-22, self tcp 0-65535; to 0.0.0.0/0 all, 127.0.0.0/8 udp 53-53; role=ssh',
    ],
  });

  await step('remove', made);
  expect(await scene.inventory()).toEqual(nothing);
});
