import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { adminOf } from '../src/client/admin.ts';
import { findConnection } from '../src/client/connection.ts';
import { cleanEnvironment, type Platform, program, startPlatform } from './platform.ts';

/** Bakes by the simulated builder: each takes some seconds, and its disks have a few blocks. */
let platform: Platform;

beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(async () => {
  await platform?.[Symbol.asyncDispose]();
});

const stageNote = /^\w+ …$/;

async function json(...args: string[]) {
  const { code, stdout, stderr } = await platform.run(...args, '--json');
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return JSON.parse(stdout);
}

/** Starts a command and returns its output, line by line, and its end. */
function start(...args: string[]) {
  const child = spawn(program, args, {
    env: cleanEnvironment(platform.data),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  const stderr = createInterface(child.stderr)[Symbol.asyncIterator]();
  const stdout = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async (lines: typeof stdout) => String((await lines.next()).value);
  return { child, exited, nextNote: () => next(stderr), nextLine: () => next(stdout) };
}

const bakes = async () => (await json('bakes')).bakes;

test('a bake publishes an image, and is listed', async () => {
  const { code, stdout, stderr } = await platform.run('bake', 'bakehouse-linux');
  expect([code, stdout.split('\n')[0]]).toEqual([
    0,
    expect.stringMatching(/^published bakehouse-linux-x86_64-\d{14}$/),
  ]);
  expect(stderr.trim().split('\n').slice(-2)).toEqual(['pack …', 'store …']);
  const [bake] = await bakes();
  expect(bake).toMatchObject({
    recipe: 'bakehouse-linux',
    state: 'completed',
    isCancelling: false,
  });
  const images = await json('images');
  expect(images.map((image: { imageId: string }) => image.imageId)).toContain(
    bake.images.find(({ region }: { region: string }) => region === 'us-east-1').imageId,
  );
  const refused = await platform.run('bake', 'cake');
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('there are: ')]);
});

test('a bake goes on when its command is killed, and can be followed', async () => {
  const first = start('bake', '--json');
  expect(await first.nextNote()).toMatch(stageNote);
  first.child.kill('SIGKILL');
  await first.exited;
  const [{ bakeId }] = await bakes();
  const isoTime = expect.stringMatching(/^\d{4}-.*Z$/);
  const ended = { bakeId, state: 'completed', startedAt: isoTime, endedAt: isoTime };
  expect(await json('bakes', 'follow', bakeId)).toMatchObject(ended);
});

test('Ctrl-C ends the waiting and says how to go on', async () => {
  const command = start('bake');
  expect(await command.nextNote()).toMatch(stageNote);
  command.child.kill('SIGINT');
  const notes = [await command.nextNote(), await command.nextNote()].join('\n');
  expect(notes).toMatch(/bake-\w+ goes on: .*bakes follow bake-.*bakes cancel bake-/);
  expect(await command.exited).toBe(1);
  const [{ bakeId }] = await bakes();
  expect(await json('bakes', 'follow', bakeId)).toMatchObject({ state: 'completed' });
});

test('a bake that is cancelled ends its follower with the reason, and publishes nothing', async () => {
  const before = await json('images');
  const admin = await adminOf(await findConnection(cleanEnvironment(platform.data)));
  // Directly, as starting a command may take as long as the bake.
  const { bakeId } = await admin.call('BakeStart', {});
  expect(await admin.call('BakeCancel', { bakeId })).toMatchObject({ isCancelling: true });
  const followed = await platform.run('bakes', 'follow', bakeId);
  expect(followed).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`${bakeId} was cancelled`),
  });
  expect((await bakes())[0]).toMatchObject({ bakeId, state: 'cancelled', images: [] });
  expect(await json('images')).toEqual(before);
  const again = await platform.run('bakes', 'cancel', bakeId);
  expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('is cancelled') });
});

test('kill -9 of the server during a bake: its command waits, and the next server goes on', async () => {
  const command = start('bake', '--json');
  expect(await command.nextNote()).toMatch(stageNote);
  await platform.kill();
  await platform.startAgain();
  const bake = JSON.parse(await command.nextLine());
  expect([await command.exited, bake.state]).toEqual([0, 'completed']);
  expect((await bakes())[0]).toMatchObject({ bakeId: bake.bakeId, state: 'completed' });
  expect(await json('workflows')).toEqual({ workflows: [] });
});

test('events are lines of JSON, and go on after a position', async () => {
  const events = start('events', '--json', '--kind', 'bake');
  const { bakeId } = await json('bake', 'bakehouse-linux', '--no-wait');
  const follow = start('bakes', 'follow', bakeId, '--json');
  const lines: { position: string; event: { id: string; state?: string; stage?: string } }[] = [];
  const isOver = () => lines.at(-1)?.event.state === 'completed';
  while (!isOver()) lines.push(JSON.parse(await events.nextLine()));
  expect(new Set(lines.map(({ event }) => event.id))).toEqual(new Set([bakeId]));
  expect(lines.flatMap(({ event }) => event.stage ?? []).at(-1)).toBe('store');
  expect(await follow.exited).toBe(0);
  events.child.kill('SIGINT');
  expect(await events.exited).toBe(0);
  const last = lines.at(-1);
  const before = lines.at(-2)?.position ?? '';
  const resumed = start('events', '--json', '--kind', 'bake', '--after', before);
  expect(JSON.parse(await resumed.nextLine())).toEqual(last);
  resumed.child.kill('SIGINT');
  await resumed.exited;
});
