/** What a person does on the admin pages, as tests write it: fields by their labels, buttons by their names. */
import type { Locator, Page } from 'playwright-core';

/** Text fields, numbers and areas. A value replaces what stands there. */
export async function fill(page: Page, fields: Readonly<Record<string, string>>): Promise<void> {
  for (const [label, value] of Object.entries(fields)) await fieldOf(page, label).fill(value);
}

/** Chooses an option of a list. */
export async function choose(page: Page, label: string, option: string): Promise<void> {
  await fieldOf(page, label).click();
  await page.getByRole('option', { name: option, exact: true }).click();
}

export async function press(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name, exact: true }).click();
}

/** Presses the button at the end of the open dialog. Its head and notices have buttons of the same name. */
export async function closeDialog(page: Page): Promise<void> {
  await page.getByRole('dialog').getByRole('button', { name: 'Close', exact: true }).last().click();
}

/** Opens an entry of a menu. */
export async function pick(page: Page, menu: string, entry: string): Promise<void> {
  await press(page, menu);
  await page.getByRole('menuitem', { name: entry, exact: true }).click();
}

/** The field with this label; a required one has an asterisk behind its label. */
function fieldOf(page: Page, label: string): Locator {
  return page
    .locator('input:not([type=hidden]), textarea')
    .and(page.getByLabel(new RegExp(`^${escape(label)}( \\*)?$`)));
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
