/** The program docs/verify-offline/typescript. Those in other languages are tested in test/external/verify-offline.test.ts. */
import { readFile } from 'node:fs/promises';
import { verifyLicense } from '../../docs/verify-offline/typescript/verify';
import { testOfflineVerifier } from '../harness/offline-verifier';

testOfflineVerifier(async (product_id, certificate, key_files) => {
  const sources = key_files.map((file) => async () => JSON.parse(await readFile(file, 'utf8')));
  try {
    return { code: 0, output: JSON.stringify(await verifyLicense(certificate, product_id, sources)) };
  } catch (error) {
    return { code: 1, output: `refused: ${(error as Error).message}` };
  }
});
