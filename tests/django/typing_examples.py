"""What the type checker must know of the companion: checked, not run. An unneeded `ignore` is an error too."""

from __future__ import annotations

from typing import assert_type
from uuid import UUID

from django.db.models import F, OuterRef, QuerySet
from django_reviewpro.ingest import IngestError, IngestResult, aingest_sarif, ingest_findings, ingest_sarif
from django_reviewpro.rollout import Component
from django_reviewpro.tables import ClusterQuery, SarifFinding, SarifFindings

ID = UUID(int=1)


def stored() -> IngestResult:
    result = ingest_sarif(b"{}", organization_id=ID, repository_id=ID, scan_id=str(ID), mode="compat", kinds=["fail"])
    assert_type(result.inserted, int)
    assert_type(result.errors, tuple[IngestError, ...])
    ingest_sarif("{}", organization_id=ID, repository_id=ID, scan_id=ID, mode="other")  # type: ignore[arg-type]
    ingest_sarif("{}", organization_id=ID, repository_id=ID, scan_id=ID, kind="fail")  # type: ignore[call-arg]
    ingest_sarif("{}", organization_id=ID, repository_id=ID)  # type: ignore[call-arg]
    return ingest_findings([{"message": "m"}], organization_id=ID, repository_id=ID, scan_id=ID, close=True)


async def stored_later() -> IngestResult:
    with open("log", "rb") as file:
        await aingest_sarif(file, organization_id=ID, repository_id=ID, scan_id=ID, kind="fail")  # type: ignore[call-arg]
        return await aingest_sarif(file, organization_id=ID, repository_id=ID, scan_id=ID)


def read(logs: QuerySet[SarifFinding]) -> str | None:
    findings = SarifFindings({"runs": []}, per_location=True)
    SarifFindings(OuterRef("log"))
    SarifFindings(F("log"), suppressed="never")  # type: ignore[arg-type]
    SarifFindings(5)  # type: ignore[arg-type]
    ClusterQuery(logs, eps=0.1, linkage="ward")
    first = findings.filter(severity="high").first()
    return first.rule_id if first else None


def component() -> int:
    def python(log: str, times: int) -> int:
        return len(log) * times

    def sql(log: str, times: int) -> int:
        return times

    task = Component("task", python=python, sql=sql)
    task.run(ID, "log")  # type: ignore[call-arg]
    return task.run(ID, "log", times=2)
