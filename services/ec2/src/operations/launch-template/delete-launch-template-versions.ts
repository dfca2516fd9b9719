import type { Ec2Output } from '@bakehouse/aws-model';
import { apiError, type LaunchTemplate } from '@bakehouse/domain';
import type { ControlTransaction } from '@bakehouse/workflow-engine';
import { findTemplate } from '../../launch/template-version.ts';
import type { Operation } from '../../operation.ts';

type Output = Ec2Output<'DeleteLaunchTemplateVersions'>;
type Failure = NonNullable<Output['UnsuccessfullyDeletedLaunchTemplateVersions']>[number];
type FailureCode = NonNullable<NonNullable<Failure['ResponseError']>['Code']>;

/** EC2's bound for one request. */
const versionsMax = 200;

function numberOf(text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw apiError('InvalidParameterValue', {
    parameter: 'LaunchTemplateVersion',
    value: text,
    hint: 'Expecting version numbers.',
  });
}

async function problemOf(
  tx: ControlTransaction,
  template: LaunchTemplate,
  number: number,
): Promise<{ readonly Code: FailureCode; readonly Message: string } | undefined> {
  if (number === template.defaultVersion) {
    return { Code: 'unexpectedError', Message: 'The default version cannot be deleted' };
  }
  if (await tx.get('launchTemplateVersion', `${template.id}:${number}`)) return undefined;
  return {
    Code: 'launchTemplateVersionDoesNotExist',
    Message: `The launch template version ${number} does not exist`,
  };
}

/** The latest version is the highest that is left, and no number is used again. */
async function recordLatest(tx: ControlTransaction, template: LaunchTemplate): Promise<void> {
  const left = await tx.list('launchTemplateVersion', { where: { template: [template.id] } });
  const latestVersion = Math.max(...left.map(({ version }) => version));
  const lastVersion = template.lastVersion ?? template.latestVersion;
  await tx.put('launchTemplate', { ...template, latestVersion, lastVersion });
}

/** Each version is deleted or not by itself. */
export const deleteLaunchTemplateVersions: Operation<'DeleteLaunchTemplateVersions'> = async (
  context,
  request,
) =>
  await context.write(async (tx) => {
    const template = await findTemplate(tx, context, request);
    const numbers = [...new Set(request.Versions.map(numberOf))];
    if (numbers.length > versionsMax) {
      throw apiError('InvalidParameterValue', {
        message: `At most ${versionsMax} versions can be deleted by one request`,
      });
    }
    const deleted = [];
    const failed: Failure[] = [];
    for (const number of numbers) {
      const item = {
        LaunchTemplateId: template.id,
        LaunchTemplateName: template.name,
        VersionNumber: number,
      };
      const problem = await problemOf(tx, template, number);
      if (problem) failed.push({ ...item, ResponseError: problem });
      else {
        await tx.delete('launchTemplateVersion', `${template.id}:${number}`);
        deleted.push(item);
      }
    }
    if (deleted.length > 0) await recordLatest(tx, template);
    return {
      SuccessfullyDeletedLaunchTemplateVersions: deleted,
      UnsuccessfullyDeletedLaunchTemplateVersions: failed,
    };
  });
