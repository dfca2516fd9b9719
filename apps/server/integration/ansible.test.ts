import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openScene, runStory, type Scene } from './client-story.ts';
import { nothing } from './inventory.ts';

const ansible = '/usr/bin/ansible-playbook';

/** For hangs: Ansible starts a Python that loads boto3 for each task. */
const limitMs = 600_000;

const env = {
  ANSIBLE_PIPELINING: '1',
  ANSIBLE_PYTHON_INTERPRETER: '/usr/bin/python3',
  ANSIBLE_STDOUT_CALLBACK: 'json',
  ANSIBLE_LOCALHOST_WARNING: 'false',
  ANSIBLE_INVENTORY_UNPARSED_WARNING: 'false',
  LC_ALL: 'C.UTF-8',
};

/** The names of the tasks that changed something. */
async function play(scene: Scene, playbook: string): Promise<string[]> {
  const settings = {
    endpoint: scene.server.url,
    public_key: scene.publicKeyPath,
    made: join(scene.folder, 'made.json'),
  };
  const command = [ansible, `ansible/${playbook}`, '-e', JSON.stringify(settings)] as const;
  const { plays } = JSON.parse(await runStory(scene, command, { env, limitMs })) as {
    plays: { tasks: { task: { name: string }; hosts: { localhost: { changed?: boolean } } }[] }[];
  };
  const tasks = plays.flatMap((each) => each.tasks);
  return tasks.filter(({ hosts }) => hosts.localhost.changed).map(({ task }) => task.name);
}

/** `npm test` does not install Ansible: 290 MB, one to two minutes. docs/testing.md says how to have it. */
test.skipIf(!existsSync(ansible))(
  'Ansible, where it is installed',
  { timeout: limitMs },
  async () => {
    const scene = await openScene();
    expect(await play(scene, 'make.yml')).toEqual([
      'Key',
      'Security group',
      'Instance',
      'Volume',
      'Snapshot, unless there is a recent one',
      'Image of the instance',
      'Image of the snapshot',
      'Launch permissions, description and tags of the image',
      'Tag of the instance',
      'What was made',
    ]);
    const made = await scene.inventory();
    expect(made).toEqual({
      images: [
        'ansible-story-registered; available; /dev/xvda 3 GiB gp3; made-by=ansible-story',
        'ansible-story; changed by Ansible; available; /dev/xvda 10 GiB gp3; for 111122223333, for all; made-by=ansible-story, stage=changed',
      ],
      instances: [
        't3.micro; running; key ansible-story; in ansible-story; /dev/sdf, /dev/xvda; Name=ansible-story, made-by=ansible-story, stage=imaged',
      ],
      volumes: [
        '10 GiB gp3; in-use; /dev/xvda; Name=ansible-story, made-by=ansible-story',
        '2 GiB gp3; in-use; /dev/sdf; Name=ansible-story-data, made-by=ansible-story',
      ],
      snapshots: [
        '10 GiB; completed; Created by CreateImage(i-…) for ami-…; made-by=ansible-story',
        '2 GiB; completed; ansible-story; Name=ansible-story-data, made-by=ansible-story',
      ],
      keys: ['ansible-story; made-by=ansible-story'],
      groups: [
        'ansible-story; from 127.0.0.0/8 icmp 8--1, 127.0.0.1/32 tcp 22-22, 127.0.0.1/32 tcp 8000-8010, self all; to 127.0.0.0/8 udp 53-53; made-by=ansible-story',
      ],
    });

    expect(await play(scene, 'make.yml')).toEqual([]);
    expect(await scene.inventory()).toEqual(made);

    expect(await play(scene, 'remove.yml')).toEqual([
      'Images, with the snapshots that were taken for them',
      'Snapshot',
      'Instance',
      'Security group',
      'Key',
    ]);
    expect(await scene.inventory()).toEqual(nothing);
  },
);
