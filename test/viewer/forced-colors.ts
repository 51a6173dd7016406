/** Finds out whether a page uses only the colours that the reader's system has chosen. */
import type { Page } from 'playwright-core';

const SYSTEM_COLOURS = ['Canvas', 'CanvasText', 'Highlight', 'GrayText', 'LinkText', 'ButtonText'];

/**
 * Finds colours that are not system colours in the elements that match `parts`. Returns each with the class of
 * its element.
 */
export const foreignColours = (page: Page, parts: string): Promise<readonly string[]> =>
  page.locator(parts).evaluateAll((elements, names) => {
    const probe = document.body.appendChild(document.createElement('i'));
    const system = new Set(['rgba(0, 0, 0, 0)']);
    for (const name of names) {
      probe.style.color = name;
      system.add(getComputedStyle(probe).color);
    }
    probe.remove();
    return elements.flatMap((element) => {
      const { color, backgroundColor, backgroundImage, outlineColor, outlineStyle } =
        getComputedStyle(element);
      const drawn = [color, backgroundColor, backgroundImage, outlineStyle === 'none' ? '' : outlineColor];
      const colours = drawn.join(' ').match(/(?:rgba?|color)\([^()]*\)/g) ?? [];
      return colours
        .filter((colour) => !system.has(colour))
        .map((colour) => `${element.getAttribute('class')}: ${colour}`);
    });
  }, SYSTEM_COLOURS);

/** Returns the class of each element that matches `parts`, with its fill and outline. */
export const fillsOf = (page: Page, parts: string): Promise<readonly (readonly [string, string])[]> =>
  page.locator(parts).evaluateAll((elements) =>
    elements.map((element) => {
      const { backgroundColor, backgroundImage, outlineStyle } = getComputedStyle(element);
      return [
        element.getAttribute('class') ?? '',
        `${backgroundColor} ${backgroundImage} ${outlineStyle}`,
      ] as const;
    }),
  );
