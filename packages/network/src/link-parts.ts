import type { PluggedNic } from './network-records.ts';
import type { VpcLinks } from './plan-vpc-links.ts';

/** New parts by their keys; undefined: none. */
export type LinkChanges = ReadonlyMap<string, VpcLinks | undefined>;

/** The links of a VPC as the sum of their parts (the VPC itself, a NIC). The cost of a change depends only on its parts. */
export class LinkParts {
  readonly #parts = new Map<string, VpcLinks>();
  readonly #ports = new SharedValues<string, PluggedNic>();
  readonly #addresses = new SharedValues<string, true>();
  readonly #routes = new SharedValues<string, string>();
  readonly #marks = new SharedValues<number, true>();

  whole(): VpcLinks {
    return this.#of({
      ports: this.#ports.keys(),
      addresses: this.#addresses.keys(),
      routes: this.#routes.keys(),
      marks: this.#marks.keys(),
    });
  }

  /** Both sides of a change, of whatever it touches. */
  change(changes: LinkChanges): { readonly before: VpcLinks; readonly after: VpcLinks } {
    const parts = [...changes].flatMap(([key, part]) => [this.#parts.get(key), part]);
    const touched = parts.filter((part) => part !== undefined);
    const names = {
      ports: new Set(touched.flatMap(({ ports }) => [...ports.keys()])),
      addresses: new Set(touched.flatMap(({ addresses }) => [...addresses])),
      routes: new Set(touched.flatMap(({ routes }) => [...routes.keys()])),
      marks: new Set(touched.flatMap(({ marks }) => [...marks])),
    };
    const before = this.#of(names);
    for (const [key, part] of changes) this.#put(key, part);
    return { before, after: this.#of(names) };
  }

  #put(owner: string, part: VpcLinks | undefined): void {
    const old = this.#parts.get(owner);
    for (const name of old?.ports.keys() ?? []) this.#ports.delete(name, owner);
    for (const address of old?.addresses ?? []) this.#addresses.delete(address, owner);
    for (const name of old?.routes.keys() ?? []) this.#routes.delete(name, owner);
    for (const mark of old?.marks ?? []) this.#marks.delete(mark, owner);
    this.#parts.delete(owner);
    if (part === undefined) return;
    this.#parts.set(owner, part);
    for (const [name, nic] of part.ports) this.#ports.set(name, owner, nic);
    for (const address of part.addresses) this.#addresses.set(address, owner, true);
    for (const [name, route] of part.routes) this.#routes.set(name, owner, route);
    for (const mark of part.marks) this.#marks.set(mark, owner, true);
  }

  #of(names: {
    readonly ports: Iterable<string>;
    readonly addresses: Iterable<string>;
    readonly routes: Iterable<string>;
    readonly marks: Iterable<number>;
  }): VpcLinks {
    return {
      ports: this.#ports.some(names.ports),
      addresses: new Set(this.#addresses.some(names.addresses).keys()),
      routes: this.#routes.some(names.routes),
      marks: new Set(this.#marks.some(names.marks).keys()),
    };
  }
}

/** Values by key. When several owners have one, the value of the last counts, and when it goes, that of the one before. */
class SharedValues<Key, Value> {
  readonly #owners = new Map<Key, Map<string, Value>>();

  keys(): Iterable<Key> {
    return this.#owners.keys();
  }

  /** Those of these keys that have a value. */
  some(keys: Iterable<Key>): Map<Key, Value> {
    const found = new Map<Key, Value>();
    for (const key of keys) {
      const last = [...(this.#owners.get(key)?.values() ?? [])].at(-1);
      if (last !== undefined) found.set(key, last);
    }
    return found;
  }

  set(key: Key, owner: string, value: Value): void {
    const owners = this.#owners.get(key) ?? new Map<string, Value>();
    this.#owners.set(key, owners);
    owners.set(owner, value);
  }

  delete(key: Key, owner: string): void {
    const owners = this.#owners.get(key);
    owners?.delete(owner);
    if (owners?.size === 0) this.#owners.delete(key);
  }
}
