import { silentLogger } from '@bakehouse/base';
import type { NetworkPolicy } from '@bakehouse/domain';
import {
  ManualClock,
  MemoryMetadataStore,
  MemoryNetwork,
  seededIds,
  simulatedPowers,
} from '@bakehouse/fakes';
import { expect, test } from 'vitest';
import { createControlPlane } from '../control-plane.ts';
import { platformAccountId } from '../platform/accounts.ts';
import { testContext } from '../testing/test-context.ts';
import { createPolicyApplier } from './policy-applier.ts';

/** Counts applications, holds them until released, and fails while told to. */
class SlowNetwork extends MemoryNetwork {
  failures = 0;
  applied = 0;
  readonly #held: (() => void)[] = [];
  isHeld = false;

  override async applyPolicy(policy: NetworkPolicy): Promise<void> {
    if (this.isHeld) await new Promise<void>((resolve) => this.#held.push(resolve));
    if (this.failures > 0) {
      this.failures -= 1;
      throw new Error('nft failed');
    }
    this.applied += 1;
    await super.applyPolicy(policy);
  }

  release(): void {
    this.isHeld = false;
    for (const resolve of this.#held.splice(0)) resolve();
  }
}

function applierOver(network: SlowNetwork) {
  return createPolicyApplier(new MemoryMetadataStore(), network, silentLogger);
}

test('calls during a run share one run after it', async () => {
  const network = new SlowNetwork();
  const policy = applierOver(network);
  network.isHeld = true;
  const calls = [policy.apply(), policy.apply(), policy.apply(), policy.apply()];
  network.release();
  await Promise.all(calls);
  expect(network.applied).toBe(2);
});

test('a failure reaches its caller, not the one after', async () => {
  const network = new SlowNetwork();
  network.failures = 1;
  const policy = applierOver(network);
  const [first, second] = [policy.apply(), policy.apply()];
  await expect(first).rejects.toThrow('nft failed');
  await second;
  expect(network.applied).toBe(1);
});

test('repair applies after a failure until it succeeds, and then no more', async () => {
  const network = new SlowNetwork();
  network.failures = 2;
  const policy = applierOver(network);
  await policy.repair();
  expect(network.applied).toBe(0);
  await expect(policy.apply()).rejects.toThrow('nft failed');
  await expect(policy.repair()).rejects.toThrow('nft failed');
  await policy.repair();
  expect(network.applied).toBe(1);
  await policy.repair();
  expect(network.applied).toBe(1);
});

test('a rule whose application failed is in force a little later, without anyone calling', async () => {
  const { call, clock, powers } = await testContext();
  const network = powers.network;
  let failures = 3;
  const applyPolicy = network.applyPolicy.bind(network);
  let applied = 0;
  network.applyPolicy = async (policy) => {
    if (failures > 0) {
      failures -= 1;
      throw new Error('nft failed');
    }
    applied += 1;
    await applyPolicy(policy);
  };
  const answer = await call('AuthorizeSecurityGroupIngress', {
    GroupName: 'default',
    IpProtocol: 'tcp',
    FromPort: 22,
    ToPort: 22,
    CidrIp: '10.0.0.0/8',
  });
  expect(answer.Return).toBe(true);
  expect(applied).toBe(0);
  await clock.advanceUntil(() => applied > 0, 60_000);
});

test('a network that refuses the policy keeps nothing else from starting, and is asked again', async () => {
  const clock = new ManualClock();
  const network = new SlowNetwork();
  network.failures = 3;
  const plane = createControlPlane({
    metadata: new MemoryMetadataStore(),
    powers: { ...simulatedPowers({ clock }), network },
    clock,
    ids: seededIds(1),
    logger: silentLogger,
    settings: {
      regions: ['us-east-1'],
      platformAccountId,
      compute: 'simulated',
      publicCidr: '127.18.0.0/16',
    },
  });
  await plane.start();
  expect(network.applied).toBe(0);
  await clock.advanceUntil(() => network.applied > 0, 60_000);
});
