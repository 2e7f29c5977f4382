/* The law of U: edges from all real solutions of the saddle point at once, as in theory.spectrum.scalar_edges, atoms, and the density
   between the edges, held together by the total mass. */
"use strict";
(() => {
  const explorer = globalThis.explorer;
  const formulas = globalThis.explorerFormulas;
  const { NotCertified } = explorer;
  const PER_DECADE = 12, STABLE = 1 - 1e-12, MASS = 1e-8, FEWEST_POINTS = 100, MOST_POINTS = 3200;
  const out = new Float64Array(8);

  /** (δ, 1 + δ) for δ < −1, −1 < δ < 0 and δ > 0 (kind 0, 1, 2), logarithmic towards every end. */
  function segment(kind, tau) {
    const power = Math.exp(tau);
    return kind === 0 ? -1 - power : kind === 1 ? -1 / (1 + 1 / power) : power;
  }

  /** The point of the real curve at δ on one of its two branches: y, q, δ, and the stability R, below 1 outside the support. */
  function point(model, kind, tau, branch) {
    const delta = segment(kind, tau);
    formulas.realCurve(delta, model.psi_p, model.psi_n, model.alpha, model.b, model.v, out);
    const c = out[0], b = out[1], a = out[2], root = Math.sqrt(b * b - 4 * a * c), half = -(b + (b < 0 ? -root : root)) / 2;
    const q = 1 / (branch ? Math.max(half / a, c / half) : Math.min(half / a, c / half));
    formulas.height(q, delta, model.psi_p, model.psi_n, model.alpha, model.b, model.v, out);
    const y = out[0];
    formulas.realEquations(q, delta, y, model.psi_p, model.psi_n, model.alpha, model.b, model.v, out);
    // the map q ↦ 1/(…), δ ↦ (…) of which the equations are the fixed point has this Jacobian, and R is its largest eigenvalue
    const own = 1 + q * out[2], other = 1 - out[5], product = -q * out[3] * out[4];
    const R = (own + other) / 2 + Math.sqrt(((own - other) / 2) ** 2 + product);
    return { y, q, delta, R: Number.isFinite(R + y) ? R : Infinity };
  }

  /** Half the logarithmic range to scan: all the ratios at which a term of the equations may take over. */
  function decades({ psi_p, psi_n, alpha, b, v }) {
    const alpha2 = alpha ** 2, b2 = b ** 2, v2 = v ** 2, ratio = psi_p / psi_n;
    const several = Math.max(1, 1 / psi_n) * Math.sqrt(Math.max(1, psi_p));
    const scales = [ratio, psi_p, psi_n, (ratio * (v2 + alpha2)) / (psi_p * (b2 + alpha2) + v2), alpha2 / b2, (alpha2 / b2) * several,
      (alpha2 * psi_n) / v2, v2 / (psi_n * b2), Math.abs(1 - (1 + psi_n) / psi_p)];
    return 3 + Math.max(...scales.filter((scale) => scale > 0).map((scale) => Math.abs(Math.log10(scale))));
  }

  /** τ at x = −ψ_p b², inside the bulk, however narrow, of the directions in which there is only noise. */
  function nullDirection({ psi_n, b, v }) {
    const delta = (1 - (v / b) ** 2) / (psi_n - 1);
    if (!Number.isFinite(delta) || delta === 0 || delta === -1) return [];
    return [Math.log(delta > 0 ? delta : delta < -1 ? -1 - delta : -delta / (1 + delta))];
  }

  /** {y, q, delta, opens} at the ends of the bulks, sorted by y = λ − s_t²; a hard edge y = 0 in front where the lowest bulk has one. */
  function edges(model) {
    const reach = decades(model) * Math.LN10, count = Math.floor((2 * reach * PER_DECADE) / Math.LN10);
    const tau = [...Array.from({ length: count }, (_, k) => -reach + (2 * reach * k) / (count - 1)), ...nullDirection(model)];
    tau.sort((x, y) => x - y);
    const brackets = [];
    for (let kind = 0; kind < 3; kind += 1) {
      for (let branch = 0; branch < 2; branch += 1) {
        const R = tau.map((at) => point(model, kind, at, branch).R);
        for (let k = 0; k + 1 < tau.length; k += 1) {
          const left = R[k] < STABLE, right = R[k + 1] < STABLE;
          if (left !== right) brackets.push([kind, branch, left ? tau[k] : tau[k + 1], left ? tau[k + 1] : tau[k]]);
          // a gap between two points of the scan: R is followed to its local minima
          if (k && !left && R[k] < R[k - 1] && R[k] <= R[k + 1]) {
            const best = descend((at) => point(model, kind, at, branch).R, tau[k - 1], tau[k], tau[k + 1]);
            if (best !== null) brackets.push([kind, branch, best, tau[k - 1]], [kind, branch, best, tau[k + 1]]);
          }
        }
      }
    }
    const found = brackets.map(([kind, branch, stable, unstable]) => {
      // δ grows with y outside the support
      const opens = unstable > stable === (kind === 2);
      for (let k = 0; k < 52; k += 1) {
        const middle = (stable + unstable) / 2;
        if (point(model, kind, middle, branch).R < STABLE) stable = middle;
        else unstable = middle;
      }
      return { ...point(model, kind, stable, branch), opens };
    });
    return alternating(found);
  }

  /** Golden-section search for a place between low < best < high where the function is below `STABLE`; null where it is not. */
  function descend(f, low, best, high) {
    const golden = (Math.sqrt(5) - 1) / 2;
    let value = f(best);
    for (let k = 0; k < 30 && value >= STABLE; k += 1) {
      const right = high - best > best - low;
      const probe = right ? best + (1 - golden) * (high - best) : best - (1 - golden) * (best - low), at = f(probe);
      if (at < value) {
        if (right) low = best;
        else high = best;
        [best, value] = [probe, at];
      } else if (right) high = probe;
      else low = probe;
    }
    return value < STABLE ? best : null;
  }

  function alternating(found) {
    let rows = found.filter((edge) => edge.y > 0).sort((one, two) => one.y - two.y || two.opens - one.opens);
    if (rows.length && !rows[0].opens) rows.unshift({ y: 0, q: Infinity, delta: Infinity, opens: true });
    // a gap narrower than rounding is none
    for (let k = 1; k + 2 < rows.length; k += 1) {
      if (rows[k].opens && !rows[k + 1].opens && rows[k + 1].y < rows[k].y * (1 + 1e-12)) rows.splice(k, 2);
    }
    if (!rows.length || rows.length % 2 || rows.some((edge, k) => edge.opens !== (k % 2 === 0))) {
      throw new NotCertified("the edges that were found do not pair up into bulks");
    }
    return rows;
  }

  /** The point mass at s_t², {location, weight}, or null. */
  function atom(model) {
    formulas.atom(model.psi_p, model.psi_n, model.s, out);
    return out[1] > 0 ? { location: out[0], weight: out[1] } : null;
  }

  /** Im q/π at y = λ − s_t², 0 off the bulks; null where it is not certified. */
  function density(model, y, warm = false) {
    const x = explorer.solve(model, y, 0, warm);
    return x && x[1] / Math.PI;
  }

  /** Density at `count` − 1 points between two edges (y), and the mass there by their rule; `known` keeps what was solved for. */
  function bulk(model, low, high, count, known) {
    // dense at the ends, where the density is a square root; in log y, unless the lower one is a hard edge
    const [from, to] = low > 0 ? [Math.log(low), Math.log(high)] : [low, high], lambda = [], rho = [];
    let mass = 0;
    for (let k = 1; k < count; k += 1) {
      const angle = (Math.PI * k) / count, at = from + ((to - from) * (1 - Math.cos(angle))) / 2, y = low > 0 ? Math.exp(at) : at;
      const key = k * (MOST_POINTS / count), value = known.get(key) ?? density(model, y, k > 1);
      if (value === null) throw new NotCertified(`no root of the polynomial is certified at λ = ${(model.s2 + y).toPrecision(4)}`);
      known.set(key, value);
      lambda.push(model.s2 + y);
      rho.push(value);
      mass += ((Math.PI / count) * (to - from) * Math.sin(angle) * value * (low > 0 ? y : 1)) / 2;
    }
    return { lambda, rho, mass };
  }

  /** {ends, edges, atom, bulks, mass}: certified by the total mass, for which the points are doubled as often as it takes. */
  function spectrum(model) {
    const ends = edges(model), point = atom(model), known = ends.map(() => new Map());
    for (let count = FEWEST_POINTS; ; count *= 2) {
      const bulks = [];
      for (let k = 0; k < ends.length; k += 2) bulks.push(bulk(model, ends[k].y, ends[k + 1].y, count, known[k]));
      const mass = bulks.reduce((sum, each) => sum + each.mass, point ? point.weight : 0);
      if (Math.abs(mass - 1) < MASS) return { ends, edges: ends.map((edge) => model.s2 + edge.y), atom: point, bulks, mass };
      if (count === MOST_POINTS) throw new NotCertified(`the total mass between the edges is ${mass.toFixed(9)}, not 1`);
    }
  }

  Object.assign(explorer, { edges, atom, density, spectrum });
})();
