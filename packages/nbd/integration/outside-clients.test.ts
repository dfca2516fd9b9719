import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { MiB, silentLogger } from '@bakehouse/base';
import { expect, onTestFinished, test } from 'vitest';
import { type BlockDevice, serveNbd } from '../src/index.ts';
import { memoryDevice } from '../src/testing/memory-device.ts';
import { removeFolder, temporaryFolder } from './fixtures.ts';

const content = Buffer.alloc(4 * MiB, 1).fill(0, MiB, 2 * MiB);

/** Serves `content` as `disk`, each read after a turn of the event loop. */
async function serveDisk(read?: BlockDevice['read']): Promise<string> {
  const folder = await temporaryFolder();
  const socketPath = join(folder, 'nbd.sock');
  const device = memoryDevice(content);
  const later: BlockDevice['read'] = (offset, lengthBytes) =>
    new Promise((resolve) => {
      setTimeout(() => resolve(device.read(offset, lengthBytes)), 1);
    });
  const server = await serveNbd({
    socketPath,
    logger: silentLogger,
    openExport: async (name) => (name === 'disk' ? { ...device, read: read ?? later } : undefined),
  });
  onTestFinished(async () => {
    await server.close();
    await removeFolder(folder);
  });
  return socketPath;
}

interface Finished {
  readonly output: string;
  readonly code: number;
}

/** Runs a Debian program, with Debian's Python; a hang is an error. */
function finished(program: string, ...args: string[]): Promise<Finished> {
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };
  return new Promise((resolve, reject) => {
    execFile(program, args, { env, timeout: 30_000 }, (error, stdout, stderr) => {
      if (error && typeof error.code !== 'number') reject(error);
      else resolve({ output: stdout + stderr, code: Number(error?.code ?? 0) });
    });
  });
}

/** A Python program with libnbd's handle `h`, not yet connected to `path`; resolves to what it printed. */
async function libnbd(path: string, program: string): Promise<string> {
  const prelude = `import os\npath = ${JSON.stringify(path)}\n`;
  const { output, code } = await finished('nbdsh', '-c', prelude + program);
  expect({ code, output }).toMatchObject({ code: 0 });
  return output.trim();
}

/** Connects to `disk` without libnbd's own checks, so that the server's are tried. */
const toDisk = `
h.set_export_name("disk")
h.connect_unix(path)
h.set_strict_mode(0)
def outcome(call):
    try:
        call()
        return "ok"
    except nbd.Error as error:
        return error.errno
`;

test('libnbd: reads in flight at a disconnect, after which it closes its sending side, are answered', async () => {
  const path = await serveDisk();
  const program = `${toDisk}
buffers = [nbd.Buffer(65536) for _ in range(64)]
cookies = [h.aio_pread(buffer, at * 65536) for at, buffer in enumerate(buffers)]
h.aio_disconnect()
while not (h.aio_is_closed() or h.aio_is_dead()):
    h.poll(5000)
done = [h.aio_command_completed(cookie) for cookie in cookies]
right = [bytes(b.to_bytearray()) == bytes([0 if 16 <= n < 32 else 1]) * 65536 for n, b in enumerate(buffers)]
print(all(done), all(right))
`;
  expect(await libnbd(path, program)).toBe('True True');
});

test('libnbd: an export whose name is as long as the protocol allows is unknown, in bounded words', async () => {
  const path = await serveDisk();
  const program = `
h.set_opt_mode(True)
h.connect_unix(path)
h.set_export_name("\\u20ac" * 1365)
try:
    h.opt_info()
except nbd.Error as error:
    print(error.errno)
h.set_export_name("disk")
h.opt_go()
print(h.get_size())
`;
  expect(await libnbd(path, program)).toBe(`ENOENT\n${content.length}`);
});

test('libnbd: a write of 20 MiB is refused after its payload, and the connection goes on', async () => {
  const path = await serveDisk();
  for (const structured of ['True', 'False']) {
    const program = `
h.set_request_structured_replies(${structured})
${toDisk}
print(outcome(lambda: h.pwrite(b"x" * (20 << 20), 0)))
print(h.pread(4, 0), h.pread(4, 1 << 20))
`;
    expect(await libnbd(path, program)).toBe(
      "EPERM\nbytearray(b'\\x01\\x01\\x01\\x01') bytearray(b'\\x00\\x00\\x00\\x00')",
    );
  }
});

test.each([
  ['an empty read', 'h.pread(0, 0)', 'ok'],
  ['an empty read at the end', 'h.pread(0, 4 << 20)', 'ok'],
  ['an empty read beyond the end', 'h.pread(0, (4 << 20) + 1)', 'EINVAL'],
  ['a read across the end', 'h.pread(10, (4 << 20) - 5)', 'EINVAL'],
  ['a read beyond 2^60', 'h.pread(512, 1 << 60)', 'EINVAL'],
  ['a read above the maximum block size', 'h.pread(33 << 20, 0)', 'EINVAL'],
  ['an unaligned read', 'h.pread(513, 1)', 'ok'],
  ['a trim', 'h.trim(512, 0)', 'EPERM'],
  ['zeroes', 'h.zero(512, 0)', 'EPERM'],
  ['fast zeroes', 'h.zero(512, 0, flags=nbd.CMD_FLAG_FAST_ZERO)', 'EPERM'],
  ['an empty write', 'h.pwrite(b"", 0)', 'EPERM'],
  ['a write beyond the end', 'h.pwrite(b"x" * 512, 4 << 20)', 'EPERM'],
  ['a flush', 'h.flush()', 'ok'],
  ['a cache request', 'h.cache(1 << 20, 0)', 'ok'],
  ['a cache request across the end', 'h.cache(512, (4 << 20) - 1)', 'EINVAL'],
  ['a read in one chunk', 'h.pread(3 << 20, 0, flags=nbd.CMD_FLAG_DF)', 'ok'],
  ['a read with a flag of another command', 'h.pread(1, 0, flags=nbd.CMD_FLAG_REQ_ONE)', 'EINVAL'],
  ['block status', 'h.block_status(4 << 20, 0, lambda *_: 0)', 'ok'],
  ['an empty block status', 'h.block_status(0, 0, lambda *_: 0)', 'EINVAL'],
  ['block status across the end', 'h.block_status(512, (4 << 20) - 1, lambda *_: 0)', 'EINVAL'],
])('libnbd: %s', async (_, call, expected) => {
  const path = await serveDisk();
  const program = `
h.add_meta_context("base:allocation")
${toDisk}
print(outcome(lambda: ${call}))
assert h.pread(1, 0) == b"\\x01"
`;
  expect(await libnbd(path, program)).toBe(expected);
});

test('libnbd: options before the choice of an export', async () => {
  const path = await serveDisk();
  const program = `
h.set_opt_mode(True)
h.connect_unix(path)
def outcome(call):
    try:
        return call()
    except nbd.Error as error:
        return error.errno
print(outcome(lambda: h.opt_list(lambda *_: 0)))
h.set_export_name("disk")
h.opt_info()
print(h.get_size(), h.is_read_only(), h.can_multi_conn(), h.can_fua(), h.can_cache(), h.can_df())
print([h.get_block_size(which) for which in (nbd.SIZE_MINIMUM, nbd.SIZE_PREFERRED, nbd.SIZE_MAXIMUM)])
names = []
h.opt_list_meta_context(lambda name: names.append(name) or 0)
print(names)
h.opt_abort()
print(h.aio_is_closed())
`;
  expect(await libnbd(path, program)).toBe(
    [
      'ENOTSUP',
      `${content.length} True True False True True`,
      `[1, 4096, ${32 * MiB}]`,
      "['base:allocation']",
      'True',
    ].join('\n'),
  );
});

test('libnbd: a device that fails says so in its own words, and the connection goes on', async () => {
  let isFailing = true;
  const path = await serveDisk((_, lengthBytes) => {
    if (isFailing) {
      isFailing = false;
      throw new Error('chunk 4711 is damaged');
    }
    return [{ zeroBytes: lengthBytes }];
  });
  const program = `${toDisk}
print(outcome(lambda: h.pread(512, 0)))
print(outcome(lambda: h.pread(512, 0)))
`;
  expect(await libnbd(path, program)).toBe('EIO\nok');
});

test('nbd-client negotiates the size, as far as it comes without a kernel device', async () => {
  const path = await serveDisk();
  // /dev/null is no NBD device, so that it ends after the negotiation.
  const { output } = await finished('nbd-client', '-L', '-N', 'disk', '-unix', path, '/dev/null');
  expect(output).toContain('size = 4MB');
  const unknown = await finished('nbd-client', '-L', '-N', 'none', '-unix', path, '/dev/null');
  expect(unknown.output).toContain("no export is named 'none'");
  expect(unknown.code).toBe(1);
});

test('nbd-client shows that exports are not listed', async () => {
  const path = await serveDisk();
  const { output, code } = await finished('nbd-client', '-l', '-unix', path);
  expect(output).toContain('this server does not list its exports');
  expect(code).toBe(1);
});
