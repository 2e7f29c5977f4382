"""The sweep engine: one function at many parameters and seeds, from one process to a cluster, with every finished task on disk.

What a caller needs is in `theory.simulation`: `theory.simulation.sweep`, the error of tasks that failed, and the provenance of a store. Each
module imports only those before it: files, source, grid, tasks; store, execution, table; engine.
"""
