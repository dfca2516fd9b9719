import { describeNetwork, takePublicRange } from '@bakehouse/testkit';
import { LinuxNetwork } from '../src/linux-network.ts';
import { networkNames } from '../src/network-names.ts';
import { networkRecords } from '../src/network-records.ts';
import { testPlatform } from './test-platform.ts';

const { cidr, second } = await takePublicRange();

describeNetwork(
  'LinuxNetwork',
  async () => {
    const { options, directory, dispose } = await testPlatform({ publicCidr: cidr });
    const network = new LinuxNetwork(options);
    const records = networkRecords(networkNames(options.name, directory));
    const policy = async () => (await records.load()).policy;
    return { network, policy, restart: async () => new LinuxNetwork(options), dispose };
  },
  `127.${second}.0`,
);
