import { servedApi } from '@bakehouse/aws-model';
import type { ParameterContext } from './context.ts';
import { deleteParameter, deleteParameters } from './operations/delete-parameters.ts';
import { describeParameters } from './operations/describe-parameters.ts';
import { getParameter } from './operations/get-parameter.ts';
import { getParameterHistory } from './operations/get-parameter-history.ts';
import { getParameters } from './operations/get-parameters.ts';
import { getParametersByPath } from './operations/get-parameters-by-path.ts';
import {
  labelParameterVersion,
  unlabelParameterVersion,
} from './operations/label-parameter-version.ts';
import { putParameter } from './operations/put-parameter.ts';
import {
  addTagsToResource,
  listTagsForResource,
  removeTagsFromResource,
} from './operations/tags-of-resource.ts';

/** Systems Manager's Parameter Store; nothing else of Systems Manager is served. */
export const ssmApi = servedApi<'ssm', ParameterContext>('ssm', {
  AddTagsToResource: addTagsToResource,
  DeleteParameter: deleteParameter,
  DeleteParameters: deleteParameters,
  DescribeParameters: describeParameters,
  GetParameter: getParameter,
  GetParameterHistory: getParameterHistory,
  GetParameters: getParameters,
  GetParametersByPath: getParametersByPath,
  LabelParameterVersion: labelParameterVersion,
  ListTagsForResource: listTagsForResource,
  PutParameter: putParameter,
  RemoveTagsFromResource: removeTagsFromResource,
  UnlabelParameterVersion: unlabelParameterVersion,
});
