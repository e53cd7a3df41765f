/** Settings that name PEM files. The files are read and checked together with the settings, so an invalid file stops the start. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** The content of a PEM file and its path. */
export interface PemFile {
  path: string;
  pem: Buffer;
}

const CERTIFICATE_BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** A file with one certificate or several: a chain, or a bundle of authorities. */
export function certificateFile(): z.ZodType<PemFile, string> {
  return pemFile((pem) => {
    const blocks = pem.toString('latin1').match(CERTIFICATE_BLOCK) ?? [];
    if (blocks.length === 0) return 'the file contains no PEM certificate';
    const unreadable = blocks.findIndex((block) => throws(() => new X509Certificate(block)));
    return unreadable === -1 ? undefined : `certificate ${unreadable + 1} of the file cannot be read`;
  });
}

/** A file with one private key without a passphrase: the Temporal clients do not support passphrases. */
export function privateKeyFile(): z.ZodType<PemFile, string> {
  return pemFile((pem) => {
    if (/ENCRYPTED/.test(pem.toString('latin1'))) return 'the key is protected by a passphrase';
    return throws(() => createPrivateKey(pem)) ? 'the file contains no PEM private key' : undefined;
  });
}

/** Whether the key belongs to the certificate; in a chain, to the first certificate. */
export function isKeyOf(key: PemFile, certificate: PemFile): boolean {
  return new X509Certificate(certificate.pem).checkPrivateKey(createPrivateKey(key.pem));
}

/** Reads a PEM file. `findProblem` returns what is wrong with its content; undefined when nothing is. */
function pemFile(findProblem: (pem: Buffer) => string | undefined): z.ZodType<PemFile, string> {
  return z.string().transform((path, context) => {
    const pem = readFileOrReason(path);
    const reason = typeof pem === 'string' ? pem : findProblem(pem);
    if (typeof pem !== 'string' && reason === undefined) return { path, pem };
    context.addIssue({ code: 'custom', params: { reason } });
    return z.NEVER;
  });
}

/** The content of the file, or the reason why it cannot be read. */
function readFileOrReason(path: string): Buffer | string {
  try {
    return readFileSync(path);
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return 'the file does not exist';
    return code === 'EACCES' ? 'this process may not read the file' : `the file cannot be read (${code})`;
  }
}

function throws(read: () => unknown): boolean {
  try {
    read();
    return false;
  } catch {
    return true;
  }
}
