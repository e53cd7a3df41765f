/**
 * How mails look. Styles are inline, because mail programs drop the others; the sheet in the head is for dark mode only, and a program
 * that drops it shows the light colours.
 */
import type { CSSProperties } from 'react';

const FONT = '-apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif';
const MONO = 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace';

/** Long names and keys break anywhere, so that nothing is wider than a phone. */
const BREAKING = { overflowWrap: 'anywhere', wordBreak: 'break-word' } as const;

const TEXT: CSSProperties = { ...BREAKING, margin: '0 0 16px', fontSize: '16px', lineHeight: '24px', color: '#1c2430' };

export const STYLES = {
  body: { margin: 0, padding: 0, backgroundColor: '#f4f5f7', fontFamily: FONT },
  container: { maxWidth: '600px', margin: '0 auto', padding: '24px 16px' },
  panel: { backgroundColor: '#ffffff', borderRadius: '8px', padding: '24px 20px' },
  environment: { ...BREAKING, margin: '0 0 16px', fontSize: '14px', lineHeight: '20px', color: '#8a4b00' },
  heading: { ...BREAKING, margin: '0 0 16px', fontSize: '20px', lineHeight: '28px', color: '#1c2430' },
  text: TEXT,
  note: { ...TEXT, fontSize: '14px', lineHeight: '20px', color: '#5a6472' },
  card: { margin: '0 0 16px', padding: '12px 16px', backgroundColor: '#f4f5f7', borderRadius: '6px' },
  fact: { ...TEXT, margin: '4px 0', fontSize: '15px', lineHeight: '22px' },
  name: { color: '#5a6472' },
  code: { ...TEXT, margin: '4px 0', fontFamily: MONO, fontSize: '16px', wordBreak: 'break-all' },
  action: { margin: '0 0 16px' },
  button: {
    backgroundColor: '#1f5fd0',
    color: '#ffffff',
    borderRadius: '6px',
    padding: '12px 20px',
    fontSize: '16px',
    lineHeight: '20px',
    textDecoration: 'none',
  },
  footer: { padding: '16px 20px 0' },
  link: { ...BREAKING, color: '#1f5fd0' },
} as const satisfies Record<string, CSSProperties>;

/** The colours of dark mode. */
export const DARK_SHEET = `
:root { color-scheme: light dark; supported-color-schemes: light dark; }
@media (prefers-color-scheme: dark) {
  .page, .page > table > tbody > tr > td { background-color: #14181f !important; }
  .panel { background-color: #1d232c !important; }
  .card { background-color: #272f3b !important; }
  .ink { color: #e8ebf0 !important; }
  .faint { color: #a5afbd !important; }
  .environment { color: #ffb454 !important; }
  .link { color: #8ab4ff !important; }
}`;
