import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';

const program = fileURLToPath(
  new URL('../guest/rootfs/usr/lib/bakehouse/configure-cards', import.meta.url),
);

/** Runs Python after `cards` is loaded; `given` is there as a value. Returns what it printed as JSON. */
async function pythonOf(lines: readonly string[], given: object, before: readonly string[] = []) {
  const load = [
    'import json, sys',
    'from importlib.machinery import SourceFileLoader',
    'from types import ModuleType',
    'sys.dont_write_bytecode = True',
    'cards = ModuleType("cards")',
    'SourceFileLoader("cards", sys.argv[1]).exec_module(cards)',
    'given = json.loads(sys.argv[2])',
  ];
  const script = [...load, ...lines].join('\n');
  const command = [...before, 'python3', '-c', script, program, JSON.stringify(given)];
  const [first = '', ...rest] = command;
  const { stdout } = await promisify(execFile)(first, rest);
  return JSON.parse(stdout);
}

interface Card {
  readonly mac: string;
  readonly addresses: readonly string[];
  readonly subnet: string;
}

type Addresses = Readonly<Record<string, readonly (readonly [string, number, string])[]>>;

interface Given {
  /** What the metadata says, by the names of the cards that the machine has. */
  readonly cards: Readonly<Record<string, Card>>;
  readonly links: Addresses;
  readonly rules?: readonly (readonly [string, string | null, number])[];
  readonly metadata?: boolean;
}

const plan = (given: Given): Promise<readonly string[]> =>
  pythonOf(
    [
      'macs = {name: card["mac"] for name, card in given["cards"].items()}',
      'found = {card["mac"]: card for card in given["cards"].values()}',
      'metadata = found if given.get("metadata", True) else None',
      'wanted = cards.wanted_cards(macs, metadata, given["links"])',
      'rules = {tuple(rule) for rule in given.get("rules", [])}',
      'print(json.dumps(cards.plan(wanted, given["links"], rules)))',
    ],
    given,
  );

const first = { mac: '02:00:00:00:00:01', addresses: ['10.0.1.10'], subnet: '10.0.1.0/24' };
const second = { mac: '02:00:00:00:00:02', addresses: ['10.0.2.20'], subnet: '10.0.2.0/24' };
const onFirst = ['10.0.1.10', 24, 'eth0'] as const;
const onSecond = ['10.0.2.20', 24, 'eth1'] as const;
const routes = (name: string, card: Card, table: number) => [
  `route replace ${card.subnet} scope link dev ${name} table ${table}`,
  `route replace default via ${card.subnet.replace('0/24', '1')} onlink dev ${name} table ${table}`,
];

describe('one card', () => {
  test('with one address has nothing to do', async () => {
    expect(await plan({ cards: { eth0: first }, links: { eth0: [onFirst] } })).toEqual([]);
  });

  test('has its secondary addresses; those that were unassigned are removed, and others stay', async () => {
    const addresses = ['10.0.1.10', '10.0.1.11', '10.0.1.12'];
    const links: Addresses = {
      eth0: [
        onFirst,
        ['10.0.1.12', 32, 'eth0:ec2'],
        ['10.0.1.13', 32, 'eth0:ec2'],
        ['10.0.1.99', 32, 'eth0'],
      ],
    };
    expect(await plan({ cards: { eth0: { ...first, addresses } }, links })).toEqual([
      'address delete 10.0.1.13/32 dev eth0',
      'address add 10.0.1.11/32 dev eth0 label eth0:ec2',
    ]);
  });
});

describe('two cards', () => {
  const rules = [
    ['10.0.1.10', '10.0.2.0/24', 10_000],
    ['10.0.2.20', null, 10_001],
  ] as const;
  const links = { eth0: [onFirst], eth1: [onSecond] };

  test('have a table each: what the second sends leaves by it, what the first sends by the first', async () => {
    expect(await plan({ cards: { eth0: first, eth1: second }, links })).toEqual([
      ...routes('eth0', first, 10_000),
      ...routes('eth1', second, 10_001),
      'rule add priority 10000 from 10.0.1.10 to 10.0.2.0/24 table 10000',
      'rule add priority 10000 from 10.0.2.20 table 10001',
    ]);
  });

  test('of one subnet leave what the first sends to the main table, which leads to the first', async () => {
    const beside = { ...second, addresses: ['10.0.1.20'], subnet: first.subnet };
    const here: Addresses = { eth0: [onFirst], eth1: [['10.0.1.20', 24, 'eth1']] };
    expect(await plan({ cards: { eth0: first, eth1: beside }, links: here })).toEqual([
      ...routes('eth1', beside, 10_001),
      'rule add priority 10000 from 10.0.1.20 table 10001',
    ]);
  });

  test('have rules for secondary addresses also', async () => {
    const more = { ...second, addresses: ['10.0.2.20', '10.0.2.21'] };
    const planned = await plan({ cards: { eth0: first, eth1: more }, links, rules });
    expect(planned).toEqual([
      'address add 10.0.2.21/32 dev eth1 label eth1:ec2',
      ...routes('eth0', first, 10_000),
      ...routes('eth1', more, 10_001),
      'rule add priority 10000 from 10.0.2.21 table 10001',
    ]);
  });

  test('wait for the address of the second', async () => {
    const cards = { eth0: first, eth1: second };
    expect(await plan({ cards, links: { eth0: [onFirst], eth1: [] } })).toEqual([]);
  });

  test('are used by the addresses that they have when there is no metadata, and none is removed', async () => {
    const eth1 = [onSecond, ['10.0.2.21', 32, 'eth1:ec2']] as const;
    const given = { cards: { eth0: first, eth1: second }, links: { eth0: [onFirst], eth1 } };
    expect(await plan({ ...given, rules, metadata: false })).toEqual([
      ...routes('eth0', first, 10_000),
      ...routes('eth1', second, 10_001),
      'rule add priority 10000 from 10.0.2.21 table 10001',
    ]);
  });

  test('are one again when the second is unplugged', async () => {
    expect(await plan({ cards: { eth0: first }, links: { eth0: [onFirst] }, rules })).toEqual([
      'rule delete priority 10000 from 10.0.1.10 to 10.0.2.0/24 table 10000',
      'rule delete priority 10000 from 10.0.2.20 table 10001',
    ]);
  });
});

/** The whole program, but for the metadata service, with two cards of a network namespace of its own. */
test('the kernel takes what is planned; a second run changes nothing, and an unplugged card leaves no rules', async () => {
  const shown = await pythonOf(
    [
      'import os, subprocess, tempfile',
      'run = lambda text: subprocess.run(["ip", *text.split()], check=True)',
      'for name, address in (("eth0", "10.0.1.10/24"), ("eth1", "10.0.2.20/24")):',
      '    run("link add %s type veth peer name to-%s" % (name, name))',
      '    run("link set to-%s up" % name)',
      '    run("link set %s up" % name)',
      '    run("address add %s dev %s" % (address, name))',
      'run("rule add priority 9 from 10.9.9.9 table 9")',
      'cards.MARKER = os.path.join(tempfile.mkdtemp(), "marker")',
      'cards.NET_CLASS = "/sys/class/net"',
      'names = lambda: [link["ifname"] for link in cards.ip_json("link", "show")]',
      'cards.card_names = lambda: {name: card["mac"] for name, card in given.items() if name in names()}',
      'cards.read_metadata = lambda: {card["mac"]: card for card in given.values()}',
      'planned = lambda: cards.plan(cards.wanted_cards(cards.card_names(), cards.read_metadata(), cards.read_links()), cards.read_links(), cards.read_rules())',
      'changes = lambda: [each for each in planned() if not each.startswith("route")]',
      'route = lambda to, source: cards.ip_json("route", "get", to, "from", source)[0]["dev"]',
      'before = changes()',
      'settled = cards.configure()',
      'after = changes()',
      'ways = [route("192.0.2.1", "10.0.2.20"), route("192.0.2.1", "10.0.2.21"), route("10.0.1.99", "10.0.2.20"), route("10.0.2.99", "10.0.1.10"), route("10.0.1.99", "10.0.1.10")]',
      'run("link delete eth1")',
      'cards.configure()',
      'os.unlink(cards.MARKER)',
      'left = [rule["table"] for rule in cards.ip_json("rule", "show")]',
      'print(json.dumps({"before": len(before), "settled": settled, "after": after, "ways": ways, "left": left}))',
    ],
    { eth0: first, eth1: { ...second, addresses: ['10.0.2.20', '10.0.2.21'] } },
    ['unshare', '--net'],
  );
  expect(shown).toEqual({
    before: 4,
    settled: true,
    after: [],
    ways: ['eth1', 'eth1', 'eth1', 'eth0', 'eth0'],
    left: ['local', '9', 'main', 'default'],
  });
});

/** A metadata service whose replies to paths of `given["refused"]` have these statuses. */
const service = [
  'import http.server, subprocess, threading',
  'refused, tree = given.get("refused", {}), given["tree"]',
  'class Metadata(http.server.BaseHTTPRequestHandler):',
  '    def do_PUT(self): self.reply("secret" if self.path == "/latest/api/token" else None)',
  '    def do_GET(self):',
  '        known = self.headers["X-aws-ec2-metadata-token"] == "secret"',
  '        self.reply(tree.get(self.path.removeprefix("/latest/meta-data/network/interfaces/macs/")) if known else None)',
  '    def reply(self, text):',
  '        self.send_response(refused.get(self.path, 404 if text is None else 200))',
  '        self.end_headers()',
  '        self.wfile.write((text or "").encode())',
  '    def log_message(self, *arguments): pass',
  'def serve():',
  '    server = http.server.ThreadingHTTPServer(("169.254.169.254", 80), Metadata)',
  '    threading.Thread(target=server.serve_forever, daemon=True).start()',
  'for text in ("link set lo up", "address add 169.254.169.254/32 dev lo"): subprocess.run(["ip", *text.split()], check=True)',
];
const { mac: firstMac, ...firstCard } = { ...first, addresses: ['10.0.1.10', '10.0.1.11'] };
const tree = {
  '': `${firstMac}/\n`,
  [`${firstMac}/local-ipv4s`]: firstCard.addresses.join('\n'),
  [`${firstMac}/subnet-ipv4-cidr-block`]: firstCard.subnet,
};
const macs = '/latest/meta-data/network/interfaces/macs/';

test('the metadata is read with a token; without a service there is none', async () => {
  const shown = await pythonOf(
    [
      ...service,
      'nobody = cards.read_metadata()',
      'serve()',
      'print(json.dumps([nobody, cards.read_metadata()]))',
    ],
    { tree },
    ['unshare', '--net'],
  );
  expect(shown).toEqual([null, { [firstMac]: firstCard }]);
});

test('a card that the metadata lists, but no longer has, is none', async () => {
  const listed = { ...tree, '': `${firstMac}/\n${second.mac}/\n` };
  const lines = [...service, 'serve()', 'print(json.dumps(cards.read_metadata()))'];
  const shown = await pythonOf(lines, { tree: listed }, ['unshare', '--net']);
  expect(shown).toEqual({ [firstMac]: firstCard });
});

test.each([
  ['PUT api/token has status 403', { refused: { '/latest/api/token': 403 }, tree }],
  ['macs/ has status 429', { refused: { [macs]: 429 }, tree }],
  ['local-ipv4s has status 503', { refused: { [`${macs}${firstMac}/local-ipv4s`]: 503 }, tree }],
  ['macs/ has status 404', { tree: {} }],
  ['no cards', { tree: { '': '' } }],
])(
  'metadata that is refused or empty (%s) is none, which is printed and does not pass for one plain card',
  async (reason, given) => {
    const shown = await pythonOf(
      [
        ...service,
        'import contextlib, io',
        'serve()',
        'printed = io.StringIO()',
        'with contextlib.redirect_stderr(printed): found = cards.read_metadata()',
        'cards.MARKER = "/nonexistent/marker"',
        'plain = [cards.is_plain({"eth0": "02:00:00:00:00:01"}, each) for each in (found, {})]',
        'print(json.dumps({"found": found, "printed": printed.getvalue(), "plain": plain}))',
      ],
      given,
      ['unshare', '--net'],
    );
    expect(shown).toEqual({
      found: null,
      printed: expect.stringContaining(reason),
      plain: [false, false],
    });
  },
);
