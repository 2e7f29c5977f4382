"""Draws that are larger than a dense eigensolver takes: U as an operator, spectra and training curves by Lanczos' recurrences.

``model.simulate(d, method="lanczos")`` comes here. In the order of imports: storage, operators, recurrence; quadrature and probes;
extremes; fresh and curves; draw, model and simulation.
"""
