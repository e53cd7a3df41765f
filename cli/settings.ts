/**
 * The settings of a command: from the environment or, without a DATABASE_URL, from the running stack of `npm run dev`. So a developer
 * does not set anything.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigError, loadClientConfig, loadConfig, loadStackConfig } from '../config';
import type { ClientConfig, Config, Environment } from '../config';

/** The settings of a command and their origin. */
export interface Settings {
  config: Config;
  /** The data directory of the stack from which the settings come; undefined when they come from the environment. */
  stack_data_dir: string | undefined;
}

/** The fields of `dev.json` that a command needs. A running stack writes that file. */
const DevFile = z.object({
  api_url: z.string(),
  temporal_address: z.string(),
  temporal_ui_url: z.string(),
  database_url: z.string(),
  super_admin_key: z.string().optional(),
  smtp_url: z.string().nullish(),
  mail_from: z.string().nullish(),
});
const SecretsFile = z.object({ key_pepper: z.string(), sealing_keys: z.string().optional() });

/** Reads the settings. Prints a line on standard error when they come from a stack. Throws ConfigError. */
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

/** Reads the settings of a command that calls the API: from the environment or, without a COVENANT_API_KEY, from the running stack. */
export function readClientSettings(env: Environment): ClientConfig {
  const stack = env['COVENANT_API_KEY'] ? undefined : findStack(env);
  if (stack === undefined) return loadClientConfig(env);
  process.stderr.write(`COVENANT_API_KEY is not set: using the stack in ${stack.data_dir}.\n`);
  return loadClientConfig({ ...env, ...stack.env });
}

const STACK_HINT = 'Set them, or start `npm run dev` here. Commands then use the settings of that stack.';

/** The settings of the stack in the data directory, running or left by a crash; undefined when there is none. */
function findStack(env: Environment): { data_dir: string; env: Record<string, string> } | undefined {
  const { dataDir: data_dir } = loadStackConfig(env);
  const dev_file = join(data_dir, 'dev.json');
  const secrets_file = join(data_dir, 'secrets.json');
  if (!existsSync(dev_file) || !existsSync(secrets_file)) return undefined;
  const dev = DevFile.parse(JSON.parse(readFileSync(dev_file, 'utf8')));
  const { key_pepper, sealing_keys } = SecretsFile.parse(JSON.parse(readFileSync(secrets_file, 'utf8')));
  return {
    data_dir,
    env: {
      DATABASE_URL: dev.database_url,
      TEMPORAL_ADDRESS: dev.temporal_address,
      TEMPORAL_UI_URL: dev.temporal_ui_url,
      COVENANT_PUBLIC_URL: dev.api_url,
      COVENANT_KEY_PEPPER: key_pepper,
      ...(dev.super_admin_key === undefined ? {} : { COVENANT_API_KEY: dev.super_admin_key }),
      ...(dev.smtp_url && dev.mail_from && { SMTP_URL: dev.smtp_url, MAIL_FROM: dev.mail_from }),
      ...(sealing_keys === undefined ? {} : { COVENANT_SEALING_KEYS: sealing_keys }),
    },
  };
}
