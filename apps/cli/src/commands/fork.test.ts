import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { instanceXml, listening } from '../testing/fake-server.ts';
import { runCommandAt } from '../testing/run-command.ts';
import { forkCommand } from './fork.ts';

const instanceId = 'i-0123456789abcdef0';
const forks = ['i-0aaaaaaaaaaaaaaaa', 'i-0bbbbbbbbbbbbbbbb'];
const forked = { instanceId, at: 1_795_980_355_000, pauseMs: 31.24, forks, failed: [] };

/** EC2's API with one instance, and the operator's calls, on one address. */
const server = (calls: string[], result: object = forked) =>
  listening(async (request, response) => {
    const body = await text(request);
    const isAdmin = request.headers['x-amz-target'] !== undefined;
    if (isAdmin) calls.push(body);
    const reply = isAdmin
      ? `${JSON.stringify({ result })}\n`
      : `<Response><requestId>r</requestId>${body ? instanceXml(instanceId, 'running') : ''}</Response>`;
    response.end(reply);
  });

test('the forks, how long the instance was paused, and where to look', async () => {
  const calls: string[] = [];
  const run = { args: [instanceId], options: { count: '2' } };
  const { code, printed } = await runCommandAt(await server(calls), forkCommand, run);
  expect(code).toBe(0);
  expect(printed).toEqual([
    ...forks,
    `${instanceId} was paused for 31.2 ms and is running`,
    `the forks are starting; to see one start: bakehouse boot ${forks[0]}`,
  ]);
  expect(calls.join('')).toContain('"count":2');
});

test('forks that failed are named, and the exit code says so', async () => {
  const failed = [{ instanceId: forks[1], reason: 'User initiated shutdown' }];
  const at = await server([], { ...forked, forks: forks.slice(0, 1), failed });
  const { code, printed } = await runCommandAt(at, forkCommand, { args: [instanceId] });
  expect(code).toBe(1);
  expect(printed.slice(0, 2)).toEqual([forks[0], `${forks[1]} failed: User initiated shutdown`]);
});

test('--json has the same with the time as a text', async () => {
  const run = { args: [instanceId], options: { json: true } };
  const { printed } = await runCommandAt(await server([]), forkCommand, run);
  expect(JSON.parse(printed.join(''))).toEqual({ ...forked, at: '2026-11-29T19:25:55.000Z' });
});
