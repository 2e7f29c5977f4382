/* A model in numbers: what an activation function at diffusion time t leaves for the equations, as theory.couplings.coefficients
   has it. Closed forms where there are any; else averages of σ by the trapezoidal rule, whose step is halved (by √2 in turn)
   until it has converged, as in theory.couplings.gaussian_averages.settled. Σ = 1 throughout. */
"use strict";
(() => {
  const explorer = (globalThis.explorer ??= {});
  const formulas = globalThis.explorerFormulas;
  const out = new Float64Array(8);
  /** Gaussian variables are integrated over (−REACH, REACH); what is left out is 10^{-20} of σ. */
  const REACH = 9, STEP = 0.3, SETTLED = 1e-13;

  /** A result that is not certified is not drawn: this says why. */
  class NotCertified extends Error {}

  function moments(activation, data, noise, gamma) {
    const form = formulas.activations[activation];
    if (form.closed) {
      form.moments(gamma, (data / gamma) ** 2, out);
      const [kappa, a, v2, s2] = out;
      return { kappa, a, v2, s2 };
    }
    let step = STEP, previous = trapezoid(form.value, data, noise, step * Math.SQRT2);
    for (let refinement = 0; refinement < 5; refinement += 1) {
      const current = trapezoid(form.value, data, noise, step);
      const error = Math.max(...Object.keys(current).map((key) => Math.abs(current[key] - previous[key])));
      // the rule converges geometrically in 1/step: the error is the coarser rule's to the power √2
      if (error ** Math.SQRT2 < SETTLED) return current;
      previous = current;
      step /= Math.SQRT2;
    }
    throw new NotCertified(`the averages of ${form.title} did not settle`);
  }

  /** κ = E σ, a = E σ′, v² = E(E_v σ − κ − a·data·u)² and s² = E(σ − E_v σ − a·noise·v)² of σ(data·u + noise·v). */
  function trapezoid(value, data, noise, step) {
    const count = Math.floor(REACH / step), size = 2 * count + 1;
    const grid = Float64Array.from({ length: size }, (_, k) => step * (k - count));
    const weight = grid.map((x) => (step * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI));
    const table = new Float64Array(size * size), mean = new Float64Array(size);
    let kappa = 0, first = 0, second = 0;
    for (let i = 0; i < size; i += 1) {
      let sum = 0, slope = 0;
      for (let j = 0; j < size; j += 1) {
        value(data * grid[i] + noise * grid[j], out);
        table[i * size + j] = out[0];
        sum += weight[j] * out[0];
        slope += weight[j] * grid[j] * out[0];
      }
      mean[i] = sum;
      kappa += weight[i] * sum;
      first += weight[i] * grid[i] * sum;
      second += weight[i] * slope;
    }
    const a = (data * first + noise * second) / (data * data + noise * noise);
    let v2 = 0, s2 = 0;
    for (let i = 0; i < size; i += 1) {
      v2 += weight[i] * (mean[i] - kappa - a * data * grid[i]) ** 2;
      let rest = 0;
      for (let j = 0; j < size; j += 1) rest += weight[j] * (table[i * size + j] - mean[i] - noise * a * grid[j]) ** 2;
      s2 += weight[i] * rest;
    }
    return { kappa, a, v2, s2 };
  }

  /** What the equations, losses and outliers of one network take. */
  function model({ activation, psi_p, psi_n, t }) {
    const decay = Math.exp(-t), noise2 = -Math.expm1(-2 * t), noise = Math.sqrt(noise2);
    const { kappa, a, v2, s2 } = moments(activation, decay, noise, Math.sqrt(decay * decay + noise2));
    if (!(v2 > 0 && s2 > 0 && a !== 0)) throw new NotCertified("a coefficient of the activation function is lost in rounding");
    const alpha = Math.abs(a) * decay, b = Math.abs(a) * noise, v = Math.sqrt(v2), s = Math.sqrt(s2);
    // a bound of the largest eigenvalue, from the norms of the Gaussian matrices that U is made of
    const w = 1 + Math.sqrt(psi_p), x = 1 + 1 / Math.sqrt(psi_n);
    const above = (alpha * w * x + v * (1 + Math.sqrt(psi_p / psi_n))) ** 2 + b * b * w * w;
    return {
      activation, psi_p, psi_n, t, kappa, a, alpha, b, v, s, s2, above,
      upperBound: above + s2, rate: (2 * noise2) / psi_p,
    };
  }

  Object.assign(explorer, { model, moments, NotCertified });
})();
