/**
 * The settings of a command: the environment's or, without a DATABASE_URL, those of the stack that `npm run dev` has
 * running here, so that a developer types nothing.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigError, loadConfig, loadStackConfig, type Config, type Environment } from '../config';

/** What a command works with. */
export interface Settings {
  config: Config;
  /** The data directory of the stack whose settings these are; undefined when they are the environment's. */
  stack_data_dir: string | undefined;
}

/** The parts that a command needs of what a running stack writes down. */
const DevFile = z.object({
  api_url: z.string(),
  temporal_address: z.string(),
  temporal_ui_url: z.string(),
  database_url: z.string(),
});
const SecretsFile = z.object({ key_pepper: z.string() });

/** Reads the settings, and says on standard error when they are those of a stack. Throws ConfigError. */
export function readSettings(env: Environment): Settings {
  const stack = env['DATABASE_URL'] ? undefined : findStack(env);
  if (stack !== undefined) {
    process.stderr.write(`DATABASE_URL is not set: using the stack in ${stack.data_dir}.\n`);
    return { config: loadConfig({ ...env, ...stack.env }), stack_data_dir: stack.data_dir };
  }
  try {
    return { config: loadConfig(env), stack_data_dir: undefined };
  } catch (error) {
    if (error instanceof ConfigError && !env['DATABASE_URL']) error.message += `\n${STACK_HINT}`;
    throw error;
  }
}

const STACK_HINT = 'Set them, or start `npm run dev` here: commands then use its settings.';

/** The settings of a stack in the data directory, ready or left by a crash; undefined when there is none. */
function findStack(env: Environment): { data_dir: string; env: Record<string, string> } | undefined {
  const { dataDir: data_dir } = loadStackConfig(env);
  const dev_file = join(data_dir, 'dev.json');
  const secrets_file = join(data_dir, 'secrets.json');
  if (!existsSync(dev_file) || !existsSync(secrets_file)) return undefined;
  const dev = DevFile.parse(JSON.parse(readFileSync(dev_file, 'utf8')));
  const { key_pepper } = SecretsFile.parse(JSON.parse(readFileSync(secrets_file, 'utf8')));
  return {
    data_dir,
    env: {
      DATABASE_URL: dev.database_url,
      TEMPORAL_ADDRESS: dev.temporal_address,
      TEMPORAL_UI_URL: dev.temporal_ui_url,
      COVENANT_PUBLIC_URL: dev.api_url,
      COVENANT_KEY_PEPPER: key_pepper,
    },
  };
}
