import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { MetadataPublisher } from '@bakehouse/domain';
import {
  agentCommand,
  askAgentHealth,
  createMetadataPublisher,
  ensureTokenKey,
} from '../src/index.ts';

const run = promisify(execFile);
const asAgent = fileURLToPath(new URL('./as-agent.py', import.meta.url));
const startLimitMs = 60_000;

/** A platform's namespace with the agent in it, and guests as further namespaces behind routed ports. */
export interface TestNamespaces {
  readonly publisher: MetadataPublisher;
  readonly directory: string;
  readonly agentPid: number;
  /** Reads and writes files with the agent's rights; gives one line for each action (see `as-agent.py`). */
  asAgent(actions: readonly string[]): Promise<readonly string[]>;
  /** Makes a namespace with this address, as a guest's port would be. */
  guest(privateIp: string): Promise<string>;
  /** Removes one namespace before the others. */
  remove(namespace: string): Promise<void>;
  /** A namespace behind a guest's: one more hop, with addresses translated by the guest. */
  container(guest: string): Promise<string>;
  /** Runs `curl` in a namespace; rejects when there is no reply within two seconds. */
  curl(namespace: string, ...args: readonly string[]): Promise<string>;
  /** Runs a program in a namespace, and returns what it prints. */
  python(namespace: string, program: string): Promise<string>;
  dispose(): Promise<void>;
}

async function command(...argv: readonly string[]): Promise<string> {
  const [name = '', ...args] = argv;
  return (await run(name, args, { timeout: 30_000 })).stdout;
}

async function ip(namespace: string, lines: readonly string[]): Promise<void> {
  for (const line of lines) await command('ip', '-n', namespace, ...line.split(' '));
}

const serviceAddresses = ['169.254.169.254', '169.254.169.123'].map(
  (address) => `address add ${address}/32 dev lo`,
);

const inside = (namespace: string) => ['nsenter', `--net=/run/netns/${namespace}`, '--'];

async function startAgent(namespace: string, directory: string): Promise<number> {
  const key = await ensureTokenKey(directory);
  const [health, documents] = [join(directory, 'health'), join(directory, 'documents')];
  const [program = '', ...args] = agentCommand({
    enter: inside(namespace),
    documents,
    key,
    health,
  });
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const deadline = Date.now() + startLimitMs;
  while ((await askAgentHealth(health)) === undefined) {
    if (child.exitCode !== null || Date.now() > deadline)
      throw new Error('the agent ended or did not answer within a minute; its errors are above');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return child.pid ?? 0;
}

/** A veth device in one namespace with its peer, `eth0`, in another. */
const pair = (device: string, peer: string) =>
  `link add ${device} type veth peer name eth0 netns ${peer}`;

/** Connects a container's namespace to a guest's, which translates its addresses as Docker does. */
async function connectContainer(guest: string, container: string, index: number): Promise<void> {
  await ip(guest, [
    pair(`c${index}`, container),
    `address add 10.9.${index}.1/24 dev c${index}`,
    `link set c${index} up`,
  ]);
  await ip(container, [
    `address add 10.9.${index}.2/24 dev eth0`,
    'link set eth0 up',
    `route add default via 10.9.${index}.1`,
  ]);
  await command(...inside(guest), 'sysctl', '-q', '-w', 'net.ipv4.ip_forward=1');
  const nat = 'add chain ip nat out { type nat hook postrouting priority srcnat; }';
  const rule = 'add rule ip nat out oifname eth0 masquerade';
  await command(...inside(guest), 'nft', `add table ip nat; ${nat}; ${rule}`);
}

export async function testNamespaces(): Promise<TestNamespaces> {
  const tag = `bhi-${randomBytes(2).toString('hex')}`;
  const directory = await mkdtemp(join(tmpdir(), 'bakehouse-imds-'));
  const namespaces: string[] = [];
  let nextIndex = 1;
  const makeNamespace = async (name: string) => {
    await command('ip', 'netns', 'add', name);
    namespaces.push(name);
    await ip(name, ['link set lo up']);
    return name;
  };
  const platform = await makeNamespace(tag);
  await ip(platform, serviceAddresses);
  const publisher = await createMetadataPublisher({ directory });
  const agentPid = await startAgent(platform, directory);

  return {
    publisher,
    directory,
    agentPid,
    async asAgent(actions) {
      const running = run('/usr/bin/python3', [asAgent, `${agentPid}`], { timeout: 30_000 });
      running.child.stdin?.end(actions.join('\n'));
      return (await running).stdout.trimEnd().split('\n');
    },
    async guest(privateIp) {
      const index = nextIndex++;
      const guest = await makeNamespace(`${tag}-${index}`);
      await ip(platform, [
        pair(`port${index}`, guest),
        `address add 172.31.0.1/32 dev port${index}`,
        `link set port${index} up`,
        `route add ${privateIp}/32 dev port${index}`,
      ]);
      await ip(guest, [
        `address add ${privateIp}/20 dev eth0`,
        'link set eth0 up',
        'route add default via 172.31.0.1',
      ]);
      return guest;
    },
    async remove(namespace) {
      await command(
        'ip',
        'netns',
        'delete',
        namespaces.splice(namespaces.indexOf(namespace), 1)[0] ?? '',
      );
    },
    async container(guest) {
      const index = nextIndex++;
      const container = await makeNamespace(`${tag}-${index}`);
      await connectContainer(guest, container, index);
      return container;
    },
    async curl(namespace, ...args) {
      const options = ['curl', '-sS', '-i', '--max-time', '2', '--noproxy', '*'];
      return await command(...inside(namespace), ...options, ...args);
    },
    python: (namespace, program) => command(...inside(namespace), 'python3', '-c', program),
    async dispose() {
      process.kill(agentPid, 'SIGKILL');
      for (const namespace of namespaces.reverse())
        await command('ip', 'netns', 'delete', namespace);
      await rm(directory, { recursive: true, force: true });
    },
  };
}
