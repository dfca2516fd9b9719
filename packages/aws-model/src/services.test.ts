import * as sdk from '@aws-sdk/client-ec2';
import * as ssm from '@aws-sdk/client-ssm';
import { expect, expectTypeOf, test } from 'vitest';
import type { ServiceModel } from './service-model.ts';
import {
  type Ec2Input,
  type Ec2Output,
  isOperation,
  modelOf,
  type OperationInput,
  type ServiceName,
} from './services.ts';
import type { Member, Shape, StructureShape } from './shape.ts';

const ec2 = modelOf('ec2');

function member(shape: Shape, name: string): Member {
  const found = structure(shape).memberByName(name);
  if (found === undefined) throw new Error(`no member ${name}`);
  return found;
}

function structure(shape: Shape): StructureShape {
  if (shape.kind === 'list') return structure(shape.element);
  if (shape.kind !== 'structure') throw new Error(`${shape.kind} is not a structure`);
  return shape;
}

function operation(model: ServiceModel, name: string) {
  const found = model.find(name);
  if (found === undefined) throw new Error(`no operation ${name}`);
  return found;
}

const commandsOf = (client: object) =>
  Object.keys(client)
    .filter((name) => /^[A-Z]\w*Command$/.test(name))
    .map((name) => name.slice(0, -'Command'.length));

test('every operation of EC2 in the SDK has shapes, and nothing else has', () => {
  expect([...ec2.operationNames()].sort()).toEqual(commandsOf(sdk).sort());
  for (const name of ['runInstances', 'RunInstances ', '__proto__', 'constructor', '']) {
    expect(isOperation('ec2', name)).toBe(false);
    expect(ec2.hasOperation(name)).toBe(false);
  }
});

test('operations that a table leaves out are known by name', () => {
  const model = modelOf('ssm');
  for (const name of commandsOf(ssm)) expect(model.hasOperation(name), name).toBe(true);
  expect(model.hasOperation('GetParametersByName')).toBe(false);
  expect(model.find('SendCommand')).toBeUndefined();
  expect(model.find('GetParameter')?.input.name).toBe('GetParameterRequest');
});

test.each<ServiceName>(['ec2', 'ssm', 'sts'])('every shape of %s can be read', (service) => {
  const model = modelOf(service);
  const seen = new Set<Shape>();
  const walk = (shape: Shape): void => {
    if (seen.has(shape)) return;
    seen.add(shape);
    if (shape.kind === 'list') walk(shape.element);
    if (shape.kind === 'map') for (const side of [shape.key, shape.value]) walk(side);
    if (shape.kind === 'structure') for (const { shape: inner } of shape.members) walk(inner);
  };
  for (const name of model.operationNames()) {
    walk(operation(model, name).input);
    walk(operation(model, name).output);
  }
  expect(seen.size).toBeGreaterThan(model.operationNames().length);
});

test('a member has the names of the SDK, of the Query request and of the XML answer', () => {
  const { input } = operation(ec2, 'RunInstances');
  expect(member(input, 'SecurityGroupIds')).toMatchObject({ queryName: 'SecurityGroupId' });
  expect(member(input, 'NetworkInterfaces')).toMatchObject({ queryName: 'NetworkInterface' });
  expect(input.memberByQueryName('BlockDeviceMapping')?.name).toBe('BlockDeviceMappings');
  expect(input.memberByQueryName('BlockDeviceMappings')).toBeUndefined();
  const image = member(operation(ec2, 'DescribeImages').output, 'Images');
  expect(image.xmlName).toBe('imagesSet');
  expect(member(image.shape, 'State')).toMatchObject({ xmlName: 'imageState' });
  expect(member(image.shape, 'Public')).toMatchObject({ xmlName: 'isPublic' });
});

test('what is required, secret or an idempotency token is marked', () => {
  const { input } = operation(ec2, 'RunInstances');
  const required = input.members.filter((one) => one.required).map((one) => one.name);
  expect(required).toEqual(['MaxCount', 'MinCount']);
  expect(member(input, 'UserData').sensitive).toBe(true);
  expect(member(input, 'ClientToken').idempotencyToken).toBe(true);
});

test('numbers are whole except where the service says otherwise', () => {
  const count = member(operation(ec2, 'RunInstances').input, 'MaxCount');
  expect(count.shape.kind).toBe('integer');
  const fleet = member(operation(ec2, 'CreateFleet').input, 'LaunchTemplateConfigs').shape;
  const overrides = member(fleet, 'Overrides').shape;
  expect(member(overrides, 'WeightedCapacity').shape.kind).toBe('number');
});

test('members and elements of lists have the values of their enum', () => {
  const valuesOf = (shape: Shape) => ('values' in shape ? shape.values : undefined);
  const { input } = operation(ec2, 'DescribeInstanceTypes');
  const types = member(input, 'InstanceTypes').shape;
  expect(types.kind === 'list' && valuesOf(types.element)?.has('t3.micro')).toBe(true);
  const attribute = valuesOf(
    member(operation(ec2, 'DescribeImageAttribute').input, 'Attribute').shape,
  );
  expect(attribute?.canonical('LaunchPermission ')).toBe('launchPermission');
  expect(attribute?.canonical('launchPermission')).toBe('launchPermission');
  expect(attribute?.canonical('launchPermissions')).toBeUndefined();
  const modified = member(operation(ec2, 'ModifyImageAttribute').input, 'Attribute').shape;
  expect(valuesOf(modified)?.canonical('Description')).toBe('description');
});

test('declared errors have their codes and statuses', () => {
  expect(modelOf('ssm').findError('ParameterNotFound')).toMatchObject({ status: 400 });
  expect(modelOf('sts').findError('IDPRejectedClaim')).toMatchObject({ status: 403 });
  expect(modelOf('ec2').findError('ParameterNotFound')).toBeUndefined();
});

test('an operation without a response has an empty output', () => {
  expect(operation(ec2, 'DeleteTags').output.members).toEqual([]);
});

test('a required member exists and an optional one may be missing', () => {
  expectTypeOf<Ec2Input<'StopInstances'>['InstanceIds']>().toEqualTypeOf<string[]>();
  expectTypeOf<Ec2Input<'StopInstances'>['Force']>().toEqualTypeOf<boolean | undefined>();
  expectTypeOf<Ec2Output<'DeleteTags'>>().toEqualTypeOf<Record<never, never>>();
  expectTypeOf<OperationInput<'ssm', 'GetParameter'>['Name']>().toEqualTypeOf<string>();
});
