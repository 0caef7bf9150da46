// What the page's elements have in common.

import { LitElement, type ReactiveController } from "lit";

/** Renders into the page itself, where the one stylesheet reaches. */
export class PageElement extends LitElement {
  override createRenderRoot(): this {
    return this;
  }

  /** Runs `listener` at each `type` event of `target`, then renders anew; only while in the page. */
  watch(target: EventTarget, type: string, listener?: (event: Event) => void): void {
    const listen = (event: Event): void => {
      listener?.(event);
      this.requestUpdate();
    };
    const controller: ReactiveController = {
      hostConnected: () => target.addEventListener(type, listen),
      hostDisconnected: () => target.removeEventListener(type, listen),
    };
    this.addController(controller);
  }
}

/** Lets the page paint and take input. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

/** Hands a file to the browser's downloads. */
export function download(name: string, content: BlobPart, type: string): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  link.click();
  // The download reads the URL after the click has returned.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
