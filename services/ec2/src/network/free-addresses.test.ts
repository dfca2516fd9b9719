import { cidrContains, parseCidr, parseIp } from '@bakehouse/base';
import { freePrivateIps, freePublicIp, isFreePublicIp, isUsableAddress } from '@bakehouse/domain';
import { MemoryMetadataStore } from '@bakehouse/fakes';
import { aNetworkInterface, anElasticAddress, aSubnet } from '@bakehouse/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const subnet = aSubnet({ cidr: '10.0.0.0/28' });
/** The eleven addresses that interfaces can have. */
const usable = Array.from({ length: 11 }, (_, n) => `10.0.0.${n + 4}`);

test('free private addresses are distinct, of the subnet, and nobody’s; when there are too few, none', async () => {
  const some = fc.subarray(usable);
  const draw = fc.nat();
  const count = fc.integer({ min: 1, max: 11 });
  await fc.assert(
    fc.asyncProperty(some, some, draw, count, async (used, except, start, wanted) => {
      const store = new MemoryMetadataStore();
      const [privateIp, ...secondaryIps] = used;
      await store.write(async (tx) => {
        const { vpcId, id: subnetId } = subnet;
        const nic = { vpcId, subnetId, secondaryIps };
        if (privateIp) await tx.put('networkInterface', aNetworkInterface({ ...nic, privateIp }));
      });
      const taken = new Set([...used, ...except]);
      const find = store.read((reader) =>
        freePrivateIps(reader, subnet, { count: wanted, draw: start, except: new Set(except) }),
      );
      if (wanted > usable.length - taken.size) {
        const code = 'InsufficientFreeAddressesInSubnet';
        await expect(find).rejects.toMatchObject({ code });
        return;
      }
      const found = await find;
      expect(new Set(found).size).toBe(wanted);
      for (const address of found) {
        expect(taken.has(address)).toBe(false);
        expect(isUsableAddress(address, subnet.cidr)).toBe(true);
      }
    }),
  );
});

test('a public address is drawn of the pool, and of neither an interface nor an account', async () => {
  const pool = '127.18.0.0/29';
  const store = new MemoryMetadataStore();
  await store.write(async (tx) => {
    await tx.put('networkInterface', aNetworkInterface({ publicIp: '127.18.0.1' }));
    await tx.put('elasticAddress', anElasticAddress({ publicIp: '127.18.0.2' }));
  });
  await fc.assert(
    fc.asyncProperty(fc.nat(), async (start) => {
      const found = await store.read((reader) => freePublicIp(reader, pool, start));
      const range = parseCidr(pool);
      expect(range && cidrContains(range, parseIp(found) ?? 0)).toBe(true);
      expect(['127.18.0.0', '127.18.0.1', '127.18.0.2']).not.toContain(found);
    }),
  );
  const isFree = (address: string) => store.read((reader) => isFreePublicIp(reader, pool, address));
  for (const taken of ['127.18.0.0', '127.18.0.1', '127.18.0.2', '127.18.0.8', 'x']) {
    expect([taken, await isFree(taken)]).toEqual([taken, false]);
  }
  expect(await isFree('127.18.0.3')).toBe(true);
});
