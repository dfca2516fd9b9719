import {
  type AskedAddresses,
  apiError,
  checkAddressCount,
  type DrawnAddresses,
  type InstanceType,
  type MetadataReader,
  type Subnet,
} from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import { checkPrivateIp, drawPrivateIps } from './private-ips.ts';

/** The private addresses of an interface as requests give them. */
interface AddressParameters {
  readonly PrivateIpAddress?: string | undefined;
  readonly PrivateIpAddresses?:
    | readonly {
        readonly PrivateIpAddress?: string | undefined;
        readonly Primary?: boolean | undefined;
      }[]
    | undefined;
  readonly SecondaryPrivateIpAddressCount?: number | undefined;
}

const combination = (message: string) => apiError('InvalidParameterCombination', { message });

/** A list of one names the primary address; of several, one must be marked. */
function primaryOf({ PrivateIpAddress: own, PrivateIpAddresses: list = [] }: AddressParameters) {
  const marked = list.filter(({ Primary }) => Primary);
  if (marked.length > 1 || (own && marked.length > 0)) {
    throw combination('Only one primary private IP address can be specified.');
  }
  if (own) return own;
  const chosen = marked[0] ?? (list.length === 1 ? list[0] : undefined);
  if (chosen || list.length === 0) return chosen?.PrivateIpAddress;
  throw combination('One of the private IP addresses must be marked as the primary one.');
}

/** Reads what a request says of the private addresses of one interface. */
export function askedAddresses(request: AddressParameters): AskedAddresses {
  const { PrivateIpAddresses: list = [], SecondaryPrivateIpAddressCount: count = 0 } = request;
  const primary = primaryOf(request);
  const named = list.flatMap(({ PrivateIpAddress }) => PrivateIpAddress ?? []);
  const secondary = named.filter((address) => address !== primary);
  if (secondary.length > 0 && count > 0) {
    throw combination(
      'Secondary private IP addresses and SecondaryPrivateIpAddressCount cannot be specified together.',
    );
  }
  if (count < 0 || !Number.isInteger(count)) {
    throw apiError('InvalidParameterValue', {
      parameter: 'secondaryPrivateIpAddressCount',
      value: count,
      hint: 'It must not be negative.',
    });
  }
  if (new Set(secondary).size < secondary.length) {
    throw apiError('InvalidParameterValue', {
      message: 'The same private IP address must not be specified multiple times.',
    });
  }
  return { ...(primary ? { primary } : {}), secondary, secondaryCount: count };
}

export interface AddressesFor {
  readonly subnet: Subnet;
  readonly asked: AskedAddresses;
  /** Of the instance that gets the interface; absent for one that is attached to none. */
  readonly type?: Pick<InstanceType, 'name' | 'network'>;
  /** Addresses that the same request gives to other interfaces. */
  readonly except?: ReadonlySet<string>;
}

/** Checks the named addresses, without those that are still to be drawn. */
export async function checkAskedAddresses(
  reader: MetadataReader,
  { subnet, asked, type, except = new Set() }: AddressesFor,
): Promise<void> {
  checkAddressCount(type, 1 + asked.secondary.length + asked.secondaryCount);
  for (const address of namedAddresses(asked)) {
    await checkPrivateIp(reader, subnet, address);
    if (except.has(address)) throw apiError('InvalidIPAddress.InUse', { address });
  }
}

export const namedAddresses = ({ primary, secondary }: AskedAddresses): readonly string[] => [
  ...(primary ? [primary] : []),
  ...secondary,
];

/** The addresses of an interface: those named, which were checked, and free ones for the others. */
export async function drawAddresses(
  reader: MetadataReader,
  context: Pick<OperationContext, 'ids'>,
  { subnet, asked, except = new Set() }: AddressesFor,
): Promise<DrawnAddresses> {
  const named = namedAddresses(asked);
  const count = (asked.primary ? 0 : 1) + asked.secondaryCount;
  const taken = new Set([...except, ...named]);
  const drawn =
    count === 0 ? [] : await drawPrivateIps(reader, context, { subnet, count, except: taken });
  const [privateIp = '', ...others] = asked.primary ? [asked.primary, ...drawn] : drawn;
  return { privateIp, secondaryIps: [...asked.secondary, ...others] };
}
