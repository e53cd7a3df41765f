/**
 * `covenant admin create`: creates an admin with a first API key, for a new installation or after all keys are lost.
 * `covenant admin sign-in-link`: prints a link by which an admin signs in to the admin pages once.
 */
import { randomFillSync } from 'node:crypto';
import { Command, InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import { SYSTEM } from '../domain/base/actor';
import { newApiKey } from '../domain/access/api-key';
import { SIGN_IN_LINK_MINUTES } from '../domain/access/session';
import { ROLES, type Role } from '../domain/access/role';
import { hasDirectionControl, isPlainText, isVisible } from '../domain/base/text';
import { violates } from '../db/base/errors';
import { findNow } from '../db/base/clock';
import { openDatabase } from '../db/base/database';
import { assertOwnSessions } from '../db/base/pooler';
import { CLI_LIMITS } from '../db/base/session';
import { createAdmin } from '../transactions/access/admin';
import { createSignInLink, signInUrl } from '../transactions/access/sign-in-link';
import { createAdminApiKey } from '../transactions/access/admin-api-key';
import { CommandFailure } from './command-failure';
import { readSettings } from './settings';

interface CreateOptions {
  email: string;
  name: string;
  role: Role;
  label: string;
  json?: true;
}

const NAME_CHARS_MAX = 200;
const LABEL_CHARS_MAX = 200;

export function adminCommand(): Command {
  return new Command('admin')
    .description('Manage the people who may call the API.')
    .addCommand(createCommand())
    .addCommand(signInLinkCommand());
}

function createCommand(): Command {
  return new Command('create')
    .description('Create an admin with an API key. The key is printed once, as the only line on standard output.')
    .requiredOption('--email <address>', 'e-mail address, unique among admins', parseEmail)
    .requiredOption('--name <name>', 'name that the audit shows', textParser('name', NAME_CHARS_MAX))
    .addOption(new Option('--role <role>', 'role of the admin').choices(ROLES).makeOptionMandatory())
    .option('--label <text>', 'what the key is for', textParser('label', LABEL_CHARS_MAX), 'first key')
    .option('--json', 'print one line of JSON')
    .addHelpText('after', '\nExample:\n  covenant admin create --email ada@example.com --name Ada --role super_admin')
    .action(create);
}

async function create(options: CreateOptions): Promise<void> {
  const { config } = readSettings(process.env);
  const db = openDatabase(config.databaseUrl, { max: 1, application_name: 'covenant cli', limits: CLI_LIMITS });
  const key = newApiKey('admin', randomFillSync);
  try {
    await assertOwnSessions(db);
    const admin = await db.begin(async (tx) => {
      const act = { actor: SYSTEM, now: await findNow(tx), request_id: null };
      const created = await createAdmin(tx, options, act);
      await createAdminApiKey(tx, created.id, key, { pepper: config.keyPepper, label: options.label }, act);
      return created;
    });
    if (options.json) {
      const { id, email, name, role } = admin;
      console.log(JSON.stringify({ id, email, name, role, key_id: key.key_id, key: key.text }));
      return;
    }
    console.error(`Created ${admin.name} (${admin.email}), ${admin.role}. The API key, which is shown only now:`);
    console.log(key.text);
  } catch (error) {
    if (!violates(error, 'admins_email_unique')) throw error;
    throw new CommandFailure(
      `An admin with the address ${options.email} already exists. Use another address, or create a key for this admin through the API: POST /api/v1/admins/{id}/api-keys.`,
    );
  } finally {
    await db.end();
  }
}

function signInLinkCommand(): Command {
  return new Command('sign-in-link')
    .description('Print a link by which an admin signs in to the admin pages. It works once.')
    .argument('<email>', 'the e-mail address of the admin', parseEmail)
    .addHelpText(
      'after',
      `\nThe link works for ${SIGN_IN_LINK_MINUTES} minutes. It is as good as the API key of the admin: give it to this admin only.`,
    )
    .action(printSignInLink);
}

async function printSignInLink(email: string): Promise<void> {
  const { config } = readSettings(process.env);
  const db = openDatabase(config.databaseUrl, { max: 1, application_name: 'covenant cli', limits: CLI_LIMITS });
  try {
    await assertOwnSessions(db);
    const link = await db.begin(async (tx) => {
      const act = { actor: SYSTEM, now: await findNow(tx), request_id: null };
      return createSignInLink(tx, email, config.keyPepper, act);
    });
    if (link === null)
      throw new CommandFailure(
        `No active admin has the address ${email}. Create one with \`covenant admin create\`, or enable the admin (PATCH /api/v1/admins/{id}).`,
      );
    const { admin, expires_at, token } = link;
    console.error(`${admin.name}, ${admin.role}, can sign in with this link once, until ${expires_at}:`);
    console.log(signInUrl(config.publicUrl, token));
  } finally {
    await db.end();
  }
}

function parseEmail(given: string): string {
  const address = z.email().safeParse(given.trim());
  if (!address.success) throw new InvalidArgumentError('It must be an e-mail address.');
  return address.data;
}

/** Creates a parser of non-empty text on one line. */
function textParser(what: string, chars_max: number): (given: string) => string {
  return (given) => {
    const trimmed = given.trim();
    if (hasDirectionControl(trimmed))
      throw new InvalidArgumentError(`The ${what} must not contain direction controls.`);
    if (isPlainText(trimmed) && isVisible(trimmed) && trimmed.length <= chars_max) return trimmed;
    throw new InvalidArgumentError(
      `The ${what} must have 1 to ${chars_max} characters on one line, at least one of them visible.`,
    );
  };
}
