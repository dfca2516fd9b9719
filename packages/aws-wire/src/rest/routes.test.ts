import { expect, test } from 'vitest';
import { exampleModel, requestHead } from '../../test-support/example-model.ts';
import { wholeServices } from '../../test-support/tested-services.ts';
import { matchRoute } from './routes.ts';

const model = exampleModel('restJson1');

function matched(method: string, target: string, headers: Record<string, string> = {}) {
  const [path = '', rawQuery = ''] = target.split('?');
  const match = matchRoute(model, requestHead({ method, path, rawQuery, headers }));
  return match && [match.operation.name, Object.fromEntries(match.labels)];
}

test.each<[string, string, string, object]>([
  ['GET', '/', 'All', {}],
  ['GET', '/b', 'List', { Bucket: 'b' }],
  ['GET', '/b/', 'List', { Bucket: 'b' }],
  ['GET', '/b?list-type=2', 'ListV2', { Bucket: 'b' }],
  ['GET', '/b?list-type=1', 'List', { Bucket: 'b' }],
  ['GET', '/b?page', 'ListPages', { Bucket: 'b' }],
  ['GET', '/b?page&id=1', 'GetPage', { Bucket: 'b' }],
  ['GET', '/b/k', 'Read', { Bucket: 'b', Key: 'k' }],
  ['GET', '/b/k/l//m/', 'Read', { Bucket: 'b', Key: 'k/l//m/' }],
  ['GET', '/b%20c/%C3%BC%2F%3F', 'Read', { Bucket: 'b c', Key: 'ü/?' }],
  ['PUT', '/b/k', 'Store', { Bucket: 'b', Key: 'k' }],
  ['PUT', '/b/k?tag', 'Tag', { Bucket: 'b', Key: 'k' }],
  ['PUT', '/b/k?x-id=Copy', 'Copy', { Bucket: 'b', Key: 'k' }],
  ['POST', '/things/new', 'Post', {}],
])('%s %s is %s', (method, target, name, labels) => {
  expect(matched(method, target)).toEqual([name, labels]);
});

test('of two operations the one is meant whose required parts are there', () => {
  expect(matched('PUT', '/b/k', { 'x-source': 'a' })?.[0]).toBe('Copy');
  expect(matched('PUT', '/b/k')?.[0]).toBe('Store');
});

test.each([
  ['DELETE', '/b'],
  ['POST', '/'],
  ['POST', '/things'],
  ['POST', '/things/new/more'],
  ['POST', '//new'],
])('%s %s is no operation', (method, target) => {
  expect(matched(method, target)).toBeUndefined();
});

test('a path that cannot be decoded is refused', () => {
  expect(() => matched('GET', '/b/%ff')).toThrow('percent-encoded');
});

test('operations of S3 are distinguished without the hint that the SDK sends', async () => {
  const s3 = (await wholeServices()).get('s3')?.model ?? expect.unreachable();
  const route = (method: string, target: string, headers: Record<string, string> = {}) => {
    const [path = '', rawQuery = ''] = target.split('?');
    return matchRoute(s3, requestHead({ method, path, rawQuery, headers }))?.operation.name;
  };
  expect(route('PUT', '/b/k')).toBe('PutObject');
  expect(route('PUT', '/b/k', { 'x-amz-copy-source': '/a/b' })).toBe('CopyObject');
  expect(route('PUT', '/b/k?partNumber=1&uploadId=u')).toBe('UploadPart');
  const copy = { 'x-amz-copy-source': '/a/b' };
  expect(route('PUT', '/b/k?partNumber=1&uploadId=u', copy)).toBe('UploadPartCopy');
  expect(route('GET', '/b/k?uploadId=u')).toBe('ListParts');
  expect(route('GET', '/b/k')).toBe('GetObject');
  expect(route('DELETE', '/b/k?uploadId=u')).toBe('AbortMultipartUpload');
  expect(route('GET', '/')).toBe('ListBuckets');
  expect(route('GET', '/b')).toBe('ListObjects');
  expect(route('GET', '/b?list-type=2')).toBe('ListObjectsV2');
  expect(route('GET', '/b?analytics&id=1')).toBe('GetBucketAnalyticsConfiguration');
  expect(route('GET', '/b?analytics')).toBe('ListBucketAnalyticsConfigurations');
  expect(route('GET', '/b?location')).toBe('GetBucketLocation');
  expect(route('HEAD', '/b')).toBe('HeadBucket');
});
