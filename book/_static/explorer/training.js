/* Train and test loss at every training time, from H and G on a contour around the spectrum, and the two times, as in
   theory.training.contour, losses and timescales. Every second node of the contour is a rule of its own: the difference of the two,
   the rounding of the terms, and the error of what both share, bound the error of a loss. */
"use strict";
(() => {
  const explorer = globalThis.explorer;
  const formulas = globalThis.explorerFormulas;
  const { NotCertified } = explorer;
  const MOST_NODES = 2048, ROUNDING = 4 * Number.EPSILON, MIDDLE = 0.5, GROWTH = Math.PI / 2;
  const out = new Float64Array(8), sums = new Float64Array(3);

  /** The closed upper half of the image under exp of an ellipse confocal with the segment [log low, log high]. */
  function ellipse(low, high, count) {
    const centre = Math.log(low * high) / 2, half = Math.log(high / low) / 2, rho = MIDDLE * Math.asinh(GROWTH / half);
    const size = count / 2 + 1, nodes = new Float64Array(2 * size), weights = new Float64Array(2 * size);
    for (let k = 0; k < size; k += 1) {
      const angle = (2 * Math.PI * k) / count, end = k === 0 || k === size - 1;
      const radius = Math.exp(centre + half * Math.cosh(rho) * Math.cos(angle)), turn = half * Math.sinh(rho) * Math.sin(angle);
      const re = radius * Math.cos(turn), im = end ? 0 : radius * Math.sin(turn);
      const sRe = (half * Math.sinh(rho) * Math.cos(angle)) / count, sIm = end ? 0 : (half * Math.cosh(rho) * Math.sin(angle)) / count;
      nodes[2 * k] = re;
      nodes[2 * k + 1] = im;
      weights[2 * k] = (re * sRe - im * sIm) * (end ? 0.5 : 1);
      weights[2 * k + 1] = re * sIm + im * sRe;
    }
    return { nodes, weights, size };
  }

  /** Nodes of the closed contour with which every second one reaches an error of 10^{−digits}. */
  function countFor(low, high, digits) {
    return 4 * Math.ceil((digits * Math.LN10) / (2 * MIDDLE * Math.asinh(GROWTH / (Math.log(high / low) / 2))));
  }

  /** x = 1/q, g = 1/(1 + δ) and m = 1/(x + ψ_p h) at a solution, as (re, im) pairs; mirrored for the conjugate point. */
  function field(model, [qRe, qIm, dRe, dIm]) {
    const q2 = qRe * qRe + qIm * qIm, d2 = (1 + dRe) ** 2 + dIm * dIm;
    const x = [qRe / q2, -qIm / q2], g = [(1 + dRe) / d2, -dIm / d2];
    formulas.propagator(...x, ...g, model.psi_p, model.psi_n, model.alpha, model.b, model.v, out);
    return [...x, ...g, out[0], out[1]];
  }

  function G(model, [xr, xi, gr, gi, mr, mi], [yr, yi, hr, hi, nr, ni], sign) {
    const m = ni * sign;
    const { psi_p, psi_n, alpha, b, v, s } = model;
    formulas.freshResidual(xr, xi, gr, gi, yr, yi * sign, hr, hi * sign, mr * nr - mi * m, mr * m + mi * nr, psi_p, psi_n, alpha, b, v, s, out);
  }

  function H(model, [xr, xi, gr, gi, mr, mi]) {
    formulas.trainResidual(xr, xi, gr, gi, mr, mi, model.psi_p, model.psi_n, model.alpha, model.b, model.v, out);
  }

  /** What a contour with so many nodes knows of a model, for all training times. */
  function residualData(model, count) {
    const { nodes, weights, size } = ellipse(0.99 * model.s2, 1.01 * model.upperBound, count), fields = [];
    for (let k = 0; k < size; k += 1) {
      const x = explorer.solve(model, nodes[2 * k] - model.s2, nodes[2 * k + 1], k > 1 && k < size - 1);
      if (!x) throw new NotCertified("a point of the contour has no certified solution");
      fields.push(field(model, x));
    }
    const zero = explorer.solve(model, -model.s2, 0);
    if (!zero || zero[1] !== 0) throw new NotCertified("the point z = 0 has no certified solution");
    // with the Newton step and a few units of the last digit: what both rules share does not show in their difference
    const moved = moveBy(model, zero), atZero = [zero, moved].map((x) => {
      const f = field(model, x);
      H(model, f);
      const train = out[0];
      G(model, f, f, 1);
      return [train, out[0]];
    });
    const row = new Float64Array(2 * size), train = new Float64Array(2 * size), origin = field(model, zero);
    // Σ p_i p_j G(z_i, z_j) + p̄_i p_j G(z̄_i, z_j) for p = a + ib is aPa + bQb + aCb: pairs i < j once, with D what C has below the diagonal
    const [P, Q, C, D, sizes] = Array.from({ length: 5 }, () => new Float64Array(size * size));
    for (let i = 0; i < size; i += 1) {
      H(model, fields[i]);
      [train[2 * i], train[2 * i + 1]] = out;
      G(model, origin, fields[i], 1);
      [row[2 * i], row[2 * i + 1]] = out;
      for (let j = i; j < size; j += 1) {
        G(model, fields[i], fields[j], 1);
        const kRe = out[0], kIm = out[1];
        G(model, fields[i], fields[j], -1);
        const mRe = out[0], mIm = out[1], twice = i === j ? 1 : 2;
        P[i * size + j] = twice * (kRe + mRe);
        Q[i * size + j] = twice * (mRe - kRe);
        C[i * size + j] = 2 * (mIm - kIm);
        D[i * size + j] = i === j ? 0 : 2 * (-mIm - kIm);
        sizes[i * size + j] = twice * (Math.hypot(kRe, kIm) + Math.hypot(mRe, mIm));
      }
    }
    return { nodes, weights, size, row, train, atZero, P, Q, C, D, sizes };
  }

  function moveBy(model, zero) {
    const f = new Float64Array(8);
    formulas.realEquations(zero[0], zero[2], -model.s2, model.psi_p, model.psi_n, model.alpha, model.b, model.v, f);
    const determinant = f[2] * f[5] - f[3] * f[4];
    const q = zero[0] + (f[3] * f[1] - f[5] * f[0]) / determinant, delta = zero[2] + (f[4] * f[0] - f[2] * f[1]) / determinant;
    return Float64Array.of(q * (1 + ROUNDING), 0, delta * (1 - ROUNDING), 0);
  }

  /** [train, test] with their relative errors, for h(z) = e^{−rate·z}: from z₀ = 0 or from z₀ = ∞, whichever has the smaller terms. */
  function losses(data, rate) {
    const zero = form(data, rate, true), far = form(data, rate, false);
    const train = zero.train.terms <= far.train.terms ? zero.train : far.train;
    const { p, test } = zero.test.terms <= far.test.terms ? zero : far;
    quadratic(data, p.a, p.b);
    return [judged(train), judged({ ...test, fine: test.fine + 2 * sums[0], coarse: test.coarse + 8 * sums[1], terms: test.terms + 2 * sums[2] })];
  }

  function form(data, rate, fromZero) {
    const { nodes, weights, size, row, train } = data, a = new Float64Array(size), b = new Float64Array(size);
    let trainFine = 0, trainCoarse = 0, trainTerms = 0, single = 0, singleCoarse = 0, singleTerms = 0;
    for (let k = 0; k < size; k += 1) {
      const zr = nodes[2 * k], zi = nodes[2 * k + 1], wr = weights[2 * k], wi = weights[2 * k + 1], z2 = zr * zr + zi * zi;
      const decay = rate === Infinity ? 0 : Math.exp(-rate * zr), phase = rate === Infinity ? 0 : rate * zi;
      const hr = decay * Math.cos(phase), hi = -decay * Math.sin(phase);
      // p = w h/z and its product with h; or p = −w f and its product with 1 + h, f = (1 − h)/z
      let vr = wr, vi = wi, fr = hr, fi = hi, er = hr, ei = hi, target = row;
      if (!fromZero) {
        // 1 − h without cancellation where rate·z is small
        const less = rate === Infinity ? 1 : 2 * Math.sin(phase / 2) ** 2 * decay - Math.expm1(-rate * zr);
        [vr, vi, fr, fi, er, ei, target] = [-wr, -wi, less, -hi, 1 + hr, hi, train];
      }
      const ur = (vr * zr + vi * zi) / z2, ui = (vi * zr - vr * zi) / z2;
      const pr = ur * fr - ui * fi, pi = ur * fi + ui * fr, sr = pr * er - pi * ei, si = pr * ei + pi * er;
      a[k] = pr;
      b[k] = pi;
      const t = sr * train[2 * k] - si * train[2 * k + 1], p = pr * target[2 * k] - pi * target[2 * k + 1];
      trainFine += 2 * t;
      single += 2 * p;
      trainTerms += 2 * Math.hypot(sr, si) * Math.hypot(train[2 * k], train[2 * k + 1]);
      singleTerms += 2 * Math.hypot(pr, pi) * Math.hypot(target[2 * k], target[2 * k + 1]);
      if (k % 2 === 0) {
        trainCoarse += 4 * t;
        singleCoarse += 4 * p;
      }
    }
    const constant = fromZero ? data.atZero[0] : [1, 1];
    const uncertain = fromZero ? [0, 1].map((k) => Math.abs(data.atZero[1][k] - data.atZero[0][k])) : [0, 0];
    return {
      p: { a, b },
      train: { constant: constant[0], fine: trainFine, coarse: trainCoarse, uncertain: uncertain[0], terms: constant[0] + trainTerms },
      // without the double integral, which is as large in its own terms as the single one
      test: { constant: constant[1], fine: 2 * single, coarse: 2 * singleCoarse, uncertain: uncertain[1], terms: constant[1] + 2 * singleTerms },
    };
  }

  /** aPa + bQb + aCb at all nodes, at every second one, and the sum of the terms' sizes, to `sums`. */
  function quadratic({ size, P, Q, C, D, sizes }, a, b) {
    let fine = 0, coarse = 0, terms = 0;
    for (let i = 0; i < size; i += 1) {
      const start = i * size, ai = a[i], bi = b[i];
      let sum = 0, absolute = 0;
      for (let j = i; j < size; j += 1) {
        const at = start + j, aj = a[j], bj = b[j];
        sum += aj * (ai * P[at] + bi * D[at]) + bj * (ai * C[at] + bi * Q[at]);
        absolute += sizes[at] * (Math.abs(aj) + Math.abs(bj));
      }
      fine += sum;
      terms += (Math.abs(ai) + Math.abs(bi)) * absolute;
      if (i % 2) continue;
      for (let j = i; j < size; j += 2) {
        const at = start + j, aj = a[j], bj = b[j];
        coarse += aj * (ai * P[at] + bi * D[at]) + bj * (ai * C[at] + bi * Q[at]);
      }
    }
    sums[0] = fine;
    sums[1] = coarse;
    sums[2] = terms;
  }

  function judged({ constant, fine, coarse, uncertain, terms }) {
    const value = constant + fine, error = value > 0 ? (Math.abs(fine - coarse) + uncertain + ROUNDING * terms) / value : Infinity;
    return { value, error };
  }

  /** Losses of one model: `at(τ)` is [train, test], certified to the relative `tolerance`; nodes are doubled where that is not reached. */
  function training(model, tolerance = 1e-10, digits = 11) {
    let count = Math.min(countFor(0.99 * model.s2, 1.01 * model.upperBound, digits), MOST_NODES), data = null;
    const at = (tau) => {
      for (;;) {
        data ??= residualData(model, count);
        const pair = losses(data, tau === Infinity ? Infinity : model.rate * tau);
        if (pair.every(({ error }) => error <= tolerance)) return pair.map(({ value }) => value);
        if (2 * count > MOST_NODES || count > 4 * 2 ** 7) throw new NotCertified(`the losses at τ = ${tau.toPrecision(3)} are not certified`);
        [count, data] = [2 * count, null];
      }
    };
    return { at, model, count: () => count };
  }

  /** Training times from before the fastest mode moves to after the slowest has relaxed. */
  function trainingTimes(model, points) {
    const low = 1e-4 / (model.rate * 1.01 * model.upperBound), high = 1e3 / (model.rate * 0.99 * model.s2);
    return Array.from({ length: points }, (_, k) => low * (high / low) ** (k / (points - 1)));
  }

  /** {tau, train, test, gen, mem, best}: the curves and the two times of theory.training.timescales; a time is null where it has no meaning. */
  function curves(losses, points = 240, within = 0.05, gapFraction = 0.5, tolerance = 1e-10) {
    const tau = trainingTimes(losses.model, points), pairs = tau.map(losses.at), final = losses.at(Infinity);
    const train = pairs.map((pair) => pair[0]), test = pairs.map((pair) => pair[1]);
    const all = [...test, final[1]], k = all.indexOf(Math.min(...all)), equal = 1 - 5 * tolerance;
    let best = [Infinity, final[1]];
    if (all[k] < final[1] * equal) best = minimumBeside(tau, k, (at) => losses.at(at)[1]);
    let gen = null, mem = null;
    if (best[1] < equal) {
      const threshold = best[1] + within * (1 - best[1]);
      gen = firstCrossing(tau, (at, pair = losses.at(at)) => pair[1] - threshold, pairs);
      const level = gapFraction * (final[1] - final[0]);
      if (final[1] - final[0] > 5 * tolerance * final[1]) mem = firstCrossing(tau, (at, pair = losses.at(at)) => level - (pair[1] - pair[0]), pairs);
    }
    return { tau, train, test, final, gen, mem, best };
  }

  function minimumBeside(tau, k, f) {
    let [low, high] = [Math.log(tau[Math.max(k - 1, 0)]), Math.log(tau[Math.min(k + 1, tau.length - 1)])];
    const golden = (Math.sqrt(5) - 1) / 2, at = (x) => f(Math.exp(x));
    let one = high - golden * (high - low), two = low + golden * (high - low), f1 = at(one), f2 = at(two);
    while (high - low > 1e-7) {
      if (f1 < f2) [high, two, f2, one] = [two, one, f1, two - golden * (two - low)], (f1 = at(one));
      else [low, one, f1, two] = [one, two, f2, one + golden * (high - one)], (f2 = at(two));
    }
    return f1 < f2 ? [Math.exp(one), f1] : [Math.exp(two), f2];
  }

  /** The first τ at which f turns from positive to non-positive: bracketed by the `pairs` of losses on the grid, then by the rule of Illinois. */
  function firstCrossing(tau, f, pairs) {
    const k = pairs.findIndex((pair, index) => f(tau[index], pair) <= 0);
    if (k < 1) return null;
    let low = Math.log(tau[k - 1]), high = Math.log(tau[k]), above = f(tau[k - 1], pairs[k - 1]), below = f(tau[k], pairs[k]), side = 0;
    for (let round = 0; round < 100 && high - low > 1e-12 * Math.max(1, Math.abs(high)); round += 1) {
      const at = (high * above - low * below) / (above - below), value = f(Math.exp(at));
      if (value === 0) return Math.exp(at);
      if (value > 0) {
        if (Math.abs(at - low) < 1e-13) return Math.exp(at);
        [low, above] = [at, value];
        if (side === 1) below /= 2;
        side = 1;
      } else {
        if (Math.abs(high - at) < 1e-13) return Math.exp(at);
        [high, below] = [at, value];
        if (side === -1) above /= 2;
        side = -1;
      }
    }
    return Math.exp((low + high) / 2);
  }

  Object.assign(explorer, { training, curves, trainingTimes });
})();
