import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { findProcesses } from '@bakehouse/host';
import { endConversations, hello, serve } from './talk.ts';
import { allOut, policyOf, serveSsh, sshIn, testPlatform } from './test-platform.ts';

/**
 * The network of an ordinary user, from its making to its end: run it as root of that user's namespaces, in a folder of
 * its own. Its arguments are an address outside, and two of the host. Prints what was seen, as JSON.
 */
const [outside = '', host = '', inner = ''] = process.argv.slice(2);
const directories = { runtimeDirectory: join(process.cwd(), 'run'), logDirectory: process.cwd() };
await mkdir(directories.runtimeDirectory, { mode: 0o700 });

const platform = await testPlatform({ outbound: true, edge: directories });
const { network } = platform;
const seen: Record<string, string> = {};
const see = async (what: string, looking: Promise<string>) => {
  seen[what] = await looking;
};

await network.open();
const guest = await platform.guest(platform.nic(10));
const other = await platform.guest(platform.nic(11));
await network.applyPolicy(
  policyOf([
    [guest, [sshIn, allOut]],
    [other, [allOut]],
  ]),
);
await serveSsh(guest);
await serve({ enter: [], protocol: 'tcp', address: '0.0.0.0', port: 8080 });

const onHost = { enter: [], protocol: 'tcp', port: 20_022 } as const;
const address = guest.nic.publicIp ?? '';
const callFrom = ({ enter }: { enter: readonly string[] }, to: string, port: number) =>
  hello({ enter, protocol: 'tcp', address: to, port });
await see('the host reaches the guest', hello({ ...onHost, address }));
const listeners = `awk '$2 ~ /:4E36$/ && $4 == "0A" { print $8 }' /proc/net/tcp`;
await see('whose listener it is', platform.run(['sh', '-c', listeners]));
await see('a guest without a rule', hello({ ...onHost, address: other.nic.publicIp ?? '' }));
await see('the guest reaches the outside', callFrom(guest, outside, 80));
await see('the guest reaches another', callFrom(other, guest.nic.privateIp, 22));
await see('the guest reaches the host', callFrom(guest, host, 8080));
await see('the guest reaches it inside', callFrom(guest, inner, 8080));

// What a restart of the control plane finds, and what a repair puts back.
await platform.reopened().open();
await see('after another start', hello({ ...onHost, address }));
const socketPath = join(directories.runtimeDirectory, 'doors');
for (const { pid } of await findProcesses(({ argv }) => argv.includes(socketPath))) {
  process.kill(pid, 'SIGKILL');
}
await see('without the process', hello({ ...onHost, address }));
await network.repair();
await see('after a repair', hello({ ...onHost, address }));

await network.applyPolicy(
  policyOf([
    [guest, [allOut]],
    [other, [allOut]],
  ]),
);
await see('after the rule was revoked', hello({ ...onHost, address }));
endConversations();
await network.destroy();
await see('processes at the end', platform.run(['sh', '-c', 'pgrep -u 0 pasta || echo none']));
process.stdout.write(`${JSON.stringify(seen)}\n`);
process.exit(0);
