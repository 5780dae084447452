"""A suite file is checked before anything runs, and errors say where."""

from __future__ import annotations

from collections import Counter

import pytest

from bnnbench.errors import InputError
from bnnbench.plugins.registry import formulation, load_problem
from bnnbench.suite.file import read_suite, suite_path, suite_paths
from bnnbench.suite.planning import plan

GOOD = """
[budget]
reads = 10
[[problems]]
name = "teacher"
widths = [[3, 3, 1], [3, 1]]
samples = [2, 4]
[[formulations]]
name = "compact"
penalty = [1.0, 2.0, [1.0, 2.0]]
[[solvers]]
name = "tabu"
num_restarts = [1, 2]
budget = { seconds = 1.5 }
[[solvers]]
name = "random"
"""


BROKEN = """
import sys
from dataclasses import dataclass
from bnnbench.solver.contract import Solver
@dataclass(frozen=True, kw_only=True)
class Broken(Solver):
    {line}
    def sample(self, prepared, *, seed, budget):
        yield
"""


def write(tmp_path, text):
    path = tmp_path / "suite.toml"
    path.write_text(text)
    return path


def make_plan(tmp_path, text):
    return plan(read_suite(write(tmp_path, text)), tmp_path)


def test_lists_are_swept_and_lists_of_lists_sweep_lists(tmp_path):
    planned = make_plan(tmp_path, GOOD)
    assert len(planned.problems) == 4
    assert [p.penalty for p in planned.formulations] == [1.0, 2.0, (1.0, 2.0)]
    assert [s.label for s in planned.solvers] == ["tabu[num_restarts=1]", "tabu[num_restarts=2]", "random"]
    assert [s.budget.seconds for s in planned.solvers] == [1.5, 1.5, None]


def test_every_label_of_a_sweep_shows_what_is_swept(tmp_path):
    swept = GOOD.replace("num_restarts = [1, 2]", "num_restarts = [4, 2]").replace(", [1.0, 2.0]", "")
    planned, single = make_plan(tmp_path, swept), make_plan(tmp_path, swept.replace("[4, 2]", "[4]"))
    assert [s.label for s in planned.solvers] == ["tabu[num_restarts=4]", "tabu[num_restarts=2]", "random"]
    assert [str(f) for f in planned.formulations] == ["compact[penalty=1.0]", "compact[penalty=2.0]"]
    assert single.solvers[0].label == "tabu"
    seeds = [
        next(cell.seed for cell in plan_.cells() if cell.solver.spec.name == "tabu") for plan_ in (planned, single)
    ]
    assert seeds[0] == seeds[1], "a label decides nothing"
    assert planned.formulations[1] == formulation("compact", penalty=2)
    assert len({problem.name for problem in planned.problems}) == 4


def test_different_problems_of_one_name_show_what_differs(tmp_path):
    (tmp_path / "mine.py").write_text(
        "import bnnbench as bb\n\ndef mine(*, n=2, m=1):\n"
        "    return bb.Problem(bb.Network((n, 1)), [[1] * n], [1], name='always')\n"
    )
    text = '[[problems]]\nname = "mine.py"\nn = [2, 3]\nm = 1\n' + GOOD[GOOD.index("[[formulations]]") :]
    planned = make_plan(tmp_path, "[budget]\nreads = 10\n" + text)
    assert [problem.name for problem in planned.problems] == ["always, n=2", "always, n=3"]


def test_seeds_depend_on_no_order_and_on_no_other_solver(tmp_path):
    both = {str(c): c.seed for c in make_plan(tmp_path, GOOD.replace(", [1.0, 2.0]", "")).cells() if c}
    lines = GOOD.replace(", [1.0, 2.0]", "").replace('[[solvers]]\nname = "random"\n', "")
    alone = {str(c): c.seed for c in make_plan(tmp_path, lines).cells()}
    assert alone.items() <= both.items()
    assert len(set(both.values())) == len(both)


def test_a_solver_with_a_budget_of_its_own_keeps_the_target(tmp_path):
    planned = make_plan(tmp_path, GOOD.replace("reads = 10", "reads = 10\ntarget = 1", 1))
    assert [solver.budget.target for solver in planned.solvers] == [1, 1, 1]


def test_keys_differ_between_cells_and_change_with_budget_and_parameters(tmp_path):
    text = GOOD.replace(", [1.0, 2.0]", "")
    keys = {c.key for c in make_plan(tmp_path, text).cells()}
    assert len(keys) == 4 * 2 * 3
    assert keys.isdisjoint(
        c.key
        for c in make_plan(tmp_path, text.replace("reads = 10", "reads = 11")).cells()
        if c.solver.spec.name == "random"
    )


@pytest.mark.parametrize("name", ["smoke", "paper", "scaling", "qaoa"])
def test_shipped_suites_load(name):
    path = suite_path(name)
    planned = plan(read_suite(path), path.parent)
    assert list(planned.cells())
    assert name in suite_paths()


def test_the_suite_of_growing_networks_has_several_problems_per_size_and_none_that_soft_was_shaped_on():
    shaped_on = (0, *range(100, 108), *range(400, 407), *range(600, 608))  # docs/penalties.md
    path = suite_path("scaling")
    found = {cell.problem.hash: cell.problem.name for cell in plan(read_suite(path), path.parent).cells()}
    per_size = Counter(name.rpartition(" s")[0] for name in found.values())
    shaped = {
        load_problem("teacher", widths=list(widths), samples=samples, seed=seed).hash
        for widths in ((3, 3, 1), (7, 3, 1), (7, 7, 1), (15, 7, 1))
        for samples in (10, 20, 40)
        for seed in shaped_on
    }

    assert len(per_size) == 12
    assert set(per_size.values()) == {3}
    assert shaped.isdisjoint(found)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("reads = 10", "raeds = 10"), "line 3: there is no key in [budget] named 'raeds'; did you mean reads"),
        (("reads = 10", 'reads = "many"'), "line 3: the key 'budget.reads' cannot be 'many'"),
        (("reads = 10", "reads = 0"), "greater than or equal to 1"),
        (("reads = 10", "reads = ="), "is not TOML"),
        (("[[problems]]", "[[problem]]"), "there is no key named 'problem'; did you mean problems"),
        (('name = "tabu"', 'name = "tabuu"'), "solvers: there is no solver named 'tabuu'; did you mean tabu"),
        (('name = "teacher"', 'name = "techer"'), "problems: there is no problem named 'techer'; did you mean teacher"),
        (('name = "compact"', 'name = "compct"'), "there is no formulation named 'compct'; did you mean compact"),
        (("num_restarts = [1, 2]", "num_restart = 1"), "did you mean num_restarts"),
        (("num_restarts = [1, 2]", "num_restarts = -1"), "greater than or equal to 0"),
        (("samples = [2, 4]", "samples = 0"), "'samples' cannot be 0"),
        (("penalty = [1.0, 2.0, [1.0, 2.0]]", "penalty = -1.0"), "must be positive"),
        (("penalty = [1.0, 2.0, [1.0, 2.0]]", "penalty = 1.0\\nlambda = 1"), "there is no"),
        (('name = "random"', 'nam = "random"'), "needs a name"),
        (("budget = { seconds = 1.5 }", "budget = { second = 1.5 }"), "budget"),
        (("reads = 10", "reads = 9223372036854775808"), "below 2^63"),
        (
            ("[budget]", "repetitions = 90_000_000_000\\n[budget]"),
            "asks for 3,240,000,000,000 runs (4 problems × 3 form",
        ),
        (("[budget]", "x = " + "[" * 3000 + "]" * 3000 + "\\n[budget]"), "is not TOML"),
        (("[budget]", "seed = " + "9" * 5000 + "\\n[budget]"), "is not TOML"),
        (("[budget]", "[limits]\\nmemory_gb = inf\\n[budget]"), "'limits.memory_gb' cannot be inf"),
        (
            ("widths = [[3, 3, 1], [3, 1]]", "widths = [3, 3, 1]"),
            "A list is swept: for one value that is a list, write widths = [[3, 3, 1]].",
        ),
        (("samples = [2, 4]", "samples = []"), "teacher: the list samples = [] sweeps nothing"),
        (("samples = [2, 4]", "samples = 1000000000000"), "'samples' cannot be 1000000000000"),
    ],
)
def test_bad_suites_are_refused_with_a_sentence(tmp_path, change, sentence):
    assert change[0] in GOOD
    with pytest.raises(InputError) as caught:
        make_plan(tmp_path, GOOD.replace(change[0], change[1].replace("\\n", "\n"), 1))
    assert sentence in str(caught.value)


def test_a_list_of_penalties_that_fits_no_network_is_left_out_before_anything_runs(tmp_path):
    planned = make_plan(tmp_path, GOOD)
    assert {(c.problem.network.num_layers, c.formulation.penalty) for c in planned.cells()} == {
        (layers, penalty) for layers in (1, 2) for penalty in (1.0, 2.0, (1.0, 2.0)) if (layers, penalty) != (1, (1, 2))
    }
    assert any("2 penalties came for the 1 layers" in reason for reason in planned.refused())


def test_a_byte_order_mark_is_no_fault(tmp_path):
    path = write(tmp_path, "\ufeff" + GOOD)
    assert len(read_suite(path).solvers) == 2


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (
            "versions = property(lambda self: 1 / 0)",
            "cannot be noted: ZeroDivisionError: division by zero (broken.py",
        ),
        ("threads = property(lambda self: 1 / 0)", "cannot be noted: ZeroDivisionError: division by zero (broken.py"),
        ("threads = property(lambda self: sys.exit(0))", "cannot be noted: SystemExit: 0 (broken.py, line "),
        ("versions = property(lambda self: next(iter([])))", "cannot be noted: StopIteration (broken.py, line "),
        ("threads = 'two'", "threads must be a whole number of at least 1 and below 32768, but 'two' came"),
        ("threads = True", "at least 1 and below 32768, but True came"),
        ("threads = 0", "at least 1 and below 32768, but 0 came"),
        ("threads = 10**30", "at least 1 and below 32768, but 1000"),
        ("threads = float('nan')", "at least 1 and below 32768, but nan came"),
        ("needs = 'numpy'", "needs must be a tuple of names of distributions, but is 'numpy'"),
        ("__post_init__ = lambda self: sys.exit(0)", "raised SystemExit: 0"),
        ("made: object = sys", "parameters must be numbers, truth values, texts, or lists of them"),
    ],
)
def test_a_broken_solver_is_refused_before_anything_runs(tmp_path, line, sentence):
    (tmp_path / "broken.py").write_text(BROKEN.format(line=line))
    with pytest.raises(InputError) as caught:
        make_plan(tmp_path, GOOD.replace('name = "random"', 'name = "broken.py"'))
    assert sentence in str(caught.value)


def test_a_file_that_exits_is_refused_and_a_name_that_is_too_long_too(tmp_path):
    (tmp_path / "broken.py").write_text("raise SystemExit(0)")
    with pytest.raises(InputError, match=r"broken\.py cannot be imported: SystemExit: 0"):
        make_plan(tmp_path, GOOD.replace('name = "random"', 'name = "broken.py"'))
    with pytest.raises(InputError, match="cannot be read: File name too long"):
        make_plan(tmp_path, GOOD.replace('name = "random"', f'name = "{"x" * 300}.py"'))
    with pytest.raises(InputError, match="cannot be read: File name too long"):
        suite_path("x" * 300 + ".toml")


def test_an_unknown_suite_offers_the_nearest():
    with pytest.raises(InputError, match="did you mean smoke"):
        suite_path("smok")


def test_a_missing_suite_file_is_named():
    with pytest.raises(InputError, match=r"nowhere\.toml does not exist"):
        suite_path("nowhere.toml")


def test_a_table_that_should_be_one_of_several_is_answered_with_what_to_write(tmp_path):
    path = tmp_path / "s.toml"
    rest = '[budget]\nreads = 1\n[[problems]]\nname = "parity"\n[[formulations]]\nname = "soft"\n'
    path.write_text(f'[solvers]\nname = "random"\n{rest}')
    with pytest.raises(InputError, match=r"line 1: there can be several solvers, .*; write \[\[solvers\]\]"):
        read_suite(path)


def test_a_file_that_is_no_suite_is_said_to_be_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "people.csv").write_text("a,b")
    with pytest.raises(InputError, match=r"people.csv is no suite file, whose name ends in \.toml"):
        suite_path("people.csv")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("reads = 10", "reads = true"),
        ("reads = 10", "seconds = true"),
        ("[budget]", "repetitions = true\n[budget]"),
        ("[budget]", "seed = false\n[budget]"),
        ("num_restarts = [1, 2]", "num_restarts = [1, true]"),
        ("seconds = 1.5", "seconds = true"),
        ("samples = [2, 4]", "samples = true"),
        ("penalty = [1.0, 2.0, [1.0, 2.0]]", "penalty = true"),
    ],
)
def test_a_truth_value_is_no_number(tmp_path, old, new):
    assert old in GOOD
    with pytest.raises(InputError, match=r"(?i)true|false"):
        make_plan(tmp_path, GOOD.replace(old, new))


def test_all_faults_of_the_tables_are_named_at_once(tmp_path):
    text = "repetition = 2\nseed = -1\n" + GOOD.replace("reads = 10", 'reads = "many"')

    with pytest.raises(InputError) as caught:
        make_plan(tmp_path, text)

    assert "3 faults:" in str(caught.value)
    for part in ("line 1: there is no key named 'repetition'; did you mean repetitions", "line 2: ", "line 5: "):
        assert part in str(caught.value)


def test_all_plugins_that_cannot_be_loaded_are_named_at_once(tmp_path):
    text = GOOD.replace('"teacher"', '"techer"').replace('"compact"', '"compct"').replace("num_restarts", "restarts")

    with pytest.raises(InputError) as caught:
        make_plan(tmp_path, text)

    for part in ("3 faults:", "did you mean teacher", "did you mean compact", "did you mean num_restarts"):
        assert part in str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_a_suite_in_another_encoding_is_told_once(tmp_path, encoding):
    path = tmp_path / "s.toml"
    path.write_bytes(f'title = "größe"\n{GOOD}'.encode(encoding))

    with pytest.raises(InputError) as caught:
        read_suite(path)

    assert str(caught.value).count("suite file") == 1
    assert "is no text in UTF-8" in str(caught.value)


def test_a_folder_that_is_named_like_a_suite_does_exist(tmp_path):
    (tmp_path / "s.toml").mkdir()

    with pytest.raises(InputError, match="is no file"):
        suite_path(str(tmp_path / "s.toml"))
