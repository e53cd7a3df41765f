/**
 * `covenant doctor`: looks at everything Covenant depends on, changes nothing, and says for each whether it is well,
 * what is wrong with it, and how to mend it. Ends with 1 when anything is wrong.
 */
import { Command } from 'commander';
import { ConfigError } from '../config';
import { openTemporal } from '../temporal/connection';
import { examineApi } from './doctor-api';
import { examineDriver, examinePostgres, findReference } from './doctor-postgres';
import { examineDisk, examineNode, examineWorkflowBundle } from './doctor-process';
import { examineTemporal } from './doctor-temporal';
import { ok, wrong, type Finding, type Verdict } from './finding';
import { readSettings, type Settings } from './settings';

const MARKS: Record<Verdict, string> = { ok: 'ok     ', warning: 'look   ', wrong: 'WRONG  ' };

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('Check everything Covenant depends on, and say what is wrong and how to mend it.')
    .option('--json', 'print one line of JSON: { "well": boolean, "findings": [{ check, verdict, detail, mend }] }')
    .addHelpText('after', '\nExit code: 0 when nothing is wrong (warnings allowed), 1 otherwise.')
    .action(async ({ json }: { json?: true }) => {
      const findings = await examineAll();
      const well = findings.every((finding) => finding.verdict !== 'wrong');
      if (json) console.log(JSON.stringify({ well, findings }));
      else print(findings);
      process.exitCode = well ? 0 : 1;
    });
}

async function examineAll(): Promise<Finding[]> {
  const here = [examineNode(), examineDriver()];
  let settings: Settings;
  try {
    settings = readSettings(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const mend = 'Set it to what is allowed (docs/configuration.md), or start `npm run dev` here.';
    return [
      ...here,
      ...error.problems.map(({ variable, value, reason, allowed }) => {
        const why = reason === undefined ? '' : `: ${reason}`;
        return wrong('settings', `${variable} is ${value ?? 'not set'}${why}; allowed: ${allowed}`, mend);
      }),
    ];
  }
  const { config, stack_data_dir } = settings;
  const source = stack_data_dir === undefined ? 'the environment' : `the stack in ${stack_data_dir}`;

  const client = openTemporal(config);
  try {
    const reference = await findReference(config);
    const [temporal, api] = await Promise.all([
      examineTemporal(client, config, reference),
      examineApi(config, reference),
    ]);
    const postgres = await examinePostgres(config, temporal.epoch);
    return [
      ...here,
      ok('settings', `complete, from ${source}`),
      ...examineWorkflowBundle(config),
      ...postgres,
      ...(reference.installation === null ? [] : [ok('installation', reference.installation)]),
      ...temporal.findings,
      api,
      ...examineDisk(stack_data_dir),
    ];
  } finally {
    await client.connection.close();
  }
}

function print(findings: Finding[]): void {
  for (const { check, verdict, detail, mend } of findings) {
    console.log(`${MARKS[verdict]}${check}: ${detail}`);
    if (mend !== null) console.log(`       → ${mend}`);
  }
  const count = (verdict: Verdict): number => findings.filter((finding) => finding.verdict === verdict).length;
  console.log(`\n${count('ok')} ok, ${count('warning')} to look at, ${count('wrong')} wrong.`);
}
