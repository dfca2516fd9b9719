import { execFile } from 'node:child_process';
import { open } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { BlockSource, ByteRange } from '@bakehouse/domain';

const run = promisify(execFile);
const mapTimeoutMs = 60_000;
const mapOutputBytesMax = 256 * 1024 * 1024;

/** A raw disk image as a source; what is no hole in it counts as changed. */
export async function openFileSource(path: string, signal?: AbortSignal): Promise<BlockSource> {
  const file = await open(path, 'r');
  try {
    const { size, blocks } = await file.stat();
    const isSparse = blocks * 512 < size;
    const readInto = async (offset: number, target: Uint8Array) => {
      const { bytesRead } = await file.read(target, 0, target.length, offset);
      if (bytesRead < target.length) throw new Error(`${path} ends before offset ${offset}`);
    };
    return {
      sizeBytes: size,
      async *changedRanges() {
        yield* (isSparse ? await dataRanges(path, signal) : undefined) ?? [
          { offset: 0, lengthBytes: size },
        ];
      },
      async read(offset, lengthBytes) {
        const bytes = Buffer.allocUnsafeSlow(lengthBytes);
        await readInto(offset, bytes);
        return bytes;
      },
      readInto,
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * Node cannot ask for the holes of a file (`lseek` with SEEK_DATA), qemu-img can. Undefined when it
 * is not there or does not answer: then everything is read, which is slower and as right.
 */
async function dataRanges(
  path: string,
  signal: AbortSignal | undefined,
): Promise<ByteRange[] | undefined> {
  const file = `driver=raw,file.driver=file,file.filename=${path.replaceAll(',', ',,')}`;
  const args = ['map', '--force-share', '--output=json', '--image-opts', file];
  try {
    const { stdout } = await run('qemu-img', args, {
      timeout: mapTimeoutMs,
      maxBuffer: mapOutputBytesMax,
      ...(signal && { signal }),
    });
    return parseMap(JSON.parse(stdout));
  } catch {
    signal?.throwIfAborted();
    return undefined;
  }
}

/** Undefined when it is not what `qemu-img map` prints. */
function parseMap(map: unknown): ByteRange[] | undefined {
  if (!Array.isArray(map)) return undefined;
  const ranges: ByteRange[] = [];
  for (const extent of map) {
    const { start, length, data } = extent ?? {};
    if (typeof start !== 'number' || typeof length !== 'number') return undefined;
    if (data !== false) ranges.push({ offset: start, lengthBytes: length });
  }
  return ranges;
}
