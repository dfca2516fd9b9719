import { readFileSync } from 'node:fs';
import type {
  InstanceStoreDisk,
  InstanceType,
  TypeAccelerator,
  TypeEbs,
  TypeNetwork,
  TypeTraits,
} from './instance-type.ts';

/** One type: its own figures, and places in the lists of what types share; -1 is none. */
export type TypeRow = readonly [
  name: string,
  vcpus: number,
  memoryMiB: number,
  attachmentsMax: number,
  traits: number,
  network: number,
  ebs: number,
  cores: number,
  store: number,
  accelerator: number,
];

/** The content of generated/instance-types.json, written by `npm run instance-types`. */
export interface TypeTable {
  readonly types: readonly TypeRow[];
  readonly traits: readonly TypeTraits[];
  readonly networks: readonly TypeNetwork[];
  readonly ebs: readonly TypeEbs[];
  readonly cores: readonly (readonly number[])[];
  readonly stores: readonly InstanceStoreDisk[];
  readonly accelerators: readonly TypeAccelerator[];
}

function expandRow(row: TypeRow, table: TypeTable): InstanceType {
  const [name, vcpus, memoryMiB, attachmentsMax, traits, ...places] = row;
  const [network, ebs, cores, store, accelerator] = places;
  const shared = table.traits[traits];
  if (!shared) throw new Error(`instance type ${name} has no traits`);
  return {
    ...shared,
    name,
    vcpus,
    memoryMiB,
    ...(attachmentsMax < 0 ? {} : { attachmentsMax }),
    ...at('network', table.networks, network),
    ...at('ebs', table.ebs, ebs),
    ...at('validCores', table.cores, cores),
    ...at('instanceStore', table.stores, store),
    ...at('accelerator', table.accelerators, accelerator),
  };
}

function at<Name extends string, Value>(
  name: Name,
  values: readonly Value[],
  index: number,
): { [key in Name]?: Value } {
  const value = values[index];
  return value === undefined ? {} : ({ [name]: value } as { [key in Name]: Value });
}

/** Types of a table by name, in order of name. */
export function expandTable(table: TypeTable): ReadonlyMap<string, InstanceType> {
  return new Map(table.types.map((row) => [row[0], expandRow(row, table)]));
}

let kept: ReadonlyMap<string, InstanceType> | undefined;

/** Read at the first use, so that importing this package costs nothing. */
function byName(): ReadonlyMap<string, InstanceType> {
  const path = new URL('./generated/instance-types.json', import.meta.url);
  kept ??= expandTable(JSON.parse(readFileSync(path, 'utf8')));
  return kept;
}

/** Undefined for a name that is not one of EC2's. */
export function findInstanceType(name: string): InstanceType | undefined {
  return byName().get(name);
}

let listed: readonly InstanceType[] | undefined;

/** Every type of EC2's official model, in order of name. */
export function allInstanceTypes(): readonly InstanceType[] {
  listed ??= [...byName().values()];
  return listed;
}
