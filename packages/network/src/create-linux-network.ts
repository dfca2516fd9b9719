import { LinuxNetwork, type LinuxNetworkOptions } from './linux-network.ts';

/** Creates nothing on the host yet: `open` does. Throws NetworkRangeError or NetworkInputError for bad options. */
export function createLinuxNetwork(options: LinuxNetworkOptions): LinuxNetwork {
  return new LinuxNetwork(options);
}
