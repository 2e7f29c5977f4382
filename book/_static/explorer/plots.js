/* One drawing: axes, curves, and marked places, by uPlot. Colours come from explorer.css, so that a dark page has its own; curves are
   told apart by dashes too. The canvas has a text for a screen reader. */
"use strict";
(() => {
  const explorer = globalThis.explorer;
  const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3]];
  const HEIGHT = 290, LARGEST = 640;

  const colour = (element, name) => getComputedStyle(element).getPropertyValue(name).trim();

  /** Places on a logarithmic axis: powers of ten, as many as fit; with their halves and fifths where there are few. */
  function places(plot, axis, low, high) {
    const first = Math.ceil(Math.log10(low) - 1e-9), last = Math.floor(Math.log10(high) + 1e-9), every = Math.ceil((last - first + 1) / 7);
    const found = [];
    for (let power = first - 1; power <= last; power += 1) {
      for (const digit of last - first < 2 ? [1, 2, 5] : [1]) {
        const value = digit * 10 ** power;
        if (power % every === 0 && value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9)) found.push(value);
      }
    }
    return found;
  }

  function powers(plot, splits) {
    return splits.map((value) => {
      const power = Math.round(Math.log10(value));
      if (value >= 0.00999 && value < 1001) return String(+value.toPrecision(2));
      return `10${[...String(power)].map((sign) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[sign] ?? "⁻").join("")}`;
    });
  }

  class Plot {
    /** `axes`: [{label, log}, {label, log}]; `curves`: [{label}], as many as a drawing can have. */
    constructor(parent, { axes, curves, title }) {
      this.figure = document.createElement("figure");
      this.figure.className = "explorer-plot";
      const caption = document.createElement("figcaption");
      caption.textContent = title;
      const box = document.createElement("div");
      box.setAttribute("role", "img");
      this.box = box;
      this.figure.append(caption, box, legend(curves));
      parent.append(this.figure);
      this.marks = [];
      this.bounds = [null, null];
      const look = (name) => () => colour(this.figure, name);
      const axis = ({ label, log }, k) => ({
        label, labelSize: 22, size: k ? 58 : 38, labelFont: "13px sans-serif", font: "12px sans-serif", stroke: look("--explorer-text"),
        grid: { stroke: look("--explorer-grid"), width: 1 }, ticks: { stroke: look("--explorer-grid"), width: 1, size: 5 },
        ...(log ? { splits: places, values: powers, filter: (plot, splits) => splits } : {}),
      });
      const scale = ({ log }, k) => ({
        time: false, distr: log ? 3 : 1, range: () => this.bounds[k] ?? [log ? 0.1 : 0, 1],
      });
      this.plot = new globalThis.uPlot(
        {
          width: 200, height: HEIGHT, legend: { show: false }, cursor: { show: false }, pxAlign: 0,
          scales: { x: scale(axes[0], 0), y: scale(axes[1], 1) },
          axes: axes.map(axis),
          series: [{}, ...curves.map(({ label, points }, k) => ({
            label, stroke: look(`--explorer-curve-${k}`), width: 2, dash: DASHES[k % DASHES.length], spanGaps: false, ...(points === "only" ? { paths: () => null } : {}),
            points: { show: Boolean(points), size: 9, fill: look(`--explorer-curve-${k}`) },
          }))],
          hooks: { draw: [() => this.drawMarks()] },
        },
        [[], ...curves.map(() => [])],
        box,
      );
      new ResizeObserver(() => this.resize()).observe(this.figure);
      this.resize();
    }

    resize() {
      const width = Math.min(Math.floor(this.box.clientWidth), LARGEST);
      if (width > 0 && width !== this.plot.width) this.plot.setSize({ width, height: HEIGHT });
    }

    /** `x`, then an array for each curve; `marks`: [{x, label, row}], upright lines with words; `bounds`: [[x0, x1], [y0, y1]]. */
    draw({ data, marks = [], bounds, text }) {
      this.marks = marks;
      this.bounds = bounds;
      this.box.setAttribute("aria-label", text);
      this.plot.setData(data, true);
    }

    /** What is not certified is not drawn. */
    clear(text) {
      this.draw({ data: this.plot.series.map(() => []), bounds: this.bounds, text });
    }

    drawMarks() {
      const { ctx, bbox } = this.plot, ratio = devicePixelRatio;
      ctx.save();
      ctx.font = `${12 * ratio}px sans-serif`;
      ctx.textAlign = "left";
      ctx.textBaseline = "alphabetic";
      ctx.fillStyle = ctx.strokeStyle = colour(this.figure, "--explorer-text");
      ctx.lineWidth = 1.2 * ratio;
      for (const { x, label, row = 0 } of this.marks) {
        const at = this.plot.valToPos(x, "x", true);
        if (!(at >= bbox.left - 1 && at <= bbox.left + bbox.width + 1)) continue;
        ctx.setLineDash([4 * ratio, 4 * ratio]);
        ctx.beginPath();
        ctx.moveTo(at, bbox.top);
        ctx.lineTo(at, bbox.top + bbox.height);
        ctx.stroke();
        const width = ctx.measureText(label).width, right = at + width + 6 * ratio > bbox.left + bbox.width;
        ctx.fillText(label, right ? at - width - 4 * ratio : at + 4 * ratio, bbox.top + (14 + 15 * row) * ratio);
      }
      ctx.restore();
    }

    /** Another colour scheme. */
    repaint() {
      this.plot.redraw(false, true);
    }
  }

  function legend(curves) {
    const list = document.createElement("ul");
    list.className = "explorer-legend";
    curves.forEach(({ label, points }, k) => {
      const item = document.createElement("li");
      const dash = DASHES[k % DASHES.length].join(" ");
      const sign = points === "only" ? '<circle cx="16" cy="5" r="4.5"/>' : `<line x1="0" y1="5" x2="32" y2="5" stroke-dasharray="${dash}"/>`;
      item.innerHTML = `<svg width="32" height="10" aria-hidden="true" class="explorer-curve-${k}">${sign}</svg>`;
      item.append(label);
      list.append(item);
    });
    return list;
  }

  Object.assign(explorer, { Plot });
})();
