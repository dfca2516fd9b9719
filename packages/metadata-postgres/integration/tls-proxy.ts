import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';

const run = promisify(execFile);

/** A certificate for 127.0.0.1 that vouches for itself. */
async function makeCertificate() {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-tls-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const [keyPath, path] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc'];
  const subject = ['-subj', '/CN=test', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2'];
  await run('openssl', ['req', ...kind, ...subject, '-keyout', keyPath, '-out', path]);
  return { path, key: await readFile(keyPath), cert: await readFile(path) };
}

interface TlsProxyOptions {
  /** Gets each connection after its handshake, in place of the database. */
  readonly inPlace?: (session: TLSSocket) => void;
}

/** The URL of a way by TLS to a test server, whose Unix socket has none. It ends with the test. */
export async function startTlsProxy(
  url: string,
  { inPlace }: TlsProxyOptions = {},
): Promise<string> {
  const { pathname, searchParams } = new URL(url);
  const { path: certificate, key, cert } = await makeCertificate();
  const server = createServer((client) => {
    client.on('error', () => {});
    client.once('data', () => {
      client.write('S');
      const session = new TLSSocket(client, { isServer: true, key, cert });
      session.on('error', () => {});
      session.once('secure', () => {
        if (inPlace) return inPlace(session);
        const upstream = connect({ path: `${searchParams.get('host')}/.s.PGSQL.5432` });
        upstream.on('error', () => session.destroy());
        session.pipe(upstream).pipe(session);
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return `postgres://postgres@127.0.0.1:${port}${pathname}?sslmode=verify-full&sslrootcert=${certificate}`;
}
