/** Settings that name PEM files: the file is read and checked when the settings are, so that a bad one is refused at start. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** The content of a PEM file, with the path it came from. */
export interface PemFile {
  path: string;
  pem: Buffer;
}

const CERTIFICATE_BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** A file of one certificate or several: a chain, or a bundle of authorities. */
export function certificateFile(): z.ZodType<PemFile, string> {
  return pemFile((pem) => {
    const blocks = pem.toString('latin1').match(CERTIFICATE_BLOCK) ?? [];
    if (blocks.length === 0) return 'the file holds no PEM certificate';
    const unreadable = blocks.findIndex((block) => isRejectedBy(() => new X509Certificate(block)));
    return unreadable === -1 ? undefined : `certificate ${unreadable + 1} of the file cannot be read`;
  });
}

/** A file of one private key without a passphrase: neither client of Temporal can be given one. */
export function privateKeyFile(): z.ZodType<PemFile, string> {
  return pemFile((pem) => {
    if (/ENCRYPTED/.test(pem.toString('latin1'))) return 'the key is protected by a passphrase';
    return isRejectedBy(() => createPrivateKey(pem)) ? 'the file holds no PEM private key' : undefined;
  });
}

/** Whether the key is that of the certificate, the first one where the file holds a chain. */
export function isKeyOf(key: PemFile, certificate: PemFile): boolean {
  return new X509Certificate(certificate.pem).checkPrivateKey(createPrivateKey(key.pem));
}

/** `faultOf` says what is wrong with the content, or nothing. */
function pemFile(findProblem: (pem: Buffer) => string | undefined): z.ZodType<PemFile, string> {
  return z.string().transform((path, context) => {
    const pem = readOrExplain(path);
    const fault = typeof pem === 'string' ? pem : findProblem(pem);
    if (typeof pem !== 'string' && fault === undefined) return { path, pem };
    context.addIssue({ code: 'custom', params: { reason: fault } });
    return z.NEVER;
  });
}

function readOrExplain(path: string): Buffer | string {
  try {
    return readFileSync(path);
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return 'the file does not exist';
    return code === 'EACCES' ? 'this process may not read the file' : `the file cannot be read (${code})`;
  }
}

function isRejectedBy(read: () => unknown): boolean {
  try {
    read();
    return false;
  } catch {
    return true;
  }
}
