import type { InstanceType, TypeTable } from '@bakehouse/domain';

/** A list in which equal values have one place. */
function pool<Value>() {
  const values: Value[] = [];
  const places = new Map<string, number>();
  const place = (value: Value | undefined): number => {
    if (value === undefined) return -1;
    const text = JSON.stringify(value);
    const known = places.get(text);
    if (known !== undefined) return known;
    places.set(text, values.length);
    return values.push(value) - 1;
  };
  return { values, place };
}

/** What types have in common is in the table once. */
export function makeTable(types: readonly InstanceType[]): TypeTable {
  const traits = pool<TypeTable['traits'][number]>();
  const networks = pool<TypeTable['networks'][number]>();
  const ebsFigures = pool<TypeTable['ebs'][number]>();
  const cores = pool<TypeTable['cores'][number]>();
  const stores = pool<TypeTable['stores'][number]>();
  const accelerators = pool<TypeTable['accelerators'][number]>();
  const rows = types.map((type) => {
    const { name, vcpus, memoryMiB, attachmentsMax, network, ebs, ...rest } = type;
    const { validCores, instanceStore, accelerator, ...shared } = rest;
    return [
      name,
      vcpus,
      memoryMiB,
      attachmentsMax ?? -1,
      traits.place(shared),
      networks.place(network),
      ebsFigures.place(ebs),
      cores.place(validCores),
      stores.place(instanceStore),
      accelerators.place(accelerator),
    ] as const;
  });
  return {
    types: rows,
    traits: traits.values,
    networks: networks.values,
    ebs: ebsFigures.values,
    cores: cores.values,
    stores: stores.values,
    accelerators: accelerators.values,
  };
}

/** JSON with a line for each row, so that a change of one fact is a change of few lines. */
export function tableText(table: TypeTable): string {
  const lists = Object.entries(table).map(([name, rows]) => {
    const lines = rows.map((row: unknown) => `    ${JSON.stringify(row)}`);
    return `  "${name}": [\n${lines.join(',\n')}\n  ]`;
  });
  return `{\n${lists.join(',\n')}\n}\n`;
}
