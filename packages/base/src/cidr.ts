/** A range of IPv4 addresses; `base` is its first address as an unsigned number. */
export interface Cidr {
  readonly base: number;
  readonly prefix: number;
}

/** The number of an address in dotted form; undefined when it is none. */
export function parseIp(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let value = 0;
  for (const part of parts) {
    if (!/^(?:0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    value = value * 256 + Number(part);
  }
  return value;
}

export function formatIp(value: number): string {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');
}

/** The range named by `172.31.0.0/20`, host bits cleared; undefined when it is none. */
export function parseCidr(text: string): Cidr | undefined {
  const match = /^([\d.]+)\/(0|[1-9]\d?)$/.exec(text);
  const address = parseIp(match?.[1] ?? '');
  const prefix = Number(match?.[2]);
  if (address === undefined || !(prefix <= 32)) return undefined;
  return { base: address - (address % sizeOf(prefix)), prefix };
}

export function formatCidr(cidr: Cidr): string {
  return `${formatIp(cidr.base)}/${cidr.prefix}`;
}

export function cidrContains(cidr: Cidr, address: number): boolean {
  return address >= cidr.base && address < cidr.base + sizeOf(cidr.prefix);
}

export function cidrsOverlap(a: Cidr, b: Cidr): boolean {
  return cidrContains(a, b.base) || cidrContains(b, a.base);
}

export function netmaskOf(cidr: Cidr): string {
  return formatIp(2 ** 32 - sizeOf(cidr.prefix));
}

export function broadcastOf(cidr: Cidr): string {
  return formatIp(cidr.base + sizeOf(cidr.prefix) - 1);
}

/** The address `index` places after the range's first. */
export function addressAt(cidr: Cidr, index: number): string {
  return formatIp(cidr.base + index);
}

/** How many addresses the range has. */
export function cidrSize(cidr: Cidr): number {
  return sizeOf(cidr.prefix);
}

function sizeOf(prefix: number): number {
  return 2 ** (32 - prefix);
}
