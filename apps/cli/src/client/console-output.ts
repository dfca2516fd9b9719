import type { EC2Client } from '@aws-sdk/client-ec2';
import { loadSdk } from './ec2.ts';

/** What the guest wrote to its serial port, as bytes: the last 64 KiB at most. */
export async function readConsole(
  client: EC2Client,
  instanceId: string,
  signal: AbortSignal,
): Promise<Buffer> {
  const { GetConsoleOutputCommand } = await loadSdk();
  const request = new GetConsoleOutputCommand({ InstanceId: instanceId, Latest: true });
  const { Output = '' } = await client.send(request, { abortSignal: signal });
  return Buffer.from(Output, 'base64');
}

const lineCharactersMax = 100;

/** The last line that has words, for progress; empty where there is none or it cannot be read. */
export async function lastConsoleLine(
  client: EC2Client,
  instanceId: string,
  signal: AbortSignal,
): Promise<string> {
  const bytes = await readConsole(client, instanceId, signal).catch(() => Buffer.alloc(0));
  signal.throwIfAborted();
  return lastLineOf(bytes.subarray(-4096).toString('utf8'));
}

/** Without control characters: a guest has no say over this terminal. */
export function lastLineOf(text: string): string {
  const lines = withoutEscapes(text).split(/[\r\n]+/);
  const line = lines.map((each) => each.trim()).findLast((each) => each !== '');
  return (line ?? '').slice(0, lineCharactersMax);
}

// Escape sequences (ECMA-48: CSI, OSC and two-character ones), and controls but tab, line feed and return.
const sequences = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[ -~])/g;
const controls = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g;

export const withoutEscapes = (text: string): string =>
  text.replace(sequences, '').replace(controls, '');

/**
 * What came after an earlier reading. The output is a window that moves on: its beginning may have been cut
 * since. Everything, where nothing of the earlier reading is left.
 */
export function newOutput(before: Buffer, now: Buffer): Buffer {
  if (now.subarray(0, before.length).equals(before)) return now.subarray(before.length);
  const anchor = now.subarray(0, 64);
  for (let at = before.indexOf(anchor); at !== -1; at = before.indexOf(anchor, at + 1)) {
    const common = before.length - at;
    if (common <= now.length && before.subarray(at).equals(now.subarray(0, common))) {
      return now.subarray(common);
    }
  }
  return now;
}
