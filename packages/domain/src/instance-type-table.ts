import type { InstanceType } from './instance-type.ts';
import { burstableTypes } from './instance-type-burstable.ts';
import { currentTypes } from './instance-type-current.ts';
import { previousTypes } from './instance-type-previous.ts';

/** Every type, by name. Source: "Amazon EC2 instance types" and "Previous generation instances". */
export const instanceTypeTable: ReadonlyMap<string, InstanceType> = new Map(
  [...previousTypes, ...burstableTypes, ...currentTypes].map((type) => [type.name, type]),
);
