// What is wrong with the shape of the page: a list of sentences.
const wrong = [];
const { clientWidth, scrollWidth } = document.documentElement;
if (scrollWidth > clientWidth) wrong.push(`wider than the screen: ${scrollWidth} > ${clientWidth}`);
const dialog = document.querySelector("dialog[open]");
const root = dialog ?? document.body;
const isSeen = (part) => part.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && !part.closest(".unseen, .skip, [aria-hidden=true], svg");
const said = (part) => `<${part.localName} class="${part.className}"> ${part.textContent.trim().slice(0, 50)}`;
/** Whether something can be scrolled into sight along an axis. */
const scrolls = (style, axis) => ["auto", "scroll"].includes(style[`overflow${axis}`]);

// Text is within the screen and within whatever cuts it off.
for (const part of root.querySelectorAll("*")) {
  const texts = [...part.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  if (!texts.length || part.localName === "option" || !isSeen(part)) continue;
  const rects = texts.flatMap((text) => {
    const range = document.createRange();
    range.selectNodeContents(text);
    return [...range.getClientRects()].filter(({ width, height }) => width > 1 && height > 1);
  });
  for (let at = part; at && rects.length && at !== document.documentElement; at = at.parentElement) {
    const style = getComputedStyle(at);
    const isBox = style.display !== "inline" && style.display !== "contents";
    if (isBox && style.overflowX !== "visible" && at !== document.body) {
      const box = at.getBoundingClientRect();
      const cut = rects.some((rect) => !scrolls(style, "X") && (rect.left < box.left - 1.5 || rect.right > box.right + 1.5)
        || !scrolls(style, "Y") && style.overflowY !== "visible" && (rect.top < box.top - 3 || rect.bottom > box.bottom + 3));
      if (cut) wrong.push(`cut off: ${said(part)} by ${at.className}`);
      break;
    }
    if (at.parentElement === document.body && rects.some((rect) => rect.left < -1 || rect.right > clientWidth + 1)) {
      wrong.push(`beyond the screen: ${said(part)}`);
    }
  }
}

// What can be pressed is not covered by what else can be pressed.
const controls = [...root.querySelectorAll("a[href], button, select, summary, input:not([type=radio]), label.choice")].filter(isSeen);
const layer = (part) => {
  for (let at = part; at && at !== document.body; at = at.parentElement) {
    if (["fixed", "sticky", "absolute"].includes(getComputedStyle(at).position)) return at;
  }
  return null;
};
/** As much of a rectangle as is not scrolled out of sight. */
const clipped = (part, { left, top, right, bottom }) => {
  for (let at = part.parentElement; at && at !== document.body; at = at.parentElement) {
    const style = getComputedStyle(at);
    if (!scrolls(style, "X") && !scrolls(style, "Y")) continue;
    const box = at.getBoundingClientRect();
    [left, top, right, bottom] = [Math.max(left, box.left), Math.max(top, box.top), Math.min(right, box.right), Math.min(bottom, box.bottom)];
  }
  return { left, top, right, bottom };
};
const boxes = controls.map((part) => ({ part, rects: [...part.getClientRects()].map((rect) => clipped(part, rect)), layer: layer(part) }));
boxes.forEach((one, at) => boxes.slice(at + 1).forEach((two) => {
  if (one.part.contains(two.part) || two.part.contains(one.part) || one.layer !== two.layer) return;
  const meet = one.rects.some((a) => two.rects.some((b) =>
    Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1.5 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1.5));
  if (meet) wrong.push(`over each other: ${said(one.part)} and ${said(two.part)}`);
}));
return wrong;
