/** The doctor's look at the API: that it is ready, and that it is the API of this installation and not of another one. */
import type { Config } from '../config';
import { askReadiness, READINESS_TIMEOUT_MS } from './ask-readiness';
import type { Reference } from './doctor-postgres';
import { ok, warning, wrong, type Finding } from './finding';

const SET_URL =
  'Set COVENANT_PUBLIC_URL (by default http://HOST:PORT) to where the API of this installation is reached from here';

/**
 * Asks the API whether it is ready. That none answers is only worth a look: it may run where this machine cannot see it. One
 * that answers for another installation is wrong, however ready it is.
 */
export async function checkApi(
  { publicUrl }: Pick<Config, 'publicUrl'>,
  { installation }: Pick<Reference, 'installation'>,
): Promise<Finding> {
  const url = `${publicUrl}/readyz`;
  const answer = await askReadiness(publicUrl);
  switch (answer.outcome) {
    case 'unreachable':
      return warning('API', `no answer from ${url} (${answer.reason})`, `Start it with \`npm start\`. ${SET_URL}.`);
    case 'silent':
      return warning(
        'API',
        `no answer from ${url} within ${READINESS_TIMEOUT_MS / 1_000} s`,
        `Restart it when its process is frozen or overloaded. ${SET_URL}.`,
      );
    case 'foreign':
      return warning('API', `${url} is the answer of another program`, `${SET_URL}.`);
    case 'answered':
  }
  if (installation !== null && answer.installation !== null && answer.installation !== installation) {
    return wrong(
      'API',
      `${url} answers for another installation, ${answer.installation}; DATABASE_URL is that of ${installation}`,
      `${SET_URL}, or DATABASE_URL to the database of that API.`,
    );
  }
  if (!answer.ready) return wrong('API', `${url} says not ready: ${answer.failing}`, 'Correct these first.');
  if (installation === null || answer.installation === null) {
    const who = installation === null ? 'DATABASE_URL cannot be asked' : 'its version does not say which it serves';
    return warning(
      'API',
      `${url} says ready, but whether it serves this installation is unknown: ${who}`,
      'Compare its database with DATABASE_URL.',
    );
  }
  return ok('API', `${url} says ready, and serves this installation`);
}
