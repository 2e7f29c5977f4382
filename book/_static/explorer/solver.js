/* The certified solution (q, δ) of the saddle point at y = z − s_t²: all roots of the resolvent polynomial at once, each completed
   by δ, improved by Newton, and put to the certificates of theory.equations.certificate. Each is a proof: no root is chosen for the
   size of its imaginary part. Where none passes, the branch is followed from |z| = ∞; where that fails too there is no answer. */
"use strict";
(() => {
  const explorer = globalThis.explorer;
  const formulas = globalThis.explorerFormulas;
  const TOLERANCE = 1e-11, ROUNDING = 2e-16, DEGREE = 5;
  const out = new Float64Array(24), real = new Float64Array(8), step = new Float64Array(4), next = new Float64Array(4);
  const coefficients = new Float64Array(2 * DEGREE + 2);
  const rootRe = new Float64Array(DEGREE), rootIm = new Float64Array(DEGREE);

  /** Math.hypot costs ten times as much, and guards against what does not come up here. */
  const modulus = (re, im) => Math.sqrt(re * re + im * im);

  /** Roots of Σ c_k q^k, c = (re, im) pairs in `c`, to `rootRe` and `rootIm`: Aberth's form of the iteration of Durand and Kerner. */
  function roots(c, warm) {
    let degree = DEGREE;
    while (degree && c[2 * degree] === 0 && c[2 * degree + 1] === 0) degree -= 1;
    if (!warm) startingPoints(c, degree);
    for (let round = 0; round < 60; round += 1) {
      let moved = 0;
      for (let k = 0; k < degree; k += 1) {
        const x = rootRe[k], y = rootIm[k];
        let re = c[2 * degree], im = c[2 * degree + 1], dRe = 0, dIm = 0;
        for (let j = degree - 1; j >= 0; j -= 1) {
          const slope = dRe * x - dIm * y + re, value = re * x - im * y + c[2 * j];
          dIm = dRe * y + dIm * x + im;
          im = re * y + im * x + c[2 * j + 1];
          dRe = slope;
          re = value;
        }
        // P/(P′ − P Σ 1/(x − x_j))
        let sRe = 0, sIm = 0;
        for (let j = 0; j < degree; j += 1) {
          if (j === k) continue;
          const dx = x - rootRe[j], dy = y - rootIm[j], norm = dx * dx + dy * dy || 1e-300;
          sRe += dx / norm;
          sIm -= dy / norm;
        }
        const bRe = dRe - (re * sRe - im * sIm), bIm = dIm - (re * sIm + im * sRe), norm = bRe * bRe + bIm * bIm;
        if (!(norm > 0)) continue;
        const mRe = (re * bRe + im * bIm) / norm, mIm = (im * bRe - re * bIm) / norm;
        rootRe[k] = x - mRe;
        rootIm[k] = y - mIm;
        moved = Math.max(moved, (Math.abs(mRe) + Math.abs(mIm)) / (Math.abs(x) + Math.abs(y)));
      }
      if (moved < 1e-14) break;
    }
    return degree;
  }

  /** On circles whose radii are read off the sizes of the coefficients, by their upper convex hull (Bini, 1996). */
  function startingPoints(c, degree) {
    const size = Array.from({ length: degree + 1 }, (_, k) => Math.log(modulus(c[2 * k], c[2 * k + 1])));
    for (let low = 0; low < degree; ) {
      let high = low + 1, slope = -Infinity;
      for (let k = low + 1; k <= degree; k += 1) {
        if ((size[k] - size[low]) / (k - low) >= slope) [high, slope] = [k, (size[k] - size[low]) / (k - low)];
      }
      for (let k = low; k < high; k += 1) {
        const angle = (2 * Math.PI * (k - low)) / (high - low) + 0.7 + low;
        rootRe[k] = Math.exp(-slope) * Math.cos(angle);
        rootIm[k] = Math.exp(-slope) * Math.sin(angle);
      }
      low = high;
    }
  }

  /** max(|F_q|, |F_δ|/(1 + |δ|)) at x = (q, δ) as (re, im) pairs; the equations and their Jacobian are left in `out`. */
  function residual(model, x, yRe, yIm) {
    formulas.equations(x[0], x[1], x[2], x[3], yRe, yIm, model.psi_p, model.psi_n, model.alpha, model.b, model.v, out);
    const size = Math.max(modulus(out[0], out[1]), modulus(out[2], out[3]) / (1 + modulus(x[2], x[3])));
    return Number.isFinite(size) ? size : Infinity;
  }

  /** The Newton update at what `residual` left in `out`, to `step`. */
  function newtonStep() {
    const f1 = out[0], g1 = out[1], f2 = out[2], g2 = out[3], a = out[4], ai = out[5], b = out[6], bi = out[7];
    const c = out[8], ci = out[9], d = out[10], di = out[11];
    const re = a * d - ai * di - b * c + bi * ci, im = a * di + ai * d - b * ci - bi * c, norm = re * re + im * im;
    const qRe = b * f2 - bi * g2 - d * f1 + di * g1, qIm = b * g2 + bi * f2 - d * g1 - di * f1;
    const dRe = c * f1 - ci * g1 - a * f2 + ai * g2, dIm = c * g1 + ci * f1 - a * g2 - ai * f2;
    step[0] = (qRe * re + qIm * im) / norm;
    step[1] = (qIm * re - qRe * im) / norm;
    step[2] = (dRe * re + dIm * im) / norm;
    step[3] = (dIm * re - dRe * im) / norm;
  }

  /** x after Newton steps, each kept where it lowers the residual and shortened where it does not; the residual. */
  function polish(model, x, yRe, yIm, steps) {
    let size = residual(model, x, yRe, yIm), length = 1;
    for (let k = 0; k < steps && size >= ROUNDING; k += 1) {
      newtonStep();
      for (let j = 0; j < 4; j += 1) next[j] = x[j] + length * step[j];
      const nextSize = residual(model, next, yRe, yIm);
      if (nextSize < size) {
        x.set(next);
        size = nextSize;
        length = Math.min(1, 4 * length);
      } else {
        if (size <= TOLERANCE) break;
        residual(model, x, yRe, yIm);
        length /= 4;
      }
    }
    return size;
  }

  /** Whether x is the physical solution at y, by the three certificates; a real one loses the rounding in its imaginary part. */
  function certify(model, x, yRe, yIm) {
    const size = residual(model, x, yRe, yIm), upper = x[1] > 0 && x[3] > 0;
    if (yIm > 0) return size < TOLERANCE && upper;
    newtonStep();
    const close = modulus(step[0], step[1]) < 1e-2 * x[1] && modulus(step[2], step[3]) < 1e-2 * x[3];
    if (size < TOLERANCE && upper && close) return true;
    if (Math.abs(x[1]) > 1e-6 * modulus(x[0], x[1])) return false;
    formulas.realEquations(x[0], x[2], yRe, model.psi_p, model.psi_n, model.alpha, model.b, model.v, real);
    const [f1, f2, a, b, c, d, slope] = real, determinant = a * d - b * c;
    const small = Math.max(Math.abs(f1), Math.abs(f2) / (1 + Math.abs(x[2]))) < TOLERANCE;
    const near = Math.abs((b * f2 - d * f1) / determinant) < 1e-6 * Math.abs(x[0])
      && Math.abs((c * f1 - a * f2) / determinant) < 1e-6 * Math.abs(x[2]);
    const rising = (-d * slope) / determinant > 0 && (c * slope) / determinant > 0;
    if (!(small && near && rising)) return false;
    x[1] = x[3] = 0;
    return true;
  }

  /** (q, δ) at y in the closed upper half-plane as four numbers, or null. `warm`: the roots of the last call start this one. */
  function solve(model, yRe, yIm, warm = false) {
    formulas.polynomial(yRe, yIm, model.psi_p, model.psi_n, model.alpha, model.b, model.v, coefficients);
    const degree = roots(coefficients, warm);
    let best = null, smallest = Infinity;
    for (let k = 0; k < degree; k += 1) {
      const x = completed(model, rootRe[k], rootIm[k], yRe, yIm);
      if (!(x[1] >= -1e-6 * modulus(x[0], x[1]) && x[3] >= -1e-6 * modulus(x[2], x[3]))) continue;
      const size = polish(model, x, yRe, yIm, 4);
      if (size < smallest && certify(model, x, yRe, yIm)) [best, smallest] = [x, size];
    }
    return best ?? fromInfinity(model, yRe, yIm);
  }

  /** q with the δ = 1/g(q, y) − 1 that belongs to it. */
  function completed(model, re, im, yRe, yIm) {
    formulas.samplesFactor(re, im, yRe, yIm, model.psi_p, model.psi_n, model.alpha, model.b, model.v, out);
    const norm = out[0] * out[0] + out[1] * out[1];
    return Float64Array.of(re, im, out[0] / norm - 1, -out[1] / norm);
  }

  /** The branch with q ≃ −1/y at infinity, followed down at fixed Re y, every level certified. */
  function fromInfinity(model, yRe, yIm) {
    let height = Math.max(yIm, 10 * model.upperBound), factor = 0.1;
    let x = Float64Array.of(-yRe / (yRe ** 2 + height ** 2), height / (yRe ** 2 + height ** 2), 0, 0);
    x[2] = (model.psi_p / model.psi_n) * (model.alpha ** 2 + model.v ** 2) * x[0];
    x[3] = (model.psi_p / model.psi_n) * (model.alpha ** 2 + model.v ** 2) * x[1];
    polish(model, x, yRe, height, 40);
    if (!certify(model, x, yRe, height)) return null;
    while (factor < 1 - 1e-6 && height > 1e-18 * Math.abs(yRe)) {
      const target = x.slice();
      polish(model, target, yRe, yIm, 14);
      if (certify(model, target, yRe, yIm)) return target;
      const lower = Math.max(height * factor, yIm), below = x.slice();
      polish(model, below, yRe, lower, 6);
      if (certify(model, below, yRe, lower)) {
        [x, height] = [below, lower];
        factor = Math.max(factor ** 2, 0.1);
      } else factor = Math.sqrt(factor);
    }
    return null;
  }

  Object.assign(explorer, { solve });
})();
