/** The doctor's look at what a process needs on this machine: Node, the workflow bundle, and room on the disk. */
import { existsSync, statfsSync } from 'node:fs';
import type { Config } from '../config';
import { ok, warning, wrong, type Finding } from './finding';

/** The oldest Node that runs Covenant (package.json, engines). */
const NODE_MIN = { major: 20, minor: 19 };
/** A million licenses take about 220 MB of table and index, and as much WAL again. */
const FREE_BYTES_MIN = 1024 ** 3;
const GIBIBYTE = 1024 ** 3;

export function checkNode(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const fits = major > NODE_MIN.major || (major === NODE_MIN.major && minor >= NODE_MIN.minor);
  if (fits) return ok('Node', process.versions.node);
  return wrong('Node', process.versions.node, `Use Node ${NODE_MIN.major}.${NODE_MIN.minor} or newer.`);
}

/** Looks for the prebuilt workflows; running from sources needs none. */
export function checkWorkflowBundle({ workflowBundle }: Config): Finding[] {
  if (workflowBundle === undefined) return [];
  if (existsSync(workflowBundle)) return [ok('workflow bundle', workflowBundle)];
  return [
    wrong('workflow bundle', `${workflowBundle} does not exist`, 'Run `npm run build`, or correct WORKFLOW_BUNDLE.'),
  ];
}

/** Looks at the room for a stack's data. Where Postgres runs elsewhere its disk cannot be seen from here. */
export function checkDisk(data_dir: string | undefined): Finding[] {
  if (data_dir === undefined) return [];
  const { bavail, bsize } = statfsSync(data_dir);
  const free = `${((bavail * bsize) / GIBIBYTE).toFixed(1)} GiB free in ${data_dir}`;
  if (bavail * bsize >= FREE_BYTES_MIN) return [ok('disk', free)];
  return [warning('disk', free, 'Make room: Postgres stops when its disk is full.')];
}
