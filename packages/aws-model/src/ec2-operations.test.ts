import { expectTypeOf, test } from 'vitest';
import type { Ec2Input, Ec2Output } from './ec2-operations.ts';

test('a required member is there and an optional one may not be', () => {
  expectTypeOf<Ec2Input<'StopInstances'>['InstanceIds']>().toEqualTypeOf<string[]>();
  expectTypeOf<Ec2Input<'StopInstances'>['Force']>().toEqualTypeOf<boolean | undefined>();
  expectTypeOf<Ec2Output<'DeleteTags'>>().toEqualTypeOf<Record<never, never>>();
});
