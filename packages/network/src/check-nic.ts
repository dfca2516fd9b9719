import {
  broadcastOf,
  type Cidr,
  cidrContains,
  formatCidr,
  parseCidr,
  parseIp,
} from '@bakehouse/base';
import type { DhcpSettings, Nic, PolicyNic, VpcTopology } from '@bakehouse/domain';
import type { Addressing } from './addressing.ts';
import { NetworkInputError, NetworkRangeError } from './network-errors.ts';

const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const wellFormed: Readonly<Partial<Record<keyof Nic, RegExp>>> = {
  nicId: /^eni-(?:[0-9a-f]{8}|[0-9a-f]{17})$/,
  vpcId: /^vpc-(?:[0-9a-f]{8}|[0-9a-f]{17})$/,
  subnetId: /^subnet-(?:[0-9a-f]{8}|[0-9a-f]{17})$/,
  macAddress: /^[0-9a-f][02468ace](?::[0-9a-f]{2}){5}$/,
  hostName: new RegExp(`^${label}$`),
  domainName: new RegExp(`^${label}(?:\\.${label}){0,8}$`),
};

/**
 * Each field of a NIC becomes text for ip, nft and dnsmasq. Throws NetworkInputError for a malformed one and
 * NetworkRangeError for addresses that do not fit together.
 */
export function checkNic(nic: Nic): void {
  for (const [field, pattern] of Object.entries(wellFormed)) {
    const value = nic[field as keyof Nic];
    if (!pattern.test(value ?? ''))
      throw new NetworkInputError(`a NIC cannot have ${field} '${value}'`);
  }
  const subnet = rangeOf(nic.subnetCidr);
  const address = parseIp(nic.privateIp);
  if (address === undefined || !cidrContains(subnet, address)) {
    throw rangeError(nic, `private address ${nic.privateIp} is not within ${nic.subnetCidr}`);
  }
  if (address - subnet.base < 4 || nic.privateIp === broadcastOf(subnet)) {
    throw rangeError(nic, `${nic.privateIp} is one of its subnet's five reserved addresses`);
  }
}

/** Throws NetworkRangeError when another NIC has its MAC, or its address in this VPC. */
export function checkClaims(nic: Nic, claims: ReadonlyMap<string, string>): void {
  for (const claim of claimsOf(nic)) {
    const holder = claims.get(claim) ?? nic.nicId;
    if (holder !== nic.nicId) throw rangeError(nic, `${holder} is plugged with the same address`);
  }
}

/** A private address in its VPC, a MAC: what no two NICs may have. */
export function claimsOf({ vpcId, privateIp, macAddress }: Nic): readonly string[] {
  return [`${vpcId}/${privateIp}`, macAddress];
}

/** Throws for a policy whose addresses or ranges cannot become text for nft and ip. */
export function checkPolicyNic(nic: PolicyNic, { publicCidr }: Addressing): void {
  for (const { privateIp, publicIp } of nic.addresses) {
    if (parseIp(privateIp) === undefined) {
      throw new NetworkInputError(`NIC ${nic.nicId}: '${privateIp}' is not an IPv4 address`);
    }
    if (publicIp !== undefined) checkPublicIp(nic.nicId, publicIp, publicCidr);
  }
}

/** The same for a VPC; its routes and lists are checked where they are planned. */
export function checkVpc(vpc: VpcTopology, { publicCidr }: Addressing): void {
  const ids = [vpc.vpcId, ...vpc.subnets.map(({ subnetId }) => subnetId)];
  for (const id of [...ids, ...vpc.natGateways.map(({ natGatewayId }) => natGatewayId)]) {
    if (!/^(?:vpc|subnet|nat)-[0-9a-f]{8,17}$/.test(id))
      throw new NetworkInputError(`'${id}' is not an id of a VPC, a subnet or a NAT gateway`);
  }
  for (const cidr of [...vpc.cidrs, ...vpc.subnets.map((subnet) => subnet.cidr)]) rangeOf(cidr);
  for (const { natGatewayId, publicIp } of vpc.natGateways) {
    if (publicIp !== undefined) checkPublicIp(natGatewayId, publicIp, publicCidr);
  }
  checkDhcp(vpc.dhcp);
}

/** Each becomes a line of dnsmasq's options. */
function checkDhcp(dhcp: DhcpSettings): void {
  const { domainName, domainNameServers = [], ntpServers = [], netbiosNameServers = [] } = dhcp;
  if (domainName !== undefined && !/^[A-Za-z0-9. _-]{1,253}$/.test(domainName)) {
    throw new NetworkInputError(`DHCP cannot offer the domain name '${domainName}'`);
  }
  for (const address of [...domainNameServers, ...ntpServers, ...netbiosNameServers]) {
    if (parseIp(address) === undefined) {
      throw new NetworkInputError(`DHCP cannot offer '${address}', which is not an IPv4 address`);
    }
  }
}

export function subnetOf(nic: Nic): Cidr {
  return rangeOf(nic.subnetCidr);
}

function checkPublicIp(id: string, publicIp: string, publicCidr: Cidr): void {
  const address = parseIp(publicIp);
  if (address === undefined || !cidrContains(publicCidr, address)) {
    throw new NetworkRangeError(
      `${id}: public address ${publicIp} is not within ${formatCidr(publicCidr)}`,
    );
  }
}

function rangeOf(text: string): Cidr {
  const cidr = parseCidr(text);
  if (cidr === undefined) throw new NetworkInputError(`'${text}' is not an IPv4 range`);
  return cidr;
}

function rangeError(nic: Nic, problem: string): NetworkRangeError {
  return new NetworkRangeError(`NIC ${nic.nicId}: ${problem}`);
}
