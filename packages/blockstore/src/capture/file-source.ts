import { open } from 'node:fs/promises';
import { type Logger, MiB, minuteMs } from '@bakehouse/base';
import type { BlockSource, ByteRange } from '@bakehouse/domain';
import { runCommand } from '@bakehouse/host';

const mapTimeoutMs = minuteMs;
const mapOutputBytesMax = 256 * MiB;

interface FileSourceOptions {
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** A raw disk image as a source; what is no hole in it counts as changed. */
export async function openFileSource(
  path: string,
  options: FileSourceOptions,
): Promise<BlockSource> {
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
        yield* (isSparse ? await dataRanges(path, options) : undefined) ?? [
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
 * Node cannot ask for the holes of a file (`lseek` with SEEK_DATA), qemu-img can. Undefined when qemu-img is missing or
 * fails: then the whole file is read, with the same result.
 */
async function dataRanges(
  path: string,
  { logger, signal }: FileSourceOptions,
): Promise<ByteRange[] | undefined> {
  const file = `driver=raw,file.driver=file,file.filename=${path.replaceAll(',', ',,')}`;
  const argv = ['qemu-img', 'map', '--force-share', '--output=json', '--image-opts', file];
  const limits = { timeoutMs: mapTimeoutMs, outputBytesMax: mapOutputBytesMax };
  try {
    return parseMap(JSON.parse(await runCommand(argv, { ...limits, signal })));
  } catch (error) {
    signal.throwIfAborted();
    logger.log('warn', 'the whole disk image is read: qemu-img did not find its holes', {
      path,
      error,
    });
    return undefined;
  }
}

/** What has data, of what `qemu-img map` printed. */
function parseMap(map: unknown): ByteRange[] {
  if (!Array.isArray(map)) throw new Error('qemu-img map printed no list');
  const ranges: ByteRange[] = [];
  for (const extent of map) {
    const { start, length, data } = extent ?? {};
    if (typeof start !== 'number' || typeof length !== 'number') {
      throw new Error(`qemu-img map printed no extent: ${JSON.stringify(extent)}`);
    }
    if (data !== false) ranges.push({ offset: start, lengthBytes: length });
  }
  return ranges;
}
