/**
 * Fails when the registry knows a vulnerability in a package that the product needs at run time (`npm audit`), and names package,
 * advisory and whether a newer version helps. Without an answer of the registry it says so and passes: the check runs offline too.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseNoArguments } from '../command-line';

const ROOT = join(__dirname, '..');
/** An answer takes a second; npm by itself would try for minutes. */
const ANSWER_MS_MAX = 60_000;
/** Advisories below this level are listed, and do not fail the check. */
const IGNORED_SEVERITIES = ['info', 'low'];

/** What `npm audit --json` says of one package, as far as it is read here. */
interface Vulnerable {
  name: string;
  severity: string;
  /** Advisories, or the names of vulnerable packages that this one needs. */
  via: (string | { title: string; url: string; severity: string })[];
  fixAvailable: boolean | { name: string; version: string };
}

interface Verdict {
  passed: boolean;
  lines: string[];
}

/** What the output of `npm audit --json` means. */
export function assessAudit(output: string): Verdict {
  const vulnerabilities = vulnerabilitiesIn(output);
  if (vulnerabilities === undefined)
    return { passed: true, lines: ['notice: the registry did not say whether dependencies are vulnerable'] };
  const lines = vulnerabilities.flatMap(({ name, via, fixAvailable }) =>
    via
      .filter((cause) => typeof cause === 'object')
      .map(({ severity, title, url }) => `${name}: ${severity}: ${title} (${url}). ${remedy(name, fixAvailable)}`),
  );
  return { passed: vulnerabilities.every(({ severity }) => IGNORED_SEVERITIES.includes(severity)), lines };
}

function vulnerabilitiesIn(output: string): Vulnerable[] | undefined {
  try {
    const { vulnerabilities } = JSON.parse(output) as { vulnerabilities?: Record<string, Vulnerable> };
    return vulnerabilities && Object.values(vulnerabilities);
  } catch {
    return undefined;
  }
}

function remedy(name: string, fix: Vulnerable['fixAvailable']): string {
  if (fix === false)
    return `No version of ${name} without it is known: replace it, or override the package in package.json.`;
  return fix === true ? 'Run: npm audit fix' : `Run: npm install ${fix.name}@${fix.version}`;
}

if (require.main === module) {
  parseNoArguments('npm run check:vulnerabilities', 'Ask the registry for vulnerabilities of production dependencies.');
  const { stdout } = spawnSync('npm audit --omit=dev --json --fetch-retries=0', {
    cwd: ROOT,
    encoding: 'utf8',
    shell: true,
    timeout: ANSWER_MS_MAX,
  });
  const { passed, lines } = assessAudit(stdout);
  for (const line of lines) console.log(line);
  if (!passed) process.exitCode = 1;
}
