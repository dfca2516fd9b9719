import { silentLogger, systemClock } from '@bakehouse/base';
import { LinuxNetwork } from '../src/linux-network.ts';
import { sampleNic } from '../src/testing/sample-nic.ts';

/** A control plane that plugs and unplugs until it is killed, and prints each call that has resolved. */
const [name = '', directory = '', publicCidr = ''] = process.argv.slice(2);
const options = { name, directory, publicCidr, outbound: false };
const network = new LinuxNetwork({ ...options, logger: silentLogger, clock: systemClock });
await network.open();
for (let turn = 0; ; turn++) {
  const nic = sampleNic(100 + (turn % 5));
  const isPlugged = (await network.list()).includes(nic.nicId);
  if (isPlugged) await network.unplug(nic.nicId);
  else await network.plug(nic);
  process.stdout.write(`${isPlugged ? 'unplugged' : 'plugged'} ${nic.nicId}\n`);
}
