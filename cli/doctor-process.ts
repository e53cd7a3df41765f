/** Checks what a process needs on this machine: Node, the workflow bundle, and free disk space. */
import { existsSync, statfsSync } from 'node:fs';
import type { Config } from '../config';
import { ok, warning, wrong, type Finding } from './finding';

/** The oldest Node that runs Covenant (package.json, engines). */
const NODE_MIN = { major: 20, minor: 19 };
/** A million licenses take about 220 MB of table and index, and the same amount of WAL. */
const FREE_BYTES_MIN = 1024 ** 3;
const GIBIBYTE = 1024 ** 3;

export function checkNode(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const fits = major > NODE_MIN.major || (major === NODE_MIN.major && minor >= NODE_MIN.minor);
  if (fits) return ok('Node', process.versions.node);
  return wrong('Node', process.versions.node, `Use Node ${NODE_MIN.major}.${NODE_MIN.minor} or newer.`);
}

/** Checks that the configured workflow bundle exists. A process that runs from its sources needs none. */
export function checkWorkflowBundle({ workflowBundle }: Config): Finding[] {
  if (workflowBundle === undefined) return [];
  if (existsSync(workflowBundle)) return [ok('workflow bundle', workflowBundle)];
  return [
    wrong('workflow bundle', `${workflowBundle} does not exist`, 'Run `npm run build`, or correct WORKFLOW_BUNDLE.'),
  ];
}

/** Checks the free space for the data of a development stack. The disk of a Postgres on another machine cannot be checked. */
export function checkDisk(data_dir: string | undefined): Finding[] {
  if (data_dir === undefined) return [];
  const { bavail, bsize } = statfsSync(data_dir);
  const free = `${((bavail * bsize) / GIBIBYTE).toFixed(1)} GiB free in ${data_dir}`;
  if (bavail * bsize >= FREE_BYTES_MIN) return [ok('disk', free)];
  return [warning('disk', free, 'Free disk space: Postgres stops when its disk is full.')];
}
