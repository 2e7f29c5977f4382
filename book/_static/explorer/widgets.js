/* The widgets of a page: sliders, drawings and words in each element with data-explorer. A move is drawn in the next frame. What is
   not certified is not drawn, and the words say so; they follow when the slider rests, for a screen reader. */
"use strict";
(() => {
  const explorer = globalThis.explorer;
  const STEPS = 1000, REST = 250;
  let widgets = 0;

  /** A slider, logarithmic in its value, or a choice; `moved` is called after a change. Returns {value()}. */
  function control(parent, description, moved) {
    const { label, low, high, start, choices } = description, id = `explorer-control-${(widgets += 1)}`;
    const box = document.createElement("div"), name = document.createElement("label");
    box.className = "explorer-control";
    name.htmlFor = id;
    name.innerHTML = label;
    box.append(name);
    parent.append(box);
    if (choices) {
      const select = document.createElement("select");
      select.id = id;
      for (const [key, title] of choices) select.append(new Option(title, key, key === start, key === start));
      select.addEventListener("input", moved);
      box.append(select);
      return () => select.value;
    }
    const input = document.createElement("input"), output = document.createElement("output");
    Object.assign(input, { id, type: "range", min: 0, max: STEPS, step: 1 });
    input.name = description.name;
    input.value = Math.round((STEPS * Math.log(start / low)) / Math.log(high / low));
    output.htmlFor = id;
    // three digits, or two if they are as near: the value that is shown is the one that is drawn
    const value = () => {
      const exact = low * (high / low) ** (input.value / STEPS), round = +exact.toPrecision(2);
      return Math.abs(Math.log(round / exact)) < Math.log(high / low) / STEPS / 2 ? round : +exact.toPrecision(3);
    };
    const show = () => {
      output.textContent = String(value());
      input.setAttribute("aria-valuetext", output.textContent);
    };
    input.addEventListener("input", () => {
      show();
      moved();
    });
    show();
    box.append(output, input);
    return value;
  }

  function start(element) {
    const scene = explorer.scenes[element.dataset.explorer], body = document.createElement("div");
    body.className = "explorer-body";
    const controls = document.createElement("div"), drawings = document.createElement("div"), words = document.createElement("p");
    controls.className = "explorer-controls";
    controls.setAttribute("role", "group");
    controls.setAttribute("aria-label", "Parameters");
    drawings.className = "explorer-plots";
    words.className = "explorer-words";
    words.setAttribute("aria-live", "polite");
    body.append(controls, drawings, words);
    element.append(body);
    element.dataset.started = "";

    let waiting = false, resting = 0;
    const values = scene.controls.map((description) => [description.name, control(controls, description, moved)]);
    const plots = scene.parts.flatMap((part) => part.plots.map((plot) => new explorer.Plot(drawings, plot)));

    function moved() {
      if (!waiting) requestAnimationFrame(draw);
      waiting = true;
    }

    function draw() {
      waiting = false;
      const begun = performance.now();
      const at = Object.fromEntries(values.map(([name, value]) => [name, value()])), said = [];
      let next = 0;
      for (const part of scene.parts) {
        const own = plots.slice(next, (next += part.plots.length));
        try {
          const found = part.draw(at);
          own.forEach((plot, k) => plot.draw(found.plots[k]));
          said.push(found.words);
        } catch (error) {
          if (!(error instanceof explorer.NotCertified)) throw error;
          const words = `Not drawn, since it is not certified: ${error.message}.`;
          own.forEach((plot) => plot.clear(words));
          said.push(words);
        }
      }
      clearTimeout(resting);
      resting = setTimeout(() => { words.textContent = said.join(" "); }, REST);
      element.dispatchEvent(new CustomEvent("explorer:drawn", { detail: performance.now() - begun }));
    }

    new MutationObserver(() => plots.forEach((plot) => plot.repaint())).observe(document.documentElement, { attributeFilter: ["data-theme"] });
    draw();
  }

  document.querySelectorAll("[data-explorer]").forEach(start);
})();
