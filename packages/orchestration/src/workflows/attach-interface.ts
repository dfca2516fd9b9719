import { type Commit, defineWorkflow } from '@bakehouse/workflow-engine';
import type { WorkflowContext } from '../context.ts';
import { applyInstancePolicy } from './apply-policy.ts';
import { inputFields, inputReader } from './input.ts';
import { nicOf, readInterfaceNetwork } from './instance-network.ts';
import { instancePlace } from './instance-record.ts';
import {
  attachedInterface,
  endInterfaceAttachment,
  type InterfaceAttachment,
} from './interface-record.ts';
import { publishMetadataWorkflow } from './publish-metadata.ts';

const { attachmentId, instanceId, nicId } = inputFields;

const readInput = inputReader({ nicId, instanceId, attachmentId });

/** Connects the interface; returns what the machine's card needs. */
async function connectInterface(context: WorkflowContext, input: InterfaceAttachment) {
  const facts = await context.metadata.read(async (reader) => {
    const nic = await attachedInterface(reader, input);
    return nic && (await readInterfaceNetwork(reader, nic));
  });
  if (!facts) return undefined;
  const port = await context.network.plug(nicOf(facts));
  return { nicId: facts.nic.id, macAddress: facts.nic.macAddress, port };
}

async function offerCard(context: WorkflowContext, input: InterfaceAttachment): Promise<void> {
  // Plugging again returns the port that exists.
  const card = await connectInterface(context, input);
  if (card) await context.compute.attachNic(input.instanceId, card);
}

async function markAttached(_: WorkflowContext, input: InterfaceAttachment): Promise<Commit> {
  return async (tx) => {
    const nic = await attachedInterface(tx, input);
    // A detachment that was asked for meanwhile waits behind this, and its state stays.
    if (nic?.attachment?.state !== 'attaching') return;
    const { state: _state, ...attachment } = nic.attachment;
    await tx.put('networkInterface', { ...nic, attachment });
    await publishMetadataWorkflow.enqueue(tx, { instanceId: input.instanceId });
  };
}

/** From `attaching` to `attached`, under a running guest. When the machine does not take the card, the interface is free. */
export const attachInterfaceWorkflow = defineWorkflow<WorkflowContext, InterfaceAttachment>({
  kind: 'attach-interface',
  version: 1,
  readInput,
  async place(reader, input) {
    const { lanes, ...place } = await instancePlace(reader, input.instanceId);
    return { ...place, lanes: [...lanes, input.nicId] };
  },
  onFailure: 'unwind',
  steps: [
    // Undone last: the policy without the interface that `intent` gave up.
    { name: 'policy', undo: applyInstancePolicy },
    { name: 'intent', undo: async (_, input) => (tx) => endInterfaceAttachment(tx, input) },
    {
      name: 'network',
      async run(context, input) {
        await connectInterface(context, input);
        await applyInstancePolicy(context, input);
      },
      undo: (context, input) => context.network.unplug(input.nicId),
    },
    {
      name: 'machine',
      run: offerCard,
      undo: (context, input) => context.compute.detachNic(input.instanceId, input.nicId, true),
    },
    { name: 'attached', run: markAttached },
  ],
});
