import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { machineFolder } from '@bakehouse/compute-qemu';
import type { BlockMapId } from '@bakehouse/domain';
import { findProcesses } from '@bakehouse/host';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exportNames, readExportKey } from '../src/processes/export-names.ts';
import { blockServerPaths } from '../src/wiring/block-server.ts';
import { idOf, type JailedPlatform, jailedPlatform, nicOf, runInJail } from './jailed-platform.ts';

/** The machine that was taken over, and its neighbour. */
const own = 1;
const other = 2;
const ownMap: BlockMapId = 'map-00000000000000001';
const otherMap: BlockMapId = 'map-00000000000000002';

let platform: JailedPlatform;
const onHost = createServer((socket) => socket.end());

beforeAll(async () => {
  platform = await jailedPlatform();
  for (const n of [own, other]) await platform.start(n);
  const { snapshots, volumes } = platform.wired.drivers;
  for (const [n, mapId] of [
    [own, ownMap],
    [other, otherMap],
  ] as const) {
    const freeze = { volumeId: idOf.volume(n), snapshotId: `snap-0000000000000000${n}` } as const;
    const [view] = await volumes.freeze([freeze], idOf.instance(n));
    if (view === undefined) throw new Error('there is no view');
    await snapshots.capture(
      { mapId, source: view.source },
      { signal: new AbortController().signal },
    );
    await volumes.thaw([freeze], 'captured', idOf.instance(n));
  }
  await new Promise<void>((resolve) => onHost.listen(0, '0.0.0.0', resolve));
}, 120_000);

afterAll(async () => {
  onHost.close();
  await platform[Symbol.asyncDispose]();
}, 60_000);

const tapOf = (n: number) => `tap${nicOf(n).nicId.slice(-12).replace('-', '')}`;

async function facts(): Promise<object> {
  const { data } = platform;
  const names = exportNames(await readExportKey(data.exportKey));
  const { nbdSocket, controlSocket, guestSocket } = blockServerPaths(data);
  const machine = (n: number) => machineFolder(data.instances, idOf.instance(n));
  const door = (n: number) => join(data.volumes, '.machines', idOf.instance(n));
  const address = onHost.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const neighbour = await findProcesses(
    ({ argv: [name = '', ...args] }) =>
      name.includes('qemu-system-') && args.some((each) => each.includes(idOf.instance(other))),
  );
  return {
    exporter: guestSocket,
    files: {
      'its own disk (a control)': join(door(own), `${idOf.volume(own)}.qcow2`),
      "its own disk's record": join(data.volumes, idOf.volume(own), 'disk.json'),
      "its own machine's record": join(machine(own), 'machine.json'),
      "another guest's disk": join(door(other), `${idOf.volume(other)}.qcow2`),
      "another guest's disk in its folder": join(data.volumes, idOf.volume(other), 'disk.qcow2'),
      "another guest's console": join(machine(other), 'serial.log'),
      'the block store': join(data.blocks, 'version'),
      'the records': data.metadata,
      credentials: data.credentials,
      'the parameter key': data.parameterKey,
      'the key of export names': data.exportKey,
      "the host's accounts": '/etc/passwd',
      "the host's passwords": '/etc/shadow',
    },
    sockets: {
      "the block server's guest socket (a control)": guestSocket,
      "the block server's control socket": controlSocket,
      "the block server's socket for any map": nbdSocket,
      "another guest's monitor": join(machine(other), 'qmp.sock'),
      "the metadata agent's health socket": `${data.runtime}/metadata-agent`,
    },
    folders: {
      'its own machine folder': machine(own),
      'its folder of disks': door(own),
      "guests' metadata": data.guestMetadata,
      'the folder of the guest socket': dirname(guestSocket),
    },
    exports: {
      'its own export (a control)': names.nameOf({ mapId: ownMap }),
      "another disk's export by its map": otherMap,
      "another disk's export with the proof of its own": names
        .nameOf({ mapId: ownMap })
        .replace(ownMap, otherMap),
      'an export without a name': '',
    },
    given: [machine(own), door(own), join(data.runtime, idOf.instance(own)), dirname(guestSocket)],
    processes: { "another guest's QEMU": neighbour[0]?.pid, 'the server': process.pid },
    devices: ['/dev/kvm', '/dev/mem', '/dev/kmsg', '/dev/vda', '/dev/fuse', '/dev/loop0'],
    tcp: {
      "a server of the host at the host's address": ['198.18.0.1', port],
      "a server of the host at this namespace's own": ['127.0.0.1', port],
      'the metadata agent': ['169.254.169.254', 80],
      'another guest': [nicOf(other).privateIp, 22],
    },
    udp: { "the guests' resolver": ['169.254.169.253', 53] },
    taps: {
      "another guest's port": tapOf(other),
      'a port of its own making': 'tapown',
    },
    memoryMiB: 700,
  };
}

test('whoever takes a QEMU over gets nothing but its own guest', async () => {
  const text = await readFile(new URL('./jail-probe.py', import.meta.url), 'utf8');
  const { network } = platform.wired.drivers;
  const [namespace] = (await network.plug(nicOf(own))).split('/');
  const enter = ['nsenter', `--net=/run/netns/${namespace}`, '--'];
  const argument = JSON.stringify(await facts());
  const printed = await runInJail(idOf.instance(own), enter, { text, argument });
  const results: Readonly<Record<string, string>> = JSON.parse(printed);
  const lines = Object.entries(results).map(([what, result]) => `| ${what} | ${result} |`);
  console.log(['| tried | result |', '|---|---|', ...lines].join('\n'));
  const allowed = Object.entries(results).filter(([, result]) => result.startsWith('allowed'));
  expect(allowed.map(([what]) => what)).toEqual([
    'read its own disk (a control)',
    "connect to the block server's guest socket (a control)",
    'open its own export (a control)',
  ]);
});
