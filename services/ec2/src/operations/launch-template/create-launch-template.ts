import {
  apiError,
  type LaunchTemplate,
  type LaunchTemplateId,
  rootUserArn,
} from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import type { ControlTransaction } from '@bakehouse/workflow-engine';
import type { Operation } from '../../operation.ts';
import { withClientToken } from '../../request/client-token.ts';
import { refuseUnserved } from '../../request/refusals.ts';
import { tagsFor } from '../../request/tags.ts';
import { checkDescription } from '../../request/text.ts';
import { launchTemplateView } from '../../views/launch-template.ts';
import { templateData } from './template-data.ts';

type Request = Parameters<Operation<'CreateLaunchTemplate'>>[1];

/** EC2's rule for names ("CreateLaunchTemplate"). */
const namePattern = /^[a-zA-Z0-9().\-/_]{3,128}$/;

async function checkName(tx: ControlTransaction, context: OperationContext, name: string) {
  if (!namePattern.test(name)) {
    throw apiError('InvalidLaunchTemplateName.MalformedException', {});
  }
  const where = { owner: [context.accountId], name: [name] };
  const [known] = await tx.list('launchTemplate', { region: context.region, where });
  if (!known) return;
  throw apiError('InvalidLaunchTemplateName.AlreadyExistsException', {});
}

async function create(
  tx: ControlTransaction,
  context: OperationContext,
  request: Request,
): Promise<readonly LaunchTemplateId[]> {
  await checkName(tx, context, request.LaunchTemplateName);
  checkDescription(request.VersionDescription);
  const { accountId: ownerId, region, now: createdAt, ids } = context;
  const id = ids.resource('lt');
  const createdBy = rootUserArn({ region, ownerId });
  const template: LaunchTemplate = {
    ...{ id, ownerId, region, createdAt, createdBy },
    tags: tagsFor('launch-template', request.TagSpecifications, ['launch-template']),
    name: request.LaunchTemplateName,
    defaultVersion: 1,
    latestVersion: 1,
  };
  await tx.put('launchTemplate', template);
  await tx.put('launchTemplateVersion', {
    ...{ id: `${id}:1`, templateId: id, ownerId, region, createdAt, createdBy, version: 1 },
    ...(request.VersionDescription ? { description: request.VersionDescription } : {}),
    data: templateData(request.LaunchTemplateData),
  });
  return [id];
}

/** A template with its first version, which is its default. */
export const createLaunchTemplate: Operation<'CreateLaunchTemplate'> = async (context, request) => {
  refuseUnserved(request, ['Operator']);
  const use = { operation: 'CreateLaunchTemplate', token: request.ClientToken, request };
  return await context.write(async (tx) => {
    const [id = ''] = await withClientToken(tx, context, use, () => create(tx, context, request));
    const template = await tx.get('launchTemplate', id);
    if (!template) throw apiError('InvalidLaunchTemplateId.NotFound', { id });
    return { LaunchTemplate: launchTemplateView(template) };
  });
};
