import { type MachineBoot, noReads, sumOfReads, type VolumeReads } from '@bakehouse/domain';
import { anInstance } from '@bakehouse/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type BootTimeline, bootTimeline } from './boot-timeline.ts';
import { consoleLines } from './console-lines.ts';

const spawnedAt = 1_795_980_355_000;

type Recorded = readonly (readonly [ms: number, text: string])[];

/** Parts of a console that was recorded with the times of its lines. */
const debian: Recorded = [
  [500, '\u001b[H\u001b[J\u001b[1;1H  Booting `Debian'],
  [
    5910,
    '\r[    0.000000] Linux version 6.1.0-57-cloud-amd64 (debian-kernel@lists.debian.org)\r\n',
  ],
  [12560, '[    5.873090] Run /init as init process\r\n'],
  [27400, '[   20.710680] systemd[1]: systemd 252.39-1~deb12u2 running in system mode (+PAM)\r\n'],
  [27420, '\r\nWelcome to \u001b[1mDebian GNU/Linux 12 (bookworm)\u001b[0m!\r\n'],
  [
    67800,
    "[   61.165859] cloud-init[264]: Cloud-init v. 22.4.2 running 'init-local' at Mon, 30 Nov 2026 03:11:49 +0000. Up 60.78 seconds.\r\n",
  ],
  [
    86540,
    '[\u001b[0;32m  OK  \u001b[0m] Reached target \u001b[0;1;39mnetwork.target\u001b[0m - Network.\r\n',
  ],
  [
    95400,
    "[   88.764779] cloud-init[343]: Cloud-init v. 22.4.2 running 'init' at Mon, 30 Nov 2026 03:12:16 +0000. Up 88.29 seconds.\r\n",
  ],
  [
    144190,
    '[\u001b[0;32m  OK  \u001b[0m] Started \u001b[0;1;39mssh.service\u001b[0m - OpenBSD Secure Shell server.\r\n',
  ],
  [146000, '\r\nDebian GNU/Linux 12 ip-172-31-0-10 ttyS0\r\n\r\nip-172-31-0-10 login: '],
  [
    189360,
    "[  182.642090] cloud-init[709]: Cloud-init v. 22.4.2 running 'modules:config' at Mon, 30 Nov 2026 03:13:46 +0000. Up 177.88 seconds.\r\n",
  ],
];

/** From a machine that many others shared. */
const bakehouse: Recorded = [
  [8743, "  Booting `Bakehouse Linux (6.1.0-57-cloud-amd64)'\r\n"],
  [
    336263,
    "[  250.270803] cloud-boot[166]: Cloud-init v. 22.4.2 running 'init' at Mon, 30 Nov 2026 04:21:15 +0000. Up 245.07 seconds.\r\n",
  ],
  [
    504688,
    '[  419.047927] cloud-boot[255]: Cloud-init v. 22.4.2 finished at Mon, 30 Nov 2026 04:24:07 +0000. Datasource DataSourceEc2.  Up 417.17 seconds\r\n',
  ],
  [
    511708,
    "[  425.569542] cloud-boot[127]: boot times, in seconds after the kernel's start: systemd 28.70, units 56.90, python 115.16, cloud-init 236.81, network 236.92, user 325.54, sshd 337.03, done 420.02\r\n",
  ],
];

/** The machine's side of a start whose console arrived like this, looked at every `everyMs`. */
function bootOf(recorded: Recorded, everyMs = 200): MachineBoot {
  const text = recorded.map(([, part]) => part).join('');
  const arrivals = new Map<number, number>();
  let bytes = 0;
  for (const [ms, part] of recorded) {
    bytes += Buffer.byteLength(part);
    const look = Math.ceil(ms / everyMs) * everyMs;
    // The look before it found what was there before.
    if (look > everyMs) arrivals.set(look - everyMs, bytes - Buffer.byteLength(part));
    arrivals.set(look, bytes);
  }
  return {
    generation: 1,
    spawnedAt,
    respondedAt: spawnedAt + 60,
    console: Buffer.from(text),
    arrivals: [...arrivals].map(([ms, count]) => ({
      at: spawnedAt + ms,
      since: spawnedAt + ms - everyMs,
      bytes: count,
    })),
  };
}

const instance = anInstance({
  generation: 1,
  launchedAt: spawnedAt - 150,
  launchTimes: {
    generation: 1,
    plannedAt: spawnedAt - 140,
    marks: [
      { name: 'began', at: spawnedAt - 130 },
      { name: 'disks', at: spawnedAt - 100 },
      { name: 'rules', at: spawnedAt - 60 },
      { name: 'network', at: spawnedAt - 40 },
      { name: 'metadata', at: spawnedAt - 20 },
    ],
  },
});

/** Stages with their seconds after the start of QEMU. */
const secondsOf = ({ events }: BootTimeline) =>
  Object.fromEntries(events.map(({ name, at }) => [name, (at - spawnedAt) / 1000]));

test('stock Debian: what its kernel, systemd and cloud-init write on the console', () => {
  const timeline = bootTimeline(instance, bootOf(debian));
  expect(secondsOf(timeline)).toEqual({
    'request accepted': -0.15,
    planned: -0.14,
    committed: -0.13,
    'overlays made': -0.1,
    'network policy applied': -0.06,
    'network port made': -0.04,
    'metadata published': -0.02,
    'QEMU started': 0,
    "QEMU's monitor responded": 0.06,
    'boot loader': 6,
    kernel: 6,
    initramfs: expect.closeTo(12.56, 0),
    systemd: expect.closeTo(27.4, 0),
    'cloud-init: local': expect.closeTo(67.5, 0),
    network: 86.6,
    'cloud-init: init': expect.closeTo(95, 0),
    sshd: 144.2,
    'login prompt': 146,
    'cloud-init: config': expect.closeTo(184.6, 0),
  });
  const unknown = timeline.unknown.map(({ name }) => name);
  expect(unknown).toEqual(['cloud-init: final', 'cloud-init: finished']);
});

test('Bakehouse Linux: a quiet kernel, whose times the image writes at the end', () => {
  const timeline = bootTimeline(instance, bootOf(bakehouse));
  expect(secondsOf(timeline)).toMatchObject({
    'boot loader': 8.8,
    kernel: expect.closeTo(86.2, 1),
    systemd: expect.closeTo(86.2 + 28.7, 1),
    'cloud-init: route found': expect.closeTo(86.2 + 236.92, 1),
    sshd: expect.closeTo(86.2 + 337.03, 1),
    'cloud-init: finished': expect.closeTo(86.2 + 417.17, 1),
  });
  const kernel = timeline.events.find(({ name }) => name === 'kernel');
  expect(kernel).toMatchObject({ source: 'guest', precisionMs: 200 });
  expect(timeline.unknown.map(({ name }) => name)).toContain('initramfs');
});

test('without looks at the console, its stages are unknown and not guessed', () => {
  const { events, unknown } = bootTimeline(instance, { ...bootOf(debian), arrivals: [] });
  expect(events.map(({ source }) => source)).not.toContain('console');
  expect(events.map(({ source }) => source)).not.toContain('guest');
  expect(unknown).toContainEqual({ name: 'sshd', why: expect.stringContaining('server is away') });
});

test('looks that are too far apart say nothing', () => {
  const { events } = bootTimeline(instance, {
    ...bootOf(debian),
    arrivals: [
      {
        at: spawnedAt + 600_000,
        since: spawnedAt,
        bytes: Buffer.concat([bootOf(debian).console ?? Buffer.alloc(0)]).length,
      },
    ],
  });
  expect(events.map(({ name }) => name).at(-1)).toBe("QEMU's monitor responded");
});

test('a machine of an earlier start, and marks of one, are not those of this start', () => {
  const later = { ...instance, generation: 2 };
  const { events, unknown } = bootTimeline(later, bootOf(debian));
  expect(events.map(({ name }) => name)).toEqual(['request accepted']);
  expect(unknown.map(({ name }) => name)).toContain('QEMU started');
  expect(unknown.map(({ name }) => name)).toContain('planned');
});

test('a launch over a hot map says so; one without is no unknown stage', () => {
  const launchTimes = {
    generation: 1,
    plannedAt: spawnedAt,
    marks: [{ name: 'hot', at: spawnedAt }],
  };
  const name = 'hot map found';
  const { events } = bootTimeline({ ...instance, launchTimes }, undefined);
  expect(events).toContainEqual({ name, at: spawnedAt, source: 'server' });
  const without = bootTimeline(instance, undefined);
  expect([...without.events, ...without.unknown].map((each) => each.name)).not.toContain(name);
});

test('marks that a killed server did not keep are unknown', () => {
  const launchTimes = { generation: 1, plannedAt: spawnedAt, marks: [] };
  const { unknown } = bootTimeline({ ...instance, launchTimes }, undefined);
  expect(unknown).toContainEqual({
    name: 'overlays made',
    why: expect.stringContaining('another'),
  });
});

test('any console yields a timeline in the order of its times, each stage once', () => {
  const part = fc.oneof(
    fc.string(),
    fc.constantFrom(...debian.map(([, text]) => text), ...bakehouse.map(([, text]) => text)),
  );
  const recorded = fc.array(fc.tuple(fc.nat(5_000), part), { maxLength: 30 }).map((parts) => {
    let ms = 0;
    return parts.map(([after, text]) => {
      ms += after;
      return [ms, text] as const;
    });
  });
  fc.assert(
    fc.property(recorded, (parts) => {
      const { events, unknown } = bootTimeline(instance, bootOf(parts));
      const times = events.map(({ at }) => at);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      const names = [...events, ...unknown].map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
    }),
  );
});

test('what a guest makes up keeps no time from being shown, and moves none before QEMU', () => {
  const nines = '9'.repeat(400);
  const hostile = [
    [100, `[${nines}.000000] x\n[99999999999.000000] x\n[ 99999.000000] x\n`],
    [200, `boot times, in seconds after the kernel's start: sshd ${nines}.1\n`],
    [300, '[    0.100000] Linux version 6.1\n'],
  ] as const;
  const timeline = bootTimeline(instance, bootOf(hostile));
  const { events } = timeline;
  expect(events.every(({ at }) => Number.isSafeInteger(at) && at >= instance.launchedAt)).toBe(
    true,
  );
  expect(secondsOf(timeline)).toMatchObject({ kernel: expect.closeTo(0.4, 0) });
});

test("a time of the guest's last login is no prompt for one", () => {
  const { events } = bootTimeline(instance, bootOf([[100, 'Last login: Mon Nov 30 05:00:00\n']]));
  expect(events.map(({ name }) => name)).not.toContain('login prompt');
});

test('lines are cut, so that what a guest writes costs its length once', () => {
  const long = { ...bootOf([]), console: Buffer.from('x'.repeat(10_000)) };
  expect(consoleLines(long).map(({ text }) => text.length)).toEqual([4_096, 4_096, 1_808]);
});

const volumeId = 'vol-00000000000000001';
const mapId = 'map-00000000000000001';

/** So many blocks read in each of these times after the start of QEMU. */
function readsAt(
  ...times: readonly (readonly [fromMs: number, toMs: number, newBlocks: number])[]
) {
  const spans = times.map(([from, to, newBlocks]) => ({
    ...noReads,
    from: spawnedAt + from,
    to: spawnedAt + to,
    reads: 10 * newBlocks,
    bytes: 512 * newBlocks,
    newBlocks,
    waits: newBlocks,
    waitedMs: 2 * newBlocks,
    longestMs: newBlocks,
  }));
  const reads: VolumeReads = {
    volumeId,
    mapId,
    since: spawnedAt + 10,
    spans,
    total: sumOfReads(spans),
  };
  return reads;
}

const fromStore = { disks: [{ volumeId, backing: 'store' }] } as const;

test('reads are shown with the stage that they led to, and those before the login with their share', () => {
  const reads = readsAt(
    [5_000, 5_200, 3],
    [6_100, 12_000, 20],
    [140_000, 141_000, 30],
    [150_000, 190_000, 40],
  );
  const boot = { ...bootOf(debian), ...fromStore, reads: [reads] };
  const { events, disks, login, readsLater, unknown } = bootTimeline(
    instance,
    boot,
    new Map([[mapId, 200]]),
  );
  const byName = Object.fromEntries(events.map((event) => [event.name, event.reads?.newBlocks]));
  expect(byName).toMatchObject({
    'boot loader': 3,
    initramfs: 20,
    sshd: 30,
    'cloud-init: config': 40,
  });
  expect(events.reduce((sum, event) => sum + (event.reads?.newBlocks ?? 0), 0)).toBe(93);
  expect(login).toMatchObject({
    stage: 'sshd',
    mapBlocks: 200,
    reads: { newBlocks: 53, waits: 53, waitedMs: 106, longestMs: 30 },
  });
  expect(readsLater?.reads).toBe(0);
  expect(disks).toEqual([{ volumeId, backing: 'store', mapId, reads: reads.total }]);
  expect(unknown.map(({ name }) => name)).not.toContain(`reads of ${volumeId}`);
});

test('a block server that was started again during the boot has counted twice, and both count', () => {
  const before = readsAt([5_000, 5_200, 3]);
  const after = { ...readsAt([8_000, 8_200, 4]), since: spawnedAt + 7_000 };
  const boot = { ...bootOf(debian), ...fromStore, reads: [before, after] };
  const { disks, login } = bootTimeline(instance, boot, new Map([[mapId, 200]]));
  expect(disks[0]?.reads?.newBlocks).toBe(7);
  expect(login).toMatchObject({ reads: { newBlocks: 7 }, mapBlocks: 200 });
});

test('without a known size there is no share', () => {
  const boot = { ...bootOf(debian), ...fromStore, reads: [readsAt([5_000, 5_200, 3])] };
  expect(bootTimeline(instance, boot).login).toEqual({
    stage: 'sshd',
    reads: expect.objectContaining({ newBlocks: 3 }),
  });
});

test('volumes whose reads go through no block server have none, and nothing of them is unknown', () => {
  const disks = [
    { volumeId, backing: 'hot' },
    { volumeId: 'vol-00000000000000002', backing: 'none' },
  ] as const;
  const timeline = bootTimeline(instance, { ...bootOf(debian), disks, reads: [] });
  expect(timeline.disks).toEqual(disks);
  expect(timeline.events.some(({ reads }) => reads)).toBe(false);
  expect(timeline.login).toBeUndefined();
  expect(timeline.unknown.some(({ name }) => name.startsWith('reads'))).toBe(false);
});

test('reads that the block server did not report are unknown', () => {
  const { unknown } = bootTimeline(instance, { ...bootOf(debian), ...fromStore, reads: [] });
  expect(unknown).toContainEqual({
    name: `reads of ${volumeId}`,
    why: expect.stringContaining('could not be asked'),
  });
});

/** A guest that went on from a template, in which its kernel had run for 20 s. */
const copied: Recorded = [
  [
    2400,
    "[   21.270803] cloud-boot[166]: Cloud-init v. 22.4.2 running 'init' at Mon, 30 Nov 2026 04:21:15 +0000. Up 21.07 seconds.\r\n",
  ],
  [
    7688,
    '[   26.047927] cloud-boot[255]: Cloud-init v. 22.4.2 finished at Mon, 30 Nov 2026 04:24:07 +0000. Datasource DataSourceEc2.  Up 26.04 seconds\r\n',
  ],
  [
    9508,
    "[   26.569542] cloud-boot[127]: boot times, in seconds after the copy's start: network 0.80, user 3.25, sshd 4.10\r\n",
  ],
];

test("a guest that went on from a template: its times count from then, and not from its kernel's start", () => {
  const memory = { restoredAt: spawnedAt + 900 };
  const timeline = bootTimeline(
    { ...instance, fastLaunch: { memoryOf: 'i-0aaaaaaaaaaaaaaa9' } },
    { ...bootOf(copied), memory },
  );
  expect(timeline.bootedBecause).toBeUndefined();
  const seconds = secondsOf(timeline);
  expect(seconds).toMatchObject({
    "template's memory restored": 0.9,
    'cloud-init: route found': expect.closeTo(1.7, 5),
    'cloud-init: init': 2.4,
    'cloud-init: user made': expect.closeTo(4.15, 5),
    sshd: expect.closeTo(5, 5),
    'cloud-init: finished': 7.8,
  });
  for (const name of ['kernel', 'systemd']) expect(seconds).not.toHaveProperty(name);
  const unknown = timeline.unknown.map(({ name }) => name);
  expect(unknown).toEqual(['cloud-init: config', 'cloud-init: final', 'login prompt']);
});

test('a launch that booted in spite of a template says why, and its later starts do not', () => {
  const planned = { ...instance, fastLaunch: { bootedBecause: 'the instance is t3.small' } };
  expect(bootTimeline(planned, bootOf(bakehouse)).bootedBecause).toBe('the instance is t3.small');
  const wanted = { ...instance, fastLaunch: { memoryOf: 'i-0aaaaaaaaaaaaaaa9' } as const };
  const boot = { ...bootOf(bakehouse), memory: { bootedBecause: 'another QEMU' } };
  expect(bootTimeline(wanted, boot).bootedBecause).toBe('another QEMU');
  const later = { ...wanted, generation: 2 };
  expect(bootTimeline(later, { ...boot, generation: 2 }).bootedBecause).toBeUndefined();
});
