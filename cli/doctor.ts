/**
 * `covenant doctor`: checks everything that Covenant depends on, changes nothing, and prints for each check whether it is ok, what is
 * wrong, and how to fix it. The exit code is 1 when anything is wrong.
 */
import { Command } from 'commander';
import { ConfigError } from '../config';
import { openTemporal } from '../temporal/connection';
import { checkApi } from './doctor-api';
import { checkDriver, checkPostgres, findReference } from './doctor-postgres';
import { checkDisk, checkNode, checkWorkflowBundle } from './doctor-process';
import { checkTemporal } from './doctor-temporal';
import { ok, wrong, type Finding, type Verdict } from './finding';
import { readSettings, type Settings } from './settings';

const MARKS: Record<Verdict, string> = { ok: 'ok       ', warning: 'warning  ', wrong: 'WRONG    ' };

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('Check everything that Covenant depends on, and print what is wrong and how to fix it.')
    .option('--json', 'print one line of JSON: { "well": boolean, "findings": [{ check, verdict, detail, remedy }] }')
    .addHelpText('after', '\nExit code: 0 when nothing is wrong (warnings allowed), 1 otherwise.')
    .action(async ({ json }: { json?: true }) => {
      const findings = await checkAll();
      const well = findings.every((finding) => finding.verdict !== 'wrong');
      if (json) console.log(JSON.stringify({ well, findings }));
      else print(findings);
      process.exitCode = well ? 0 : 1;
    });
}

async function checkAll(): Promise<Finding[]> {
  const local_findings = [checkNode(), checkDriver()];
  let settings: Settings;
  try {
    settings = readSettings(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const remedy = 'Set it to an allowed value (docs/configuration.md), or start `npm run dev` here.';
    return [
      ...local_findings,
      ...error.problems.map(({ variable, value, reason, allowed }) => {
        const why = reason === undefined ? '' : `: ${reason}`;
        return wrong('settings', `${variable} is ${value ?? 'not set'}${why}; allowed: ${allowed}`, remedy);
      }),
    ];
  }
  const { config, stack_data_dir } = settings;
  const source = stack_data_dir === undefined ? 'the environment' : `the stack in ${stack_data_dir}`;

  const client = openTemporal(config);
  try {
    const reference = await findReference(config);
    const [temporal, api] = await Promise.all([checkTemporal(client, config, reference), checkApi(config, reference)]);
    const postgres = await checkPostgres(config, temporal.epoch);
    return [
      ...local_findings,
      ok('settings', `complete, from ${source}`),
      ...checkWorkflowBundle(config),
      ...postgres,
      ...(reference.installation === null ? [] : [ok('installation', reference.installation)]),
      ...temporal.findings,
      api,
      ...checkDisk(stack_data_dir),
    ];
  } finally {
    await client.connection.close();
  }
}

function print(findings: Finding[]): void {
  for (const { check, verdict, detail, remedy } of findings) {
    console.log(`${MARKS[verdict]}${check}: ${detail}`);
    if (remedy !== null) console.log(`         → ${remedy}`);
  }
  const count = (verdict: Verdict): number => findings.filter((finding) => finding.verdict === verdict).length;
  const warnings = `${count('warning')} ${count('warning') === 1 ? 'warning' : 'warnings'}`;
  console.log(`\n${count('ok')} ok, ${warnings}, ${count('wrong')} wrong.`);
}
