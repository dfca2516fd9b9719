import type { AdminResult } from '@bakehouse/admin-api';
import { bytesText } from '../terminal/table.ts';

export type ReadFigures = AdminResult<'Usage'>['mapReads'][number]['total'];

const blockBytes = 512 * 1024;

function waitText(milliseconds: number): string {
  if (milliseconds >= 1000) return `${(milliseconds / 1000).toFixed(2)} s`;
  return `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`;
}

export const blocksText = (blocks: number) => bytesText(blocks * blockBytes);

/** `12 of them waited 340 ms (longest 50 ms)` */
function waitsText({ waits, waitedMs, longestMs }: ReadFigures): string {
  if (waits === 0) return 'none of them waited';
  return `${waits} of them waited ${waitText(waitedMs)} (longest ${waitText(longestMs)})`;
}

/** What was read, what of it was fetched for the first time, and how long that took the guest. */
export const readsText = (reads: ReadFigures): string =>
  `${reads.reads} reads of ${bytesText(reads.bytes)}, ${waitsText(reads)}; ${blocksText(reads.newBlocks)} for the first time, ${blocksText(reads.aheadBlocks)} of that read ahead`;

export const readHeadings: readonly string[] = ['READS', 'ASKED', 'NEW', 'WAITED', 'LONGEST'];

/** The cells below `readHeadings`; empty ones for no reads. */
export function readCells(reads: ReadFigures | undefined): readonly string[] {
  if (reads === undefined || reads.reads === 0) return ['', '', '', '', ''];
  const { waits, waitedMs, longestMs } = reads;
  const waited = waits === 0 ? ['', ''] : [waitText(waitedMs), waitText(longestMs)];
  return [String(reads.reads), bytesText(reads.bytes), blocksText(reads.newBlocks), ...waited];
}
