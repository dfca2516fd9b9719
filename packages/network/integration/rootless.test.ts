import { makeNamespacesCommand, runCommand } from '@bakehouse/host';
import { missingForOrdinaryUser, ordinaryUser } from '@bakehouse/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { endConversations, serve } from './talk.ts';

const missing = await missingForOrdinaryUser();

test.skipIf(missing.length > 0)(
  "an ordinary user's network leads guests in and out, and never to the host",
  { timeout: 120_000 },
  async () => {
    const user = await ordinaryUser();
    onTestFinished(() => user.dispose());
    const { enter, address } = user.outside;
    await serve({ enter, protocol: 'tcp', address: '0.0.0.0', port: 80 });
    onTestFinished(endConversations);
    const program = user.path(`${import.meta.dirname}/rootless-network.ts`);
    const node = user.path(process.execPath);
    const command = makeNamespacesCommand('/a-test', [
      node,
      program,
      address,
      user.hostAddress,
      user.innerAddress,
    ]);
    const output = await runCommand([...user.enter, ...command], { timeoutMs: 100_000 });
    expect(JSON.parse(output)).toEqual({
      'the host reaches the guest': expect.stringMatching(/^heard 198\.1[89]\..* hello$/),
      // The user, who is root there: by this the command line knows it.
      'whose listener it is': '0\n',
      'a guest without a rule': expect.stringMatching(/^failed/),
      // As a connection of the host's own.
      'the guest reaches the outside': `heard ${user.hostAddress} hello`,
      'the guest reaches another': 'heard 172.31.0.11 hello',
      'the guest reaches the host': expect.stringMatching(/^failed/),
      'the guest reaches it inside': expect.stringMatching(/^failed/),
      'after another start': expect.stringMatching(/^heard/),
      'without the process': expect.stringMatching(/^failed/),
      'after a repair': expect.stringMatching(/^heard/),
      'after the rule was revoked': expect.stringMatching(/^failed/),
      'processes at the end': 'none\n',
    });
  },
);
