/**
 * Writes the tables between the two marks in RESULTS.md. The text outside the marks is hand-written and stays
 * unchanged.
 */
import { readFile, writeFile } from 'node:fs/promises';

const BEGIN = '<!-- measured: written by npm run bench -->';
const END = '<!-- end of what was measured -->';

export async function writeResults(file: string, measured: string): Promise<void> {
  const old = await readFile(file, 'utf8').catch(() => `# Results\n\n${BEGIN}\n${END}\n`);
  const [from, to] = [old.indexOf(BEGIN), old.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`${file} must contain the marks '${BEGIN}' and '${END}'`);
  await writeFile(file, `${old.slice(0, from + BEGIN.length)}\n\n${measured}\n${old.slice(to)}`);
}
