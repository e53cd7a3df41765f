/** The link by which the developer signs in to the admin pages of the running stack as its super admin. */
import { SYSTEM } from '../domain/base/actor';
import { findNow } from '../db/base/clock';
import { openDatabase } from '../db/base/database';
import { createSignInLink, signInUrl } from '../transactions/access/sign-in-link';
import type { DevFile } from './dev-file';
import { loadSecrets } from './secrets';
import { SUPER_ADMIN } from './stack';

/** Makes a new link, which works once; null when the super admin was disabled or has another address. */
export async function createDevSignInLink({ api_url, database_url }: DevFile, dataDir: string): Promise<string | null> {
  const db = openDatabase(database_url, { max: 1, application_name: 'covenant dev' });
  try {
    const link = await db.begin(async (tx) => {
      const act = { actor: SYSTEM, now: await findNow(tx), request_id: null };
      return createSignInLink(tx, SUPER_ADMIN.email, loadSecrets(dataDir).key_pepper, act);
    });
    return link && signInUrl(api_url, link.token);
  } finally {
    await db.end();
  }
}
