/**
 * `npm run mail:preview` renders every kind of mail in every language with example data, writes the mails as files with a page that shows
 * them at the width of a desktop and of a phone, and serves them on 127.0.0.1 until Ctrl-C.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join, resolve } from 'node:path';
import { renderMail } from '../adapters/mail-template/render';
import { commandLine } from '../command-line';
import { NOTIFICATION_KINDS } from '../domain/notification/kind';
import type { NotificationKindName } from '../domain/notification/kind';
import { LANGUAGES } from '../domain/notification/settings';
import type { Language } from '../domain/notification/settings';
import { createUnsubscribeToken } from '../transactions/notification/unsubscribe-token';
import { PLAIN_NAMES, mailExamples } from './mail-examples';

/** The width of a small phone. */
export const PHONE_WIDTH_PX = 360;
const DESKTOP_WIDTH_PX = 720;
const FRAME_HEIGHT_PX = 560;
const UNSUBSCRIBE_ORIGIN = 'https://covenant.example/api/v1/unsubscribe';
/** Of no address, and signed with no real pepper. */
const EXAMPLE_RECIPIENT = '0197a3c2-d2f9-7188-8fc9-b2e3607f8bad';

/** A mail that was written, by the name of its files without their extensions. */
export interface PreviewedMail {
  file: string;
  subject: string;
}

/** Writes every example in every language into a directory, with an index. */
export async function writePreview(directory: string, names = PLAIN_NAMES): Promise<PreviewedMail[]> {
  mkdirSync(directory, { recursive: true });
  const written: PreviewedMail[] = [];
  for (const language of LANGUAGES) {
    for (const { name, content } of mailExamples(names)) {
      const unsubscribe_url = NOTIFICATION_KINDS[content.kind].is_optional ? exampleLink(content.kind, language) : null;
      const { subject, text, html } = await renderMail(content, { language, unsubscribe_url });
      const file = `${name}.${language}`;
      writeFileSync(join(directory, `${file}.html`), html);
      writeFileSync(join(directory, `${file}.txt`), text);
      written.push({ file, subject });
    }
  }
  writeFileSync(join(directory, 'index.html'), indexPage(written));
  return written;
}

/** A link of the form of real ones. */
function exampleLink(kind: NotificationKindName, language: Language): string {
  const token = createUnsubscribeToken({ recipient_id: EXAMPLE_RECIPIENT, kind, language }, 'example');
  return `${UNSUBSCRIBE_ORIGIN}/${token}`;
}

function indexPage(mails: readonly PreviewedMail[]): string {
  const sections = mails.map(
    ({ file, subject }) => `
<details id="${file}">
  <summary><code>${file}</code> ${escaped(subject)}</summary>
  <p><a href="${file}.html">HTML</a> <a href="${file}.txt">text</a></p>
  <iframe loading="lazy" src="${file}.html" width="${DESKTOP_WIDTH_PX}" height="${FRAME_HEIGHT_PX}" title="desktop"></iframe>
  <iframe loading="lazy" src="${file}.html" width="${PHONE_WIDTH_PX}" height="${FRAME_HEIGHT_PX}" title="phone"></iframe>
</details>`,
  );
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Mails of Covenant</title>
<style>
:root { color-scheme: light dark; font-family: system-ui, sans-serif; }
iframe { border: 1px solid gray; background: white; }
</style>
<h1>Mails of Covenant</h1>
<p>Each mail at the width of a desktop (${DESKTOP_WIDTH_PX} px) and of a phone (${PHONE_WIDTH_PX} px).</p>
${sections.join('\n')}
</html>
`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Serves the files of a directory on 127.0.0.1. */
export async function servePreview(directory: string, port: number): Promise<Server> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://preview');
    const file = pathname === '/' ? 'index.html' : basename(pathname);
    try {
      const content = readFileSync(join(directory, file));
      const type = file.endsWith('.txt') ? 'text/plain' : 'text/html';
      response.writeHead(200, { 'Content-Type': `${type}; charset=utf-8` }).end(content);
    } catch {
      response.writeHead(404, { 'Content-Type': 'text/plain' }).end('There is no such mail.\n');
    }
  });
  await new Promise<void>((listening, failed) => {
    server.once('error', failed).listen(port, '127.0.0.1', listening);
  });
  return server;
}

async function main(): Promise<void> {
  const { out, port } = commandLine('npm run mail:preview --', 'Show every kind of mail in every language.')
    .option('--out <directory>', 'where the files are written', '.covenant/mail-preview')
    .option('--port <number>', 'the port of the page on 127.0.0.1; 0: any that is free', '0')
    .parse()
    .opts<{ out: string; port: string }>();
  const directory = resolve(out);
  const mails = await writePreview(directory);
  const server = await servePreview(directory, Number(port));
  const { port: listening } = server.address() as AddressInfo;
  console.log(`${mails.length} mails are in ${directory}.\nhttp://127.0.0.1:${listening}/ shows them. Ctrl-C ends.`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      server.close();
      server.closeAllConnections();
    });
}

if (require.main === module)
  main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
