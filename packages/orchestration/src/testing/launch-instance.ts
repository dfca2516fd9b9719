import { invariant } from '@bakehouse/base';
import {
  findInstanceType,
  freePrivateIps,
  type Instance,
  type LaunchFacts,
  type MetadataReader,
  planLaunch,
} from '@bakehouse/domain';
import { aHostId } from '@bakehouse/testkit';
import { startInstanceWorkflow } from '../workflows/start-instance.ts';
import type { TestPlane } from './test-plane.ts';

async function launchFacts(world: TestPlane, reader: MetadataReader): Promise<LaunchFacts> {
  const { accountId, region } = world.scope;
  const image = (await reader.list('image'))[0];
  const snapshot = (await reader.list('snapshot'))[0];
  const device = image?.blockDevices[0];
  const vpc = (await reader.list('vpc', { region }))[0];
  const subnet = (await reader.list('subnet', { region }))[0];
  const type = findInstanceType('t3.micro');
  invariant(image && snapshot && device && vpc && subnet && type, 'the test plane has an image');
  return {
    accountId,
    region,
    hostId: aHostId,
    now: world.clock.now(),
    reservationId: world.ids.resource('r'),
    image,
    type,
    placement: {
      vpc,
      subnet,
      publicIp: false,
      interfaces: [
        {
          kind: 'new',
          deviceIndex: 0,
          subnet,
          groups: await reader.list('securityGroup', { where: { vpc: [vpc.id] } }),
          asked: { secondary: [], secondaryCount: 0 },
          description: '',
          deleteOnTermination: true,
        },
      ],
    },
    devices: [{ device, snapshot }],
    ephemeralDisks: [],
    metadataOptions: {
      state: 'applied',
      httpTokens: 'required',
      httpPutResponseHopLimit: 2,
      httpEndpoint: 'enabled',
      httpProtocolIpv6: 'disabled',
      instanceMetadataTags: 'disabled',
    },
    shutdownBehavior: 'stop',
    disableApiTermination: false,
    disableApiStop: false,
    ebsOptimized: false,
    monitoring: 'disabled',
    tags: { instance: {}, volume: {}, networkInterface: {} },
  };
}

/** Launches an instance of a new image with one volume, as an API would, and waits until it runs. */
export async function launchInstance(world: TestPlane): Promise<Instance> {
  await world.addImage();
  const context = await world.plane.operationContext(world.scope, 'request-of-a-test');
  const launched = await context.write(async (tx) => {
    const facts = await launchFacts(world, tx);
    const { subnet } = facts.placement;
    const [privateIp = ''] = await freePrivateIps(tx, subnet, { count: 1, draw: 0 });
    const draw = { launchIndex: 0, addresses: [{ privateIp, secondaryIps: [] }] };
    const { instance, nics, volumes } = planLaunch(facts, draw, world.ids);
    for (const nic of nics) await tx.put('networkInterface', nic);
    for (const volume of volumes) await tx.put('volume', volume);
    await tx.put('instance', instance);
    const { id: instanceId, generation } = instance;
    await startInstanceWorkflow.enqueue(tx, { instanceId, generation, firstLaunch: true });
    return instance;
  });
  await world.settle();
  const instance = await world.read((reader) => reader.get('instance', launched.id));
  invariant(instance?.state === 'running', 'the instance runs');
  return instance;
}
