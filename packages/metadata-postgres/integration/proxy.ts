import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { onTestFinished } from 'vitest';

/** What becomes of a piece of data, or of a connection's end: it is passed on, is lost unseen, or ends both sides. */
export type Fate = 'pass' | 'lose' | 'cut';

export interface TestProxy {
  /** The database's URL by way of the proxy. */
  readonly url: string;
  /** How many connections there have been; they have the numbers from 1 on. */
  readonly connections: number;
  /** From now on decides about each piece of data. */
  judge(fate: (data: string, from: 'client' | 'server', connection: number) => Fate): void;
  /** Ends all connections. */
  cut(): void;
  /** Resolves when so many more connections have been tried. */
  untilTried(more: number): Promise<void>;
}

/** A TCP way to a test server, which otherwise is reached by its Unix socket; ends with the test. */
export async function startProxy(url: string): Promise<TestProxy> {
  const { pathname, searchParams } = new URL(url);
  const path = `${searchParams.get('host')}/.s.PGSQL.5432`;
  let fate: Parameters<TestProxy['judge']>[0] = () => 'pass';
  const open: Socket[] = [];
  let connections = 0;
  const server = createServer({ allowHalfOpen: true }, (client) => {
    connections += 1;
    const connection = connections;
    const upstream = connect({ path, allowHalfOpen: true });
    const cut = () => {
      client.destroy();
      upstream.destroy();
    };
    const pass = (from: 'client' | 'server', source: Socket, target: Socket) => {
      open.push(source);
      source.on('error', cut).on('close', cut);
      source.on('end', () => {
        if (fate('', from, connection) !== 'lose') target.end();
      });
      source.on('data', (data) => {
        const decided = fate(data.toString('latin1'), from, connection);
        if (decided === 'cut') cut();
        else if (decided === 'pass') target.write(data);
      });
    };
    pass('client', client, upstream);
    pass('server', upstream, client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cutAll = () => {
    for (const socket of open.splice(0)) socket.destroy();
  };
  onTestFinished(() => {
    cutAll();
    server.close();
  });
  return {
    url: `postgres://postgres@127.0.0.1:${(server.address() as AddressInfo).port}${pathname}`,
    get connections() {
      return connections;
    },
    judge(decide) {
      fate = decide;
    },
    cut: cutAll,
    async untilTried(more) {
      for (const wanted = connections + more; connections < wanted; ) await setTimeout(20);
    },
  };
}
