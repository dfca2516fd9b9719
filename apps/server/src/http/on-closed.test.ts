import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { onClosed } from './on-closed.ts';

test('the end of a response is noticed, also when it was before', async () => {
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  const calls: string[] = [];
  onClosed(response, () => calls.push('listening'));
  expect(calls).toEqual([]);
  response.destroy();
  response.emit('close');
  onClosed(response, () => calls.push('late'));
  expect(calls).toEqual(['listening', 'late']);
});
