import type { WorkInProgress } from '@bakehouse/workflow-engine';

/** The marks of a start that `bakehouse boot` shows: the workflow's steps, and moments within them. */
export const launchMark = {
  began: 'began',
  /** Within `disks`: a new volume has a hot map behind it. */
  hot: 'hot',
  disks: 'disks',
  /** Within `network`: the policy has the interfaces. */
  rules: 'rules',
  network: 'network',
  metadata: 'metadata',
} as const;

const shown: ReadonlySet<string> = new Set(Object.values(launchMark));

/** What is kept with the instance. */
export const shownMarks = (marks: WorkInProgress['marks']): WorkInProgress['marks'] =>
  marks.filter(({ name }) => shown.has(name));
