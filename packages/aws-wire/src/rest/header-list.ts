/** Items of a header such as `a, "b, c", d`; a quoted item keeps its commas. */
export function splitHeaderList(text: string): string[] {
  if (text.trim() === '') return [];
  const items = text.matchAll(/\s*(?:"((?:[^"\\]|\\.)*)"|([^,]*))\s*(?:,|$)/g);
  return [...items]
    .filter(({ index }) => index < text.length)
    .map(([, quoted, plain = '']) => quoted?.replaceAll(/\\(.)/g, '$1') ?? plain.trim());
}

/** HTTP's dates have a comma of their own. */
export function splitHeaderDates(text: string): string[] {
  return [...text.matchAll(/[^,]+,[^,]+/g)].map(([date]) => date.trim());
}

export function joinHeaderList(items: readonly string[]): string {
  return items.map(quoteIfNeeded).join(', ');
}

function quoteIfNeeded(item: string): string {
  return /[",]/.test(item) ? `"${item.replaceAll(/["\\]/g, '\\$&')}"` : item;
}
