import type { Parameter } from '@bakehouse/domain';

/** SSM, "Working with parameter labels". */
export const isLabel = (text: string): boolean =>
  /^[a-zA-Z_.-][\w.-]{0,99}$/.test(text) && !/^(?:aws|ssm)/i.test(text);

/** The labels of a version. */
export const labelsOf = (labels: Parameter['labels'], version: number): readonly string[] =>
  Object.keys(labels).filter((label) => labels[label] === version);
