/**
 * The first step of `npm run test:external`. With CI=true it installs missing tools, otherwise it lists them. In CI the
 * tests of a tool that could not be installed fail.
 */
import { spawnSync } from 'node:child_process';
import { parseNoArguments } from '../command-line';
import { EXTERNAL_TOOLS, findTool, installCommand } from './external-tools';

/** Time limit for one command. */
const INSTALL_TIMEOUT_MS = 5 * 60_000;

function main(): void {
  parseNoArguments('test:external', 'Install what the external tests need, where CI=true, and name it elsewhere.');
  const missing = EXTERNAL_TOOLS.filter((tool) => !findTool(tool).found);
  if (process.env['CI'] === 'true') {
    const commands = missing.map(installCommand);
    if (commands.some(([program]) => program === 'apt-get')) run(['apt-get', 'update']);
    for (const command of commands) run(command);
  }
  for (const tool of missing) {
    const result = findTool(tool);
    process.stdout.write(`${result.found ? `${tool.name} was installed: ${result.path}` : result.why}\n`);
  }
}

function run([program = '', ...args]: string[]): void {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  spawnSync(program, args, { env, stdio: ['ignore', 'ignore', 'inherit'], timeout: INSTALL_TIMEOUT_MS });
}

main();
