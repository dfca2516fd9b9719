const printableAscii = /^[\x20-\x7e]+$/;

/** False for an id that no record has. A database is not asked for these: PostgreSQL refuses text with NUL. */
export const canBeId = (id: string): boolean => printableAscii.test(id);

/** Text that every database can hold, and that the same ids come after as after this text. */
export function placeAmongIds(after: string): string {
  // All ids that continue what is before it come after a control character, and none after what follows ASCII.
  return after.replace(/[^\x20-\x7e].*$/s, (rest) => (rest < ' ' ? '' : '\x7f'));
}
