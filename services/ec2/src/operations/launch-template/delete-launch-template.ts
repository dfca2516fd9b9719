import { findTemplate } from '../../launch/template-version.ts';
import type { Operation } from '../../operation.ts';
import { launchTemplateView } from '../../views/launch-template.ts';

/** Deletes the template with all its versions; instances launched from it are not affected. */
export const deleteLaunchTemplate: Operation<'DeleteLaunchTemplate'> = async (context, request) =>
  await context.write(async (tx) => {
    const template = await findTemplate(tx, context, request);
    const where = { template: [template.id] };
    for (const { id } of await tx.list('launchTemplateVersion', { where })) {
      await tx.delete('launchTemplateVersion', id);
    }
    await tx.delete('launchTemplate', template.id);
    return { LaunchTemplate: launchTemplateView(template) };
  });
