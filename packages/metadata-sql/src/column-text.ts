/**
 * Text that every SQL database can hold and give back unchanged: PostgreSQL has no NUL, and UTF-8 has no
 * lone surrogates. They are written as U+E000 and four hex digits, and so is U+E000 itself.
 */
export function toColumn(text: string): string {
  return text.replace(
    /[\0\ue000\p{Cs}]/gu,
    (unit) => `\ue000${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

export function fromColumn(column: string): string {
  if (!column.includes('\ue000')) return column;
  return column.replace(/\ue000([0-9a-f]{4})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
