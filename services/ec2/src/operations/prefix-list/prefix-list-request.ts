import {
  apiError,
  canonicalIpv4Cidr,
  canonicalIpv6Cidr,
  type PrefixList,
  type PrefixListEntry,
} from '@bakehouse/domain';
import { checkDescription, checkPlainText } from '../../request/text.ts';

interface AskedEntry {
  readonly Cidr?: string | undefined;
  readonly Description?: string | undefined;
}

type Family = PrefixList['addressFamily'];

const invalid = (message: string) => apiError('InvalidParameterValue', { message });

/** EC2 takes so many entries at once. */
const entriesPerRequestMax = 100;
/** EC2's quota of "Maximum entries" of a list. */
const entriesMax = 1000;
const nameLengthMax = 255;

const canonical: Readonly<Record<Family, (cidr: string) => string | undefined>> = {
  IPv4: canonicalIpv4Cidr,
  IPv6: canonicalIpv6Cidr,
};

/** The range in its canonical form; refuses text that is no range of the family. */
export function entryCidr(family: Family, cidr = ''): string {
  const found = canonical[family](cidr);
  if (found !== undefined) return found;
  throw invalid(
    `The CIDR '${cidr}' is not valid for a prefix list of the address family ${family}.`,
  );
}

/** The entries that a request adds, each range once. */
export function askedEntries(
  family: Family,
  asked: readonly AskedEntry[] = [],
): readonly PrefixListEntry[] {
  checkEntriesPerRequest(asked);
  const entries = asked.map(({ Cidr, Description }) => {
    checkDescription(Description);
    const cidr = entryCidr(family, Cidr);
    return Description ? { cidr, description: Description } : { cidr };
  });
  const cidrs = entries.map(({ cidr }) => cidr);
  const twice = cidrs.find((cidr, index) => cidrs.indexOf(cidr) !== index);
  if (twice !== undefined) throw invalid(`The CIDR '${twice}' must not appear multiple times.`);
  return entries;
}

export function checkEntriesPerRequest(asked: readonly unknown[]): void {
  if (asked.length <= entriesPerRequestMax) return;
  throw invalid(
    `The number of entries per request cannot exceed the limit (${entriesPerRequestMax}).`,
  );
}

export function checkMaxEntries(maxEntries: number): void {
  if (maxEntries >= 1 && maxEntries <= entriesMax) return;
  throw apiError('InvalidParameterValue', {
    parameter: 'maxEntries',
    value: maxEntries,
    hint: `Expecting a value between 1 and ${entriesMax}.`,
  });
}

/** EC2 keeps names that begin like those of its own lists. */
export function checkPrefixListName(name: string): void {
  checkPlainText('prefix list name', name);
  if (name.length >= 1 && name.length <= nameLengthMax && !name.startsWith('com.amazonaws')) return;
  throw apiError('InvalidParameterValue', {
    parameter: 'prefixListName',
    value: name,
    hint: `It must have 1 to ${nameLengthMax} characters and must not begin with com.amazonaws.`,
  });
}

/** Refuses a list with more entries than it may have. */
export function checkEntryCount({ id, maxEntries, entries }: PrefixList): void {
  if (entries.length <= maxEntries) return;
  throw apiError('PrefixListMaxEntriesExceeded', { id, count: entries.length, max: maxEntries });
}
