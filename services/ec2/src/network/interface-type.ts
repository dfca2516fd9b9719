import { apiError } from '@bakehouse/domain';
import { findWord } from '../request/text.ts';

/** Refuses the types of interfaces that this platform does not have. */
export function checkInterfaceType(type: string | undefined): void {
  if (type === undefined || findWord(type, ['interface'])) return;
  throw apiError('UnsupportedOperation', {
    message: `Network interfaces of type ${type} are not supported`,
  });
}
