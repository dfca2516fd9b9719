import { isIPv4 } from 'node:net';
import type { Ec2Input } from '@bakehouse/aws-model';
import {
  amazonProvidedDns,
  apiError,
  type DhcpOption,
  type DhcpOptionKey,
} from '@bakehouse/domain';
import { attributeList } from '../../request/attributes.ts';
import { findWord } from '../../request/text.ts';

type Configuration = Ec2Input<'CreateDhcpOptions'>['DhcpConfigurations'][number];

interface Rule {
  /** EC2: "up to four" servers of each kind. */
  readonly max: number;
  readonly allows: (value: string) => boolean;
}

/** EC2: "Some Linux operating systems accept multiple domain names separated by spaces." */
const domainNames = /^(?=.{1,253}$)[\w-]{1,63}(?:[. ][\w-]{1,63})*\.?$/;

const rules: Readonly<Record<DhcpOptionKey, Rule>> = {
  'domain-name': { max: 1, allows: (value) => domainNames.test(value) },
  'domain-name-servers': {
    max: 4,
    allows: (value) => isIPv4(value) || value === amazonProvidedDns,
  },
  'ntp-servers': { max: 4, allows: isIPv4 },
  'netbios-name-servers': { max: 4, allows: isIPv4 },
  'netbios-node-type': { max: 1, allows: (value) => ['1', '2', '4', '8'].includes(value) },
};
const keys = Object.keys(rules) as DhcpOptionKey[];

function optionOf({ Key: name = '', Values: given }: Configuration): DhcpOption {
  const key = findWord(name, keys);
  if (!key) {
    throw apiError('InvalidParameterValue', { parameter: 'key', value: name, expected: keys });
  }
  const { max, allows } = rules[key];
  const values = attributeList(given, 'values');
  const bad = values.find((value) => !allows(value));
  if (bad !== undefined) {
    throw apiError('InvalidParameterValue', { parameter: key, value: bad });
  }
  if (values.length <= max) return { key, values };
  throw apiError('InvalidParameterValue', {
    message: `The DHCP option ${key} has ${values.length} values; it can have ${max}`,
  });
}

/** The options that a request names, each once. Throws EC2's error for others and for values that they cannot have. */
export function requestedOptions(
  configurations: readonly Configuration[] | undefined,
): readonly DhcpOption[] {
  const options = attributeList(configurations, 'dhcpConfiguration').map(optionOf);
  const twice = options.find(({ key }, index) =>
    options.slice(0, index).some((other) => other.key === key),
  );
  if (!twice) return options;
  throw apiError('InvalidParameterValue', {
    message: `The DHCP option ${twice.key} is given more than once`,
  });
}
