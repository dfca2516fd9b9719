import { expect, test } from 'vitest';
import { planAddressing } from './addressing.ts';
import { networkNames } from './network-names.ts';
import { Router } from './router.ts';

test('a VPC that is linked while another looks at the links is known, and is unlinked', async () => {
  const commands: string[] = [];
  const gate = Promise.withResolvers<void>();
  let isRefusing = true;
  const router = new Router({
    names: networkNames('bh-unit', '/nonexistent'),
    directory: '/nonexistent',
    common: {
      addressing: planAddressing('127.18.0.0/16'),
      outbound: false,
      machineIds: { first: 10_000, last: 59_999 },
    },
    run: async (argv, input = '') => {
      const command = `${argv.join(' ')} ${input}`;
      commands.push(command);
      if (command.includes('route replace') && isRefusing) {
        isRefusing = false;
        throw new Error('somebody else has changed the routes');
      }
      if (!command.includes('link show')) return '';
      await gate.promise;
      return '[]\n[]\n[]\n';
    },
  });
  const reach = router.reach('vpc-1', { number: 1, addresses: new Set(['198.18.128.1']) });
  await expect.poll(() => commands.some((command) => command.includes('link show'))).toBe(true);
  const link = router.link(2, { namespace: 'bh-unit-2', isNew: true });
  gate.resolve();
  await Promise.all([reach, link]);
  await router.unlink(2);
  expect(commands.at(-1)).toContain('link delete dev vpc2');
});
