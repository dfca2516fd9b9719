import type { OperationTable } from '../../operation.ts';
import { describeInstanceAttribute } from './describe-instance-attribute.ts';
import { describeInstanceCreditSpecifications } from './describe-instance-credit-specifications.ts';
import { describeInstanceStatus } from './describe-instance-status.ts';
import { describeInstances } from './describe-instances.ts';
import { getConsoleOutput } from './get-console-output.ts';
import { getConsoleScreenshot } from './get-console-screenshot.ts';
import { modifyInstanceAttribute } from './modify-instance-attribute.ts';
import { modifyInstanceCpuOptions } from './modify-instance-cpu-options.ts';
import { modifyInstanceCreditSpecification } from './modify-instance-credit-specification.ts';
import { modifyInstanceMetadataOptions } from './modify-instance-metadata-options.ts';
import { monitorInstances, unmonitorInstances } from './monitor-instances.ts';
import { rebootInstances } from './reboot-instances.ts';
import { resetInstanceAttribute } from './reset-instance-attribute.ts';
import { runInstances } from './run-instances.ts';
import { startInstances } from './start-instances.ts';
import { stopInstances } from './stop-instances.ts';
import { terminateInstances } from './terminate-instances.ts';

export const instanceOperations = {
  DescribeInstanceAttribute: describeInstanceAttribute,
  DescribeInstanceCreditSpecifications: describeInstanceCreditSpecifications,
  DescribeInstanceStatus: describeInstanceStatus,
  DescribeInstances: describeInstances,
  GetConsoleOutput: getConsoleOutput,
  GetConsoleScreenshot: getConsoleScreenshot,
  ModifyInstanceAttribute: modifyInstanceAttribute,
  ModifyInstanceCpuOptions: modifyInstanceCpuOptions,
  ModifyInstanceCreditSpecification: modifyInstanceCreditSpecification,
  ModifyInstanceMetadataOptions: modifyInstanceMetadataOptions,
  MonitorInstances: monitorInstances,
  RebootInstances: rebootInstances,
  ResetInstanceAttribute: resetInstanceAttribute,
  RunInstances: runInstances,
  StartInstances: startInstances,
  StopInstances: stopInstances,
  TerminateInstances: terminateInstances,
  UnmonitorInstances: unmonitorInstances,
} satisfies OperationTable;
