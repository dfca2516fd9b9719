import type { TimestampMs } from '@bakehouse/base';
import type { LaunchTemplateId, Resource } from './common.ts';

export interface LaunchTemplate extends Resource<LaunchTemplateId> {
  readonly name: string;
  readonly createdBy: string;
  readonly defaultVersion: number;
  /** The highest version that there is. */
  readonly latestVersion: number;
  /** The highest version that there ever was, when that was deleted: numbers are not used again. */
  readonly lastVersion?: number;
}

/** Stored under `<template id>:<version>`. `data` is the request's LaunchTemplateData as the model has it. */
export interface LaunchTemplateVersion {
  readonly id: `${LaunchTemplateId}:${number}`;
  readonly templateId: LaunchTemplateId;
  readonly ownerId: string;
  readonly region: string;
  readonly version: number;
  readonly description?: string;
  readonly createdBy: string;
  readonly createdAt: TimestampMs;
  readonly data: Readonly<Record<string, unknown>>;
}
