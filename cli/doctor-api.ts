/** Checks that the API is ready, and that it belongs to this installation. */
import type { Config } from '../config';
import { askReadiness, READINESS_TIMEOUT_MS } from './ask-readiness';
import type { Reference } from './doctor-postgres';
import { ok, warning, wrong, type Finding } from './finding';

const SET_URL =
  'Set COVENANT_PUBLIC_URL (by default http://HOST:PORT) to the URL at which this machine reaches the API of this installation';

/**
 * Queries the readiness of the API. An API that does not respond is only a warning, because this machine may not be able to reach it.
 * An API of another installation is wrong, even when it is ready.
 */
export async function checkApi(
  { publicUrl }: Pick<Config, 'publicUrl'>,
  { installation }: Pick<Reference, 'installation'>,
): Promise<Finding> {
  const url = `${publicUrl}/readyz`;
  const answer = await askReadiness(publicUrl);
  switch (answer.outcome) {
    case 'unreachable':
      return warning(
        'API',
        `no response from ${url} (${answer.reason})`,
        `Start the API with \`npm start\`. ${SET_URL}.`,
      );
    case 'silent':
      return warning(
        'API',
        `no response from ${url} within ${READINESS_TIMEOUT_MS / 1_000} s`,
        `Restart the API if its process is frozen or overloaded. ${SET_URL}.`,
      );
    case 'foreign':
      return warning('API', `another program responds at ${url}`, `${SET_URL}.`);
    case 'answered':
  }
  if (installation !== null && answer.installation !== null && answer.installation !== installation) {
    return wrong(
      'API',
      `${url} belongs to another installation, ${answer.installation}; DATABASE_URL belongs to ${installation}`,
      `${SET_URL}, or set DATABASE_URL to the database of that API.`,
    );
  }
  if (!answer.ready) return wrong('API', `${url} is not ready: ${answer.failing}`, 'Fix these checks first.');
  if (installation === null || answer.installation === null) {
    const reason =
      installation === null
        ? 'the database of DATABASE_URL cannot be read'
        : 'this version of the API does not report it';
    return warning(
      'API',
      `${url} is ready, but its installation is unknown: ${reason}`,
      'Compare the DATABASE_URL of the API with the one of this command.',
    );
  }
  return ok('API', `${url} is ready and belongs to this installation`);
}
