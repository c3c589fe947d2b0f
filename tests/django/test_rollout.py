"""The rollout: switches, percentages, shadow mode, fallback, circuit breaker; no transaction is ever left broken."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection, connections, transaction
from django_reviewpro.errors import Cancelled, ExtensionMissing, InvalidInput
from django_reviewpro.ingest import ingest_sarif
from django_reviewpro.rollout import CircuitBreaker, Comparison, Component, ComponentSettings, State, shadow_compared
from django_reviewpro.rollout import fell_back as fell_back_signal
from django_reviewpro.rollout.component import share
from django_reviewpro.rollout.differences import LIMIT, differences
from django_reviewpro.rollout.models import ShadowComparison
from logs import make_log
from product import legacy
from product.models import Finding, Organization

Sets = Callable[..., None]


def statement(sql: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0] if cursor.description else None


def component(
    sql: Callable[..., Any], python: Callable[..., Any] = lambda: "python", **more: Any
) -> Component[Any, Any]:
    return Component("task", python=python, sql=sql, **more)


@pytest.fixture
def fallbacks() -> Iterator[list[dict[str, Any]]]:
    seen: list[dict[str, Any]] = []

    def receive(**given: Any) -> None:
        seen.append(given)

    fell_back_signal.connect(receive)
    yield seen
    fell_back_signal.disconnect(receive)


@pytest.fixture
def comparisons() -> Iterator[list[Comparison]]:
    seen: list[Comparison] = []

    def receive(comparison: Comparison, **given: Any) -> None:
        seen.append(comparison)

    shadow_compared.connect(receive)
    yield seen
    shadow_compared.disconnect(receive)


# ---- who runs what ---------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_python_runs_until_told_otherwise(rollout: Sets) -> None:
    task = component(lambda: "sql")
    assert task.run(1) == "python"
    rollout("task", MODE="sql")
    assert task.run(1) == "sql"
    rollout("other", MODE="sql")
    assert task.run(1) == "python"
    rollout("*", MODE="sql")
    assert task.run(1) == "sql"


def test_settings_of_all_and_of_one(settings: Any) -> None:
    settings.REVIEWPRO = {"ROLLOUT": {"*": {"MODE": "sql", "TIMEOUT": 3}, "task": {"PERCENT": 5}}}
    assert component(str).settings == ComponentSettings(mode="sql", timeout=3, percent=5)
    settings.REVIEWPRO = {"ROLLOUT": {"task": {"MODE": "sometimes"}}}
    with pytest.raises(ImproperlyConfigured, match="'sometimes': there are python, sql, shadow"):
        component(str).run(1)


def test_percentages_are_stable_and_only_grow(rollout: Sets) -> None:
    keys = [uuid.UUID(int=n) for n in range(10_000)]
    task = component(str)
    before: set[uuid.UUID] = set()
    for percent in (0, 1, 10, 50, 100):
        rollout("task", MODE="sql", PERCENT=percent)
        chosen = {key for key in keys if task.way(key) == "sql"}
        assert before <= chosen
        assert abs(len(chosen) - percent * 100) < 200
        before = chosen
    assert before == set(keys)
    assert share("a", 1) == share("a", "1")
    assert share("a", 1) != share("b", 1)
    # Written down: a key must stay on its side from one release to the next.
    assert round(share("ingest", uuid.UUID(int=1)), 6) == SHARE_OF_KEY_1


SHARE_OF_KEY_1 = 22.028758


# ---- fallback --------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("SELECT sarif_summary(1::oid)", ExtensionMissing),
        ("SELECT 1 / 0", InvalidInput),
        ("SELECT pg_sleep(5)", Cancelled),
    ],
)
def test_python_answers_in_the_callers_transaction(
    rollout: Sets, fallbacks: list[dict[str, Any]], sql: str, kind: type, settings_of_backend: Callable[[str], str]
) -> None:
    rollout("task", MODE="sql", TIMEOUT=0.05)

    def half_done() -> str:
        Organization.objects.create(name="half", slug="half")
        statement(sql)
        return "sql"

    task = component(half_done, lambda: Organization.objects.create(name="whole", slug="whole").slug)
    with transaction.atomic():
        Organization.objects.create(name="before", slug="before")
        assert task.run("key") == "whole"
        assert statement("SELECT 1") == 1
    assert set(Organization.objects.values_list("slug", flat=True)) == {"before", "whole"}
    assert [(seen["component"], seen["key"], type(seen["error"])) for seen in fallbacks] == [("task", "key", kind)]
    assert settings_of_backend("statement_timeout") == "0"


@pytest.mark.django_db(transaction=True)
def test_python_answers_without_a_transaction(rollout: Sets) -> None:
    rollout("task", MODE="sql")
    task = component(lambda: statement("SELECT sarif_summary(1::oid)"))
    assert task.run(1) == "python"
    assert not connection.in_atomic_block
    # What the server ended is opened anew.
    lost = component(lambda: statement("SELECT pg_terminate_backend(pg_backend_pid())"), lambda: statement("SELECT 7"))
    assert lost.run(1) == 7


@pytest.mark.django_db(transaction=True)
def test_a_lost_connection_is_an_error_within_a_transaction(rollout: Sets) -> None:
    rollout("task", MODE="sql")
    lost = component(lambda: statement("SELECT pg_terminate_backend(pg_backend_pid())"))
    with pytest.raises(DatabaseError), transaction.atomic():
        lost.run(1)
    connection.close()
    assert statement("SELECT 1") == 1


@pytest.mark.django_db
def test_the_timeout_ends_with_the_call(rollout: Sets, settings_of_backend: Callable[[str], str]) -> None:
    rollout("task", MODE="sql", TIMEOUT=2)
    task = component(lambda: settings_of_backend("statement_timeout"))
    statement("SET LOCAL statement_timeout = 12345")
    assert task.run(1) == "2s"
    assert settings_of_backend("statement_timeout") == "12345ms"


@pytest.mark.django_db
def test_no_fallback_when_not_wanted(rollout: Sets) -> None:
    rollout("task", MODE="sql", FALLBACK=False)
    task = component(lambda: statement("SELECT sarif_summary(1::oid)"))
    with pytest.raises(ExtensionMissing), transaction.atomic():
        task.run(1)
    assert statement("SELECT 1") == 1


@pytest.mark.django_db
def test_defects_of_the_callers_code_are_not_hidden(rollout: Sets) -> None:
    rollout("task", MODE="sql")
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        component(lambda: 1 // 0).run(1)


@pytest.mark.django_db(databases=["default", "bare"])
def test_a_database_without_the_extension(rollout: Sets, project: Any) -> None:
    rollout("task", MODE="sql")
    ids = project.ids()
    task = component(lambda: ingest_sarif(make_log(1), using="bare", **ids).inserted, using="bare")
    assert [task.run(1) for _ in range(6)] == ["python"] * 6
    assert task.breaker.state is State.OPEN


# ---- circuit breaker -------------------------------------------------------------------------------------------------


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.django_db
def test_five_failures_open_two_successes_close_after_sixty_seconds(rollout: Sets, caplog: Any) -> None:
    rollout("task", MODE="sql")
    clock = Clock()
    works = False
    asked = 0

    def sql() -> str:
        nonlocal asked
        asked += 1
        return "sql" if works else statement("SELECT sarif_summary(1::oid)")

    task = component(sql, clock=clock)
    for failures in range(1, 6):
        assert task.breaker.state is State.CLOSED
        assert task.run(1) == "python"
        assert asked == failures
    assert task.breaker.state is State.OPEN
    assert "the circuit is open" in caplog.text
    assert (task.run(1), asked) == ("python", 5)
    clock.now = 59.9
    assert (task.run(1), asked) == ("python", 5)
    # Half-open: one failure opens it anew.
    clock.now = 60
    assert task.breaker.state is State.HALF_OPEN
    assert (task.run(1), asked) == ("python", 6)
    assert task.breaker.state is State.OPEN
    clock.now = 120
    works = True
    assert (task.run(1), task.breaker.state) == ("sql", State.HALF_OPEN)
    assert (task.run(1), task.breaker.state) == ("sql", State.CLOSED)
    # A success between them starts the count of failures anew.
    for outcome in (False, False, False, False, True, False, False, False, False):
        works = outcome
        task.run(1)
    assert task.breaker.state is State.CLOSED


@pytest.mark.django_db
def test_bad_input_does_not_open_the_circuit(rollout: Sets, project: Any) -> None:
    rollout("task", MODE="sql", FAILURES=1)
    task = component(lambda: ingest_sarif("{", findings=Finding, **ids).inserted)
    ids = project.ids()
    assert [task.run(1) for _ in range(3)] == ["python"] * 3
    assert task.breaker.state is State.CLOSED


def test_half_open_lets_one_through_at_a_time() -> None:
    clock = Clock()
    breaker = CircuitBreaker(lambda: ComponentSettings(failures=1, successes=2, seconds=10), clock)
    breaker.failed(admitted(breaker))
    assert breaker.admit() is None
    clock.now = 10
    ticket = admitted(breaker)
    assert [breaker.admit() for _ in range(3)] == [None] * 3
    breaker.passed(ticket)
    breaker.succeeded(admitted(breaker))
    assert breaker.state is State.HALF_OPEN
    breaker.succeeded(admitted(breaker))
    assert breaker.state is State.CLOSED
    breaker.failed(admitted(breaker))
    breaker.reset()
    assert breaker.state is State.CLOSED


def admitted(breaker: CircuitBreaker) -> int:
    ticket = breaker.admit()
    assert ticket is not None
    return ticket


def test_calls_that_began_before_do_not_count() -> None:
    """A slow call may end when the circuit has been opened, tried and closed meanwhile."""
    clock = Clock()
    breaker = CircuitBreaker(lambda: ComponentSettings(failures=1, successes=1, seconds=10), clock)
    slow, late, failing = (admitted(breaker) for _ in range(3))
    breaker.failed(failing)
    assert breaker.state is State.OPEN
    clock.now = 5
    breaker.failed(late)
    clock.now = 10
    assert breaker.state is State.HALF_OPEN, "the second failure did not open it anew"
    probe = admitted(breaker)
    breaker.succeeded(slow)
    assert breaker.state is State.HALF_OPEN, "a success of before does not close it"
    assert breaker.admit() is None, "nor does it end the trial of another call"
    breaker.succeeded(probe)
    assert breaker.state is State.CLOSED


@pytest.mark.django_db
def test_arguments_may_have_any_name(rollout: Sets) -> None:
    rollout("task", MODE="sql")
    task = Component(
        "task", python=lambda key, self, ticket: "python", sql=lambda key, self, ticket: key + self + ticket
    )
    assert task.run(7, key="a", self="b", ticket="c") == "abc"


def test_the_breaker_is_safe_between_threads() -> None:
    clock = Clock()
    breaker = CircuitBreaker(lambda: ComponentSettings(failures=1, successes=1, seconds=1), clock)
    breaker.failed(admitted(breaker))
    clock.now = 1
    gate = threading.Barrier(8)
    allowed: list[bool] = []

    def ask() -> None:
        gate.wait()
        allowed.append(breaker.admit() is not None)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(allowed) == [False] * 7 + [True]


# ---- shadow ----------------------------------------------------------------------------------------------------------


def stored() -> list[dict[str, Any]]:
    """What is in the table, as both sides must leave it."""
    names = ["fingerprint", "rule_id", "message", "severity", "status", "file_path", "start_line", "occurrence_count"]
    return list(Finding.objects.order_by("fingerprint").values(*names))


@pytest.mark.django_db
def test_shadow_runs_both_and_keeps_pythons(
    rollout: Sets, project: Any, comparisons: list[Comparison], caplog: Any
) -> None:
    """The writes of both are compared, and only those of Python stay."""
    rollout("ingest", MODE="shadow")
    task: Component[Any, Any] = Component(
        "ingest",
        python=legacy.store_log,
        sql=lambda log, **ids: ingest_sarif(log, findings=Finding, mode="compat", **ids),
        observe=lambda result: stored(),
    )
    log, ids = make_log(10), project.ids()
    with caplog.at_level(logging.WARNING, "django_reviewpro.rollout"):
        result = task.run(project.organization.pk, log, **ids)
    assert isinstance(result, legacy.Stored)
    assert (result.total, result.new) == (10, 10)
    assert [(seen.equal, seen.differences, seen.error) for seen in comparisons] == [(True, (), None)]
    assert comparisons[0].python_seconds > comparisons[0].sql_seconds > 0
    assert caplog.text == ""
    assert Finding.objects.count() == 10
    kept = ShadowComparison.objects.get()
    assert (kept.component, kept.key, kept.equal) == ("ingest", str(project.organization.pk), True)
    assert "equal" in str(kept)


@pytest.mark.django_db
def test_shadow_records_differences(rollout: Sets, comparisons: list[Comparison], caplog: Any) -> None:
    rollout("task", MODE="shadow")
    task = component(lambda: {"a": [1, 2], "b": 1}, lambda: {"a": [1, 3], "c": 1})
    assert task.run(1) == {"a": [1, 3], "c": 1}
    expected = ["['a'][1]: Python 3, SQL 2", "['b']: only in SQL: 1", "['c']: only in Python: 1"]
    assert list(comparisons[0].differences) == expected
    assert not comparisons[0].equal
    assert ShadowComparison.objects.get(equal=False).differences == expected
    assert "only in SQL" in caplog.text


@pytest.mark.django_db
def test_a_failing_shadow_is_nobodys_trouble(rollout: Sets, comparisons: list[Comparison]) -> None:
    rollout("task", MODE="shadow", FAILURES=2, TIMEOUT=0.05)
    missing, slow = "SELECT sarif_summary(1::oid)", "SELECT pg_sleep(5)"
    for failing in (lambda: statement(missing), lambda: statement(slow), lambda: 1 // 0):
        with transaction.atomic():
            assert component(failing, lambda: statement("SELECT 5")).run(1) == 5
    assert [seen.error.split(":")[0] for seen in comparisons if seen.error] == [
        "ExtensionMissing", "Cancelled", "ZeroDivisionError",
    ]  # fmt: skip
    assert not any(seen.equal for seen in comparisons)
    # The circuit spares Python's answers the wait.
    broken = component(lambda: statement("SELECT sarif_summary(1::oid)"))
    assert [broken.run(1) for _ in range(4)] == ["python"] * 4
    assert len(comparisons) == 5


@pytest.mark.django_db
def test_a_failing_comparison_or_recorder_is_nobodys_trouble(rollout: Sets, comparisons: list[Comparison]) -> None:
    rollout("task", MODE="shadow")
    assert component(lambda: 1, lambda: 2, compare=lambda one, other: one.nothing).run(1) == 2
    assert "the comparison failed: AttributeError" in comparisons[0].differences[0]
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE reviewpro_shadow_comparisons RENAME TO gone")
    assert component(lambda: 1, lambda: statement("SELECT 2")).run(1) == 2
    assert statement("SELECT 3") == 3


@pytest.mark.django_db
def test_pythons_errors_are_the_callers(rollout: Sets) -> None:
    rollout("task", MODE="shadow")
    with pytest.raises(KeyError):
        component(lambda: 1, lambda: {}["x"]).run(1)


@pytest.mark.django_db(transaction=True)
def test_shadow_without_a_transaction_leaves_nothing(rollout: Sets, comparisons: list[Comparison]) -> None:
    rollout("task", MODE="shadow")
    task = component(lambda: Organization.objects.create(name="s", slug="s").slug, lambda: "s")
    assert task.run(1) == "s"
    assert comparisons[0].equal
    assert not Organization.objects.exists()
    assert not connections["default"].in_atomic_block


@pytest.mark.django_db(transaction=True)
def test_async(rollout: Sets) -> None:
    rollout("task", MODE="sql")
    assert async_to_sync(component(lambda: statement("SELECT 4")).arun)(1) == 4


def test_both_sides_are_plain_functions() -> None:
    async def later() -> int:
        return 1

    with pytest.raises(TypeError, match=r"coroutine function: .* arun\(\)"):
        component(later)


def test_differences_in_words() -> None:
    @legacy.dataclass
    class Counted:
        inserted: int

    assert differences(Counted(1), Counted(1)) == []
    assert differences(Counted(1), Counted(2)) == ["['inserted']: Python 1, SQL 2"]
    assert differences([1, 2], [1]) == ["result: 2 elements in Python, 1 in SQL"]
    assert differences("ab", "ac") == ["result: Python 'ab', SQL 'ac'"]
    assert len(differences(list(range(100)), [None] * 100)) == LIMIT
    assert len(differences("a" * 1000, "b")[0]) < 300


def test_a_call_costs_little(rollout: Sets) -> None:
    """Asking what to do must not be what takes time."""
    rollout("task", MODE="sql", PERCENT=50)
    task = component(str)
    started = time.perf_counter()
    for key in range(1000):
        task.way(key)
    assert time.perf_counter() - started < 1
