import { expect, test } from 'vitest';
import { dnsmasqConfig, dnsmasqTables, withoutStaleLeases } from './dnsmasq-files.ts';
import { tapName } from './network-names.ts';
import { sampleNic } from './testing/sample-nic.ts';

const vpc = { cidrs: ['172.31.0.0/16', '100.64.0.0/24'], dhcp: {} };

test('a NIC has a lease, the options of its subnet, and a name', () => {
  const nic = sampleNic(10);
  const port = tapName(nic.nicId);
  expect(dnsmasqTables([nic], vpc, ['192.0.2.53'])).toEqual({
    'dhcp-hosts': '0e:00:00:00:00:0a,172.31.0.10,ip-172-31-0-10,infinite\n',
    'dhcp-options': [
      `tag:${port},option:netmask,255.255.240.0`,
      `tag:${port},28,172.31.15.255`,
      `tag:${port},option:router,172.31.0.1`,
      `tag:${port},option:dns-server,172.31.0.2`,
      `tag:${port},option:domain-name,ec2.internal\n`,
    ].join('\n'),
    hosts: '172.31.0.10 ip-172-31-0-10.ec2.internal\n169.254.169.254 instance-data.ec2.internal\n',
    servers: 'server=192.0.2.53\n',
  });
});

test('the options of a VPC replace what EC2 offers by itself', () => {
  const dhcp = {
    domainName: 'example.com example.net',
    domainNameServers: ['10.0.0.5', '10.0.0.6'],
    ntpServers: ['10.0.0.7'],
    netbiosNameServers: ['10.0.0.8'],
    netbiosNodeType: 2,
  };
  const lines = dnsmasqTables([sampleNic(10)], { ...vpc, dhcp }, [])['dhcp-options'] ?? '';
  const options = lines.split('\n').map((line) => line.split(',').slice(1).join(','));
  expect(options.slice(3, -1)).toEqual([
    'option:dns-server,10.0.0.5,10.0.0.6',
    'option:domain-name,example.com example.net',
    'option:ntp-server,10.0.0.7',
    'option:netbios-ns,10.0.0.8',
    'option:netbios-nodetype,2',
  ]);
});

test('a set without name servers offers none, where dnsmasq would offer its own address', () => {
  const dhcp = { domainNameServers: [] };
  const lines = dnsmasqTables([sampleNic(10)], { ...vpc, dhcp }, [])['dhcp-options'] ?? '';
  expect(lines.split('\n')).toContain(`tag:${tapName(sampleNic(10).nicId)},option:dns-server`);
});

test('each range of the VPC is served', () => {
  const ranges = dnsmasqConfig('/run/x', 'nobody', vpc).match(/^dhcp-range=.*$/gm);
  expect(ranges).toEqual([
    'dhcp-range=172.31.0.0,static,255.255.0.0,infinite',
    'dhcp-range=100.64.0.0,static,255.255.255.0,infinite',
  ]);
});

test('no table tags a host, which would crash dnsmasq 2.90', () => {
  expect(dnsmasqTables([sampleNic()], vpc, [])['dhcp-hosts']).not.toContain('set:');
});

test('without resolvers no query waits for one', () => {
  const config = dnsmasqConfig('/run/x', 'nobody', vpc);
  expect(config).toContain('no-resolv\n');
  expect(config).toContain('local=/internal/\n');
  expect(dnsmasqTables([], vpc, []).servers).toBe('');
});

test('only a lease of another MAC is dropped', () => {
  const nics = [sampleNic(10), sampleNic(11)];
  const mine = '0 0e:00:00:00:00:0a 172.31.0.10 ip-172-31-0-10 *\n';
  const stale = '0 0e:00:00:00:00:99 172.31.0.11 ip-172-31-0-11 *\n';
  const unplugged = '0 0e:00:00:00:00:98 172.31.0.77 * *\n';
  expect(withoutStaleLeases(mine + stale + unplugged, nics)).toBe(mine + unplugged);
  expect(withoutStaleLeases(mine + unplugged, nics)).toBeUndefined();
});
