"""The oracle of tiling: the energy of all samples as one PyQUBO expression, the slow way."""

from __future__ import annotations

from typing import Any

import pyqubo

from bnnbench.qubo.instance import Instance


def whole_expression(instance: Instance) -> Any:
    """Write down every sample; variables are named as `Tiling.variable_names` names them."""
    problem, tiling = instance.problem, instance.tiling
    assert tiling is not None
    plan = tiling.encoding
    shared = [pyqubo.Binary(str(v)) for v in plan.variables[: plan.num_weights]]
    energy: Any = 0
    samples = tiling.samples
    for n, weight in enumerate(samples.row_weights.tolist()):
        energy = energy + weight * plan.expression(
            weights=shared,
            ancillas=[pyqubo.Binary(f"n{n}_{v}") for v in plan.variables[plan.num_weights :]],
            inputs=samples.inputs[n].tolist(),
            targets=samples.targets[n].tolist(),
            shares=(samples.weights[n] / weight).tolist(),
            penalties=tiling.penalties,
            errors=problem.loss_weights.errors,
            margin=problem.loss_weights.margin,
        )
    return energy + samples.base(problem)
