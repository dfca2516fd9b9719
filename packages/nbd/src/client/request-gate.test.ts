import { expect, test } from 'vitest';
import { RequestGate } from './request-gate.ts';

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('no more enter than the limits allow, first come first served', async () => {
  const gate = new RequestGate({ countMax: 3, bytesMax: 100 });
  const inside: string[] = [];
  const enter = (name: string, bytes: number) => gate.enter(bytes).then(() => inside.push(name));
  const all = [enter('a', 60), enter('b', 60), enter('c', 10), enter('d', 10)];
  await settled();
  expect(inside).toEqual(['a']);
  gate.leave(60);
  await settled();
  expect(inside).toEqual(['a', 'b', 'c', 'd']);
  await Promise.all(all);
});

test('a request above the limit enters alone', async () => {
  const gate = new RequestGate({ countMax: 3, bytesMax: 100 });
  await gate.enter(1000);
  let second = false;
  const waits = gate.enter(1).then(() => {
    second = true;
  });
  await settled();
  expect(second).toBe(false);
  gate.leave(1000);
  await waits;
});

test('a failure turns away whoever waits or comes', async () => {
  const gate = new RequestGate({ countMax: 1, bytesMax: 100 });
  await gate.enter(1);
  const waits = expect(gate.enter(1)).rejects.toThrow('over');
  gate.fail(new Error('over'));
  await waits;
  await expect(gate.enter(1)).rejects.toThrow('over');
});
