/**
 * Writes a file that only its owner may read, whole or not at all. `write-file-atomic` does so too, and adds handlers of signals to
 * the process, which ends its servers in an order of its own.
 */
import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs';

const PRIVATE_MODE = 0o600;

/** Replaces the file's content at once: a reader sees the old text or the new one. */
export function writePrivateFile(file: string, text: string): void {
  const beside = `${file}.${process.pid}.new`;
  const descriptor = openSync(beside, 'w', PRIVATE_MODE);
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(beside, file);
}
