import type { NetworkInterfaceId } from '@bakehouse/domain';
import { type LaunchedContext, launched } from './launched.ts';

export interface SecondInterface extends LaunchedContext {
  readonly nicId: NetworkInterfaceId;
  readonly subnetId: string;
  /** Attaches the interface at index 1, and returns the attachment's id at once. */
  attach(): Promise<string>;
  /** The interface as DescribeNetworkInterfaces shows it. */
  shown(): Promise<
    | NonNullable<Awaited<ReturnType<typeof describeInterfaces>>['NetworkInterfaces']>[number]
    | undefined
  >;
}

const describeInterfaces = ({ call }: LaunchedContext, id: string) =>
  call('DescribeNetworkInterfaces', { NetworkInterfaceIds: [id] });

/** One instance, and an interface in its subnet that is attached to nothing. */
export async function withSecondInterface(
  state: 'running' | 'stopped' = 'running',
): Promise<SecondInterface> {
  const context = await launched({}, state);
  const { subnetId } = await context.instance();
  const { NetworkInterface } = await context.call('CreateNetworkInterface', { SubnetId: subnetId });
  const nicId = (NetworkInterface?.NetworkInterfaceId ?? '') as NetworkInterfaceId;
  return {
    ...context,
    nicId,
    subnetId,
    async attach() {
      const { AttachmentId = '' } = await context.call('AttachNetworkInterface', {
        NetworkInterfaceId: nicId,
        InstanceId: context.instanceId,
        DeviceIndex: 1,
      });
      return AttachmentId;
    },
    shown: async () => (await describeInterfaces(context, nicId)).NetworkInterfaces?.[0],
  };
}
