import { ownedById } from '../../lookups.ts';
import type { Operation } from '../../operation.ts';

/** What the guest wrote to its serial port, up to now: `Latest` or not, as nothing is gained by waiting. */
export const getConsoleOutput: Operation<'GetConsoleOutput'> = async (context, request) => {
  const { InstanceId: id } = request;
  const instance = await context.read((reader) => ownedById(reader, context, 'instance', id));
  const output = await context.powers.compute.readConsole(instance.id);
  return {
    InstanceId: instance.id,
    Timestamp: new Date(output?.changedAt ?? context.now),
    ...(output ? { Output: Buffer.from(output.bytes).toString('base64') } : {}),
  };
};
