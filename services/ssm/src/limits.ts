import { brokenRule } from './refusals.ts';

/** A list of names or labels has from one to ten members. */
export function checkTen(place: string, list: readonly string[]): void {
  if (list.length === 0) {
    throw brokenRule(place, 'Member must have length greater than or equal to 1');
  }
  if (list.length > 10) throw brokenRule(place, 'Member must have length less than or equal to 10');
}

/** The size of a page, which may be asked for up to `max`; without MaxResults, `max`. */
export function pageSize(asked: number | undefined, max: number): number {
  if (asked === undefined) return max;
  if (asked < 1)
    throw brokenRule('maxResults', 'Member must have value greater than or equal to 1');
  if (asked > max) {
    throw brokenRule('maxResults', `Member must have value less than or equal to ${max}`);
  }
  return asked;
}
