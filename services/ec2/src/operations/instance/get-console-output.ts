import { refuseElsewhere } from '@bakehouse/domain';
import { ownedById } from '../../lookup/lookups.ts';
import type { Operation } from '../../operation.ts';
import { wholeSecond } from '../../views/time.ts';

/** What the guest wrote to its serial port, up to now: `Latest` or not, as nothing is gained by waiting. */
export const getConsoleOutput: Operation<'GetConsoleOutput'> = async (context, request) => {
  const { InstanceId: id } = request;
  const instance = await context.read((reader) => ownedById(reader, context, 'instance', id));
  refuseElsewhere(instance, context.settings.hostId);
  const output = await context.machines.readConsole(instance.id);
  return {
    InstanceId: instance.id,
    Timestamp: wholeSecond(output?.changedAt ?? context.now),
    ...(output ? { Output: Buffer.from(output.bytes).toString('base64') } : {}),
  };
};
