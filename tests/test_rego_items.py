"""Policy authors see their Rego tests in pytest, each by its name, and none goes missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from priorauth import opa

pytest_plugins = ("pytester",)

PASSES = "test_passes if 1 + 1 == 2\n"
FAILS = 'test_fails if {\n\tword := "wrong"\n\tword == "right"\n}\n'


@pytest.fixture(scope="session")
def found() -> Path:
    return opa.ensure()


@pytest.fixture
def project(
    found: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> pytest.Pytester:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    # Named, because pytester gives each run a home of its own, where no OPA is kept.
    monkeypatch.setenv("PRIORAUTH_OPA", str(found))
    pytester.makeini("[pytest]\naddopts = -p rego_items\ntestpaths = rego\n")
    pytester.mkdir("policy")
    pytester.mkdir("rego")
    return pytester


def write(project: pytest.Pytester, **tests: str) -> None:
    for name, body in tests.items():
        (project.path / "rego" / f"{name}_test.rego").write_text(f"package {name}_test\n\n{body}")


def test_each_is_an_item_and_a_failure_has_its_place(project: pytest.Pytester) -> None:
    write(project, a=PASSES + FAILS, b=PASSES + "todo_test_later if false\n")
    run = project.runpytest_subprocess("-v")
    run.assert_outcomes(passed=2, failed=1, skipped=1)
    run.stdout.fnmatch_lines(
        [
            "rego/a_test.rego::test_passes PASSED*",
            "rego/a_test.rego::test_fails FAILED*",
            "rego/b_test.rego::test_passes PASSED*",
            "rego/a_test.rego:4",
            "*rego/a_test.rego:6:",
            '*"wrong"*',
        ]
    )


def test_one_can_be_named(project: pytest.Pytester) -> None:
    write(project, a=PASSES + FAILS, b=PASSES)
    run = project.runpytest_subprocess("rego/a_test.rego::test_passes")
    run.assert_outcomes(passed=1)


def test_the_last_failed_can_be_run_again(project: pytest.Pytester) -> None:
    write(project, a=PASSES, b=FAILS)
    project.runpytest_subprocess().assert_outcomes(passed=1, failed=1)
    project.runpytest_subprocess("--last-failed").assert_outcomes(failed=1)


def test_what_does_not_compile_is_an_error_with_its_place(project: pytest.Pytester) -> None:
    write(project, a=PASSES, b="test_b if nowhere\n")
    run = project.runpytest_subprocess()
    run.assert_outcomes(errors=2)
    run.stdout.fnmatch_lines(["*rego/b_test.rego:3: rego_unsafe_var_error: var nowhere is unsafe*"])


@pytest.mark.parametrize("tests", [{}, {"a": "helper := 1\n"}], ids=["no file", "no test"])
def test_none_is_an_error(project: pytest.Pytester, tests: dict[str, str]) -> None:
    write(project, **tests)
    run = project.runpytest_subprocess()
    assert run.ret not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
    assert "OPA found no Rego test" in run.stdout.str() + run.stderr.str()


def test_a_file_without_a_test_is_an_error(project: pytest.Pytester) -> None:
    write(project, a=PASSES, b="helper := 1\n")
    run = project.runpytest_subprocess()
    run.assert_outcomes(errors=1)
    run.stdout.fnmatch_lines(["*rego/b_test.rego holds no test*"])


@pytest.mark.parametrize("options", [(), ("-m", "not docker")], ids=["all", "some"])
def test_one_that_pytest_does_not_see_is_an_error(
    project: pytest.Pytester, options: tuple[str, ...]
) -> None:
    write(project, a=PASSES)
    (project.path / "rego" / "b.rego").write_text(f"package b\n\n{PASSES}")
    run = project.runpytest_subprocess(*options)
    assert run.ret == pytest.ExitCode.USAGE_ERROR
    run.stderr.fnmatch_lines(["*OPA has tests that pytest has not: rego/b.rego::test_passes*"])
