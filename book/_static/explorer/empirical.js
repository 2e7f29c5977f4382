/* The times of the exact empirical score for e^{αd} points on a hidden manifold of α_D d dimensions, as in theory.empirical.times and
   generalization. A condition decreases with h = Δ_t e^{2t}: it is bracketed in log h and halved to the last digit. */
"use strict";
(() => {
  const explorer = (globalThis.explorer ??= {});
  const formulas = globalThis.explorerFormulas;
  const { NotCertified } = explorer;
  const LARGEST_LOG = 300;
  const out = new Float64Array(4);

  /** [collapse, onset, condensation, energy] at h: what 2α equals at the first three times, and twice the lowest energy. */
  function conditions(h, alphaD) {
    const kappa = 1 / h;
    formulas.manifoldRoots(kappa, alphaD, out);
    // w without a difference of nearly equal numbers
    formulas.manifoldAverages(kappa, alphaD, out[0] > 0 ? out[1] : out[2], out);
    formulas.conditions(h, out[0], out[1], out[2], out);
    return out;
  }

  /** log h at which the condition with this index is 2α. */
  function crossing(index, alpha, alphaD) {
    const excess = (logH) => conditions(Math.exp(logH), alphaD)[index] - 2 * alpha;
    let low = -1, high = 1;
    while (!(excess(low) > 0) && low > -LARGEST_LOG) low *= 2;
    while (!(excess(high) < 0) && high < LARGEST_LOG) high *= 2;
    if (!(excess(low) > 0 && excess(high) < 0)) throw new NotCertified(`no time was found at α = ${alpha.toPrecision(3)}`);
    for (let middle = (low + high) / 2; middle > low && middle < high; middle = (low + high) / 2) {
      if (excess(middle) > 0) low = middle;
      else high = middle;
    }
    // the smallest bracket that there is: what is left of the condition must be rounding
    if (!(Math.abs(excess(low)) < 1e-12 * Math.max(1, 2 * alpha))) throw new NotCertified(`a time at α = ${alpha.toPrecision(3)} is not certified`);
    return low;
  }

  /** Diffusion times {collapse, onset, condensation, generalization} at α = log n/d. */
  function empiricalTimes(alpha, alphaD) {
    const [collapse, onset, condensation] = [0, 1, 2].map((index) => Math.exp(crossing(index, alpha, alphaD)));
    const generalization = conditions(condensation, alphaD)[3];
    const time = (h) => Math.log1p(h) / 2;
    return { collapse: time(collapse), onset: time(onset), condensation: time(condensation), generalization: time(generalization) };
  }

  Object.assign(explorer, { empiricalTimes });
})();
