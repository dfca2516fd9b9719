/** JSON as the metadata service writes it: indented, with a blank before and after each colon. */
export function ec2Json(value: Readonly<Record<string, string | null>>): string {
  return JSON.stringify(value, null, 2).replaceAll('": ', '" : ');
}

/** An ISO 8601 time without fractions of a second: `2026-11-28T10:00:00Z`. */
export function wholeSeconds(time: string): string {
  return `${time.slice(0, 19)}Z`;
}
