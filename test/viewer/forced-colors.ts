/** Whether what a page shows is drawn with the colours that the reader's system has chosen. */
import type { Page } from 'playwright-core';

const SYSTEM_COLOURS = ['Canvas', 'CanvasText', 'Highlight', 'GrayText', 'LinkText', 'ButtonText'];

/**
 * The computed colours below `root` that are not of the system, each with the element that has it. Empty: all
 * follow the reader.
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

/** How each of these is filled and outlined, by its class. */
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
