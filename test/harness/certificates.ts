/**
 * A certificate authority for a test and its certificates, as PEM files, for servers that require client certificates.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Paths of PEM files. */
export interface TestCertificate {
  cert: string;
  key: string;
}

export interface TestAuthority {
  /** The authority's own certificate. */
  ca: string;
  /** Issues a certificate that is valid for a day; `names` are its subject alternative names: "DNS:a.example", "IP:127.0.0.1". */
  issue(name: string, names?: readonly string[]): TestCertificate;
}

/** Creates an authority with its files in the directory. Throws when the program `openssl` is not installed. */
export function createTestAuthority(directory: string, name = 'authority'): TestAuthority {
  const file = (part: string): string => join(directory, `${name}-${part}`);
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { stdio: 'pipe' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const [ca, ca_key] = [file('ca.pem'), file('ca.key')];
  openssl('req', '-x509', ...newKey, '-days', '1', '-subj', `/CN=${name}`, '-keyout', ca_key, '-out', ca);

  return {
    ca,
    issue(subject, names = []) {
      const [cert, key, request, extensions] = ['pem', 'key', 'csr', 'ext'].map((end) => file(`${subject}.${end}`)) as [
        string,
        string,
        string,
        string,
      ];
      openssl('req', ...newKey, '-subj', `/CN=${subject}`, '-keyout', key, '-out', request);
      // Without an extension the certificate would have version 1, which the worker's connection rejects.
      const alternatives = names.length === 0 ? '' : `subjectAltName=${names.join(',')}\n`;
      writeFileSync(extensions, `basicConstraints=CA:FALSE\n${alternatives}`);
      const issuer = ['-CA', ca, '-CAkey', ca_key, '-CAcreateserial', '-days', '1'];
      openssl('x509', '-req', '-in', request, ...issuer, '-extfile', extensions, '-out', cert);
      return { cert, key };
    },
  };
}
