"""Each number of a table is recomputed from the rows, by other means than those that made it."""

from __future__ import annotations

import math
import statistics
from dataclasses import replace

import pandas as pd
import pytest
from made_stores import FAILED, MIXED, ended, fill
from scipy.stats import beta

from bnnbench.errors import InputError
from bnnbench.runs.outcome import Outcome
from bnnbench.store.store import open_store, read_store
from bnnbench.tables import KINDS, make_table, write_table


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return fill(tmp_path_factory.mktemp("made"), MIXED)


def table_of(folder, kind):
    with read_store(folder) as store:
        return make_table(store, kind, "made")


@pytest.fixture(scope="module")
def rows(folder):
    with read_store(folder) as store:
        return [
            {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in row.items()}
            for row in store.runs().to_dict("records")
        ]


def asked(rows, **where):
    chosen = [row for row in rows if all(row[name] == value for name, value in where.items())]
    return [row for row in chosen if row["status"] not in ("refused", "unavailable")]


def median(rows, column):
    values = sorted(row[column] if row["status"] == "ok" else math.inf for row in rows)
    return statistics.median(values) if values else None


def ends(solved, n):
    """Jeffreys' interval; next to 0 and 1 the probabilities at which a result as extreme has a chance of 5 %."""
    low, high = (beta.ppf(level, solved + 0.5, n - solved + 0.5) for level in (0.025, 0.975))
    low = 0 if solved == 0 else min(low, beta.ppf(0.05, 1, n)) if solved == 1 else low
    low = beta.ppf(0.05, n, 1) if solved == n else low
    high = 1 if solved == n else max(high, beta.ppf(0.95, n, 1)) if solved == n - 1 else high
    return low, beta.ppf(0.95, 1, n) if solved == 0 else high


def same(first, second):
    return first == pytest.approx(second) or (pd.isna(first) and second is None)


def test_every_number_of_the_summary_follows_from_the_rows(folder, rows):
    table = table_of(folder, "summary")
    assert len(table.data) == 6
    for row in table.data.to_dict("records"):
        runs = asked(rows, formulation=row["formulation"], solver=row["solver"])
        assert row["runs"] == len(runs)
        solved = sum(run["status"] == "ok" and run["loss_gap"] == 0 for run in runs)
        n = len(runs)
        assert same(row["solved_share"], solved / n if n else None)
        if n:
            assert (row["solved_share_low"], row["solved_share_high"]) == pytest.approx(ends(solved, n))
        assert same(row["loss_gap"], median(runs, "loss_gap"))
        assert same(row["energy_gap"], median(runs, "energy_gap") if runs and runs[0]["is_sound"] else None)
        floor = [run["loss_gap"] for run in asked(rows, formulation=row["formulation"], solver="random")]
        assert same(row["normalized_gap"], median(runs, "loss_gap") / statistics.mean(floor) if runs else None)
        times = [run["sample_s"] for run in runs if run["status"] == "ok"]
        assert same(row["sample_s"], statistics.median(times) if times else None)
        if len(times) == 8:  # of eight values, the least and the greatest
            assert (row["sample_s_low"], row["sample_s_high"]) == (min(times), max(times))


def test_every_number_of_the_problems_follows_from_the_rows(folder, rows):
    for row in table_of(folder, "problems").data.to_dict("records"):
        runs = asked(rows, formulation=row["formulation"], solver=row["solver"])
        if not runs:
            assert math.isnan(row["success"])
            continue
        successes = sum(run["loss_successes"] for run in runs if run["status"] == "ok")
        assert (row["reads"], row["successes"]) == (20 * len(runs), successes)
        done = [run for run in runs if run["status"] == "ok"]
        read_s = sum(run["sample_s"] for run in done) / (20 * len(done))
        p = successes / (20 * len(runs))
        tts = read_s * max(1, math.log(0.01) / math.log(1 - p)) if p else math.inf
        assert row["tts_s"] == pytest.approx(tts)
        solved = [run for run in done if run["loss_gap"] == 0]
        spent = sum(run["time_to_target_s"] or run["sample_s"] for run in done)
        assert row["ert_s"] == (pytest.approx(spent / len(solved)) if solved else math.inf)
        if not solved:
            chance = ends(0, len(runs))[1]
            mean = sum(run["sample_s"] or run["budget_seconds"] or 0 for run in runs) / len(runs)
            assert row["ert_s_low"] == pytest.approx(mean * (1 - chance) / chance)
        assert "optimum 0 (exhaustive)" in row["block"]


@pytest.mark.parametrize("kind", ["summary", "problems"])
def test_flagged_runs_are_counted_and_the_caption_says_what_for(tmp_path, kind):
    lies = [ended(flags=["claimed too much"]), ended(flags=["claimed too much", "took too long"]), ended()]
    table = table_of(fill(tmp_path, {("compact", "liar"): lies, ("compact", "honest"): [ended()]}), kind)
    remarks = table.data.set_index("solver")["remarks"]
    assert remarks["liar"] == "2 flagged"
    assert remarks["honest"] == ""
    assert table.caption.endswith(" Flagged runs: claimed too much (2); took too long (1).")


def test_every_number_of_the_formulations_follows_from_the_rows(folder, rows):
    table = table_of(folder, "formulations")
    assert table.data["formulation"].tolist() == ["compact", "soft"]
    assert table.data["exact"].tolist() == ["yes", "no"]
    for row in table.data.to_dict("records"):
        runs = asked(rows, formulation=row["formulation"])
        assert row["num_variables"] == runs[0]["num_variables"]
        assert row["num_couplings"] == runs[0]["num_couplings"]
        assert row["dynamic_range"] == runs[0]["dynamic_range"] > 1
        assert row["runs"] == len(runs)
        medians = [median(asked(runs, solver=solver), "loss_gap") for solver in {run["solver"] for run in runs}]
        assert row["best_loss_gap"] == min(medians)
        assert row["loss_gap"] == median(runs, "loss_gap")


def test_embeddings_have_their_overhead(tmp_path, folder):
    facts = [{"num_physical": 40 + n, "longest_chain": 3, "chain_break_fraction": 0.1 * n} for n in range(3)]
    outcomes = [ended(facts=fact, clocks={"embed_s": 2.0}) for fact in facts]
    row = table_of(fill(tmp_path, {("compact", "embedded"): outcomes}), "embedding").data.iloc[0]
    assert (row["physical"], row["longest_chain"], row["embed_s"], row["runs"]) == (41, 3, 2, 3)
    assert row["chain_breaks"] == pytest.approx(0.1)
    assert row["overhead"] == 41 / row["num_variables"]
    failed = [Outcome("error", "no embedding was found")] * 2
    row = table_of(fill(tmp_path / "b", {("compact", "embedded"): outcomes + failed}), "embedding").data.iloc[0]
    assert (row["physical"], row["runs"], row["ok"]) == (41, 5, 3)
    with pytest.raises(InputError, match="no run went through an embedding"):
        table_of(folder, "embedding")


def test_the_environment_is_named(folder):
    table = table_of(folder, "environment")
    machine = table.data.iloc[0]
    assert machine["runs"] == sum(map(len, MIXED.values()))
    assert "A <fast> CPU & more, 8 cores, 16.0 GiB, Python 3.11.9" in machine["what"]
    assert "commit 0123456789 with changes" in machine["what"]
    assert table.data["part"].tolist() == ["machine", "absent", "fair", "good", "random"]


def test_the_caption_says_budget_clock_runs_and_machine(folder):
    caption = table_of(folder, "summary").caption
    for part in ("23 runs", "budget per run: 20 reads", "clock: sampling time", "A <fast> CPU & more, 8 cores",
                 "95 % intervals"):  # fmt: skip
        assert part in caption


def bold(folder, kind, column):
    table = table_of(folder, kind)
    found = next(c for c in table.columns if c.name == column)
    names = [" ".join(pair) for pair in table.data[["formulation", "solver"]].to_numpy()]
    return [name for name, cell in zip(names, table.cells(found), strict=True) if cell.is_best]


def test_the_caption_says_what_accuracy_a_constant_and_optimal_weights_have(tmp_path):
    known = fill(tmp_path / "known", {("compact", "good"): [ended(1), ended(0)]}, problems=("parity", "majority"))
    unknown = fill(tmp_path / "unknown", {("compact", "good"): [ended(1)]}, has_truth=False)
    with read_store(known) as store:
        of = store.runs().drop_duplicates("problem")[["majority_accuracy", "best_accuracy"]].median()

    text = f"train acc.: of the best constant {100 * of.iloc[0]:.0f} % and optimal weights {100 * of.iloc[1]:.0f} %,"

    assert text in write_table(table_of(known, "summary"), "markdown").decode()
    assert "of the best constant 50 %, medians" in write_table(table_of(unknown, "summary"), "markdown").decode()


def test_the_caption_says_what_test_accuracy_the_best_constant_has(tmp_path):
    runs = {("compact", "good"): [ended(1, test_accuracy=0.5), ended(0, test_accuracy=0.75)]}
    folder = fill(tmp_path / "tested", runs, problems=("a1a",))
    with read_store(folder) as store:
        of = store.runs()["majority_test_accuracy"].median()

    text = f"test acc.: of the best constant of the training rows {100 * of:.0f} %,"

    assert text in write_table(table_of(folder, "summary"), "markdown").decode()


def test_the_best_of_each_block_is_bold_and_what_its_interval_does_not_set_apart(folder, tmp_path):
    assert bold(folder, "summary", "loss_gap") == ["compact good"], "soft has too few runs for intervals"
    near = {("compact", "a"): [ended(0)] * 3 + [ended(1)] * 6, ("compact", "b"): [ended(0)] * 4 + [ended(2)] * 5,
            ("compact", "c"): [ended(3)] * 9}  # fmt: skip
    assert bold(fill(tmp_path / "near", near), "summary", "loss_gap") == ["compact a", "compact b"]
    equal = {("compact", "a"): [ended(1)], ("compact", "b"): [ended(1)]}
    assert bold(fill(tmp_path / "equal", equal), "summary", "loss_gap") == [], "where all are best, none is"
    tied = {key: runs * 6 for key, runs in equal.items()} | {("compact", "c"): [ended(2)] * 6}
    assert bold(fill(tmp_path / "tied", tied), "summary", "loss_gap") == ["compact a", "compact b"]
    few = equal | {("compact", "c"): [ended(2)]}
    assert bold(fill(tmp_path / "few", few), "summary", "loss_gap") == [], "nothing sets one run apart from another"
    failed = equal | {("compact", "c"): FAILED}
    assert bold(fill(tmp_path / "failed", failed), "summary", "loss_gap") == []


JUDGED = ("energy_gap", "loss_gap", "energy_successes", "loss_successes", "time_to_target_s")
STORES = {
    "one run": {("compact", "good"): [ended()]},
    "all failed": {("compact", "a"): FAILED, ("compact", "b"): FAILED},
    "all censored": {("compact", "a"): [ended(2, 2)] * 7},
    "nothing asked": {("compact", "a"): [Outcome("unavailable", "no")] * 2},
    "one failed": {("soft", "a"): FAILED[:1]},
}


@pytest.mark.parametrize("name", STORES)
@pytest.mark.parametrize("has_truth", [True, False])
def test_poor_stores_make_sensible_tables(tmp_path, name, has_truth):
    outcomes = STORES[name]
    if not has_truth:
        outcomes = {
            key: [replace(outcome, **dict.fromkeys(JUDGED)) for outcome in results] for key, results in outcomes.items()
        }
    folder = fill(tmp_path, outcomes, has_truth=has_truth)
    for kind in sorted(set(KINDS) - {"decision", "embedding", "scaling"}):
        table = table_of(folder, kind)
        assert len(table.data), kind
        for form in ("csv", "parquet", "markdown", "latex", "html"):
            content = write_table(table, form)
            assert b"nan" not in content.lower() or form == "parquet", (kind, form)
            assert b"None" not in content, (kind, form)


def test_a_store_without_runs_is_a_sentence(tmp_path):
    with open_store(tmp_path):
        pass
    with pytest.raises(InputError, match="holds no runs yet; run: bnnbench run SUITE"):
        table_of(tmp_path, "summary")


def test_an_unknown_table_is_a_sentence(folder):
    with pytest.raises(InputError, match="no table 'feelings'; there are summary"):
        table_of(folder, "feelings")


def test_the_decision_names_the_best_solver_per_class_of_problems(folder):
    table = table_of(folder, "decision")

    assert set(table.data["solver"]) <= {"", *table_of(folder, "summary").data["solver"]}
    assert [column.title for column in table.columns][:4] == ["rung", "hidden layers", "weights", "load α"]


def test_a_table_says_what_a_solver_reads_of_an_instance(tmp_path):
    outcomes = {("compact", name): [ended()] for name in ("simulated_annealing", "weight_search", "cpsat", "gone")}

    data = table_of(fill(tmp_path, outcomes), "summary").data.set_index("solver")

    assert data["works_on"].to_dict() == {
        "simulated_annealing": "qubo", "weight_search": "network", "cpsat": "penalties", "gone": "",
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["problems", "decision", "best", "scaling"])
def test_every_table_of_solvers_says_what_they_read(tmp_path, kind):
    reads = {"simulated_annealing": "qubo", "weight_search": "network"}
    store = fill(tmp_path, {("compact", name): [ended(0, 0) for _ in range(3)] for name in reads})

    table = table_of(store, kind)

    told = {row["solver"]: row["works_on"] for row in table.data.to_dict("records") if row["solver"] in reads}
    assert told
    assert told == {name: reads[name] for name in told}
    assert "works_on" in {column.name for column in table.columns}


def test_the_best_settings_are_chosen_per_group_and_followed_by_the_virtual_best(folder):
    table = table_of(folder, "best")

    last = table.data.groupby("group").tail(1)
    assert set(last["solver"]) == {"virtual best"}
    assert "chosen after the fact" in table.full_caption(table.columns)
    assert (last["ert_s"] <= table.data["ert_s"].min()).all()


def test_the_growth_of_two_sizes_carries_no_exponent(folder):
    table = table_of(folder, "scaling")

    assert table.data["exponent"].isna().all()
    assert (table.data["instances"] >= table.data["censored"]).all()
