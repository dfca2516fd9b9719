import { createHash } from 'node:crypto';
import type { ValueRange } from '@bakehouse/domain';

/**
 * Text that every SQL database can hold: PostgreSQL has no NUL, and UTF-8 has no lone surrogates. The escapes keep the
 * order by code points: NUL becomes U+0001 U+0001 and U+0001 becomes U+0001 U+0002; lone surrogates and U+E000, which
 * follows them, become U+E000 and four hex digits.
 */
function escapeText(text: string): string {
  return text.replace(/[\0\u0001\ue000\p{Cs}]/gu, (unit) => {
    if (unit === '\0') return '\u0001\u0001';
    if (unit === '\u0001') return '\u0001\u0002';
    return `\ue000${unit.charCodeAt(0).toString(16)}`;
  });
}

/** PostgreSQL refuses index rows over 2,704 bytes; kind, name, region and id take some of them. */
const columnBytesMax = 2_000;
const headBytesMax = 1_900;

/** An index value as the databases store it. Overlong values keep their beginning and get a hash. */
export function toColumn(value: string): string {
  const column = escapeText(value);
  if (Buffer.byteLength(column) <= columnBytesMax) return column;
  return headOf(column) + createHash('sha256').update(column).digest('hex');
}

/** A range over columns that has every value of the range; near overlong values it may have more. */
export function toColumnRange({ from, below }: ValueRange): ValueRange {
  return {
    ...(from === undefined ? {} : { from: headOf(escapeText(from)) }),
    ...(below === undefined ? {} : { below: columnBound(escapeText(below)) }),
  };
}

function columnBound(below: string): string {
  const head = headOf(below);
  return head === below ? below : `${head}\u{10ffff}`;
}

/** The longest beginning of whole characters that fits. */
function headOf(column: string): string {
  if (Buffer.byteLength(column) <= headBytesMax) return column;
  return Buffer.from(column)
    .subarray(0, headBytesMax)
    .toString('utf8')
    .replace(/\ufffd+$/, '');
}
