/* What the widgets show: for each scene its sliders, its drawings, and a function from the sliders' values to what is drawn and said.
   A function that throws NotCertified has nothing drawn, and its words are shown. */
"use strict";
(() => {
  const explorer = globalThis.explorer;
  /** Relative accuracy to which losses are certified for a drawing, the digits for which the nodes of its contour are chosen, and its points. */
  const ACCURACY = 1e-6, DIGITS = 6, POINTS = 120;

  const number = (value, digits = 4) => (value === Infinity ? "∞" : String(+value.toPrecision(digits)));
  const counted = (count, one, several) => `${["no", "one", "two", "three", "four", "five"][count] ?? count} ${count === 1 ? one : several}`;

  const activation = { name: "activation", label: "activation σ", choices: Object.entries(globalThis.explorerFormulas.activations).map(([key, { title }]) => [key, title]), start: "tanh" };
  const psi_p = { name: "psi_p", label: "features ψ<sub>p</sub> = p/d", low: 0.5, high: 64, start: 8 };
  const psi_n = { name: "psi_n", label: "samples ψ<sub>n</sub> = n/d", low: 0.5, high: 64, start: 4 };
  const t = { name: "t", label: "diffusion time t", low: 0.01, high: 2, start: 0.05 };

  const law = {
    title: "Spectrum of U", axes: [{ label: "eigenvalue λ of U", log: true }, { label: "density of log λ" }], curves: [{ label: "density of the bulks, d → ∞" }],
  };
  const learning = {
    title: "Losses along training", axes: [{ label: "training time τ", log: true }, { label: "loss per dimension" }],
    curves: [{ label: "training loss" }, { label: "test loss" }],
  };

  let last = { key: "", model: null };

  /** The model at the sliders, made once for all drawings. */
  function described(values) {
    const key = JSON.stringify(values);
    if (last.key !== key) last = { key, model: explorer.model(values) };
    return last.model;
  }

  function drawnLaw(values) {
    const model = described(values);
    const { edges, atom, bulks, mass } = explorer.spectrum(model), x = [], y = [];
    bulks.forEach(({ lambda, rho }, k) => {
      x.push(edges[2 * k], ...lambda, edges[2 * k + 1], edges[2 * k + 1]);
      // a gap is not drawn: null
      y.push(model.s2 + 1e-9 * edges[0] >= edges[2 * k] ? null : 0, ...rho.map((value, i) => value * lambda[i]), 0, null);
    });
    const places = bulks.map((_, k) => `${number(edges[2 * k])} to ${number(edges[2 * k + 1])}`).join(", ");
    const point = atom ? `an atom of weight ${number(atom.weight)} at ${number(atom.location)}` : "no atom";
    const text = `${counted(bulks.length, "bulk", "bulks")}: ${places}; ${point}.`;
    return {
      plots: [{
        data: [x, y], text: `Density of the eigenvalues of U: ${text}`,
        bounds: [[(atom ? atom.location : edges[0]) / 1.6, edges[edges.length - 1] * 1.6], [0, 1.2 * Math.max(...y)]],
        marks: atom ? [{ x: atom.location, label: `atom, weight ${number(atom.weight, 3)}` }] : [],
      }],
      words: `${text[0].toUpperCase()}${text.slice(1)} Certified: each root by its residual and half-plane; the total mass is 1 to within ${number(Math.max(Math.abs(mass - 1), 1e-15), 1)}.`,
    };
  }

  function drawnLearning(values) {
    const model = described(values);
    const { tau, train, test, final, gen, mem, best } = explorer.curves(explorer.training(model, ACCURACY, DIGITS), POINTS, 0.05, 0.5, ACCURACY);
    const bounds = [0.02 / (model.rate * model.upperBound), 50 / (model.rate * model.s2)];
    const least = Math.min(...train, ...test), most = Math.min(2, Math.max(...train, ...test)), margin = 0.08 * (most - least);
    const text = `${gen ? `The population is learned at τ = ${number(gen, 3)}` : "Nothing is learned"}; ${mem ? `the samples are memorized at τ = ${number(mem, 3)}` : "nothing is memorized"}.`;
    const trained = `Test loss: ${number(best[1])} at best, at τ = ${number(best[0], 3)}; ${number(final[1])} at τ = ∞.`;
    return {
      plots: [{
        data: [tau, train, test], bounds: [bounds, [least - margin, most + 2 * margin]], text: `Training and test loss: ${text}`,
        marks: [gen && { x: gen, label: "τ gen" }, mem && { x: mem, label: "τ mem", row: 1 }].filter(Boolean),
      }],
      words: `${text} ${trained} Certified: the losses by two rules on the contour, each to one part in a million.`,
    };
  }

  const SPIKES = Array.from({ length: 90 }, (_, k) => 0.05 * 400 ** (k / 89)), TIMES = Array.from({ length: 32 }, (_, k) => 0.02 * 100 ** (k / 31));
  let laws = { key: "", values: [] };

  /** {model, edge} at each of `TIMES`, which the separation of the clusters does not change. */
  function overTimes(values) {
    const key = [values.activation, values.psi_p, values.psi_n].join();
    if (laws.key !== key) {
      const made = TIMES.map((at) => {
        const model = explorer.model({ ...values, t: at });
        return { model, edge: model.s2 + explorer.edges(model).at(-1).y };
      });
      laws = { key, values: made };
    }
    return laws.values;
  }

  /** The outlier above the bulk, or null. */
  function above(model, edge, separation) {
    const highest = explorer.outliers(model, 1 + separation).at(-1);
    return highest && highest.eigenvalue > edge ? highest : null;
  }

  function drawnOutlier(values) {
    const model = described(values), ends = explorer.edges(model), edge = model.s2 + ends.at(-1).y;
    const here = above(model, edge, values.separation), critical = explorer.criticalVariance(model, ends) - 1;
    const over = SPIKES.map((separation) => above(model, edge, separation)?.eigenvalue ?? null), along = overTimes(values);
    const seen = along.map(({ model: at, edge: end }) => above(at, end, values.separation)?.eigenvalue ?? null), rims = along.map(({ edge: end }) => end);
    const top = 1.1 * Math.max(edge, ...over), highest = 1.1 * Math.max(...rims, ...seen, here?.eigenvalue ?? 0);
    const [x, [first, second, third]] = withPoint(SPIKES, [over, SPIKES.map(() => edge)], values.separation, here?.eigenvalue);
    const [times, [one, two, three]] = withPoint(TIMES, [seen, rims], values.t, here?.eigenvalue);
    const text = here
      ? `The clusters' direction has an outlier at ${number(here.eigenvalue)}, above the bulk's edge ${number(edge)}; its squared overlap with the direction is ${number(here.overlap)}.`
      : `The clusters' direction has no outlier above the bulk, which ends at ${number(edge)}.`;
    return {
      plots: [
        { data: [x, first, second, third], bounds: [[0.05, 20], [0.9 * edge, Math.max(top, 1.2 * edge)]], text, marks: critical > 0 ? [{ x: critical, label: "threshold" }] : [] },
        { data: [times, one, two, three], bounds: [[TIMES[0], TIMES.at(-1)], [0, highest]], text },
      ],
      words: `${text} From |m|² = ${number(critical)} on there is one. Certified: the outlier by dq/dz > 0, dδ/dz > 0 and its residual.`,
    };
  }

  /** The curves on a grid, with one more point, of a curve of its own. */
  function withPoint(grid, curves, at, value) {
    const k = grid.findIndex((x) => x > at), place = k < 0 ? grid.length : k;
    const put = (array, item) => [...array.slice(0, place), item, ...array.slice(place)];
    // the others pass over the additional place: their neighbour's value
    const passing = curves.map((curve) => put(curve, curve[place] === null || curve[place - 1] === null ? null : undefined));
    return [put(grid, at), [...passing, put(grid.map(() => null), value ?? null)]];
  }

  const ALPHAS = Array.from({ length: 60 }, (_, k) => 0.05 * 40 ** (k / 59)), SHARES = Array.from({ length: 60 }, (_, k) => 0.1 * 10 ** (k / 59));
  const NAMES = ["onset", "collapse", "generalization"];

  function drawnTimes({ alpha, alphaD }) {
    const here = explorer.empiricalTimes(alpha, alphaD);
    const table = (grid, at) => {
      const rows = grid.map(at);
      return [grid, ...NAMES.map((name) => rows.map((row) => row[name]))];
    };
    const text = `At α = ${number(alpha, 3)} and α_D = ${number(alphaD, 3)}: traps from t = ${number(here.onset)} on the way back, collapse at ${number(here.collapse)}, best generalization at ${number(here.generalization)}.`;
    const heights = [1e-3, 3];
    return {
      plots: [
        { data: table(ALPHAS, (at) => explorer.empiricalTimes(at, alphaD)), bounds: [[0.05, 2], heights], marks: [{ x: alpha, label: "α" }], text },
        { data: table(SHARES, (at) => explorer.empiricalTimes(alpha, at)), bounds: [[0.1, 1], heights], marks: [{ x: alphaD, label: "α_D" }], text },
      ],
      words: `${text} Certified: each condition is monotone, and met to its last digits.`,
    };
  }

  const outlierCurves = [{ label: "outlier" }, { label: "upper edge of the bulk" }, { label: "at the sliders", points: "only" }];
  const timeCurves = [{ label: "onset of traps" }, { label: "collapse" }, { label: "best generalization" }];
  const network = [activation, psi_p, psi_n, t], lawPart = { plots: [law], draw: drawnLaw }, learningPart = { plots: [learning], draw: drawnLearning };

  explorer.scenes = {
    density: { controls: network, parts: [lawPart] },
    curves: { controls: network, parts: [learningPart] },
    network: { controls: network, parts: [lawPart, learningPart] },
    outlier: {
      controls: [activation, psi_p, psi_n, { ...t, low: 0.02 }, { name: "separation", label: "separation |m|² of clusters ±m", low: 0.05, high: 20, start: 4 }],
      parts: [{
        plots: [
          { title: "Outlier against the separation", axes: [{ label: "|m|²", log: true }, { label: "eigenvalue λ of U" }], curves: outlierCurves },
          { title: "Outlier against the diffusion time", axes: [{ label: "diffusion time t", log: true }, { label: "eigenvalue λ of U" }], curves: outlierCurves },
        ],
        draw: drawnOutlier,
      }],
    },
    times: {
      controls: [{ name: "alpha", label: "points α = log n/d", low: 0.05, high: 2, start: 0.3 }, { name: "alphaD", label: "dimension of the manifold α<sub>D</sub> = D/d", low: 0.1, high: 1, start: 0.5 }],
      parts: [{
        plots: [
          { title: "Against the number of points", axes: [{ label: "α = log n/d", log: true }, { label: "diffusion time t", log: true }], curves: timeCurves },
          { title: "Against the dimension of the manifold", axes: [{ label: "D/d", log: true }, { label: "diffusion time t", log: true }], curves: timeCurves },
        ],
        draw: drawnTimes,
      }],
    },
  };
})();
