import { environmentOf } from './environment.ts';
import type { Platform } from './platform.ts';
import { run } from './run.ts';

/** Commands of the AWS CLI, as their words; `aws ec2` is implied. */
export interface AwsCli {
  /** What a command that must succeed prints: of its reply what `--query` names, or nothing. */
  (...words: string[]): Promise<string>;
  /** The error code of a command that must fail. */
  refused(...words: string[]): Promise<string>;
}

export function awsCli(platform: Platform): AwsCli {
  const env = environmentOf(platform);
  const call = (words: readonly string[]) =>
    run(['aws', '--output', 'text', 'ec2', ...words], { env, limitMs: 180_000 });
  const ec2 = async (...words: string[]) => {
    const { code, stdout, stderr } = await call(words);
    if (code === 0) return stdout.trim();
    throw new Error(`aws ec2 ${words.join(' ')} ended with ${code}: ${stderr.trim()}`);
  };
  const refused = async (...words: string[]) => {
    const { code, stderr } = await call(words);
    if (code === 0) throw new Error(`aws ec2 ${words.join(' ')} was not refused`);
    return /An error occurred \((\S+)\)/.exec(stderr)?.[1] ?? stderr;
  };
  return Object.assign(ec2, { refused });
}
