/**
 * Sets styles through CSSOM. A strict Content-Security-Policy forbids `style` attributes, which Lit's own
 * styleMap writes on the first render.
 */
import { noChange } from 'lit';
import { Directive, type ElementPart, directive } from 'lit/directive.js';

class Place extends Directive {
  override render(_styles: Readonly<Record<string, string>>): unknown {
    return noChange;
  }

  override update({ element }: ElementPart, [styles]: [Readonly<Record<string, string>>]): unknown {
    // Safety: the templates contain only HTML and SVG elements, which have a `style`.
    const { style } = element as HTMLElement;
    for (const [name, value] of Object.entries(styles)) style.setProperty(name, value);
    return noChange;
  }
}

/** `<div ${place({ left: '10%' })}>` */
export const place = directive(Place);
