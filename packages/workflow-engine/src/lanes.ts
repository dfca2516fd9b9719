import type { Workflow, WorkflowId } from '@bakehouse/domain';

/** Which waiting workflows may start: those with no earlier unfinished one in any of their lanes. */
export class Lanes {
  readonly #queues = new Map<string, Workflow[]>();

  /** Adds it by its sequence and returns those that it now waits for directly, the first of each of its lanes. */
  add(workflow: Workflow): readonly WorkflowId[] {
    const ahead: WorkflowId[] = [];
    for (const lane of new Set(workflow.lanes)) {
      const queue = this.#queues.get(lane) ?? [];
      const position = queue.findLastIndex((other) => other.sequence < workflow.sequence) + 1;
      queue.splice(position, 0, workflow);
      this.#queues.set(lane, queue);
      if (queue[0] && queue[0].id !== workflow.id) ahead.push(queue[0].id);
    }
    return ahead;
  }

  isFirst(workflow: Workflow): boolean {
    return workflow.lanes.every((lane) => this.#queues.get(lane)?.[0]?.id === workflow.id);
  }

  /** Those that come after it in any of its lanes, each once, in order. */
  behind(workflow: Workflow): readonly Workflow[] {
    const found = workflow.lanes.flatMap((lane) => {
      const queue = this.#queues.get(lane) ?? [];
      return queue.slice(queue.findIndex(({ id }) => id === workflow.id) + 1);
    });
    if (found.length < 2) return found;
    return [...new Set(found)].sort((a, b) => a.sequence - b.sequence);
  }

  /** Takes it out and returns those that may have become first. */
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
