import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { CommandFailedError } from '../command.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { adminServer, listening } from '../testing/fake-server.ts';
import { eventsCommand } from './events.ts';

const change = (id: string) =>
  JSON.stringify({ type: 'record', kind: 'instance', id, change: 'put', at: 0 });

/** A server whose stream begins, has these events, and then ends or stays open. */
function streaming({ ids, ends }: { readonly ids: readonly string[]; readonly ends: boolean }) {
  return listening((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('event: start\nid: a-0\ndata: {}\n\n');
    for (const id of ids) response.write(`event: event\nid: a-1\ndata: ${change(id)}\n\n`);
    if (ends) response.end();
  });
}

/** Runs the command with what it prints, until it ends or `interrupt` is aborted. */
function run(
  url: string,
  { print, drained }: Pick<Terminal, 'print' | 'drained'>,
  interrupt = new AbortController(),
) {
  return eventsCommand.run({
    args: [],
    options: {},
    terminal: {
      ...{ isInteractive: false, print, drained },
      ...{ note: () => {}, transient: () => {}, style: (_, text) => text },
    },
    env: { AWS_ENDPOINT_URL: url, AWS_ACCESS_KEY_ID: 'A', AWS_SECRET_ACCESS_KEY: 'S' },
    signal: interrupt.signal,
  });
}

test('Ctrl-C is how one leaves: no failure', async () => {
  const url = await streaming({ ids: ['i-1'], ends: false });
  const interrupt = new AbortController();
  const print = () => interrupt.abort(new CommandFailedError('interrupted'));
  expect(await run(url, { print, drained: async () => {} }, interrupt)).toBe(0);
});

test('a stream that the server ends is a failure', async () => {
  const url = await streaming({ ids: [], ends: true });
  const running = run(url, { print: () => {}, drained: async () => {} });
  await expect(running).rejects.toThrow('the server ended the stream');
});

test('an event is printed when standard output has taken the one before', async () => {
  const url = await streaming({ ids: ['i-1', 'i-2'], ends: true });
  const log: string[] = [];
  const running = run(url, {
    print: (line) => void log.push(line.replace(/.*(i-\d).*/, '$1')),
    async drained() {
      await setImmediate();
      log.push('drained');
    },
  });
  await expect(running).rejects.toThrow('the server ended the stream');
  expect(log).toEqual(['drained', 'i-1', 'drained', 'i-2', 'drained']);
});

test('a kind that does not exist is a mistake in the call', async () => {
  const message = "There are no events of the kind 'foo'";
  const url = await adminServer({ __type: 'InvalidParameterValue', message }, 400);
  const running = run(url, { print: () => {}, drained: async () => {} });
  await expect(running).rejects.toMatchObject({ name: 'CommandUsageError', message });
});
