import type { TimestampMs } from '@bakehouse/base';
import type { Resource } from './common.ts';

export type ParameterType = 'String' | 'StringList' | 'SecureString';
export type ParameterTier = 'Standard' | 'Advanced';
export type ParameterDataType = 'text' | 'aws:ec2:image';

/** One version of a parameter (SSM, PutParameter). */
export interface ParameterContent {
  /** Counts from 1 for each parameter. */
  readonly version: number;
  readonly type: ParameterType;
  /** For a SecureString, encrypted with the platform's key. */
  readonly value: string;
  readonly dataType: ParameterDataType;
  readonly tier: ParameterTier;
  readonly description?: string;
  readonly allowedPattern?: string;
  readonly modifiedAt: TimestampMs;
  /** ARN of the user. */
  readonly modifiedBy: string;
}

/** A parameter of Systems Manager's Parameter Store, with its newest version. */
export interface Parameter extends Resource<string> {
  /** As its maker wrote it, with or without a slash before it. */
  readonly name: string;
  readonly content: ParameterContent;
  /** The version that each label is on. */
  readonly labels: Readonly<Record<string, number>>;
}

/** An earlier version. */
export interface ParameterVersion {
  /** The parameter's id, a colon, and the version in eight digits: in order of id they are in order of version. */
  readonly id: string;
  readonly parameterId: string;
  readonly region: string;
  readonly content: ParameterContent;
}
