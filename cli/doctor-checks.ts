/** All checks of the doctor. */
import { ConfigError } from '../config';
import { openTemporal } from '../temporal/connection';
import { checkApi } from './doctor-api';
import { checkMailServer } from './doctor-mail';
import { checkDriver, checkPostgres, findReference } from './doctor-postgres';
import { checkDisk, checkNode, checkWorkflowBundle } from './doctor-process';
import { checkTemporal } from './doctor-temporal';
import { ok, wrong, type Finding } from './finding';
import { readSettings, type Settings } from './settings';

/** Checks everything that an installation with the settings of `env` depends on, and changes nothing. */
export async function runChecks(env: NodeJS.ProcessEnv): Promise<Finding[]> {
  const local_findings = [checkNode(), checkDriver()];
  let settings: Settings;
  try {
    settings = readSettings(env);
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
    const [temporal, api, mail] = await Promise.all([
      checkTemporal(client, config, reference),
      checkApi(config, reference),
      checkMailServer(config),
    ]);
    const postgres = await checkPostgres(config, temporal.epoch);
    return [
      ...local_findings,
      ok('settings', `complete, from ${source}`),
      ...checkWorkflowBundle(config),
      ...postgres,
      ...(reference.installation === null ? [] : [ok('installation', reference.installation)]),
      ...temporal.findings,
      api,
      mail,
      ...checkDisk(stack_data_dir),
    ];
  } finally {
    await client.connection.close();
  }
}
