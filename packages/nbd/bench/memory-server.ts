import { readFile } from 'node:fs/promises';
import { KiB, silentLogger } from '@bakehouse/base';
import { type BlockDevice, type BlockPiece, serveNbd } from '../src/index.ts';

/** Serves a raw file from blocks in memory, as a warm block cache does. Usage: FILE SOCKET */
const blockBytes = 512 * KiB;

function deviceOf(bytes: Buffer): BlockDevice {
  const blocks = new Map<number, Uint8Array>();
  for (let at = 0; at < bytes.length; at += blockBytes) {
    blocks.set(at / blockBytes, bytes.subarray(at, at + blockBytes));
  }
  return {
    sizeBytes: bytes.length,
    read(offset, lengthBytes) {
      const pieces: BlockPiece[] = [];
      for (let at = offset; at < offset + lengthBytes; ) {
        const within = at % blockBytes;
        const step = Math.min(blockBytes - within, offset + lengthBytes - at);
        const block = blocks.get((at - within) / blockBytes);
        pieces.push(
          block === undefined ? { zeroBytes: step } : block.subarray(within, within + step),
        );
        at += step;
      }
      return pieces;
    },
    close: () => {},
  };
}

const [path = '', socketPath = ''] = process.argv.slice(2);
const device = deviceOf(await readFile(path));
const server = await serveNbd({
  socketPath,
  openExport: async () => device,
  logger: silentLogger,
});
process.once('SIGTERM', () => void server.close());
console.log('ready');
