/** Copies text to the clipboard. Also works on pages without HTTPS, which have no Clipboard API. */

/** Returns true if the text was copied, or false if the browser refuses. */
export async function copyText(text: string): Promise<boolean> {
  try {
    if (globalThis.navigator.clipboard === undefined) return copyBySelection(text);
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

function copyBySelection(text: string): boolean {
  const area = document.createElement('textarea');
  area.value = text;
  area.style.setProperty('position', 'fixed');
  area.style.setProperty('opacity', '0');
  document.body.append(area);
  area.select();
  try {
    return document.execCommand('copy');
  } finally {
    area.remove();
  }
}
