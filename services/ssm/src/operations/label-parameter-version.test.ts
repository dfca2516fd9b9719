import { beforeEach, expect, test } from 'vitest';
import { type ParameterPlane, parameterPlane } from '../testing/parameter-plane.ts';

let plane: ParameterPlane;
beforeEach(async () => {
  plane = await parameterPlane();
  for (const Value of ['one', 'two']) {
    await plane.call('PutParameter', { Name: 'x', Value, Type: 'String', Overwrite: true });
  }
});

const labels = async () =>
  (await plane.call('GetParameterHistory', { Name: 'x' })).Parameters?.map((each) => each.Labels);

test('a label is on one version, and moves', async () => {
  await plane.call('LabelParameterVersion', { Name: 'x', Labels: ['live', 'b'] });
  expect(await labels()).toEqual([[], ['live', 'b']]);
  await plane.call('LabelParameterVersion', { Name: 'x', ParameterVersion: 1, Labels: ['live'] });
  expect(await labels()).toEqual([['live'], ['b']]);
  const off = { Name: 'x', ParameterVersion: 1, Labels: ['live', 'b'] };
  expect(await plane.call('UnlabelParameterVersion', off)).toEqual({
    RemovedLabels: ['live'],
    InvalidLabels: ['b'],
  });
  expect(await labels()).toEqual([[], ['b']]);
});

test('words that are no labels are listed', async () => {
  const Labels = ['1st', 'aws-x', 'ssm', 'a b', 'good'];
  expect(await plane.call('LabelParameterVersion', { Name: 'x', Labels })).toEqual({
    InvalidLabels: ['1st', 'aws-x', 'ssm', 'a b'],
    ParameterVersion: 2,
  });
});

test('a version has ten labels at most, and must be there', async () => {
  const Labels = Array.from({ length: 10 }, (_, index) => `l${index}`);
  await plane.call('LabelParameterVersion', { Name: 'x', Labels });
  const more = plane.call('LabelParameterVersion', { Name: 'x', Labels: ['l10'] });
  await expect(more).rejects.toEqual(
    expect.objectContaining({ code: 'ParameterVersionLabelLimitExceeded' }),
  );
  const absent = { Name: 'x', ParameterVersion: 7, Labels: ['a'] };
  await expect(plane.call('LabelParameterVersion', absent)).rejects.toEqual(
    expect.objectContaining({ code: 'ParameterVersionNotFound' }),
  );
});
