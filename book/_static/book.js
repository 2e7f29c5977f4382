/* Inline formulas that are wider than their line: broken after a relation or a sum where that is enough, else in a box that
   scrolls. MathJax 3 breaks no inline formula, and on a narrow screen the rest of it would be cut off. Tables and displayed
   formulas scroll by themselves (book.css); what scrolls can be reached by the keyboard. On paper a page is light. */
(() => {
  "use strict";

  const OPENING = "([{⟨⌈⌊", CLOSING = ")]}⟩⌉⌋";
  const SCROLLING = ".cell_output .output, div.math, .pst-scrollable-table-container";
  let mended = [];

  /** The block whose lines an element stands in, and the width of these lines. */
  function lines(element) {
    let block = element.parentElement;
    while (getComputedStyle(block).display.startsWith("inline")) block = block.parentElement;
    const style = getComputedStyle(block);
    return { block, width: block.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight) };
  }

  function character(operator) {
    const glyph = /mjx-c([0-9A-F]+)/.exec(operator.querySelector("mjx-c")?.className ?? "");
    return glyph ? String.fromCodePoint(parseInt(glyph[1], 16)) : "";
  }

  /** The elements before which a formula may be broken: [after a relation or a comma, after a sum or a product as well].
      An operator with a space on both of its sides is what TeX calls a relation (4) or a binary operation (3). */
  function places(math) {
    const relations = [], operations = [];
    let depth = 0;
    (function walk(parent) {
      for (const part of parent.children) {
        const name = part.localName, next = part.nextElementSibling;
        if (name === "mjx-texatom" || name === "mjx-mstyle") {
          part.classList.add("formula-part");
          walk(part);
          continue;
        }
        // the sign itself, or one with an exponent: the bracket of (…)²
        const operator = name === "mjx-mo" ? part : part.querySelector(":scope > mjx-mo:first-child");
        const sign = operator ? character(operator) : "";
        if (sign && OPENING.includes(sign)) depth += 1;
        else if (sign && CLOSING.includes(sign)) depth -= 1;
        else if (operator === part && next && depth <= 0) {
          const space = part.getAttribute("space"), after = next.getAttribute("space");
          if (sign === "," || (space === "4" && after === "4")) relations.push(next);
          else if (space === "3" && after === "3") operations.push(next);
        }
      }
    })(math);
    return [relations, operations];
  }

  function breakBefore(elements) {
    for (const element of elements) element.before(document.createElement("wbr"));
  }

  /** Whether every line of a broken formula fits. */
  function fits(math, { block, width }) {
    const style = getComputedStyle(block), left = block.getBoundingClientRect().left + parseFloat(style.paddingLeft);
    return [...math.getClientRects()].every((line) => line.right <= left + width + 0.5);
  }

  function mend(container, line) {
    const math = container.querySelector("mjx-math");
    mended.push(container);
    container.classList.add("formula-in-lines");
    for (const elements of places(math)) {
      breakBefore(elements);
      if (elements.length && fits(math, line)) return;
    }
    restore(container);
    container.classList.add("formula-in-a-box");
  }

  function restore(container) {
    container.classList.remove("formula-in-lines", "formula-in-a-box");
    for (const place of container.querySelectorAll("wbr")) place.remove();
    for (const part of container.querySelectorAll(".formula-part")) part.classList.remove("formula-part");
  }

  function mendAll() {
    mended.forEach(restore);
    mended = [];
    const wide = [];
    for (const container of document.querySelectorAll("mjx-container:not([display])")) {
      const width = container.firstElementChild.getBoundingClientRect().width;
      // not shown now, or in a table, which scrolls as a whole
      if (!width || container.closest("table")) continue;
      const line = lines(container);
      if (width > line.width) wide.push([container, line]);
    }
    wide.forEach(([container, line]) => mend(container, line));
    for (const box of document.querySelectorAll(SCROLLING)) {
      const scrolls = box.scrollWidth > box.clientWidth && !box.querySelector("[tabindex='0'], a, button");
      if (scrolls) box.tabIndex = 0;
      else if (box.tabIndex === 0) box.removeAttribute("tabindex");
    }
  }

  function start() {
    const article = document.querySelector("article");
    if (!article) return;
    // another width, an opened cell or solution
    new ResizeObserver(() => requestAnimationFrame(mendAll)).observe(article);
  }

  // paper is white
  let theme = "light";
  addEventListener("beforeprint", () => {
    theme = document.documentElement.dataset.theme;
    document.documentElement.dataset.theme = "light";
  });
  addEventListener("afterprint", () => { document.documentElement.dataset.theme = theme; });

  document.addEventListener("DOMContentLoaded", () => {
    (window.MathJax?.startup?.promise ?? Promise.resolve()).then(start);
  });
})();
