import { expect, test } from 'vitest';
import { sshCommand } from './ssh-command.ts';

const target = {
  instanceId: 'i-1',
  address: '127.18.0.5',
  user: 'ec2-user',
  knownHostsPath: '/data/known_hosts',
};

test('host keys are known by instance, and only the named key is offered', () => {
  const words = sshCommand({ ...target, identityPath: '/data/keys/k.pem' });
  expect(words.join(' ')).toBe(
    'ssh -i /data/keys/k.pem -o IdentitiesOnly=yes -o UserKnownHostsFile=/data/known_hosts ' +
      '-o HostKeyAlias=i-1 -o StrictHostKeyChecking=accept-new ec2-user@127.18.0.5',
  );
});

test('a port is named where it is not the usual one', () => {
  expect(sshCommand({ ...target, port: 20_022 }).join(' ')).toMatch(/ -p 20022 ec2-user@127/);
  expect(sshCommand({ ...target, port: 22 })).not.toContain('-p');
});

test("without a key, ssh tries the caller's own", () => {
  const words = sshCommand(target, ['-o', 'BatchMode=yes']);
  expect(words).not.toContain('-i');
  expect(words.slice(-3)).toEqual(['-o', 'BatchMode=yes', 'ec2-user@127.18.0.5']);
});

test('a path with blanks stays one path: ssh splits this option', () => {
  const words = sshCommand({ ...target, knownHostsPath: '/my data/known_hosts' });
  expect(words).toContain('UserKnownHostsFile="/my data/known_hosts"');
});
