import type { Compute } from '@bakehouse/domain';
import { expectTypeOf, test } from 'vitest';
import type { OperationContext } from './operation-context.ts';

type Machines = OperationContext['machines'];
type Look = 'list' | 'find' | 'readConsole' | 'screenshot' | 'stalled' | 'capacityFor';

test('an operation may look at machines and do nothing to them', () => {
  expectTypeOf<Exclude<keyof Machines, Look>>().toEqualTypeOf<never>();
  expectTypeOf<Compute>().toExtend<Machines>();
});
