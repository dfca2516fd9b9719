import { GiB, MiB, minuteMs, secondMs } from '@bakehouse/base';
import type { InstanceId } from '@bakehouse/domain';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { planRoom, type RoomFacts, resumeBytes } from './plan-room.ts';

const [a, b, c]: readonly InstanceId[] = ['i-a', 'i-b', 'i-c'];
if (!a || !b || !c) throw new Error('three instances');

const facts = (changes: Partial<RoomFacts>): RoomFacts => ({
  room: { freeBytes: 10 * GiB, reservedBytes: GiB },
  grown: new Map(),
  grownInMs: 10 * secondMs,
  held: [],
  sinceChangeMs: 60 * secondMs,
  ...changes,
});
const room = (freeBytes: number) => ({ freeBytes, reservedBytes: GiB });
const grown = (...each: [InstanceId, number][]) => new Map(each);

test.each<[string, Partial<RoomFacts>, ReturnType<typeof planRoom>]>([
  ['there is room', { grown: grown([a, 9 * GiB]) }, { hold: [] }],
  [
    'the reserve is reached: who grew most comes first',
    { room: room(GiB), grown: grown([a, 300 * MiB], [b, 900 * MiB], [c, 0]) },
    { hold: [b, a] },
  ],
  [
    'those who are left would not use up half of it in a minute',
    { room: room(GiB), grown: grown([a, 85 * MiB], [c, 0]), held: [b] },
    { hold: [] },
  ],
  [
    'those who are left would use up half of it in a minute',
    { room: room(GiB), grown: grown([a, 86 * MiB], [c, 0]), held: [b] },
    { hold: [a] },
  ],
  [
    'half of the reserve is used up: whoever grows is paused',
    { room: room(GiB / 2), grown: grown([a, 1], [c, 0]), held: [b] },
    { hold: [a] },
  ],
  ['nobody grows', { room: room(0), grown: grown([a, 0], [b, -MiB]) }, { hold: [] }],
  ['between reserve and resumption', { room: room(1.2 * GiB), held: [a] }, { hold: [] }],
  ['there is room again: the last one first', { held: [a, b] }, { hold: [], release: [b, a] }],
  ['one has gone on a moment ago', { held: [a], sinceChangeMs: 4999 }, { hold: [] }],
  [
    'there is no reserve',
    { room: { freeBytes: 0, reservedBytes: 0 }, grown: grown([a, GiB]) },
    { hold: [] },
  ],
])('%s', (_, changes, plan) => {
  expect(planRoom(facts(changes))).toEqual(plan);
});

const ids = fc.uniqueArray(fc.constantFrom<InstanceId>(a, b, c, 'i-d', 'i-e'));
const bytes = fc.integer({ min: -MiB, max: 20 * GiB });
const anyFacts: fc.Arbitrary<RoomFacts> = fc
  .record({
    freeBytes: fc.integer({ min: 0, max: 20 * GiB }),
    reservedBytes: fc.integer({ min: 0, max: 20 * GiB }),
    growing: ids,
    sizes: fc.array(bytes, { minLength: 5, maxLength: 5 }),
    held: ids,
    grownInMs: fc.integer({ min: 0, max: 10 * secondMs }),
    sinceChangeMs: fc.integer({ min: 0, max: 20 * secondMs }),
  })
  .map(({ freeBytes, reservedBytes, growing, sizes, held, ...rest }) => ({
    room: { freeBytes, reservedBytes },
    grown: new Map(
      growing.filter((id) => !held.includes(id)).map((id, at) => [id, sizes[at] ?? 0]),
    ),
    held,
    ...rest,
  }));

test('a guest is paused only within the reserve, only if it grew, and the largest growth first', () => {
  fc.assert(
    fc.property(anyFacts, (each) => {
      const { hold } = planRoom(each);
      if (hold.length === 0) return;
      expect(each.room.freeBytes).toBeLessThanOrEqual(each.room.reservedBytes);
      const sizes = hold.map((id) => each.grown.get(id) ?? 0);
      expect(sizes.every((size) => size > 0)).toBe(true);
      expect(sizes).toEqual(sizes.toSorted((x, y) => y - x));
      expect(sizes[0]).toBe(Math.max(...each.grown.values()));
    }),
  );
});

test('a guest goes on only with room beyond the reserve, and never as another is paused', () => {
  fc.assert(
    fc.property(anyFacts, (each) => {
      const { hold, release } = planRoom(each);
      if (release === undefined) return;
      expect(hold).toEqual([]);
      expect(release).toEqual(each.held.toReversed());
      expect(each.room.freeBytes).toBeGreaterThanOrEqual(resumeBytes(each.room));
      expect(resumeBytes(each.room)).toBeGreaterThan(each.room.reservedBytes);
    }),
  );
});

/** Guests that write at their speeds, in bytes a second, unless they are paused. */
class Host {
  freeBytes = 4 * GiB;
  held: readonly InstanceId[] = [];
  readonly #guests: { readonly id: InstanceId; speed: number; size: number }[];
  readonly #looks: (readonly number[])[] = [];

  constructor(speeds: readonly number[]) {
    this.#guests = speeds.map((speed, at) => ({ id: `i-${at}`, speed, size: 0 }));
  }

  write(): void {
    this.#looks.push(this.#guests.map(({ size }) => size));
    for (const each of this.#guests.filter(({ id }) => !this.held.includes(id))) {
      const written = Math.min(this.freeBytes, (each.speed * stepMs) / secondMs);
      each.size += written;
      this.freeBytes -= written;
    }
  }

  look(): void {
    const since = this.#looks.at(-looksKept) ?? this.#looks[0] ?? [];
    const running = this.#guests.filter(({ id }) => !this.held.includes(id));
    const growth = running.map((each) => {
      const before = since[this.#guests.indexOf(each)] ?? 0;
      return [each.id, each.size - before] as const;
    });
    const { hold, release } = planRoom({
      room: room(this.freeBytes),
      grown: new Map(growth),
      grownInMs: Math.min(this.#looks.length, looksKept) * stepMs,
      held: this.held,
      sinceChangeMs: 10 * secondMs,
    });
    this.held = [...this.held.filter((id) => id !== release?.[0]), ...hold.slice(0, 1)];
  }

  setSpeed(speed: number): void {
    for (const each of this.#guests) each.speed = speed;
  }

  /** What those write in so many seconds that were never paused. */
  writtenBySlow(seconds: number): number {
    const slow = this.#guests.filter(({ id }) => !this.held.includes(id));
    return slow.reduce((sum, { speed }) => sum + speed * seconds, 0);
  }
}

const stepMs = 250;
const looksKept = 40;
const speedMax = 400 * MiB;
/** What the disk takes from all guests together: faster ones would fill the reserve before each had its look. */
const diskSpeedMax = 800 * MiB;
const speeds = fc
  .array(fc.integer({ min: 0, max: speedMax }), { minLength: 1, maxLength: 5 })
  .map((each) => {
    const sum = each.reduce((total, speed) => total + speed, 0);
    return each.map((speed) => Math.floor(speed * Math.min(1, diskSpeedMax / Math.max(sum, 1))));
  });

test('whatever guests write, they leave most of the reserve, and all go on when there is room', () => {
  fc.assert(
    fc.property(speeds, (each) => {
      const host = new Host(each);
      for (let step = 0; step < 480; step += 1) {
        host.write();
        host.look();
      }
      expect(host.freeBytes).toBeGreaterThan(0);
      // Each guest that was paused wrote for one step more.
      const inSteps = each.length * ((each.length * speedMax * stepMs) / secondMs);
      expect(host.freeBytes).toBeGreaterThan(GiB - inSteps - host.writtenBySlow(120));
      for (const [at, speed] of each.entries()) {
        if (speed === 0) expect(host.held).not.toContain(`i-${at}`);
      }
      host.freeBytes = 10 * GiB;
      for (let step = 0; step < each.length; step += 1) host.look();
      expect(host.held).toEqual([]);
    }),
    { numRuns: 50 },
  );
});

test.each([0, GiB / 2])(
  'a guest that writes ever slower, as slowly as it takes to go on until %d bytes, leaves half of the reserve',
  (leftBytes) => {
    const host = new Host([0]);
    for (let step = 0; step < (30 * minuteMs) / stepMs; step += 1) {
      host.setSpeed(Math.max(0, host.freeBytes - leftBytes) / 80);
      host.write();
      host.look();
      expect(host.freeBytes).toBeGreaterThanOrEqual(GiB / 2);
    }
    expect(host.freeBytes).toBeLessThanOrEqual(GiB);
  },
);
