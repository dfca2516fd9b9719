import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { silentLogger, systemClock } from '@bakehouse/base';
import { endProcess } from '@bakehouse/host';
import { agentCommand, createMetadataPublisher, ensureTokenKey } from '@bakehouse/imds';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { orphanedProcesses } from '../src/doctor/platform-processes.ts';
import { ensureMetadataAgent, findAgents } from '../src/wiring/metadata-agent.ts';

const run = promisify(execFile);
const namespace = `bha-${randomBytes(2).toString('hex')}`;
const ip = (line: string) => run('ip', line.split(' '), { timeout: 30_000 });
const enter = ['nsenter', `--net=/run/netns/${namespace}`, '--'];
const parts = { network: { enter: () => enter }, clock: systemClock, logger: silentLogger };

let root: string;
let data: { runtime: string; guestMetadata: string; logs: string };
let socket: string;

async function makeNamespace() {
  await ip(`netns add ${namespace}`);
  await ip(`-n ${namespace} link set lo up`);
  for (const address of ['169.254.169.254', '169.254.169.123']) {
    await ip(`-n ${namespace} address add ${address}/32 dev lo`);
  }
}

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'bha-'));
  data = { runtime: root, guestMetadata: join(root, 'guests'), logs: root };
  socket = join(root, 'metadata-agent');
  await mkdir(data.guestMetadata, { mode: 0o700 });
  await createMetadataPublisher({ directory: data.guestMetadata });
  await makeNamespace();
});
afterEach(async () => {
  for (const agent of await findAgents(socket)) {
    await endProcess(agent, { what: 'agent', clock: systemClock, graceMs: 0 });
  }
  await ip(`netns delete ${namespace}`);
  await rm(root, { recursive: true, force: true });
});

async function onlyAgent(): Promise<number> {
  const agents = await findAgents(socket);
  expect(agents).toHaveLength(1);
  return agents[0]?.pid ?? 0;
}

/** True when something in the namespace listens on the guests' side. */
async function listens(): Promise<boolean> {
  const { stdout } = await run('nsenter', [...enter.slice(1), 'ss', '-Hltn', 'sport = :80']);
  return stdout.includes('169.254.169.254:80');
}

const namespaceOf = async (pid: number) => (await run('readlink', [`/proc/${pid}/ns/net`])).stdout;

test('a healthy agent stays, and its socket is closed to other users', async () => {
  await ensureMetadataAgent(data, parts);
  const pid = await onlyAgent();
  expect(await listens()).toBe(true);
  expect((await stat(socket)).mode & 0o777).toBe(0o600);
  await ensureMetadataAgent(data, parts);
  expect(await onlyAgent()).toBe(pid);
});

test('an agent is orphaned when its folder is deleted, not because it sees no files of the host', async () => {
  await ensureMetadataAgent(data, parts);
  const pid = await onlyAgent();
  const orphans = async () => (await orphanedProcesses()).map((orphan) => orphan.pid);
  expect(await orphans()).not.toContain(pid);
  await rm(data.guestMetadata, { recursive: true });
  expect(await orphans()).toContain(pid);
});

test('an agent that was killed is started again', async () => {
  await ensureMetadataAgent(data, parts);
  const pid = await onlyAgent();
  process.kill(pid, 'SIGKILL');
  await ensureMetadataAgent(data, parts);
  expect(await onlyAgent()).not.toBe(pid);
  expect(await listens()).toBe(true);
});

test('an agent that hangs is ended, and its port taken over', async () => {
  await ensureMetadataAgent(data, parts);
  const pid = await onlyAgent();
  process.kill(pid, 'SIGSTOP');
  await ensureMetadataAgent(data, parts);
  expect(await onlyAgent()).not.toBe(pid);
  expect(await listens()).toBe(true);
});

test('an agent whose namespace was replaced is replaced by one inside the new namespace', async () => {
  await ensureMetadataAgent(data, parts);
  const before = await namespaceOf(await onlyAgent());
  await ip(`netns delete ${namespace}`);
  await makeNamespace();
  await ensureMetadataAgent(data, parts);
  expect(await namespaceOf(await onlyAgent())).not.toBe(before);
  expect(await listens()).toBe(true);
  const { stdout } = await run('nsenter', [...enter.slice(1), 'nft', 'list', 'tables']);
  expect(stdout).toContain('table ip bakehouse-metadata');
});

test('an agent whose hop limits were flushed is replaced by one that makes them again', async () => {
  await ensureMetadataAgent(data, parts);
  const nft = (...args: string[]) => run('nsenter', [...enter.slice(1), 'nft', ...args]);
  await nft('flush', 'ruleset');
  await ensureMetadataAgent(data, parts);
  expect((await nft('list', 'tables')).stdout).toContain('table ip bakehouse-metadata');
  expect(await listens()).toBe(true);
});

test('an agent that another version started is replaced', async () => {
  const key = await ensureTokenKey(data.guestMetadata);
  const documents = join(data.guestMetadata, 'documents');
  const old = agentCommand({ enter, documents, key, health: socket, build: 'old' });
  const command = ['setsid', ...old];
  execFile('sh', ['-c', `exec ${command.join(' ')} > ${root}/old.log 2>&1`]);
  await expect
    .poll(() => readFile(join(root, 'old.log'), 'utf8'), { timeout: 60_000 })
    .toContain('ready');
  const pid = await onlyAgent();
  await ensureMetadataAgent(data, parts);
  expect(await onlyAgent()).not.toBe(pid);
});

test('the error for an agent that cannot start has the end of its log', async () => {
  await ip(`-n ${namespace} address delete 169.254.169.254/32 dev lo`);
  await expect(ensureMetadataAgent(data, parts)).rejects.toThrow(
    /did not start; the end of its log .*: .*EADDRNOTAVAIL/s,
  );
});
