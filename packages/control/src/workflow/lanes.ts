import type { Workflow, WorkflowId } from '@bakehouse/domain';

/** Which waiting workflows may start: those with no earlier unfinished one in any of their lanes. */
export class Lanes {
  readonly #queues = new Map<string, Workflow[]>();

  add(workflow: Workflow): void {
    for (const lane of new Set(workflow.lanes)) {
      const queue = this.#queues.get(lane) ?? [];
      const position = queue.findLastIndex((other) => other.sequence < workflow.sequence) + 1;
      queue.splice(position, 0, workflow);
      this.#queues.set(lane, queue);
    }
  }

  isFirst(workflow: Workflow): boolean {
    return workflow.lanes.every((lane) => this.#queues.get(lane)?.[0]?.id === workflow.id);
  }

  /** Takes it out and answers those that may have become first. */
  remove(workflow: Workflow): readonly WorkflowId[] {
    const next: WorkflowId[] = [];
    for (const lane of new Set(workflow.lanes)) {
      const queue = (this.#queues.get(lane) ?? []).filter((other) => other.id !== workflow.id);
      if (queue[0]) next.push(queue[0].id);
      if (queue.length === 0) this.#queues.delete(lane);
      else this.#queues.set(lane, queue);
    }
    return next;
  }
}
