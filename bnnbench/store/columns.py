"""What each column of `bnnbench.store.store.Store.runs`, and so of the CSV export, and of a summary means."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """A column: what it holds, in which unit, and when it is empty."""

    name: str
    meaning: str
    unit: str = ""
    empty: str = "never"


_NO_READ = "there is no read"
_NO_OPTIMUM = "no optimum is known"
_UNSOUND = "the formulation is not sound, no optimum is known, or there is no read"
_NO_GAP = "no optimum is known, or there is no read"
_NOT_COMPILED = "no run got as far as the QUBO"
_CUT = "the run failed or was not asked"

RUN_COLUMNS = (
    Column("key", "hash of all that decides the answer; `~2`, … where merged results have several answers"),
    Column("problem", "name of the problem"),
    Column("problem_hash", "content hash of network, loss and data"),
    Column("formulation", "how the problem became a QUBO"),
    Column("instance_hash", "content hash of problem, formulation and version of the encoding"),
    Column("solver", "name of the solver, with the parameters that were given"),
    Column("parameters", "all hyperparameters with their defaults, as JSON"),
    Column("versions", "versions of the distributions that the solver needs, and the hash of its file, as JSON"),
    Column("seed", "seed of the run"),
    Column("repetition", "number of the repetition, from 0"),
    Column("budget_seconds", "sampling time after which no more batches are asked for", "s", "time is not limited"),
    Column("budget_reads", "reads after which no more batches are asked for", "reads", "reads are not limited"),
    Column("machine", "hash of machine, system and versions, see `Store.machines`"),
    Column("started_at", "when the run started, UTC"),
    Column("load", "load average of the last minute when the run started"),
    Column("load_after", "load average of the last minute when the run ended", "", "written by an older version"),
    Column("processors", "logical processors that the run was kept to", "", "the system does not pin, or --untimed"),
    Column("threads", "threads that the solver used", "", "written by an older version"),
    Column("is_timed", "0 if other runs may have shared its cores, else 1", "", "written by an older version"),
    Column("log_tail", "end of what a failed run printed", "", "the run did not fail, or printed nothing"),
    Column(
        "digest",
        "content hash of the row, its batches and its samples; see bnnbench verify",
        "",
        "written by an older version",
    ),
    Column("status", "ok; timeout, memory, crash or error if it failed; refused or unavailable if it was not asked"),
    Column("message", "why the status is not ok", "", "the status is ok"),
    Column("num_reads", "samples that the solver answered", "reads"),
    Column("energy", "least energy, recomputed", "loss", _NO_READ),
    Column("loss", "least training loss of decoded weights", "loss", _NO_READ),
    Column("energy_gap", "least energy − ground energy", "loss", _UNSOUND),
    Column(
        "loss_gap",
        "least training loss of decoded weights − optimum, or − the best known loss, see truth_kind",
        "loss",
        _NO_GAP,
    ),
    Column("mean_loss", "mean training loss over all reads", "loss", _NO_READ),
    Column("energy_successes", "reads that reached the ground energy", "reads", _UNSOUND),
    Column("loss_successes", "reads whose decoded weights reached the optimum", "reads", _NO_GAP),
    Column("violations", "violated penalties of the sample of least energy", "", _NO_READ),
    Column("train_accuracy", "of the weights of least loss on the training data, from 0 to 1", "", _NO_READ),
    Column(
        "test_accuracy",
        "of the weights of least loss on the test data of the problem, held out or not, from 0 to 1",
        "",
        "the problem has no test data, or there is no read",
    ),
    Column(
        "lower_bound",
        "largest lower bound on the energy that the solver claimed and no sample disproved",
        "loss",
        "there is none",
    ),
    Column("proved", "1 if the lower bound meets the least energy, else 0"),
    Column("compile_s", "time to build the QUBO", "s", "the run failed, or the solver is unavailable"),
    Column("prepare_s", "time of the solver's preparation, such as an embedding, not in the budget", "s", _CUT),
    Column("sample_s", "sampling time, judging excluded", "s", _NO_READ),
    Column("judge_s", "time to recompute energies and losses", "s", _CUT),
    Column("cpu_s", "processor time of all threads of the process while it sampled", "s", _CUT),
    Column("peak_mib", "peak of the worker's resident memory, libraries included", "MiB", "the system does not tell"),
    Column("time_to_best_s", "sampling time until the least energy was first seen", "s", _NO_READ),
    Column(
        "time_to_target_s",
        "sampling time until decoded weights first reached the optimum",
        "s",
        "they never did, or no optimum is known",
    ),
    Column("network", "widths, from inputs to outputs"),
    Column("loss_name", "what training minimizes"),
    Column("num_samples", "training samples"),
    Column("num_variables", "binary variables of the QUBO", "", _NOT_COMPILED),
    Column("num_couplings", "nonzero quadratic coefficients of the QUBO", "", _NOT_COMPILED),
    Column(
        "dynamic_range",
        "largest over smallest nonzero coefficient of the QUBO, in absolute value",
        "",
        "no run got as far as the QUBO, it has no coefficients, or an older version ran it",
    ),
    Column("is_sound", "1 if the minimum energy is the minimum training loss for certain, else 0", "", _NOT_COMPILED),
    Column("optimum", "optimal training loss; an upper bound of it if truth_kind is best_known", "loss", _NO_OPTIMUM),
    Column("truth_kind", "how the optimum is known: exhaustive, attained, proved or best_known", "", _NO_OPTIMUM),
    Column("num_optima", "number of optimal weight settings", "", "they were not counted"),
    Column(
        "slowdown",
        "time of the canary around the run over the machine's fastest, see docs/timing.md",
        "",
        "no canary is near",
    ),
    Column("flag_texts", "claims that were found false, and budgets that were overrun", "", "there are none"),
    Column("cpu", "model of the processor", "", "the system does not tell"),
    Column("bnnbench_version", "version of bnnbench that made the run", "", "it was not installed"),
    Column("fact.…", "what else the solver told", "", "it did not"),
    Column("clock.…", "time that only the solver can know, such as QPU access", "s", "it did not tell"),
    Column("violations.…", "of the violations, those of one kind: sign, product, loss", "", _NO_READ),
)

SUMMARY_COLUMNS = (
    Column("runs", "runs that were asked: neither refused nor unavailable", "runs"),
    Column("ok", "of these, runs that came to their end", "runs"),
    Column("solved", "of these, runs with loss gap 0; failed runs are unsolved", "runs", _NO_OPTIMUM),
    Column("mean_loss_gap", "mean training loss over all reads − optimum; median over runs", "loss", _NO_OPTIMUM),
    Column("flagged", "runs with flag_texts", "runs"),
    Column("remarks", "runs that failed or were not asked, by status; runs without a known optimum"),
)
"""Those that runs do not have; the others are medians of the column of the same name, `proved` is a number of runs."""


def columns_guide() -> str:
    """The text of docs/columns.md, which a test keeps equal to it."""
    lines = [
        "# Columns of the CSV export",
        "",
        "`bnnbench export RESULTS --to csv` writes one row per run. One unit of loss is one wrong output (loss",
        "`zero_one`). Names that end in `_s` are seconds. A name with `…` stands for one column per kind that occurs.",
        "",
        "| column | meaning | unit | empty if |",
        "|---|---|---|---|",
        *(f"| `{c.name}` | {c.meaning} | {c.unit} | {c.empty} |" for c in RUN_COLUMNS),
    ]
    return "\n".join(lines) + "\n"
