import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import {
  DescribeInstancesCommand,
  EC2Client,
  type Instance,
  paginateDescribeInstances,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import { imageSeed, readyUrl, startPostgres, type TestPostgres } from '@bakehouse/testkit';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';

const program = join(import.meta.dirname, '..', '..', 'apps', 'server', 'src', 'start.ts');
const imageId = 'ami-00000000000000001';

let postgres: TestPostgres;
let folder: string;
let seedPath: string;
beforeAll(async () => {
  postgres = await startPostgres();
  folder = await mkdtemp(join(tmpdir(), 'bakehouse-two-'));
  seedPath = join(folder, 'images.json');
  await writeFile(seedPath, imageSeed(imageId));
});
afterAll(async () => {
  await postgres[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

interface TestServer {
  readonly url: string;
  readonly process: ChildProcess;
  readonly ec2: EC2Client;
  health(): Promise<{ readonly role?: string }>;
}

let servers = 0;

function newDataFolder(): string {
  servers += 1;
  return join(folder, `server-${servers}`);
}

/** A real server process on the database; it is ended with the test. */
function spawnServer(url: string, data = newDataFolder()) {
  const place = ['--data', data, '--listen', '127.0.0.1:0'];
  const mode = ['--compute', 'simulated', '--auth', 'open', '--seed', seedPath];
  const args = [program, ...place, ...mode, '--metadata', url, '--log-level', 'warn'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stderr.pipe(process.stderr, { end: false });
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    child.kill('SIGCONT');
    await once(child, 'exit');
  });
  return child;
}

async function startServer(url: string, data?: string): Promise<TestServer> {
  return started(spawnServer(url, data));
}

async function started(child: ChildProcess & { readonly stdout: Readable }): Promise<TestServer> {
  const endpoint = await readyUrl(child);
  const credentials = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'any' };
  const ec2 = new EC2Client({ endpoint, region: 'us-east-1', credentials, maxAttempts: 12 });
  const health = async () =>
    (await (await fetch(`${endpoint}/healthz`)).json()) as { readonly role?: string };
  return { url: endpoint, process: child, ec2, health };
}

/** Notes every change of a workflow's row: what was done, and which server did it. */
const audit = `
  CREATE TABLE change (n bigserial, op text, id text, step text, epoch text);
  CREATE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE r record := COALESCE(NEW, OLD);
    BEGIN
      IF r.kind = 'workflow' THEN
        INSERT INTO change (op, id, step, epoch)
          VALUES (TG_OP, r.id, r.body::json->>'step', r.body::json->>'epoch');
      END IF;
      RETURN NULL;
    END $$;
  CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON bakehouse.record
    FOR EACH ROW EXECUTE FUNCTION note_change();
`;

async function instancesOf({ ec2 }: TestServer): Promise<Instance[]> {
  const found: Instance[] = [];
  for await (const page of paginateDescribeInstances({ client: ec2, pageSize: 1000 }, {})) {
    for (const { Instances = [] } of page.Reservations ?? []) found.push(...Instances);
  }
  return found;
}

const launch = ({ ec2 }: TestServer, token: string) =>
  ec2.send(
    new RunInstancesCommand({
      ImageId: imageId,
      InstanceType: 't3.micro',
      MinCount: 2,
      MaxCount: 2,
      ClientToken: token,
    }),
  );

/** What a client meets whose server is killed. */
const cutOff = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE'];

test('clients of either server see one platform', async () => {
  const url = await postgres.createDatabase();
  const [active, standby] = [await startServer(url), await startServer(url)];
  expect(await active.health()).toMatchObject({ status: 'ok', role: 'active' });
  expect(await standby.health()).toMatchObject({ status: 'standby', active: active.url });
  const { Instances = [] } = await launch(standby, 'by-the-standby');
  const ids = Instances.map(({ InstanceId }) => InstanceId);
  const described = await active.ec2.send(new DescribeInstancesCommand({}));
  expect(described.Reservations?.[0]?.Instances?.map(({ InstanceId }) => InstanceId)).toEqual(ids);
  expect(await instancesOf(standby)).toHaveLength(2);
  const refused = standby.ec2.send(new DescribeInstancesCommand({ InstanceIds: ['i-x'] }));
  await expect(refused).rejects.toMatchObject({ name: 'InvalidInstanceID.Malformed' });
});

test('a server that is stopped hands over at once', async () => {
  const url = await postgres.createDatabase();
  const [active, standby] = [await startServer(url), await startServer(url)];
  active.process.kill('SIGTERM');
  expect(await once(active.process, 'exit')).toEqual([0, null]);
  await launch(standby, 'after-the-stop');
  expect(await standby.health()).toMatchObject({ role: 'active' });
});

async function untilWaiting({ stderr }: { readonly stderr: Readable }): Promise<void> {
  for await (const line of createInterface({ input: stderr }))
    if (line.includes('the database cannot be used, trying again')) return;
  throw new Error('the server ended without a word about its database');
}

test('servers that start while the database is down wait for it; then one is active, the other a standby', async () => {
  const url = await postgres.createDatabase();
  await postgres.stop();
  const children = [spawnServer(url), spawnServer(url)];
  await Promise.all(children.map(untilWaiting));
  await postgres.start();
  const servers = await Promise.all(children.map(started));
  const roles = async () =>
    (await Promise.all(servers.map((server) => server.health()))).map((each) => each.role).sort();
  await expect.poll(roles, { timeout: 30_000 }).toEqual(['active', 'standby']);
});

test('a server that waits for its database since its start ends when it is stopped', async () => {
  const url = await postgres.createDatabase();
  await postgres.stop();
  onTestFinished(() => postgres.start());
  const child = spawnServer(url);
  await untilWaiting(child);
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('a server that is elected while a paused one has the folder waits, and is active when that one goes on', async () => {
  const [url, data] = [await postgres.createDatabase(), newDataFolder()];
  const [active, standby] = [await startServer(url, data), await startServer(url, data)];
  active.process.kill('SIGSTOP');
  await expect.poll(standby.health, { timeout: 30_000 }).toMatchObject({ role: 'starting' });
  expect(standby.process.exitCode).toBeNull();
  const ended = once(active.process, 'exit');
  active.process.kill('SIGCONT');
  expect(await ended).toEqual([75, null]);
  await launch(standby, 'after-the-pause');
  expect(await standby.health()).toMatchObject({ role: 'active' });
});

test('a request that a paused server has got and never answers is refused when its lease has ended', async () => {
  const url = await postgres.createDatabase();
  const [active, standby] = [await startServer(url), await startServer(url)];
  active.process.kill('SIGSTOP');
  const reply = await fetch(standby.url, { method: 'POST', body: 'Action=DescribeInstances' });
  expect([reply.status, await reply.text()]).toEqual([
    503,
    expect.stringContaining('<Code>Unavailable</Code>'),
  ]);
  await expect.poll(standby.health, { timeout: 30_000 }).toMatchObject({ role: 'active' });
});

test('kill -9 of the active server: the other finishes its work, and each workflow runs once', async () => {
  const url = await postgres.createDatabase();
  const [active, standby] = [await startServer(url), await startServer(url)];
  await postgres.sql(url, audit);
  const launches = 120;
  let begun = 0;
  // What is cut off with the server that ends is repeated at the other, by its client token.
  const work = async (server: TestServer) => {
    while (begun < launches) {
      begun += 1;
      const token = `launch-${begun}`;
      await launch(server, token).catch((error: Error & { readonly code?: string }) => {
        if (server === standby || !cutOff.includes(error.code ?? '')) throw error;
        return launch(standby, token);
      });
    }
  };
  const clients = Promise.all([active, active, standby, standby].map(work));
  clients.catch(() => {});
  await expect.poll(() => begun, { timeout: 60_000 }).toBeGreaterThan(launches / 3);
  const underWay = "SELECT COUNT(*) FROM bakehouse.record WHERE kind = 'workflow'";
  for (;;) {
    active.process.kill('SIGSTOP');
    if (Number((await postgres.sql(url, underWay))[0]) > 1) break;
    active.process.kill('SIGCONT');
    await setTimeout(20);
  }
  active.process.kill('SIGKILL');
  const killedAt = performance.now();
  await once(active.process, 'exit');
  const [unfinished] = await postgres.sql(url, underWay);
  expect(Number(unfinished)).toBeGreaterThan(0);
  await standby.ec2.send(new DescribeInstancesCommand({ MaxResults: 5 }));
  const tookOverMs = Math.round(performance.now() - killedAt);
  await clients;
  await expect
    .poll(() => standby.health(), { timeout: 60_000 })
    .toMatchObject({ role: 'active', status: 'ok', counts: { workflows: 0 } });
  const finishedMs = Math.round(performance.now() - killedAt);
  const instances = await instancesOf(standby);
  expect(instances).toHaveLength(launches * 2);
  expect(new Set(instances.map(({ State }) => State?.Name))).toEqual(new Set(['running']));
  const addresses = instances.map(({ PrivateIpAddress }) => PrivateIpAddress);
  expect(new Set(addresses).size).toBe(instances.length);
  // A workflow ends once, and no step of it is recorded twice.
  const twice = `SELECT op, id, step FROM change WHERE op <> 'INSERT' GROUP BY op, id, step HAVING COUNT(*) > 1`;
  expect(await postgres.sql(url, twice)).toEqual([]);
  const [ends] = await postgres.sql(url, "SELECT COUNT(*) FROM change WHERE op = 'DELETE'");
  const [starts] = await postgres.sql(url, "SELECT COUNT(*) FROM change WHERE op = 'INSERT'");
  expect(ends).toBe(starts);
  const takenOver = await postgres.sql(
    url,
    'SELECT id FROM change GROUP BY id HAVING COUNT(DISTINCT epoch) > 1',
  );
  expect(takenOver.length).toBeGreaterThan(0);
  console.log(
    `two servers: ${instances.length} instances, ${starts} workflows, ${unfinished} of them unfinished at the kill and ${takenOver.length} taken over; ` +
      `the first reply after it came after ${tookOverMs} ms, all work was finished after ${finishedMs} ms`,
  );
}, 240_000);
