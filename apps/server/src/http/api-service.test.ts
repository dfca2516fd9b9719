import { type ServedApi, servedApi } from '@bakehouse/aws-model';
import { wholeBody } from '@bakehouse/aws-wire';
import { expect, test } from 'vitest';
import { apiService } from './api-service.ts';
import type { ServiceRequest } from './listener.ts';

const caller = { accountId: '123456789012', accessKeyId: 'A', region: 'us-east-1', service: 'ssm' };
const api = servedApi<'ssm', string>('ssm', {
  GetParameter: async (context, { Name = '' }) => ({ Parameter: { Name, Value: context } }),
});
const serve = apiService(api, async ({ accountId }) => accountId);

function call(operation: string, input: object) {
  const headers = { 'x-amz-target': `AmazonSSM.${operation}` };
  const request: Omit<ServiceRequest, 'response'> = {
    head: { method: 'POST', path: '/', rawQuery: '', headers },
    body: wholeBody(new TextEncoder().encode(JSON.stringify(input))),
    caller,
    requestId: 'r-1',
  };
  return serve(request as ServiceRequest);
}

test('a request is decoded, its operation called, and the answer encoded', async () => {
  const reply = await call('GetParameter', { Name: 'a' });
  expect(reply).toMatchObject({
    status: 200,
    body: JSON.stringify({ Parameter: { Name: 'a', Value: caller.accountId } }),
  });
});

test.each([
  ['GetParameter', { Nome: 'a' }, 'UnknownParameter'],
  ['GetParameter', {}, 'MissingParameter'],
  // Before its parameters are judged, whether or not their shapes are known.
  ['PutParameter', { Nome: 'a' }, 'UnsupportedOperation'],
  ['SendCommand', { Nome: 'a' }, 'UnsupportedOperation'],
  ['SendComand', {}, 'InvalidAction'],
])('%s %j is refused with %s', async (operation, input, code) => {
  await expect(call(operation, input)).rejects.toMatchObject({ code });
});

test('an API with an operation that the model lacks does not start', () => {
  const wrong: ServedApi<string> = { ...api, operationNames: ['GetParametre'] };
  expect(() => apiService(wrong, async () => '')).toThrow('GetParametre');
});
