/** A time of the server, as `--json` prints it: `2026-11-29T19:31:12.535Z`. */
export const isoTime = (milliseconds: number): string => new Date(milliseconds).toISOString();

/** An ISO time for tables, in UTC and to the minute: `2026-11-29 19:31`. */
export const timeText = (iso: string): string => iso.slice(0, 16).replace('T', ' ');
