"""Exercises that check themselves, homework sheets, and the way through nbgrader."""

import collections
import csv
import os
import re
import shutil
import subprocess
import sys

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from pages import LESSONS

import course
from balcourse.book import sheets, solutions
from balcourse.exercises import _failed, check, exercises
from balcourse.exercises.answers import Choice, Number, Numbers
from balcourse.homework import personal, require_owner

SOURCES = sorted((course.ROOT / "chapters").rglob("homework-*.md"))
PRIVATE = course.ROOT / "lecturer"
SHEETS = [sheets.Sheet.read(source, PRIVATE) for source in SOURCES]
EXERCISE = re.compile(
    r"\{exercise\} (Warm-up|Core|Challenge):[^\n]*\n:label: (\S+)\n(.*?)^```", re.M | re.S
)

by_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda page: page.name)
needs_private = pytest.mark.skipif(
    not PRIVATE.exists(), reason="lecturer/ is not here: its solutions are kept private"
)
by_sheet = pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)


@pytest.fixture(autouse=True)
def fresh_hints():
    """Let no test's failed tries give the next one its hints."""
    _failed.clear()
    yield
    _failed.clear()


@by_lesson
def test_exercises_have_grades_outcomes_and_a_call_that_checks_them(lesson):
    found = EXERCISE.findall(lesson.text)
    assert {grade for grade, _, _ in found} == {"Warm-up", "Core", "Challenge"}
    outcomes = re.search(r":class: outcomes\n(.*?)^:::", lesson.text, re.M | re.S)[1]
    for _, label, body in found:
        known = exercises()[label]
        assert f"Outcome {known.outcome}." in body
        assert re.search(rf"^{known.outcome}\. ", outcomes, re.M)
        call = re.search(rf'`check\("{label}", ([^`]*)\)`', body)[1]
        assert re.findall(r"(\w+)=\.\.\.", call) == list(known.answers()), label
        assert len(known.hints) >= 2


WRONG = [
    *(None, True, "forty", b"1", "", 10**400, float("nan"), 1j, [], [1, [2, 3]], {}, object()),
    *(np.array([]), np.array([1.0, 2.0]), np.array(["a"]), Exception, lambda: 1, ...),
]


@pytest.mark.parametrize("name", exercises())
def test_a_wrong_answer_neither_raises_nor_is_told_the_right_one(name, capsys):
    for part, right in exercises()[name].answers().items():
        secrets = [right.right] if isinstance(right, Choice) else np.ravel(_value(right))
        value = 0 if isinstance(right, Choice) else _value(right)
        near = [factor * value + (value == 0) for factor in (1.5, -1, 2)]
        for wrong in [*WRONG, *near, *getattr(right, "wrong", {})]:
            assert right.fault(wrong), (part, wrong)
            check(name, **{part: wrong})
            said = capsys.readouterr().out
            assert said.startswith(f"{part}: ")
            told = re.findall(r"-?\d+\.\d+", said.split("Hint:")[0])
            assert not {f"{secret:.4g}" for secret in secrets if not isinstance(secret, str)} & {
                f"{float(number):.4g}" for number in told
            }


def _value(answer):
    return np.array(answer.values) if isinstance(answer, Numbers) else answer.value


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (0.025, "kHz"),
        (-25, "sign is wrong"),
        (25 * 2 * np.pi, "angular"),
        (25e3, "thousand times too large"),
        (50, "factor of two"),
        (12, "per population"),
        (24, "Close"),
        (900, "order of magnitude"),
        (-3, "so is the size"),
    ],
)
def test_a_number_says_what_is_wrong_with_it(given, words):
    rate = Number(25, "Hz", mistakes={"This is the rate per population.": 12})
    assert words in rate.fault(given)
    assert rate.fault(25.01) is None


def test_hints_come_one_by_one_and_end(capsys, monkeypatch):
    monkeypatch.setattr("balcourse.exercises._failed", collections.Counter())
    name = "linearization-fold"
    said = []
    for _ in range(4):
        check(name, tau_i=1, warning="no")
        said.append(capsys.readouterr().out.splitlines()[-1])
    hints = exercises()[name].hints
    assert [line for line in said if line.startswith("Hint: ")] == [
        f"Hint: {hint}" for hint in hints
    ]
    assert "last hint" in said[-1]


def test_a_misspelt_exercise_is_answered_with_those_that_come_close(capsys):
    check("linearisation-drive", 1)
    assert "Did you mean linearization-drive" in capsys.readouterr().out


LESSON = """```{exercise} Warm-up: a drive
:label: linearization-drive
```
````{solution} linearization-drive
```python
from balcourse.exercises import check
check("linearization-drive", v_e=%s, v_i=30, border=40)
```
````
"""


def test_a_solution_that_is_wrong_or_missing_fails_its_lesson(tmp_path):
    lesson = tmp_path / "lesson.md"
    lesson.write_text(LESSON % "40")
    assert solutions.failure(lesson) is None
    lesson.write_text(LESSON % "41")
    assert "v_e: Close" in solutions.failure(lesson)
    lesson.write_text("```{exercise} Core: none\n:label: linearization-fold\n```\n")
    assert solutions.failure(lesson) == "no solution answers linearization-fold"


def test_solutions_run_again_only_when_they_have_changed_or_failed(tmp_path, monkeypatch):
    lesson, ran = tmp_path / "lesson.md", []
    monkeypatch.setattr(solutions, "failure", lambda path: ran.append(path) or faults.pop())
    lesson.write_text(LESSON % "40")
    faults = [None, "a fault"]
    for _ in range(3):
        solutions.main(tmp_path / "passed", lesson)
    assert len(ran) == 2
    lesson.write_text(LESSON % "41")
    faults = ["a fault"]
    assert solutions.main(tmp_path / "passed", lesson) == [f"FAILED: {lesson}: a fault"]
    assert len(ran) == 3


def test_every_lesson_has_a_sheet():
    found = {re.search(r":label: ([a-z]+)-", lesson.text)[1]: lesson.path for lesson in LESSONS}
    assert {source.stem.removeprefix("homework-") for source in SOURCES} == set(found)
    assert all(
        source.parent == found[source.stem.removeprefix("homework-")].parent for source in SOURCES
    )


@by_sheet
def test_a_sheet_has_five_problems_with_points_time_and_all_kinds(sheet):
    text = "\n".join(cell.source for cell in sheet.cells)
    headings = re.findall(r"^## (\d+)\. .* \((\d+) points, (\d+) minutes\)$", text, re.M)
    assert [int(number) for number, _, _ in headings] == list(range(1, len(headings) + 1))
    assert len(headings) == text.count("\n## ") + text.startswith("## ") >= 5
    points = [cell.metadata["points"] for cell in sheet.cells if "points" in cell.metadata]
    assert [int(worth) for _, worth, _ in headings] == points
    answers = [cell for cell in sheet.cells if "answer" in cell.metadata]
    assert any(cell.cell_type == "markdown" for cell in answers), "an open-ended problem"
    assert any("def " in cell.source for cell in answers), "code to write"
    assert any("figure" in cell.source for cell in answers), "a figure to make"
    assert any("= ..." in cell.source for cell in answers), "theory by numbers"
    assert not re.search(r"\{\w+\}`", text), "a role that Jupyter does not know"


@needs_private
@by_sheet
def test_every_answer_has_a_solution(sheet):
    asked = {
        ("answer", cell.metadata["answer"]) for cell in sheet.cells if "answer" in cell.metadata
    }
    assert set(sheet.private) >= asked > set()
    assert {path.stem for path in PRIVATE.glob("*.md")} == {sheet.name for sheet in SHEETS}


@needs_private
@by_sheet
def test_solutions_pass_and_stubs_fail_every_test(sheet):
    names = {}
    blank = {}
    for open_, solved in zip(sheet.student().cells, sheet.solution().cells, strict=True):
        if open_.cell_type == "code":
            exec(compile(solved.source, f"<{sheet.name}: {solved.id}>", "exec"), names)
            if open_.id.endswith("-test"):
                for test in (open_, solved):
                    with pytest.raises(Exception):  # noqa: B017 (any will do)
                        exec(test.source, blank)
            else:
                exec(open_.source, blank)
    plt.close("all")
    assert names["mine"] != names["personal"](
        sheet.name, "bob", **dict.fromkeys(names["mine"]._fields, (0.0, 1.0))
    )


def test_two_students_share_no_numbers():
    ranges = dict(a=(0.0, 1.0), b=(1, 1000))
    drawn = [personal("sheet", f"student {i}", **ranges) for i in range(100)]
    assert len({numbers.a for numbers in drawn}) > 90
    assert len(set(drawn)) == 100
    assert drawn[3] == personal("sheet", "student 3", **ranges)
    assert drawn[3] != personal("another", "student 3", **ranges)
    assert all(0 <= numbers.a <= 1 and 1 <= numbers.b <= 1000 for numbers in drawn)


def test_a_notebook_of_somebody_else_is_refused(tmp_path, monkeypatch):
    place = tmp_path / "autograded" / "bob" / "linearization"
    place.mkdir(parents=True)
    require_owner("ada")
    monkeypatch.chdir(place)
    require_owner("bob")
    with pytest.raises(AssertionError, match="numbers of 'ada' and was handed in by 'bob'"):
        require_owner("ada")


def test_an_edited_notebook_is_never_written_over(tmp_path, capsys):
    path = tmp_path / "linearization.ipynb"
    notebook = SHEETS[0].student()
    assert sheets.write(notebook, path) == path
    assert sheets.write(notebook, path) == path
    mine = nbformat.read(path, as_version=4)
    mine.cells[1].source = 'student = "ada"'
    nbformat.write(mine, path)
    beside = sheets.write(notebook, path)
    assert beside.name == "linearization-2.ipynb"
    assert "was edited and is left as it is" in capsys.readouterr().out
    assert nbformat.read(path, as_version=4).cells[1].source == 'student = "ada"'
    assert sheets.write(notebook, path) == beside
    beside.write_text("not a notebook any more", "utf8")
    assert sheets.write(notebook, path).name == "linearization-3.ipynb"


def test_the_public_sources_make_student_notebooks_without_the_private_folder(tmp_path):
    made = sheets.make(course.ROOT / "chapters", tmp_path / "nowhere", tmp_path)
    assert len(made) == len(SOURCES)
    assert {path.parent.name for path in tmp_path.rglob("*.ipynb")} == {"student"}


def secrets():
    """Lines that only the private folder has."""
    public = "\n".join(cell.source for sheet in SHEETS for cell in sheet.cells)
    for sheet in SHEETS:
        for cell in sheet.private.values():
            for line in cell.source.splitlines():
                long = len(line.strip()) > 30 and not re.match(r"\s*(from|import) ", line)
                if long and line.strip() not in public:
                    yield line.strip()


@needs_private
def test_no_solution_and_no_hidden_test_is_published(site):
    made = [nbformat.writes(sheet.student()) for sheet in SHEETS]
    pages = [*site.rglob("*"), *(course.BUILD / "jupyter_execute").rglob("*")]
    made += [path.read_text("utf8", "replace") for path in pages if path.suffix in TEXT]
    published = "\n".join(made).replace('\\"', '"')
    assert "What will you learn" in published or "What you will learn" in published
    assert len(list(secrets())) > 20 * len(SHEETS)
    assert [line for line in secrets() if line in published] == []
    assert not re.search(r"BEGIN (SOLUTION|HIDDEN)", published)


TEXT = {".html", ".md", ".txt", ".ipynb", ".py", ".js", ".json"}


def test_a_student_notebook_runs_in_a_kernel_of_the_course(tmp_path):
    from nbclient import NotebookClient

    notebook = SHEETS[[sheet.name for sheet in SHEETS].index("linearization")].student()
    client = NotebookClient(notebook, allow_errors=True, resources={"metadata": {"path": tmp_path}})
    client.execute()
    failed = {
        cell.id: output.ename
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.output_type == "error"
    }
    assert set(failed) == {cell.id for cell in notebook.cells if cell.id.endswith("-test")}
    assert "ModuleNotFoundError" not in failed.values()


def submission(sheet, student, folder, **answers):
    """Hand in a student's notebook with some answers; True takes the solution."""
    notebook = sheet.student()
    for cell in notebook.cells:
        given = answers.get(cell.id)
        if cell.cell_type == "code" and given:
            cell.source = given if given is not True else sheet.private["answer", cell.id].source
        if cell.id == "student":
            cell.source = f"student = {student!r}"
    sheets.write(notebook, folder / "submitted" / student / sheet.name / f"{sheet.name}.ipynb")


@needs_private
def test_nbgrader_generates_autogrades_and_reports(tmp_path):
    python = course.grading(sys.executable)
    [sheet] = [sheet for sheet in SHEETS if sheet.name == "linearization"]
    sheets.make(course.ROOT / "chapters" / "linearization", PRIVATE, tmp_path)
    folder = tmp_path / "nbgrader"

    def nbgrader(*arguments):
        path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
        environment = os.environ | {"PYTHONPATH": str(course.ROOT), "PATH": path}
        command = [python, "-m", "nbgrader", *arguments]
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)

    generated = nbgrader("generate_assignment", sheet.name)
    assert generated.returncode == 0, generated.stderr
    released = (folder / "release" / sheet.name / f"{sheet.name}.ipynb").read_text("utf8")
    assert [line for line in secrets() if line in released.replace('\\"', '"')] == []
    everything = dict(border=True, paradox=True, amplification=True, periods=True)
    submission(sheet, "right", folder, **everything)
    wrong = "rates, border_ms, border_hz = [30, 20], 40, 7"
    submission(
        sheet, "wrong", folder, border=wrong, paradox="response_e = response_i = paradox = 1"
    )
    submission(sheet, "half", folder, border=True, paradox=True, amplification="raise ValueError")
    submission(sheet, "syntax", folder, **dict.fromkeys(everything, "rates = = 1"))
    submission(sheet, "loop", folder, border=True, amplification="while True: pass")
    submission(sheet, "crash", folder, border=True, paradox="import os; os._exit(1)")
    nbgrader("autograde", sheet.name, "--Execute.timeout=20")
    reported = nbgrader("export")
    assert reported.returncode == 0, reported.stderr
    with (folder / "grades.csv").open(encoding="utf8") as table:
        rows = {row["student_id"]: row for row in csv.DictReader(table)}
    assert {row["max_score"] for row in rows.values()} == {f"{float(sheet.points)}"}
    scores = {student: float(row["score"]) for student, row in rows.items()}
    assert scores == {"right": 17, "wrong": 0, "half": 8, "syntax": 0, "loop": 4, "crash": 0}


@needs_private
def test_make_homework_writes_all_notebooks(tmp_path):
    for name in ("course.py", "requirements.txt", "pyproject.toml"):
        shutil.copy2(course.ROOT / name, tmp_path)
    for name in ("chapters", "lecturer", "balcourse"):
        shutil.copytree(course.ROOT / name, tmp_path / name)
    script = "import sys, course; sys.exit(course.homework(sys.executable))"
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    made = sorted(path.parent.name for path in (tmp_path / "homework").rglob("linearization.ipynb"))
    assert made == ["linearization", "solution", "student"]
