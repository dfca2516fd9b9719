import { secondMs } from '@bakehouse/base';
import { type Parameter, type ParameterContent, parameterId } from '@bakehouse/domain';
import { platformAccountId } from '@bakehouse/orchestration';
import { beforeEach, expect, test } from 'vitest';
import { type TestContext, testContext } from '../testing/test-context.ts';

let context: TestContext;
beforeEach(async () => {
  context = await testContext();
});

async function putParameter(name: string, changes: Partial<ParameterContent>): Promise<void> {
  const { accountId: ownerId, region } = context.scope;
  const content: ParameterContent = {
    ...{ version: 1, type: 'String', value: '', dataType: 'text', tier: 'Standard' },
    ...{ modifiedAt: 0, modifiedBy: '', ...changes },
  };
  const parameter: Parameter = {
    ...{ id: parameterId(context.scope, name), ownerId, region, tags: {}, createdAt: 0 },
    ...{ name, content, labels: { live: content.version } },
  };
  await context.metadata.write((tx) => tx.put('parameter', parameter));
}

const launch = { InstanceType: 't3.micro', MinCount: 1, MaxCount: 1 } as const;
const imageOf = async (ImageId: string) =>
  (await context.call('RunInstances', { ...launch, ImageId })).Instances?.[0]?.ImageId;

test('a launch resolves the name, with a version or a label, to the image', async () => {
  const image = await context.addImage();
  await putParameter('/my/image', { value: image.id, version: 4 });
  for (const selector of ['', ':4', ':live']) {
    expect(await imageOf(`resolve:ssm:/my/image${selector}`)).toBe(image.id);
  }
});

test('a public name means the newest image of the platform', async () => {
  const image = await context.addImage({
    ownerId: platformAccountId,
    launchPermissions: { everyone: true, accountIds: [] },
    tags: { recipe: 'bakehouse-linux' },
    createdAt: 5 * secondMs,
  });
  const name = 'resolve:ssm:/aws/service/bakehouse-linux/latest/x86_64';
  expect(await imageOf(name)).toBe(image.id);
  expect(await imageOf(`${name}:5`)).toBe(image.id);
});

test('a template keeps the name, and each launch resolves it again', async () => {
  const [first, second] = [await context.addImage(), await context.addImage()];
  const LaunchTemplateData = { ImageId: 'resolve:ssm:image' };
  const LaunchTemplateName = 'by-name';
  await context.call('CreateLaunchTemplate', { LaunchTemplateName, LaunchTemplateData });
  const LaunchTemplate = { LaunchTemplateName };
  for (const { id: value } of [first, second]) {
    await putParameter('image', { value });
    const { Instances } = await context.call('RunInstances', { ...launch, LaunchTemplate });
    expect(Instances?.[0]?.ImageId).toBe(value);
  }
  const shown = async (ResolveAlias: boolean) =>
    (await context.call('DescribeLaunchTemplateVersions', { LaunchTemplateName, ResolveAlias }))
      .LaunchTemplateVersions?.[0]?.LaunchTemplateData?.ImageId;
  expect(await shown(false)).toBe('resolve:ssm:image');
  expect(await shown(true)).toBe(second.id);
});

test.each([
  ['resolve:ssm:absent', 'InvalidParameterValue', /absent does not exist/],
  ['resolve:ssm:text:9', 'InvalidParameterValue', /no version or label 9/],
  ['resolve:ssm:', 'InvalidParameterValue', /does not exist/],
  ['resolve:ssm:list', 'InvalidParameterValue', /must be of the type String/],
  ['resolve:ssm:text', 'InvalidAMIID.Malformed', /Invalid id/],
  ['resolve:ssm:gone', 'InvalidAMIID.NotFound', /ami-0123456789abcdef0/],
])('%s is refused with %s', async (ImageId, code, message) => {
  await putParameter('text', { value: 'no image' });
  await putParameter('list', { value: 'a,b', type: 'StringList' });
  await putParameter('gone', { value: 'ami-0123456789abcdef0' });
  await expect(context.call('RunInstances', { ...launch, ImageId })).rejects.toEqual(
    expect.objectContaining({ code, message: expect.stringMatching(message) }),
  );
});
