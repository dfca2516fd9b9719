import { replyReasons } from './metadata-reply.ts';

/**
 * The hop limit of replies to PUT, as a real IP TTL.
 *
 * EC2 limits the answer that carries a token and nothing else: a container behind a bridge still reads what needs
 * no token. Node cannot set a socket's TTL, and which connection asks for a token is known only when the request
 * has been read. So the agent says the limit in the first header of that reply, and one nft table of the
 * namespace reads it there when the reply leaves. A connection carries one reply (`Connection: close`, as EC2),
 * so what its first bytes say holds for all of its packets, sent again or cut small, and it is kept in the
 * connection's mark. What a guest sends is never looked at: no order of segments can talk a token past its
 * limit. A reply that says nothing known gets one hop.
 *
 * Nothing is kept per guest: a changed limit acts on the next token, and there is no process to run at publish.
 */
export const hopLimitHeader = 'X-Hop-Limit';
/** The first header of a reply without a hop limit. */
export const plainHeader = 'Server';

const hopLimits = Array.from({ length: 64 }, (_, index) => index + 1);
const plainMark = 0x100;

export const hopLimitTable = 'bakehouse-metadata';

/** Two digits, so that it stands at a fixed place. EC2 allows 1 to 64. */
export function hopLimitText(hopLimit: number): string {
  return String(Math.min(Math.max(Math.trunc(hopLimit) || 1, 1), hopLimits.length)).padStart(
    2,
    '0',
  );
}

/** Where the first header of a reply stands, for every status. */
const headerOffsets = Object.entries(replyReasons).map(
  ([status, reason]) => `HTTP/1.1 ${status} ${reason}\r\n`.length,
);

const hex = (text: string) => `0x${Buffer.from(text, 'latin1').toString('hex')}`;

/** An nft match of text at an offset into what TCP carries. */
const textAt = (offset: number, text: string) =>
  `@ih,${offset * 8},${text.length * 8} ${hex(text)}`;

function repliesWithHeaderAt(offset: number): string[] {
  const limited = `${hopLimitHeader}: `;
  const value = `@ih,${(offset + limited.length) * 8},16`;
  const marks = hopLimits.map((limit) => `${hex(hopLimitText(limit))} : ${limit}`);
  return [
    `${textAt(offset, limited)} ct mark set ${value} map { ${marks.join(', ')} } goto limited`,
    `${textAt(offset, `${plainHeader}: `)} ct mark set ${plainMark} accept`,
  ];
}

/** The nft commands that make the table of this namespace, whatever was there. */
export function hopLimitRuleset(address: string, port: number): string {
  const first = [
    ...[...new Set(headerOffsets)].flatMap(repliesWithHeaderAt),
    '@ih,0,8 0-255 ct mark set 1 goto limited',
  ];
  const chains: Record<string, readonly string[]> = {
    limited: hopLimits.map((limit) => `ct mark ${limit} ip ttl set ${limit} accept`),
    first,
    replies: [
      // A mark of an older connection between the same ports says nothing.
      'tcp flags & (syn | ack) == syn | ack ct mark set 0 accept',
      `ct mark ${plainMark} accept`,
      'ct mark 0 goto first',
      'goto limited',
    ],
    output: [
      'type filter hook output priority mangle; policy accept;',
      `ip saddr ${address} tcp sport ${port} goto replies`,
    ],
  };
  const bodies = Object.entries(chains).map(
    ([name, rules]) => ` chain ${name} {\n${rules.map((rule) => `  ${rule}\n`).join('')} }\n`,
  );
  const table = `table ip ${hopLimitTable}`;
  return `add ${table}\ndelete ${table}\n${table} {\n${bodies.join('')}}\n`;
}
