import type { JsonObject, QmpClient } from '@bakehouse/qmp';

/** What each command returns or throws. */
export type Replies = Readonly<Record<string, (args: JsonObject) => unknown>>;

/** A monitor without a machine, and the commands that it got. Commands without a reply fail. */
export function fakeMonitor(replies: Replies): { client: QmpClient; commands: readonly string[] } {
  const commands: string[] = [];
  const client: QmpClient = {
    version: '7.2.22',
    async execute(command, args = {}) {
      commands.push(command);
      const reply = replies[command];
      if (!reply) throw new Error(`no reply to ${command}`);
      return await reply(args);
    },
    onEvent: () => () => {},
    close: async () => {},
    closed: new Promise(() => {}),
  };
  return { client, commands };
}
