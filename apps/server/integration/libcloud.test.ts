import { expect, test } from 'vitest';
import { openScene, runStory } from './client-story.ts';
import { nothing } from './inventory.ts';

/** libcloud's own choice for us-east-1 is Signature Version 2, which a server accepts only without verification. */
const ways = [
  ['Signature Version 4, verified', 'strict', { SIGNATURE: '4' }],
  ['its default, Signature Version 2, accepted without verification', 'open', {}],
] as const;

test.each(ways)('libcloud with %s', async (_, auth, env) => {
  const scene = await openScene('--auth', auth);
  const step = (name: string, input = '') =>
    runStory(scene, ['/usr/bin/python3', 'libcloud-story.py', name], { env, input });

  const made = await step('make');
  expect(await scene.inventory()).toEqual({
    images: [
      'libcloud-story-registered; registered by libcloud; available; /dev/xvda 9 GiB gp2',
      'libcloud-story; changed by libcloud; available; /dev/sdg 1 GiB gp2, /dev/sdh ephemeral0, /dev/xvda 10 GiB gp3; for 111122223333, for all; Name=libcloud-story',
    ],
    instances: [
      't3.micro; running; key libcloud-story; in libcloud-story; /dev/xvda; Name=libcloud-story, role=builder',
      't3.small; running; key libcloud-story-imported; in libcloud-story; /dev/xvda; Name=libcloud-story-2, kept=, role=spare',
    ],
    volumes: [
      '10 GiB gp3; in-use; /dev/xvda',
      '8 GiB gp3; available; Name=libcloud-story-data',
      '8 GiB standard; available; Name=libcloud-story-copy',
      '8 GiB standard; in-use; /dev/xvda',
    ],
    snapshots: [
      '10 GiB; completed; Created by CreateImage(i-…) for ami-…',
      '8 GiB; completed; libcloud-story-data; for 111122223333; Name=libcloud-story-data, role=data',
    ],
    keys: ['libcloud-story', 'libcloud-story-imported'],
    groups: [
      'libcloud-story; from 127.0.0.1/32 tcp 22-22, 127.0.0.2/32 tcp 22-22, self tcp 0-65535; to 0.0.0.0/0 all, 127.0.0.0/8 udp 53-53',
    ],
  });

  await step('remove', made);
  expect(await scene.inventory()).toEqual(nothing);
});
