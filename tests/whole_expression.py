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
    for n in range(problem.num_samples):
        energy = energy + plan.expression(
            weights=shared,
            ancillas=[pyqubo.Binary(f"n{n}_{v}") for v in plan.variables[plan.num_weights :]],
            inputs=problem.inputs[n].tolist(),
            targets=problem.targets[n].tolist(),
            penalties=tiling.penalties,
            errors=problem.loss_weights.errors,
            margin=problem.loss_weights.margin,
        )
    return energy
