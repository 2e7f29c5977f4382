/* The eigenvalues that one direction of variance λ* sends off the bulk, in closed form as in theory.outliers.closed_form: a quadratic
   equation for g = 1/(1 + δ), then q and y; certified by the signs of dq/dy and dδ/dy, the residual, and an overlap in (0, 1]. */
"use strict";
(() => {
  const explorer = globalThis.explorer;
  const formulas = globalThis.explorerFormulas;
  const { NotCertified } = explorer;
  const TOLERANCE = 1e-11;
  const out = new Float64Array(12);

  /** The at most two outliers {eigenvalue, overlap} of a direction of that variance > 0, by eigenvalue. */
  function outliers(model, variance) {
    if (variance === 1) return [];
    formulas.outlierQuadratic(variance, model.psi_p, model.psi_n, model.alpha, model.b, model.v, out);
    const [a, b, c] = out, discriminant = b * b - 4 * a * c;
    if (discriminant < 0) return [];
    const half = -(b + (b < 0 ? -1 : 1) * Math.sqrt(discriminant)) / 2;
    const found = [half / a, c / half].map((g) => certified(model, variance, g)).filter((outlier) => outlier);
    return found.sort((one, two) => one.eigenvalue - two.eigenvalue);
  }

  /** Newton for (q, δ, y) on the two equations and the pole of the direction's propagator, from the root g; null on another branch. */
  function certified(model, variance, g) {
    formulas.outlierPlace(g, variance, model.psi_p, model.psi_n, model.alpha, model.b, model.v, out);
    let x = [1 / out[0], 1 / g - 1, out[1]];
    for (let round = 0; ; round += 1) {
      formulas.outlierEquations(...x, variance, model.psi_p, model.psi_n, model.alpha, model.b, model.v, out);
      const f = out.slice(0, 3), rows = [out.slice(3, 6), out.slice(6, 9), out.slice(9, 12)];
      if (round === 3) return judged(model, x, f, rows, variance);
      const step = solved(rows, f);
      if (!step.every(Number.isFinite)) return null;
      x = x.map((part, k) => part - step[k]);
    }
  }

  function judged(model, [q, delta, y], [f1, f2, f3], [[j11, j12, j1y], [j21, j22], [d1, d2]], variance) {
    const determinant = j11 * j22 - j12 * j21, qSlope = (-j22 * j1y) / determinant, deltaSlope = (j21 * j1y) / determinant;
    if (!(qSlope > 0 && deltaSlope > 0 && y > 0)) return null;
    const scale = 1 / Math.abs(q) + model.psi_p * model.b ** 2;
    const residual = Math.max(Math.abs(f1), Math.abs(f2) / (1 + Math.abs(delta)), Math.abs(f3) / scale);
    const overlap = -1 / (d1 * qSlope + d2 * deltaSlope);
    if (!(residual < TOLERANCE && overlap > 0 && overlap <= 1 + 1e-9)) {
      throw new NotCertified(`the outlier of a direction of variance ${variance.toPrecision(4)} is not certified`);
    }
    return { eigenvalue: model.s2 + y, overlap };
  }

  /** The solution of a 3 × 3 system, by Cramer's rule. */
  function solved([u, v, w], f) {
    const det = (a, b, c) => a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0]) + a[2] * (b[0] * c[1] - b[1] * c[0]);
    const whole = det(u, v, w);
    return [0, 1, 2].map((k) => {
      const [a, b, c] = [u, v, w].map((row, i) => row.map((value, j) => (j === k ? f[i] : value)));
      return det(a, b, c) / whole;
    });
  }

  /** λ*_c: a direction of larger variance has an outlier above the bulk; from q and δ of the uppermost edge. */
  function criticalVariance(model, ends = explorer.edges(model)) {
    const { q, delta } = ends[ends.length - 1];
    formulas.outlierThreshold(q, delta, model.psi_p, model.psi_n, model.alpha, model.b, model.v, out);
    return out[0];
  }

  Object.assign(explorer, { outliers, criticalVariance });
})();
