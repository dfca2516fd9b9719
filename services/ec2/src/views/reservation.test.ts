import type { MetadataReader } from '@bakehouse/domain';
import { expect, test } from 'vitest';
import { launched } from '../testing/launched.ts';
import { readInstanceFacts, readManyInstances } from './reservation.ts';

/** The reader, and the names of the calls that were made of it. */
function counted(reader: MetadataReader) {
  const calls: string[] = [];
  const counting = new Proxy(reader, {
    get(target, name) {
      return (...parameters: unknown[]) => {
        calls.push(String(name));
        return Reflect.apply(Reflect.get(target, name), target, parameters);
      };
    },
  });
  return { calls, reader: counting };
}

test('many instances are read by as many look-ups as one, and each as on its own', async () => {
  const context = await launched({ MinCount: 7, MaxCount: 7 });
  const { call, instanceId, instance } = context;
  const { AllocationId } = await call('AllocateAddress', {});
  await call('AssociateAddress', { AllocationId, InstanceId: instanceId });
  const { subnetId: SubnetId } = await instance();
  const { NetworkInterface } = await call('CreateNetworkInterface', { SubnetId });
  const NetworkInterfaceId = NetworkInterface?.NetworkInterfaceId ?? '';
  await call('AttachNetworkInterface', {
    NetworkInterfaceId,
    InstanceId: instanceId,
    DeviceIndex: 1,
  });
  await context.settle();
  await context.read(async (reader) => {
    const instances = await reader.list('instance');
    const own = await reader.get('instance', instanceId);
    if (!own) throw new Error(`no ${instanceId}`);
    const [one, all] = [counted(reader), counted(reader)];
    await readManyInstances(one.reader, [own]);
    const facts = await readManyInstances(all.reader, instances);
    expect(all.calls).toEqual(one.calls);
    expect(facts).toHaveLength(7);
    for (const [index, each] of instances.entries()) {
      expect(facts[index]).toEqual(await readInstanceFacts(reader, each));
      expect(facts[index]?.interfaces).toHaveLength(each.id === instanceId ? 2 : 1);
      expect(facts[index]?.interfaces[0]?.addresses[0]?.publicIp).toBeDefined();
    }
  });
});
