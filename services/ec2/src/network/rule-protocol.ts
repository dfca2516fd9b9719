import { apiError } from '@bakehouse/domain';

/** Protocols that have names in rules; others are numbers. */
const names: Readonly<Record<string, string>> = {
  '6': 'tcp',
  '17': 'udp',
  '1': 'icmp',
  '58': 'icmpv6',
  tcp: 'tcp',
  udp: 'udp',
  icmp: 'icmp',
  icmpv6: 'icmpv6',
  '-1': '-1',
  all: '-1',
};

const numbers: Readonly<Record<string, string>> = { tcp: '6', udp: '17', icmp: '1', icmpv6: '58' };

/** The number of a rule's protocol, by which network ACLs show it; `-1` is all. */
export const protocolNumber = (protocol: string): string => numbers[protocol] ?? protocol;

const invalid = (message: string) => apiError('InvalidParameterValue', { message });

/** `tcp`, `udp`, `icmp`, `icmpv6`, `-1` or a number, from any spelling that requests may use. */
export function ruleProtocol(text: string | undefined): string {
  if (text === undefined || text === '') {
    throw invalid(
      "Invalid value 'null' for protocol. VPC security group rules must specify protocols explicitly.",
    );
  }
  const named = Object.hasOwn(names, text.toLowerCase()) ? names[text.toLowerCase()] : undefined;
  if (named !== undefined) return named;
  if (/^(?:0|[1-9]\d{0,2})$/.test(text) && Number(text) <= 255) return text;
  throw invalid(`Invalid value '${text}' for IP protocol. Unknown protocol.`);
}

export interface PortRange {
  readonly fromPort?: number;
  readonly toPort?: number;
}

interface AskedRange {
  readonly from: number | undefined;
  readonly to: number | undefined;
}

const isWhole = (value: number, min: number, max: number) =>
  Number.isInteger(value) && value >= min && value <= max;

function tcpPorts({ from, to }: AskedRange): PortRange {
  if (from === undefined || to === undefined) {
    throw invalid(
      "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.",
    );
  }
  for (const port of [from, to]) {
    if (!isWhole(port, 0, 65_535)) throw invalid(`TCP/UDP port (${port}) out of range`);
  }
  if (from > to) throw invalid(`Invalid TCP/UDP port range (${from}:${to})`);
  return { fromPort: from, toPort: to };
}

function icmpTypes(name: string, { from: type, to: code }: AskedRange): PortRange {
  if (type === undefined || code === undefined) {
    if (name === 'icmpv6' && type === undefined && code === undefined) {
      return { fromPort: -1, toPort: -1 };
    }
    throw invalid("Invalid value 'Must specify both type and code for ICMP.' for icmpTypeCode.");
  }
  if (!isWhole(type, -1, 255)) throw invalid(`ICMP type (${type}) out of range`);
  if (!isWhole(code, -1, 255)) throw invalid(`ICMP code (${code}) out of range`);
  if (type === -1 && code !== -1) {
    throw invalid(`Invalid ICMP code (${code}): all types (-1) must have all codes (-1)`);
  }
  return { fromPort: type, toPort: code };
}

/** The ports, or the ICMP type and code. Other protocols have none; EC2 ignores what the request gives. */
export function rulePorts(protocol: string, range: AskedRange): PortRange {
  if (protocol === 'tcp' || protocol === 'udp') return tcpPorts(range);
  if (protocol === 'icmp' || protocol === 'icmpv6') return icmpTypes(protocol, range);
  return {};
}
