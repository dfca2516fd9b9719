import {
  apiError,
  type Instance,
  interfacesOf,
  type MetadataReader,
  type NetworkInterface,
} from '@bakehouse/domain';

/** The instance's interface. With several of them, EC2 has a request name the one that it means. */
export async function onlyInterface(
  reader: MetadataReader,
  { id }: Instance,
): Promise<NetworkInterface> {
  const [nic, second] = await interfacesOf(reader, id);
  if (nic && !second) return nic;
  const words = nic ? 'There are multiple interfaces' : 'There is no interface';
  throw apiError('InvalidInstanceID', {
    message: `${words} attached to instance '${id}'. Please specify an interface ID for the operation instead.`,
  });
}
