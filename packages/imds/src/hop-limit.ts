import { replyReasons } from './metadata-reply.ts';

/**
 * The hop limit of replies to PUT, as a real IP TTL.
 *
 * EC2 limits only the reply that carries a token: a container behind a bridge still reads what needs no token. Node
 * cannot set a socket's TTL, and which connection asks for a token is known only after its request was read. So the
 * agent writes the limit in the first header of that reply, where one nft table of the namespace reads it when the
 * reply leaves. A connection carries one reply (`Connection: close`, as on EC2), so its first bytes decide about all
 * of its packets, including retransmissions and small segments; the connection's mark keeps the decision. Nothing
 * that a guest sends is looked at, so no order of segments can carry a token past its limit. A reply with an unknown
 * first header gets one hop.
 *
 * Nothing is kept per guest: a changed limit takes effect with the next token, and publishing runs no process.
 */
export const hopLimitHeader = 'X-Hop-Limit';
/** The first header of a reply without a hop limit. */
export const plainHeader = 'Server';

const hopLimits = Array.from({ length: 64 }, (_, index) => index + 1);
const plainMark = 0x100;

export const hopLimitTable = 'bakehouse-metadata';

/** Two digits, as nft reads a fixed number of bytes. EC2 allows 1 to 64. */
export function hopLimitText(hopLimit: number): string {
  return String(Math.min(Math.max(Math.trunc(hopLimit) || 1, 1), hopLimits.length)).padStart(
    2,
    '0',
  );
}

/** The offset of the first header of a reply, for every status. */
const headerOffsets = Object.entries(replyReasons).map(
  ([status, reason]) => `HTTP/1.1 ${status} ${reason}\r\n`.length,
);

const hex = (text: string) => `0x${Buffer.from(text, 'latin1').toString('hex')}`;

/** An nft match of text at an offset into the payload of TCP. */
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

/**
 * The nft commands that replace the table of this namespace. `routers`: how many routers of the platform are between the
 * agent and guests, each of which takes one hop.
 */
export function hopLimitRuleset(address: string, port: number, routers: number): string {
  const first = [
    ...[...new Set(headerOffsets)].flatMap(repliesWithHeaderAt),
    '@ih,0,8 0-255 ct mark set 1 goto limited',
  ];
  const chains: Record<string, readonly string[]> = {
    limited: hopLimits.map((limit) => `ct mark ${limit} ip ttl set ${limit + routers} accept`),
    first,
    replies: [
      // The mark of an older connection between the same ports does not count.
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
