import { apiError } from '@bakehouse/domain';
import { findTemplate, versionByNumber, versionNumber } from '../../launch/template-version.ts';
import type { Operation } from '../../operation.ts';
import { launchTemplateView } from '../../views/launch-template.ts';

/** Makes another version the default. Repeating it changes nothing, so its client token needs no memory. */
export const modifyLaunchTemplate: Operation<'ModifyLaunchTemplate'> = async (context, request) => {
  const { DefaultVersion: version } = request;
  if (version === undefined) throw apiError('MissingParameter', { parameter: 'SetDefaultVersion' });
  return await context.write(async (tx) => {
    const template = await findTemplate(tx, context, request);
    const number = versionNumber(template, 'SetDefaultVersion', version);
    await versionByNumber(tx, template, number);
    const changed = { ...template, defaultVersion: number };
    await tx.put('launchTemplate', changed);
    return { LaunchTemplate: launchTemplateView(changed) };
  });
};
