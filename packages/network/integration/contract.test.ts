import { describeNetwork } from '@bakehouse/testkit';
import { LinuxNetwork } from '../src/linux-network.ts';
import { testPlatform } from './test-platform.ts';

const pool = '127.250';

describeNetwork(
  'LinuxNetwork',
  async () => {
    const { options, dispose } = await testPlatform({ publicCidr: `${pool}.0.0/16` });
    const network = new LinuxNetwork(options);
    return { network, restart: async () => new LinuxNetwork(options), dispose };
  },
  `${pool}.0`,
);
