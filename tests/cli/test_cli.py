"""The command line: every verb, and one sentence for every wrong input."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from commands import call
from suite_texts import suite_text

import bnnbench
from bnnbench.cli import _campaign
from bnnbench.errors import InputError
from bnnbench.harness import executor, warm_up
from bnnbench.optimum.certificate import certify, write_certificate
from bnnbench.plugins.entries import entries
from bnnbench.plugins.parameters import parameters_of
from bnnbench.runs.outcome import Outcome
from bnnbench.solver.contract import Budget

SUITE = suite_text(
    {"name": "majority"}, ["random", "exhaustive"], formulations=["compact", "soft"], budget={"reads": 10}
)

ADAPTER = '''
"""A solver of one's own."""

from dataclasses import dataclass

import dimod
from bnnbench import DimodSolver


@dataclass(frozen=True, kw_only=True)
class Mine(DimodSolver):
    """Random bits, from dimod."""

    needs = ("dimod",)

    def sampler(self):
        return dimod.RandomSampler()
'''


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A finished run of a small suite."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "suite.toml").write_text(SUITE)
    assert call("run", folder / "suite.toml", "--out", folder / "out") == 0
    return folder / "out"


def test_show_prints_a_row_per_formulation_and_solver(bnnbench_, results):
    code, out, _ = bnnbench_("show", results)
    assert code == 0
    assert out.count("exhaustive") == out.count("random") == 2
    assert "energy gap" in out
    assert re.search(r"exhaustive.* (\d)/\1 ", out), "solved runs of those with a known optimum"


def test_show_by_loss_names_the_loss_of_each_row(bnnbench_, results):
    code, out, _ = bnnbench_("show", results, "--by", "loss")
    assert code == 0
    assert out.count("zero_one") == 4


def test_figure_writes_a_file_and_prints_its_caption(bnnbench_, results, tmp_path):
    code, out, _ = bnnbench_("figure", results, "gap_over_time", "-o", tmp_path / "gap.pdf", "--width", "column")
    assert code == 0
    assert (tmp_path / "gap.pdf").read_bytes().startswith(b"%PDF")
    assert "Gap over time. Median training loss above the optimum" in out


def test_figures_are_listed_and_a_wrong_name_is_answered_with_the_nearest(bnnbench_, results, tmp_path):
    from bnnbench.figures import figures

    _, out, _ = bnnbench_("list", "figures")
    code, _, err = bnnbench_("figure", results, "profil", "-o", tmp_path / "gap.pdf")

    assert all(f"{name} " in out for name in figures())
    assert code == 2
    assert "did you mean profile" in err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["penalty_sweep"], "out: no formulation has two values of λ; sweep it in the suite"),
        (["profile", "--solver", "tabu"], "out has no solver 'tabu'; it has 'exhaustive', 'random'."),
        (["profile", "--formulation", "soft", "-o", "gap.gif"], "gap.gif is no .pdf, .svg, .png file"),
    ],
)
def test_a_figure_that_cannot_be_drawn_gets_a_sentence(bnnbench_, results, tmp_path, arguments, sentence):
    code, _, err = bnnbench_("figure", results, "-o", tmp_path / "gap.pdf", *arguments)
    assert code == 2
    assert sentence in err
    assert not (tmp_path / "gap.pdf").exists()


def test_report_lands_in_the_folder_or_where_told(bnnbench_, results, tmp_path):
    code, out, _ = bnnbench_("report", results, "-o", tmp_path / "r.html")
    assert (code, out) == (0, f"written to {tmp_path / 'r.html'}\n")
    assert "<!doctype html>" in (tmp_path / "r.html").read_text(encoding="utf-8")
    assert bnnbench_("report", tmp_path)[0] == 2


@pytest.mark.usefixtures("interrupts")
def test_a_served_report_ends_with_an_interrupt(results):
    command = [sys.executable, "-u", "-m", "bnnbench", "report", str(results), "--serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        line = server.stdout.readline()
        server.send_signal(signal.SIGINT)
        try:
            assert server.wait(60) == 0
        finally:
            server.kill()
    assert re.search(r"is at http://127\.0\.0\.1:\d+; Ctrl-C ends it\.", line)


def test_export_csv_holds_every_run(bnnbench_, results):
    code, out, _ = bnnbench_("export", results, "--to", "csv")
    assert code == 0
    assert len(out.strip().splitlines()) == 1 + 4


def test_export_for_another_program_writes_its_folder_or_its_file(bnnbench_, results, tmp_path):
    assert bnnbench_("export", results, "--table", "qoblib", "-o", tmp_path / "s")[0] == 0
    assert bnnbench_("export", results, "--table", "iohanalyzer", "-o", tmp_path / "t.csv")[0] == 0
    code, _, err = bnnbench_("export", results, "--table", "qoblib")

    assert list((tmp_path / "s").glob("*/*/*_summary.csv"))
    assert (tmp_path / "t.csv").read_text().startswith("problem,variables,solver,run,")
    assert (code, "-o FOLDER" in err) == (2, True)


def test_export_latex_is_a_booktabs_table(bnnbench_, results, tmp_path):
    assert bnnbench_("export", results, "--to", "latex", "-o", tmp_path / "t.tex")[0] == 0
    text = (tmp_path / "t.tex").read_text()
    assert "\\toprule" in text
    assert text.count("\\begin{") == text.count("\\end{")


def test_a_second_run_resumes_and_starts_no_process(bnnbench_, results, monkeypatch):
    monkeypatch.setattr(executor, "start_quietly", None)
    monkeypatch.setattr(warm_up, "start_quietly", None)

    code, _, err = bnnbench_("run", results.parent / "suite.toml", "--out", results)

    assert code == 0
    assert "4 runs of 10 reads each; 4 of them done before" in err


def test_the_first_line_of_a_run_says_its_budget(bnnbench_, results):
    suite = results.parent / "suite.toml"
    for arguments, budget in (
        ([], "10 reads each"),
        (["--reads", 1], "1 read each"),
        (["--seconds", 2.5], "2.5 s or 10 reads each"),
    ):
        _, _, err = bnnbench_("run", suite, "--out", results.parent / "budgets", "--solver", "random", *arguments)
        assert f"2 runs of {budget}; 0 of them done before; results go to" in err


def test_one_number_of_a_budget_leaves_the_other_as_the_suite_has_it():
    from bnnbench.suite.file import BudgetTable, Suite
    from bnnbench.suite.selection import Overrides, select

    names = {"problems": [{"name": "majority"}], "formulations": [{"name": "compact"}]}
    solvers = [{"name": "random"}, {"name": "tabu", "budget": {"seconds": 3, "reads": 7}}]
    suite = Suite(budget=BudgetTable(seconds=2, reads=100), solvers=solvers, **names)

    def budgets(seconds, reads):
        changed = select(suite, Overrides(seconds=seconds, reads=reads))
        return changed.budget.model_dump(exclude_none=True), changed.solvers[1]["budget"]

    assert budgets(None, 10) == ({"seconds": 2, "reads": 10}, {"seconds": 3, "reads": 10})
    assert budgets(0.5, None) == ({"seconds": 0.5, "reads": 100}, {"seconds": 0.5, "reads": 7})
    assert budgets(0.5, 10) == ({"seconds": 0.5, "reads": 10},) * 2


def test_a_target_may_be_zero_and_not_below():
    from bnnbench.suite.selection import Overrides

    assert Overrides(target=0).numbers == {"target": 0}
    with pytest.raises(InputError, match="--target is a loss of 0 or more above the optimum, but -1 came"):
        Overrides(target=-1)


def test_solvers_with_a_budget_of_their_own_are_named_with_it():
    budgets = {"a": Budget(reads=10), "b": Budget(reads=10), "c": Budget(seconds=5)}
    cells = [SimpleNamespace(solver=SimpleNamespace(label=name, budget=one)) for name, one in budgets.items()] * 2
    assert _campaign._budgets(cells) == "10 reads each (c: 5 s)"


def test_flags_stand_in_the_line_of_a_run():
    outcome = Outcome("ok", num_reads=1, flags=["lied", "was late"], loss_gap=2.0)
    assert (
        _campaign._line("tabu on p", outcome) == "ok: tabu on p: loss gap 2, 1 read in 0.000 s; flagged: lied, was late"
    )


def test_a_run_that_beats_the_best_known_loss_says_so_in_its_line():
    outcome = Outcome("ok", num_reads=1, loss_gap=-1.0)
    assert "loss gap -1, below the best loss that was known, 1 read" in _campaign._line("tabu on p", outcome)


def test_what_is_unavailable_is_said_once_with_the_number_of_runs(bnnbench_, results, tmp_path):
    (tmp_path / "mine.py").write_text(ADAPTER.replace('("dimod",)', '("no-such-thing",)'))
    suite = results.parent / "suite.toml"
    _, out, err = bnnbench_("run", suite, "--out", tmp_path / "out", "--solver", tmp_path / "mine.py")
    assert err.count("unavailable: ") == 1
    assert "unavailable: mine, 2 runs: no-such-thing not installed" in err
    assert "1 unavailable" in out


def test_flags_are_listed_under_the_table(bnnbench_, results, tmp_path):
    liar = Path(__file__).parents[1] / "harness" / "solvers_that_fail" / "liar.py"
    suite = results.parent / "suite.toml"
    _, out, err = bnnbench_("run", suite, "--out", tmp_path / "out", "--solver", liar)
    assert "; flagged: claimed the lower bound" in err
    assert "flagged: liar claimed the lower bound" in out


def test_a_solver_from_a_file_joins_a_suite(bnnbench_, results, tmp_path):
    (tmp_path / "mine.py").write_text(ADAPTER)
    suite = results.parent / "suite.toml"
    code, out, err = bnnbench_("run", suite, "--out", tmp_path / "out", "--solver", tmp_path / "mine.py")
    assert code == 0, err
    assert "mine" in out
    assert "exhaustive" not in out


def test_the_version_is_printed(bnnbench_):
    assert bnnbench_("--version")[:2] == (0, f"bnnbench {bnnbench.__version__}\n")


def test_what_is_not_known_of_the_machine_is_called_unknown(bnnbench_, monkeypatch):
    monkeypatch.setattr("bnnbench.cli.info.machine_info", lambda: {"commit": None, "dirty": None, "cores": 2})
    lines = [line.split() for line in bnnbench_("info")[1].splitlines()[:3]]
    assert lines == [["commit", "unknown"], ["dirty", "unknown"], ["cores", "2"]]


def test_an_unknown_ending_is_refused_before_anything_is_compiled(bnnbench_, tmp_path, monkeypatch):
    monkeypatch.setattr("bnnbench.qubo.instance.compile", lambda *_: pytest.fail("compiled"))
    code, _, err = bnnbench_("compile", "parity", "-o", tmp_path / "x.foo")
    assert (code, "the ending '.foo' is unknown; write to one of .coo, .json" in err) == (2, True)


def test_truth_says_how_it_is_known(bnnbench_):
    code, out, _ = bnnbench_("truth", "a1a[experiment=1,batch=3]")
    assert code == 0
    assert "exhaustive" in out
    assert "of 2^12" in out


def test_a_truth_is_verified_written_and_checked_again(bnnbench_, tmp_path):
    path = tmp_path / "claim.json"
    code, out, _ = bnnbench_("truth", "parity", "--verify", "-o", path)
    assert code == 0
    assert out.count("agreed") == 3
    assert str(path) in out

    code, out, _ = bnnbench_("truth", "parity", "--certificate", path)

    assert code == 0
    assert "claimed loss" in out
    assert out.count("agreed") == 3


def test_a_claim_that_nothing_confirms_is_a_failed_check(bnnbench_, tmp_path):
    path, problem = tmp_path / "claim.json", "random_data[widths=[7,7,1],samples=40]"
    assert bnnbench_("truth", problem, "-o", path, "--check-seconds", "0")[0] == 0

    code, out, err = bnnbench_("truth", problem, "--certificate", path, "--check-seconds", "0")

    assert code == 1
    assert "not checked" in out
    assert "nothing confirms that no loss is below 6" in err


@pytest.mark.parametrize("change", [{"loss": 7.0}, {"num_optima": "3"}, {"weights": "+" * 12}, {"lower_bound": 0.25}])
def test_a_claim_that_does_not_hold_is_exit_code_1_and_a_sentence(bnnbench_, tmp_path, change):
    problem = bnnbench.load_problem("parity")
    assert problem.network.num_weights == 12
    claim = certify(problem, bnnbench.ground_truth(problem))
    assert getattr(claim, next(iter(change))) != next(iter(change.values()))
    write_certificate(replace(claim, **change), tmp_path / "claim.json")

    code, out, err = bnnbench_("truth", "parity", "--certificate", tmp_path / "claim.json")

    assert code == 1
    assert "disagreed" in out
    check = "(forward pass|enumeration|words)"
    assert re.fullmatch(rf"bnnbench: the certificate of the loss .* is wrong: {check}: .*\.\n", err)


def test_a_certificate_that_was_changed_is_exit_code_1_and_one_for_another_problem_too(bnnbench_, tmp_path):
    path = tmp_path / "claim.json"
    bnnbench_("truth", "parity", "-o", path)
    code, _, err = bnnbench_("truth", "majority", "--certificate", path)
    assert code == 1
    assert "give the problem that it was made for" in err

    path.write_text(path.read_text().replace('"nodes": ', '"nodes": 1'))
    code, _, err = bnnbench_("truth", "parity", "--certificate", path)
    assert code == 1
    assert "was changed" in err


def test_a_search_out_of_time_says_what_is_known(bnnbench_):
    code, out, _ = bnnbench_("truth", "random_data[widths=[7,7,1],samples=100]", "--seconds", "0", "--no-cache")
    assert code == 0
    assert "best known loss" in out
    assert re.search(r"lower bound      \d+ \(proven\)", out)
    assert "not counted of 2^56" in out


def test_a_network_that_no_search_covers_has_an_optimum_where_weights_of_no_loss_are_found(bnnbench_):
    code, out, _ = bnnbench_("truth", "random_data[widths=[25,15,1]]")
    assert code == 0
    assert "optimal loss     0 (attained: " in out


def test_the_spectrum_counts_every_setting(bnnbench_):
    code, out, _ = bnnbench_("truth", "parity", "--spectrum")
    assert code == 0
    rows = [line.split() for line in out[out.index("\nloss  ") :].splitlines()[2:-1]]
    assert sum(int(row[1].replace(",", "")) for row in rows) == 2**12
    assert rows[-1][2] == "1"


@pytest.mark.parametrize(
    ("soundness", "words"),
    [
        ("SOUND", "yes: minimum energy = minimum training loss"),
        ("ONE_SIDED", "one-sided: an energy of 0 proves a training loss of 0"),
        ("UNSOUND", "no: the minimum energy need not be the minimum training loss"),
        ("UNKNOWN", "unknown: the formulation does not say"),
    ],
)
def test_compile_says_what_the_minimum_energy_says(bnnbench_, tmp_path, soundness, words):
    path = tmp_path / "mine.py"
    path.write_text(
        "from dataclasses import dataclass\nfrom bnnbench import Formulation, Soundness\n\n"
        "@dataclass(frozen=True, kw_only=True)\nclass Mine(Formulation):\n"
        "    def sample_energy(self, sample):\n        return sample.weights(1)[0][0]\n\n"
        f"    def soundness(self, problem):\n        return Soundness.{soundness}\n"
    )
    code, out, _ = bnnbench_("compile", "majority", "--formulation", path)
    assert (code, words in out) == (0, True)


@pytest.mark.parametrize("ending", ["coo", "json"])
def test_compile_writes_a_file_that_dimod_reads_back(bnnbench_, tmp_path, ending):
    import dimod
    from dimod.serialization import coo

    path = tmp_path / f"q.{ending}"
    code, out, _ = bnnbench_("compile", "parity", "--formulation", "reduced", "-o", path)
    assert code == 0
    assert "variables" in out
    text = path.read_text()
    bqm = coo.loads(text, vartype="BINARY") if ending == "coo" else dimod.BQM.from_serializable(json.loads(text))
    qubo = bnnbench.compile(bnnbench.load_problem("parity"), "reduced").qubo
    assert bqm.num_variables == qubo.num_variables
    assert bqm.num_interactions == qubo.num_couplings


@pytest.mark.parametrize(
    ("what", "name", "shown"),
    [
        ("solvers", "tabu", ["Multistart tabu search", "num_restarts  4", "Restarts per read"]),
        ("solvers", "highs", ["num_threads  1", "Threads of the library"]),
        ("problems", "teacher", ["widths        [7,3,1]", "Fraction of the N·d_L training labels"]),
        ("problems", "table", ["path", "must be given"]),
        ("solvers", "random", ["Uniform weights with the best ancillas"]),
    ],
)
def test_a_name_is_listed_with_its_parameters_and_their_defaults(bnnbench_, what, name, shown, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    code, out, err = bnnbench_("list", what, name)
    assert (code, err) == (0, "")
    for text in shown:
        assert text in out


@pytest.mark.parametrize("kind", ["solver", "problem"])
def test_every_parameter_has_a_meaning(kind):
    for name in entries(kind):
        for parameter in parameters_of(kind, name):
            assert parameter.meaning, f"{name}: {parameter.name}"


def test_what_has_no_parameters_or_no_name_is_a_sentence(bnnbench_):
    assert "suites have no parameters to list" in bnnbench_("list", "suites", "smoke")[2]
    assert "did you mean tabu" in bnnbench_("list", "solvers", "tabo")[2]


@pytest.mark.parametrize("what", ["suites", "problems", "solvers", "formulations"])
def test_list_names_things_with_a_line_each(bnnbench_, what):
    code, out, _ = bnnbench_("list", what)
    assert code == 0
    assert len(out.splitlines()) >= 4


def test_a_formulation_without_counters_is_listed_as_such(bnnbench_):
    assert "No counters, sign symmetry fixed" in bnnbench_("list", "formulations")[1]


def test_info_names_every_solver(bnnbench_):
    code, out, _ = bnnbench_("info")
    assert code == 0
    assert "dwave" in out
    assert "cpsat" in out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run", "smok"], "did you mean smoke"),
        (["run", "missing.toml"], "does not exist"),
        (["run", "smoke", "--solver", "tabuu"], "did you mean tabu"),
        (["run", "smoke", "--solver", "nowhere.py"], "nowhere.py does not exist"),
        (["run", "smoke", "--problem", "parityy"], "did you mean parity"),
        (["run", "smoke", "--formulation", "compct"], "did you mean compact"),
        (["run", "smoke", "--seconds", "-1"], "must be positive"),
        (["run", "smoke", "--reads", "0"], "must be positive"),
        (["run", "smoke", "--solver", "tabu[num_restarts=-1]"], "greater than or equal to 0"),
        (["truth", "parity[sise=3]"], "did you mean size"),
        (["truth", "parity[size="], "write it as name[key=value"),
        (["truth", "random_data[widths=[7,7,1]]", "--spectrum", "--seconds", "0"], "are the limit"),
        (["truth", "parity", "-o", "/dev/full"], "cannot be written: No space left"),
        (["truth", "parity", "-o", "/"], "/ is a folder; give the name of a file with -o"),
        (["truth", "parity", "--certificate", "/nowhere"], "cannot be read: No such file"),
        (["truth", "parity", "--certificate", __file__], "is not a certificate"),
        (["compile", "parity", "--formulation", "compact[penalty=0]"], "must be positive"),
        (["compile", "parity", "-o", "q.xyz"], ".coo, .json, .bqm, .qubo, .qs"),
        (["compile", "majority[size=5]", "--formulation", "sasdelli"], "fan-in 3, 7 and 15"),
        (["show", "nowhere"], "nowhere"),
        (["export", "nowhere"], "nowhere"),
    ],
)
def test_wrong_input_gives_one_sentence_and_exit_code_2(bnnbench_, tmp_path, monkeypatch, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    code, _, err = bnnbench_(*arguments)
    assert code == 2
    assert sentence in err.replace("\n", " ")
    assert "Traceback" not in err
    assert err.count("bnnbench: ") == 1


def test_a_file_that_is_not_a_store_is_left_as_it_is(bnnbench_, tmp_path):
    (tmp_path / "runs.sqlite").write_text("my thesis")
    (tmp_path / "suite.toml").write_text(SUITE)
    for arguments in (["show", tmp_path], ["run", tmp_path / "suite.toml", "--out", tmp_path]):
        code, _, err = bnnbench_(*arguments)
        assert code == 2
        assert "runs.sqlite" in err
    assert (tmp_path / "runs.sqlite").read_text() == "my thesis"


def test_a_newer_store_is_refused(bnnbench_, results, tmp_path):
    (tmp_path / "runs.sqlite").write_bytes((results / "runs.sqlite").read_bytes())
    connection = sqlite3.connect(tmp_path / "runs.sqlite")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    code, _, err = bnnbench_("show", tmp_path)
    assert code == 2
    assert "99" in err


def test_help_starts_without_numpy():
    code = """
import sys, bnnbench.cli
sys.argv = ["bnnbench", "--help"]
try:
    bnnbench.cli.main()
finally:
    print(sorted({"numpy", "pandas", "rich", "multiprocessing"} & set(sys.modules)), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"


def shell(command, folder):
    """What a shell makes of a command line in a folder; the coordinator's output goes where the line says."""
    line = command.replace("bnnbench", f"{sys.executable} -P -m bnnbench", 1)
    return subprocess.run(["bash", "-c", line], cwd=folder, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize("ending", ["2>&1 | true", ">&- 2>&-", "> /dev/full 2>&1"])
def test_a_campaign_goes_on_when_nobody_can_read_its_reports(tmp_path, ending):
    (tmp_path / "suite.toml").write_text(SUITE)
    done = shell(f"bnnbench run suite.toml --out out {ending}", tmp_path)
    with sqlite3.connect(tmp_path / "out" / "runs.sqlite") as db:
        assert db.execute("SELECT count(*) FROM runs WHERE status = 'ok'").fetchone() == (4,)
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_output_that_cannot_be_written_is_an_error(results):
    for verb in ("show", "export"):
        done = shell(f"bnnbench {verb} {results} > /dev/full", results)
        assert done.returncode == 2
        assert done.stderr.startswith("bnnbench: the system says: No space left on device")
        assert done.stderr.count("\n") == 1


def test_a_small_alphabet_gets_question_marks(results):
    done = shell(f"PYTHONIOENCODING=ascii bnnbench show {results}", results)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_deleted_working_directory_gets_its_sentence(tmp_path):
    (tmp_path / "gone").mkdir()
    done = shell("cd gone && rmdir ../gone && bnnbench list suites", tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "the working directory cannot be used: No such file" in done.stderr


def test_too_little_memory_gets_its_sentence(bnnbench_, monkeypatch):
    def app(**_):
        raise MemoryError

    monkeypatch.setattr("bnnbench.cli._verbs.app", app)
    code, _, errors = bnnbench_("info")
    assert code == 2
    assert errors.startswith("bnnbench: there is not enough memory")


@pytest.mark.parametrize("arguments", [("run", "smoke", "--seconds", "nan"), ("truth", "parity", "--seconds", "nan")])
def test_seconds_that_are_no_number_are_refused(bnnbench_, arguments):
    code, _, errors = bnnbench_(*arguments)
    assert code == 2
    assert "--seconds" in errors


def test_brackets_in_a_name_are_no_markup(tmp_path, bnnbench_):
    path = tmp_path / "[bold]x[bold].py"
    path.write_text("from bnnbench import Network, Problem\n\n\ndef family():\n    return 1\n")
    code, _, errors = bnnbench_("truth", str(path))
    assert code == 2
    assert "[bold]x[bold]" in errors
