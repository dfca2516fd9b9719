import { LinuxNetwork, type LinuxNetworkOptions } from './linux-network.ts';

/** Makes nothing yet: `open` does. Throws NetworkRangeError or NetworkInputError for options that cannot be. */
export function createLinuxNetwork(options: LinuxNetworkOptions): LinuxNetwork {
  return new LinuxNetwork(options);
}
