import { GiB, MiB } from '@bakehouse/base';
import { InsufficientCapacityError } from '@bakehouse/domain';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkMemory, memoryClaimBytes } from './memory-claim.ts';

describe('the check of memory', () => {
  it('counts what running machines may still take', () => {
    const facts = {
      availableBytes: 4 * GiB,
      reserveBytes: GiB / 2,
      machines: [
        { claimBytes: 2 * GiB, residentBytes: GiB },
        { claimBytes: GiB, residentBytes: 2 * GiB },
      ],
    };
    expect(() => checkMemory(2.5 * GiB, facts)).not.toThrow();
    expect(() => checkMemory(2.5 * GiB + MiB, facts)).toThrow(
      new InsufficientCapacityError(
        'the machine needs 2561 MiB with its overhead; 2560 MiB are free: 4096 MiB available, ' +
          'less 1024 MiB promised to 2 running machines, less a reserve of 512 MiB',
      ),
    );
  });

  it('never lets the machines’ claims exceed what there is', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 1000 }), { maxLength: 20 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4000 }), sizes, (availableBytes, claims) => {
        const machines: { claimBytes: number; residentBytes: number }[] = [];
        for (const claimBytes of claims) {
          try {
            checkMemory(claimBytes, { availableBytes, reserveBytes: 100, machines });
            machines.push({ claimBytes, residentBytes: 0 });
          } catch (error) {
            expect(error).toBeInstanceOf(InsufficientCapacityError);
          }
        }
        const total = machines.reduce((sum, { claimBytes }) => sum + claimBytes, 0);
        expect(total).toBeLessThanOrEqual(Math.max(0, availableBytes - 100));
      }),
    );
  });

  it('counts the translation cache only without KVM', () => {
    const [tcg, kvm] = [memoryClaimBytes(1024, 'tcg'), memoryClaimBytes(1024, 'kvm')];
    expect(tcg - kvm).toBe(256 * MiB);
    expect(kvm).toBeGreaterThan(1024 * MiB);
  });
});
