import { fileURLToPath } from 'node:url';
import { agentUserIds } from '@bakehouse/host';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { networkNames, vpcLinkName } from '../src/network-names.ts';
import { asker, type Conversation, endConversations, runScript, serve } from './talk.ts';
import { allOut, type Guest, policyOf, type TestPlatform, testPlatform } from './test-platform.ts';

const program = fileURLToPath(new URL('./flood.py', import.meta.url));
/** Over a connection of its own. */
const packetsOfQuestion = 6;
/** What EC2 lets an interface send to its services in a second; as much again may come at once. */
const packetsPerSecond = 1_024;

let platform: TestPlatform;
let flooders: readonly [Guest, Guest];
let third: Guest;

beforeAll(async () => {
  platform = await testPlatform();
  await platform.network.open();
  flooders = [await platform.guest(platform.nic(10)), await platform.guest(platform.nic(11))];
  third = await platform.guest(platform.nic(12));
  const open = [allOut, { ...allOut, direction: 'ingress' }] as const;
  const guests = [...flooders, third];
  await platform.network.applyPolicy(policyOf(guests.map((guest) => [guest, open])));
  // As the metadata agent does.
  await serve({ ...metadata, enter: platform.network.enter(), user: agentUserIds.first });
});

afterAll(async () => {
  endConversations();
  await platform?.dispose();
});

const metadata = { protocol: 'tcp', address: '169.254.169.254', port: 80 } as const;

/** How long each question of the third guest took, in milliseconds. Every one of them gets its reply. */
async function questionTimes(
  client: Conversation,
  isLast: (asked: number, packets: number) => boolean,
): Promise<number[]> {
  const times: number[] = [];
  do {
    const askedAt = performance.now();
    client.say(`question ${times.length}`);
    expect(await client.next()).toMatch(new RegExp(`question ${times.length}$`));
    times.push(performance.now() - askedAt);
  } while (!isLast(times.length, await packetsOut()));
  return times;
}

/** Packets that came out of the VPC since it exists. */
async function packetsOut(): Promise<number> {
  const { namespace } = networkNames(platform.options.name, platform.directory);
  const show = ['ip', '-n', namespace, '-j', '-s', 'link', 'show', 'dev', vpcLinkName(1)];
  const [link] = JSON.parse(await platform.run(show));
  return link.stats64.rx.packets;
}

function medianOf(times: readonly number[]): number {
  return times.toSorted((one, other) => one - other)[Math.floor(times.length / 2)] ?? 0;
}

test('requests for an address count among the packets of a port to its services', async () => {
  const [{ enter, nic }] = flooders;
  const inVpc = [...platform.enterVpc(nic), 'nft'];
  const probe =
    'add table inet probe; add chain inet probe input { type filter hook input priority 10; }';
  const count = 'add rule inet probe input udp dport 67 counter';
  await platform.run([...inVpc, `${probe}; ${count}`]);
  const [requests, begunAt] = [10_000, performance.now()];
  const words = ['dhcp', '172.31.0.1', '67', nic.macAddress, `${requests}`];
  const flood = runScript(enter, [program, ...words]);
  expect([await flood.next(), await flood.next()]).toEqual(['ready', 'sent']);
  const seconds = (performance.now() - begunAt) / 1_000;
  const listed = await platform.run([...inVpc, 'list table inet probe']);
  const arrived = Number(/packets (\d+)/.exec(listed)?.[1]);
  process.stdout.write(`${arrived} of ${requests} requests arrive in ${seconds.toFixed(1)} s\n`);
  expect(arrived).toBeGreaterThan(0);
  expect(arrived).toBeLessThanOrEqual(packetsPerSecond * (seconds + 1));
  await platform.run([...inVpc, 'delete table inet probe']);
});

/**
 * Guests are weighed by their control groups, so flooders are nice here: what is left is what the network lets one guest do
 * to another.
 */
test('two guests that flood each other and the metadata service neither silence nor crowd out a third', async () => {
  const client = await asker({ ...metadata, enter: third.enter });
  const quiet = medianOf(await questionTimes(client, (asked) => asked === 50));
  const [one, two] = flooders;
  const floods = [
    [one, 'udp', two.nic.privateIp, '9'],
    [two, 'udp', one.nic.privateIp, '9'],
    [one, 'tcp', metadata.address, '80'],
    [two, 'tcp', metadata.address, '80'],
    [one, 'udp', '169.254.169.253', '53'],
    [two, 'udp', '169.254.169.253', '53'],
  ] as const;
  for (const [{ enter }, ...target] of floods) {
    const flood = runScript([...enter, 'nice', '-n', '19'], [program, ...target]);
    expect(await flood.next()).toBe('ready');
  }
  const [begunAt, before] = [performance.now(), await packetsOut()];
  const ownOf = (asked: number) => asked * packetsOfQuestion;
  // The flood competes: beyond what ports may send at once, as much again passes while the third asks.
  const enough = 2 * flooders.length * packetsPerSecond;
  const times = await questionTimes(
    client,
    (asked, packets) => packets - before - ownOf(asked) > enough,
  );
  const [passed, seconds] = [(await packetsOut()) - before, (performance.now() - begunAt) / 1_000];
  const flooded = medianOf(times);
  process.stdout.write(
    `a third guest has ${times.length} of ${times.length} replies: ${quiet.toFixed(2)} ms, beside two that flood ${flooded.toFixed(2)} ms (${(flooded / quiet).toFixed(2)}×); ${Math.round(passed / seconds)} packets/s leave the VPC\n`,
  );
  // The limit counts each port; the third's own questions come on top.
  expect(passed).toBeLessThanOrEqual(
    flooders.length * packetsPerSecond * (seconds + 1) + ownOf(times.length),
  );
});
