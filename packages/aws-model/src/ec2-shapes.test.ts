import * as sdk from '@aws-sdk/client-ec2';
import { expect, test } from 'vitest';
import { ec2Shapes, isEc2Operation } from './ec2-shapes.ts';
import type { Member, Shape, StructureShape } from './shape.ts';

function member(shape: Shape, name: string): Member {
  const found = structure(shape).members.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no member ${name}`);
  return found;
}

function structure(shape: Shape): StructureShape {
  if (shape.kind === 'list') return structure(shape.element);
  if (shape.kind !== 'structure') throw new Error(`${shape.kind} is not a structure`);
  return shape;
}

test('every operation of the SDK is known, and nothing else', () => {
  const commands = Object.keys(sdk).filter((name) => /^[A-Z]\w*Command$/.test(name));
  const known = ec2Shapes.operationNames().map((name) => `${name}Command`);
  expect(known.sort()).toEqual(commands.sort());
  for (const name of ['runInstances', 'RunInstances ', '__proto__', 'constructor', '']) {
    expect(isEc2Operation(name)).toBe(false);
  }
});

test('every shape that an operation reaches can be read', () => {
  const seen = new Set<Shape>();
  const walk = (shape: Shape): void => {
    if (seen.has(shape)) return;
    seen.add(shape);
    if (shape.kind === 'list') walk(shape.element);
    if (shape.kind === 'structure') for (const { shape: inner } of shape.members) walk(inner);
  };
  for (const name of ec2Shapes.operationNames()) {
    walk(ec2Shapes.input(name));
    walk(ec2Shapes.output(name));
  }
  expect(seen.size).toBeGreaterThan(3_000);
});

test('a member has the names of the SDK, of the Query request and of the XML answer', () => {
  const run = ec2Shapes.input('RunInstances');
  expect(member(run, 'SecurityGroupIds')).toMatchObject({ queryName: 'SecurityGroupId' });
  expect(member(run, 'NetworkInterfaces')).toMatchObject({ queryName: 'NetworkInterface' });
  expect(run.memberByQueryName('BlockDeviceMapping')?.name).toBe('BlockDeviceMappings');
  expect(run.memberByQueryName('BlockDeviceMappings')).toBeUndefined();
  const image = member(ec2Shapes.output('DescribeImages'), 'Images');
  expect(image.xmlName).toBe('imagesSet');
  expect(member(image.shape, 'State')).toMatchObject({ xmlName: 'imageState' });
  expect(member(image.shape, 'Public')).toMatchObject({ xmlName: 'isPublic' });
});

test('what is required, secret or an idempotency token is marked', () => {
  const run = ec2Shapes.input('RunInstances');
  const required = run.members.filter((one) => one.required).map((one) => one.name);
  expect(required).toEqual(['MaxCount', 'MinCount']);
  expect(member(run, 'UserData').sensitive).toBe(true);
  expect(member(run, 'ClientToken').idempotencyToken).toBe(true);
});

test('numbers are whole but where the service says otherwise', () => {
  expect(member(ec2Shapes.input('RunInstances'), 'MaxCount').shape.kind).toBe('integer');
  const fleet = member(ec2Shapes.input('CreateFleet'), 'LaunchTemplateConfigs').shape;
  const overrides = member(fleet, 'Overrides').shape;
  expect(member(overrides, 'WeightedCapacity').shape.kind).toBe('number');
});

test('an operation that answers nothing has an empty output', () => {
  expect(ec2Shapes.output('DeleteTags').members).toEqual([]);
});
