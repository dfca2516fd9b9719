import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { MiB } from '@bakehouse/base';
import { expect, test } from 'vitest';
import { type BlockDevice, type BlockPiece, connectNbd } from '../src/index.ts';
import { memoryDevice } from '../src/testing/memory-device.ts';
import { run, until } from './fixtures.ts';
import { content, oldestClient, useServerRig } from './server-rig.ts';

const rig = useServerRig();

test('garbage, half messages and sudden ends leave a server that serves', async () => {
  await rig.serve();
  const starts = [
    randomBytes(100_000),
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    Buffer.concat([Buffer.from([0, 0, 0, 3]), randomBytes(50_000)]),
    Buffer.from([0, 0, 0, 3, 0x49, 0x48]),
  ];
  for (const start of starts) {
    const socket = rig.rawSocket();
    socket.resume();
    socket.end(start);
    await new Promise((resolve) => socket.once('close', resolve));
  }
  await until(() => rig.server.connectionCount === 0);
  expect(await run('nbdinfo', '--size', rig.uri('disk'))).toBe(`${content.length}\n`);
});

test('a client that says nothing is dropped when the time for its handshake is over', async () => {
  await rig.serve({ limits: { handshakeMs: 50 } });
  const socket = rig.rawSocket();
  socket.resume();
  await new Promise((resolve) => socket.once('close', resolve));
  await until(() => rig.server.connectionCount === 0);
});

/** A client that asks for the whole disk over and over, says goodbye and reads nothing. */
function unreadGoodbye(): Socket {
  const socket = rig.rawSocket();
  socket.pause();
  socket.end(oldestClient('', Array(8).fill(MiB)));
  return socket;
}

test('a client that says goodbye and takes none of its replies is dropped in the end', async () => {
  const device: BlockDevice = {
    sizeBytes: MiB,
    read: (_, lengthBytes) => [Buffer.alloc(lengthBytes, 1)],
    close: () => {},
  };
  await rig.serve({ openExport: async () => device, limits: { goodbyeMs: 50 } });
  unreadGoodbye();
  await until(() => rig.server.connectionCount === 1);
  await until(() => rig.server.connectionCount === 0);
});

test('a client that says goodbye while the device is slow is not dropped for that', async () => {
  let reads = 0;
  let finish = () => {};
  const slow = new Promise<BlockPiece[]>((resolve) => {
    finish = () => resolve([{ zeroBytes: 512 }]);
  });
  const device: BlockDevice = {
    sizeBytes: 512,
    read() {
      reads += 1;
      return slow;
    },
    close: () => {},
  };
  await rig.serve({ openExport: async () => device, limits: { goodbyeMs: 20 } });
  const socket = rig.rawSocket();
  const replies: Buffer[] = [];
  socket.on('data', (bytes: Buffer) => replies.push(bytes));
  socket.end(oldestClient('', [512], { noZeroes: true }));
  await until(() => reads === 1);
  // Several times the limit, in which another client comes and goes.
  for (let round = 0; round < 5; round++) {
    await run('nbdinfo', '--size', rig.uri(''));
  }
  finish();
  await new Promise((resolve) => socket.once('close', resolve));
  expect(Buffer.concat(replies)).toHaveLength(18 + 10 + 16 + 512);
});

test('connections above the limit are turned away, and room that comes free is used', async () => {
  await rig.serve({ limits: { connectionsMax: 1 } });
  const first = await connectNbd({ socketPath: rig.socketPath, exportName: 'disk' });
  await expect(
    connectNbd({ socketPath: rig.socketPath, exportName: 'disk' }),
  ).rejects.toMatchObject({
    name: 'NbdConnectionError',
  });
  await first.close();
  await until(() => rig.server.connectionCount === 0);
  const second = await connectNbd({ socketPath: rig.socketPath, exportName: 'disk' });
  await second.close();
});

test('a client that asks and never reads makes the server hold no more than the limit', async () => {
  let asked = 0;
  const device: BlockDevice = {
    sizeBytes: MiB,
    read(_, lengthBytes) {
      asked += lengthBytes;
      return [Buffer.alloc(lengthBytes, 1)];
    },
    close: () => {},
  };
  await rig.serve({ openExport: async () => device, limits: { inFlightBytesMax: 4 * MiB } });
  const socket = rig.rawSocket();
  socket.pause();
  socket.write(oldestClient('', Array(1000).fill(MiB)));
  await until(() => asked > 0);
  // Other clients are served meanwhile, so the server has had every chance to read more.
  for (let round = 0; round < 5; round++) {
    const client = await connectNbd({ socketPath: rig.socketPath, exportName: '' });
    await client.read(0, 1);
    await client.close();
  }
  // The limit, and what the kernel's socket buffers hold.
  expect(asked).toBeLessThanOrEqual(8 * MiB);
  socket.destroy();
  await until(() => rig.server.connectionCount === 0);
});

test('a client that is killed in the middle of a copy leaves no device open', async () => {
  let reads = 0;
  await rig.serve({
    async openExport() {
      const device = memoryDevice(Buffer.alloc(64 * MiB, 7));
      rig.devices.push(device);
      return {
        ...device,
        close: () => device.close(),
        read: (offset, lengthBytes) => {
          reads += 1;
          return new Promise((resolve) => {
            setImmediate(() => resolve(device.read(offset, lengthBytes)));
          });
        },
      };
    },
  });
  const copy = spawn('nbdcopy', [rig.uri('disk'), 'null:'], { stdio: 'ignore' });
  await until(() => reads > 10);
  copy.kill('SIGKILL');
  await until(() => rig.server.connectionCount === 0);
});

test('closing the server ends clients in the middle of reads', async () => {
  const device: BlockDevice = { sizeBytes: MiB, read: () => slow, close: () => {} };
  const gate: { open: () => void } = { open: () => {} };
  const slow = new Promise<[{ zeroBytes: number }]>((resolve) => {
    gate.open = () => resolve([{ zeroBytes: 512 }]);
  });
  await rig.serve({ openExport: async () => device });
  const client = await connectNbd({ socketPath: rig.socketPath, exportName: 'disk' });
  const read = client.read(0, 512);
  const rejected = expect(read).rejects.toMatchObject({ name: 'NbdConnectionError' });
  await until(() => rig.server.connectionCount === 1);
  const closed = rig.server.close();
  await rejected;
  gate.open();
  await closed;
});

test('an aborted signal ends the client with its reason', async () => {
  await rig.serve();
  const controller = new AbortController();
  const client = await connectNbd({
    socketPath: rig.socketPath,
    exportName: 'disk',
    signal: controller.signal,
  });
  controller.abort(new Error('no longer wanted'));
  await expect(client.read(0, 512)).rejects.toThrow('no longer wanted');
  await expect(
    connectNbd({ socketPath: rig.socketPath, exportName: 'disk', signal: controller.signal }),
  ).rejects.toThrow('no longer wanted');
});

test('a server whose export never opens is an error in time, and can still be closed', async () => {
  await rig.serve({ openExport: () => new Promise(() => {}), limits: { handshakeMs: 200 } });
  await expect(
    connectNbd({ socketPath: rig.socketPath, exportName: 'disk', timeoutMs: 50 }),
  ).rejects.toThrow(/within 50 ms/);
});
