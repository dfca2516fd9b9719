import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LinkParts } from './link-parts.ts';
import { foundOf, linkChanges, type VpcLinks } from './plan-vpc-links.ts';
import { sampleNic } from './testing/sample-nic.ts';

const anyMap = <Value>(keys: readonly string[], value: fc.Arbitrary<Value>) =>
  fc.array(fc.tuple(fc.constantFrom(...keys), value)).map((entries) => new Map(entries));
const anyPart: fc.Arbitrary<VpcLinks> = fc.record({
  ports: fc.constant(new Map()),
  addresses: fc
    .array(fc.constantFrom('lo 10.0.0.1', 'lo 10.0.0.2'))
    .map((addresses) => new Set(addresses)),
  routes: anyMap(['main 10.0.0.1', 'main 10.0.0.2', '7 default'], fc.constantFrom('a', 'b', 'c')),
  marks: fc.array(fc.constantFrom(7, 8)).map((marks) => new Set(marks)),
});
const anyChanges = fc.array(
  fc.tuple(fc.constantFrom('vpc', 'one', 'two'), fc.option(anyPart, { nil: undefined })),
);

/** What a change makes of the links in a kernel. */
function applied(kernel: VpcLinks, { before, after }: ReturnType<LinkParts['change']>): VpcLinks {
  const without = (gone: ReadonlySet<unknown>) => (key: unknown) => !gone.has(key);
  const keysOf = (links: VpcLinks) => new Set(links.routes.keys());
  const routes = [...kernel.routes].filter(([key]) => without(keysOf(before))(key));
  const addresses = [...kernel.addresses].filter(without(before.addresses));
  const marks = [...kernel.marks].filter(without(before.marks));
  return {
    ports: new Map(),
    addresses: new Set([...addresses, ...after.addresses]),
    routes: new Map([...routes, ...after.routes]),
    marks: new Set([...marks, ...after.marks]),
  };
}

test('changes add up to the whole, whoever shares an address or a route', () => {
  fc.assert(
    fc.property(fc.array(anyChanges), (steps) => {
      const parts = new LinkParts();
      let kernel = parts.whole();
      for (const step of steps) {
        const present = (links: VpcLinks) => [...links.addresses, ...links.marks].sort();
        kernel = applied(kernel, parts.change(new Map(step)));
        expect(present(kernel)).toEqual(present(parts.whole()));
        expect(kernel.routes).toEqual(parts.whole().routes);
      }
    }),
  );
});

const nothing: VpcLinks = {
  ports: new Map(),
  addresses: new Set(),
  routes: new Map(),
  marks: new Set(),
};
const route = (text: string): VpcLinks => ({ ...nothing, routes: new Map([['main x', text]]) });

test('an address that moves stays where it is by then', () => {
  const parts = new LinkParts();
  parts.change(new Map([['one', route('to one')]]));
  expect(parts.change(new Map([['two', route('to two')]])).after.routes.get('main x')).toBe(
    'to two',
  );
  expect(parts.change(new Map([['one', undefined]])).after.routes.get('main x')).toBe('to two');
  parts.change(new Map([['one', route('to one')]]));
  expect(parts.change(new Map([['one', undefined]])).after.routes.get('main x')).toBe('to two');
});

test('a change names only its own parts; several ports go in the time of one', () => {
  const parts = new LinkParts();
  const portOf = (index: number): VpcLinks => ({
    ...nothing,
    ports: new Map([[`tap${index}`, { ...sampleNic(index), guestNumber: index }]]),
  });
  const commands = { device: (name: string) => `make ${name}`, userOf: () => undefined };
  const linesOf = (changes: [string, VpcLinks | undefined][]) => {
    const { before, after } = parts.change(new Map(changes));
    return linkChanges(foundOf(before), after, commands);
  };
  linesOf([1, 2, 3].map((index) => [`nic ${index}`, portOf(index)]));
  const made = linesOf([['nic 4', portOf(4)]]);
  expect(made[0]).toBe('make tap4');
  expect(made.filter((line) => !line.includes('tap4'))).toEqual([]);
  expect(linesOf([['nic 4', portOf(4)]])).toEqual([]);
  expect(linesOf([['nic 4', undefined]])).toEqual(['link delete dev tap4']);
  const gone = linesOf([1, 2].map((index) => [`nic ${index}`, undefined]));
  expect(gone).toEqual([
    'link set dev tap1 group 170',
    'link set dev tap2 group 170',
    'link delete group 170',
  ]);
});
