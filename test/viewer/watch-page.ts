/** Acts on the page at /watch as a person does. */
import type { Page } from 'playwright-core';

export async function enterKey(page: Page, key: string): Promise<void> {
  await page.getByLabel('API key', { exact: true }).fill(key);
  await page.keyboard.press('Enter');
}
