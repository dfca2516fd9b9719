import type { TimestampMs } from '@bakehouse/base';
import {
  noReads,
  type ReadCounts,
  type ReadSpan,
  readSpansMax,
  sumOfReads,
} from '@bakehouse/domain';

const widthAtFirstMs = 100;

type Counts = { -readonly [Name in keyof ReadCounts]: ReadCounts[Name] };

/**
 * Counts reads, and when they were. A read costs some additions; the times are those of the looks. When there are too
 * many spans, neighbours become one and spans get twice as long, so that a long boot takes no more memory than a short one.
 */
export class ReadSpans {
  #total: ReadCounts = noReads;
  /** Since the last look. */
  #counts: Counts = { ...noReads };
  #spans: ReadSpan[] = [];
  #lookedAt: TimestampMs;
  #widthMs = widthAtFirstMs;

  constructor(since: TimestampMs) {
    this.#lookedAt = since;
  }

  /** `waitedMs`: it read blocks that were not in memory. */
  read(bytes: number, waitedMs: number | undefined): void {
    const counts = this.#counts;
    counts.reads += 1;
    counts.bytes += bytes;
    if (waitedMs === undefined) return;
    counts.waits += 1;
    counts.waitedMs += waitedMs;
    if (waitedMs > counts.longestMs) counts.longestMs = waitedMs;
  }

  newBlock(isAhead: boolean): void {
    this.#counts.newBlocks += 1;
    if (isAhead) this.#counts.aheadBlocks += 1;
  }

  /** Makes a span of what was read since the last one, when it is long enough. */
  look(now: TimestampMs): void {
    if (now - this.#lookedAt < this.#widthMs) return;
    const counts = this.#take();
    if (counts) this.#spans.push({ from: this.#lookedAt, to: now, ...counts });
    this.#lookedAt = now;
    if (this.#spans.length > readSpansMax) this.#widen();
  }

  get spans(): readonly ReadSpan[] {
    return this.#spans;
  }

  get total(): ReadCounts {
    return rounded(sumOfReads([this.#total, this.#counts]));
  }

  #take(): ReadCounts | undefined {
    const counts = this.#counts;
    if (counts.reads === 0 && counts.newBlocks === 0) return undefined;
    this.#counts = { ...noReads };
    this.#total = sumOfReads([this.#total, counts]);
    return rounded(counts);
  }

  #widen(): void {
    const before = this.#spans;
    this.#widthMs *= 2;
    this.#spans = [];
    for (let at = 0; at < before.length; at += 2) {
      const both = before.slice(at, at + 2);
      const from = both[0]?.from ?? 0;
      this.#spans.push({ from, to: both.at(-1)?.to ?? from, ...rounded(sumOfReads(both)) });
    }
  }
}

/** To microseconds, as the figures travel as text. */
function rounded(counts: ReadCounts): ReadCounts {
  const { waitedMs, longestMs } = counts;
  return { ...counts, waitedMs: toMicroseconds(waitedMs), longestMs: toMicroseconds(longestMs) };
}

const toMicroseconds = (ms: number) => Math.round(ms * 1000) / 1000;
