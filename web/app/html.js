// Preact with htm, and the hooks, under one name for every page.
import { Component, h, render } from "../vendor/preact.js";
import htm from "../vendor/htm.js";

export { Component, h, render };
export {
  useCallback, useEffect, useErrorBoundary, useId, useLayoutEffect, useMemo, useRef, useState,
} from "../vendor/hooks.js";

/** Markup: html`<p class="x">${text}</p>`. Text is never read as markup. */
export const html = htm.bind(h);
