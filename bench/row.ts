/** One figure beside its goal or its rival. */
export interface Row {
  readonly what: string;
  readonly measured: string;
  /** What it is held against: a goal, or the real alternative measured in the same run. */
  readonly against: string;
  readonly verdict: 'met' | 'missed' | 'no goal';
  /** What limits it, or how it was made. */
  readonly note?: string;
}

export const verdict = (met: boolean): Row['verdict'] => (met ? 'met' : 'missed');

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
}

export const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`;
export const millis = (ms: number) => `${ms.toFixed(1)} ms`;

/** A Markdown table. */
export function markdown(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    row.what,
    row.measured,
    row.against,
    row.verdict,
    row.note ?? '',
  ]);
  const head = ['what', 'measured', 'goal or rival', 'verdict', 'note'];
  const line = (row: readonly string[]) => `| ${row.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...cells.map(line)].join('\n');
}
