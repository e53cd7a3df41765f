/**
 * `npm run dev:env`: prints shell assignments that lead a terminal to the running stack. `eval "$(npm run --silent dev:env)"`
 * sets them. Without a running stack it prints commands that delete the variables and fail, so that a chain of commands stops there.
 *
 * It prints neither DATABASE_URL nor TEMPORAL_ADDRESS: with the first, `npm run covenant` no longer finds the stack by itself, and with
 * the second, the next `npm run dev` of that terminal starts no Temporal server.
 */
import { parseNoArguments } from '../command-line';
import { loadStackConfig } from '../config';
import { readDevFile, type DevFile } from './dev-file';

const FAILURE = 'unset API KEY BILLING_SECRET; false\n';

main();

function main(): void {
  parseNoArguments(
    'npm run --silent dev:env',
    'Print the variables API, KEY and BILLING_SECRET of the stack that `npm run dev` has running in .covenant/ (COVENANT_DATA_DIR), as ' +
      'commands for a shell: eval "$(npm run --silent dev:env)" sets them.',
  );
  const { dataDir } = loadStackConfig(process.env);
  const running = readDevFile(dataDir);
  if (running === undefined) {
    process.stderr.write(
      `No stack is ready in ${dataDir}. Start it with \`npm run dev\` and wait until it prints its addresses.\n`,
    );
    process.stdout.write(FAILURE);
    process.exitCode = 1;
    return;
  }
  process.stdout.write(shellAssignments(running));
}

function shellAssignments({ api_url, super_admin_key, billing_secret }: DevFile): string {
  const variables = { API: `${api_url}/api/v1`, KEY: super_admin_key, BILLING_SECRET: billing_secret };
  // No value contains a quote: an origin, a key and a secret in base64.
  return Object.entries(variables)
    .map(([name, value]) => `export ${name}='${value}'\n`)
    .join('');
}
