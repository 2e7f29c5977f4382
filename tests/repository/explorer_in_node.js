/* What the scripts of the explorer find: reads {scripts, cases} from the standard input, writes a list of results to the standard output. */
"use strict";
const fs = require("fs"), vm = require("vm");
const { scripts, cases } = JSON.parse(fs.readFileSync(0, "utf8"));
for (const script of scripts) vm.runInThisContext(fs.readFileSync(script, "utf8"), { filename: script });
const { explorer } = globalThis;

const KINDS = {
  law({ parameters, points, tau, variances }) {
    const model = explorer.model(parameters), { edges, atom, mass } = explorer.spectrum(model), losses = explorer.training(model);
    return {
      edges, atom, mass,
      density: points.map((point) => explorer.density(model, point - model.s2)),
      losses: tau.map((time) => losses.at(time ?? Infinity)),
      outliers: variances.map((variance) => explorer.outliers(model, variance)),
      critical: explorer.criticalVariance(model),
    };
  },
  times({ parameters }) {
    const { gen, mem, best } = explorer.curves(explorer.training(explorer.model(parameters)));
    return { gen, mem, best: best[1] };
  },
  empirical: ({ alpha, alphaD }) => explorer.empiricalTimes(alpha, alphaD),
};

function answer(task) {
  try {
    return KINDS[task.kind](task);
  } catch (error) {
    if (error instanceof explorer.NotCertified) return { refused: error.message };
    throw error;
  }
}

process.stdout.write(JSON.stringify(cases.map(answer)));
