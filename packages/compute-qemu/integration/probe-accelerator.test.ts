import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { probeAccelerator } from '../src/index.ts';
import { tryGuest } from '../src/probe-accelerator.ts';

let directory = '';

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bakehouse-probe-'));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

describe('the accelerator probe', () => {
  it('has a test guest that runs where QEMU runs', async () => {
    expect(await tryGuest('tcg', { directory, timeoutMs: 60_000 })).toEqual({ runs: true });
    expect(await readdir(directory)).toEqual([]);
  });

  it('says that a guest did not end', async () => {
    const result = await tryGuest('tcg', { directory, timeoutMs: 1 });
    expect(result).toEqual({ runs: false, why: 'it did not end within 1 ms' });
  });

  it('gives a reason, and keeps its result while the file is intact', async () => {
    const first = await probeAccelerator({ directory, timeoutMs: 500 });
    expect(['kvm', 'tcg']).toContain(first.accel);
    expect(first.reason).not.toBe('');
    expect(await probeAccelerator({ directory, timeoutMs: 500 })).toEqual(first);
    await writeFile(join(directory, 'accelerator.json'), '{"bootId": 1');
    expect((await probeAccelerator({ directory, timeoutMs: 500 })).accel).toBe(first.accel);
  });
});
