import type { VerifyProblem } from '@bakehouse/domain';
import { FileMissingError, readWhole, UnreadableBytesError } from '../files/store-files.ts';
import { decodeSegmentHeader, segmentHeaderBytes } from '../format/record-format.ts';
import { decodeSegmentIndex } from '../format/segment-index-format.ts';
import { indexName } from '../format/store-layout.ts';
import { scanSegment } from '../segments/recover-segment.ts';
import { readSegment, SealedSegment, type Segment } from '../segments/segment.ts';
import type { SegmentSet } from '../segments/segment-set.ts';

type Finding = Omit<VerifyProblem, 'usedBy'>;

interface CheckContext {
  readonly segments: SegmentSet;
  /** True for a segment that takes records at this moment, whose end may be unfinished. */
  readonly isActive: (segment: unknown) => boolean;
}

/** Header, gaps between the records, and the index file when there is one. */
export async function checkSegment(
  { segments, isActive }: CheckContext,
  segment: Segment,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const note = (what: Finding['what'], name: string, problem: string) =>
    findings.push({ what, name, problem });
  try {
    const problem = await headerProblem(segment);
    if (problem !== undefined) note('segment', segment.path, problem);
    const { gaps, endBytes } = await scanSegment(segment, segmentHeaderBytes, 'headers');
    for (const { offset, lengthBytes } of gaps) {
      note('segment', segment.path, `${lengthBytes} bytes at offset ${offset} are no records`);
    }
    if (endBytes < segment.sizeBytes && !isActive(segment)) {
      note('segment', segment.path, `what follows offset ${endBytes} is no record`);
    }
    if (segment instanceof SealedSegment && (await hasBadIndex(segment))) {
      const name = indexName(segment.kind, segment.number);
      note('index', name, 'it is damaged; the next start rebuilds it');
    }
  } catch (error) {
    // Pruned or sealed meanwhile.
    if (!segments.has(segment)) return [];
    throw error;
  }
  return findings;
}

async function headerProblem(segment: Segment): Promise<string | undefined> {
  try {
    const header = await readSegment(segment, 0, segmentHeaderBytes);
    const judged = decodeSegmentHeader(header, segment.number);
    return judged.state === 'good' ? undefined : judged.problem;
  } catch (error) {
    if (error instanceof UnreadableBytesError) return 'has a header that cannot be read';
    throw error;
  }
}

async function hasBadIndex({ files, kind, number }: SealedSegment): Promise<boolean> {
  try {
    return (
      decodeSegmentIndex(await readWhole(files, indexName(kind, number)), number) === undefined
    );
  } catch (error) {
    if (error instanceof FileMissingError) return false;
    if (error instanceof UnreadableBytesError) return true;
    throw error;
  }
}
