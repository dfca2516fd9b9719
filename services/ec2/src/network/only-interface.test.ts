import { aNetworkInterface, anInstance } from '@bakehouse/testkit';
import { expect, test } from 'vitest';
import { testContext } from '../testing/test-context.ts';
import { onlyInterface } from './only-interface.ts';

test('the only interface of an instance; none or several are refused, each in its words', async () => {
  const { read, write } = await (await testContext()).operationContext();
  const instance = anInstance();
  const found = () => read((reader) => onlyInterface(reader, instance));
  const put = (id: `eni-${string}`, deviceIndex: number) => {
    const attachment = {
      id: 'eni-attach-0aaaaaaaaaaaaaaa1',
      instanceId: instance.id,
      attachedAt: instance.createdAt,
      deleteOnTermination: true,
      deviceIndex,
    } as const;
    return write((tx) => tx.put('networkInterface', aNetworkInterface({ id, attachment })));
  };
  const code = 'InvalidInstanceID';
  const words = (what: string) =>
    `${what} attached to instance '${instance.id}'. Please specify an interface ID for the operation instead.`;
  await expect(found()).rejects.toMatchObject({ code, message: words('There is no interface') });
  await put('eni-0123456789abcdef0', 0);
  expect((await found()).id).toBe('eni-0123456789abcdef0');
  await put('eni-0123456789abcdef1', 1);
  const several = { code, message: words('There are multiple interfaces') };
  await expect(found()).rejects.toMatchObject(several);
});
