import { expect, test } from 'vitest';
import { checkServedApi, type ServedApi, servedApi, withCheckedAnswers } from './served-api.ts';

const table = {
  GetParameter: async (prefix: string, { Name }: { Name: string }) => ({
    Parameter: { Name: `${prefix}${Name}` },
  }),
};
const api = servedApi<'ssm', string>('ssm', table);

test('an operation of the table is called with its context and input', async () => {
  expect(api.operationNames).toEqual(['GetParameter']);
  expect(await api.call('GetParameter', '/', { Name: 'a' })).toEqual({ Parameter: { Name: '/a' } });
});

test('with checked responses, one that its model does not allow is a failure', async () => {
  const checked = withCheckedAnswers(api);
  expect(await checked.call('GetParameter', '/', { Name: 'a' })).toMatchObject({ Parameter: {} });
  const wrong = withCheckedAnswers({ ...api, call: async () => ({ Parameter: { Nome: 1 } }) });
  await expect(wrong.call('GetParameter', '/', {})).rejects.toThrow('Parameter.Nome is not in');
});

test('an API that names an operation without shapes is refused', () => {
  expect(() => checkServedApi(api)).not.toThrow();
  const wrong: ServedApi<string> = { ...api, operationNames: ['GetParameter', 'GetParametre'] };
  expect(() => checkServedApi(wrong)).toThrow('no shapes for GetParametre');
});
