import {
  apiError,
  isInRegion,
  isSharedWith,
  type MetadataTransaction,
  type Parameter,
  type ParameterContent,
  parameterId,
  parameterVersionId,
} from '@bakehouse/domain';
import { planContent } from '../content.ts';
import type { ParameterContext, ParameterOperation } from '../context.ts';
import { writableName } from '../names.ts';
import { invalid } from '../refusals.ts';
import { mergeTags } from '../tags.ts';

const parametersMax = 10_000;
const versionsMax = 100;

/** The image must be one that the account could launch from. */
async function checkImage(
  tx: MetadataTransaction,
  { accountId, region }: ParameterContext,
  { dataType, value }: ParameterContent,
): Promise<void> {
  if (dataType !== 'aws:ec2:image') return;
  const image = await tx.get('image', value);
  const isUsable = image && isInRegion(image, region) && isSharedWith(image, accountId);
  if (isUsable && image.state === 'available') return;
  throw invalid(
    `The value '${value}' of a parameter with the data type aws:ec2:image must be the ID of an available image that the account may launch.`,
  );
}

async function checkRoom(tx: MetadataTransaction, { accountId, region }: ParameterContext) {
  const count = await tx.count('parameter', { region, where: { owner: [accountId] } });
  if (count < parametersMax) return;
  throw apiError('ParameterLimitExceeded', {
    message: `You have reached the limit of ${parametersMax} parameters in this account and region. Delete some and try again.`,
  });
}

/** Keeps what was the newest version, and drops the oldest of too many. */
async function keepVersion(tx: MetadataTransaction, { id, content, labels, ...rest }: Parameter) {
  const oldest = content.version - versionsMax + 1;
  if (oldest >= 1) {
    if (Object.values(labels).includes(oldest)) {
      const { name } = rest;
      throw apiError('ParameterMaxVersionLimitExceeded', { name, version: oldest });
    }
    await tx.delete('parameterVersion', parameterVersionId(id, oldest));
  }
  await tx.put('parameterVersion', {
    id: parameterVersionId(id, content.version),
    parameterId: id,
    region: rest.region,
    content,
  });
}

/** A new parameter, or with Overwrite a new version of one. */
export const putParameter: ParameterOperation<'PutParameter'> = async (context, request) => {
  const name = writableName(context, request.Name);
  const { Tags: tags = [], Overwrite: mayOverwrite = false } = request;
  if (tags.length > 0 && mayOverwrite) {
    throw invalid(
      "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.",
    );
  }
  return await context.write(async (tx) => {
    const id = parameterId(context, name);
    const before = await tx.get('parameter', id);
    if (before && !mayOverwrite) throw apiError('ParameterAlreadyExists', {});
    const content = planContent(context, request, before);
    await checkImage(tx, context, content);
    if (before) await keepVersion(tx, before);
    else await checkRoom(tx, context);
    const { accountId: ownerId, region, now: createdAt } = context;
    const made = { id, ownerId, region, createdAt, name, labels: {}, tags: mergeTags({}, tags) };
    await tx.put('parameter', { ...(before ?? made), content });
    return { Version: content.version, Tier: content.tier };
  });
};
