"""Lock dates: what lies in a locked period is neither made nor changed, be it locked by the seed or in mid-run."""

from __future__ import annotations

import httpx
import pytest
from xero_client import ConnectXero, Xero, change, listed, messages, payment, sale


def locked(name: str, day: str) -> str:
    return f"The document date cannot be before the {name} lock date, currently set at {day}"


def lock(xero: Xero, **days: str | None) -> httpx.Response:
    return httpx.post(f"{xero.info.xero_url}/_sandbox/lock", json=days)


@pytest.mark.parametrize(
    ("period", "end_of_year", "day", "told"),
    [
        ("2026-09-30", None, "2026-10-01", []),
        ("2026-10-01", None, "2026-10-01", [locked("period", "1 October 2026")]),
        (None, "2026-10-02", "2026-10-01", [locked("end of year", "2 October 2026")]),
        (
            "2026-12-31",
            "2026-10-31",
            "2026-10-01",
            [locked("period", "31 December 2026"), locked("end of year", "31 October 2026")],
        ),
    ],
)
def test_nothing_is_made_in_a_locked_period(
    connect: ConnectXero, period: str | None, end_of_year: str | None, day: str, told: list[str]
) -> None:
    xero = connect(part={"organisation": {"PeriodLockDate": period, "EndOfYearLockDate": end_of_year}})
    for status in ("AUTHORISED", "DRAFT"):
        answer = xero.call("PUT", "Invoices", sale(Date=day, Status=status))
        assert messages(answer) == told


def test_a_period_locked_in_mid_run_closes_what_lies_in_it(xero: Xero) -> None:
    old, paid = xero.invoice(), xero.invoice()
    settled = xero.pay(paid, 10)
    assert lock(xero, period="2026-10-31", end_of_year=None).json() == {"period": "2026-10-31", "end_of_year": None}
    row = xero.get("Organisation").json()["Organisations"][0]
    assert (row["PeriodLockDate"], "EndOfYearLockDate" in row) == ("/Date(1793404800000+0000)/", False)
    told = [locked("period", "31 October 2026")]
    assert change(xero, old, Reference="r") == told
    assert change(xero, old, Status="VOIDED") == told
    assert change(xero, old, Date="2026-11-05") == told, "it cannot be moved out of the period either"
    assert messages(xero.call("PUT", "Payments", payment(old, 5))) == told
    assert messages(xero.call("POST", f"Payments/{settled['PaymentID']}", {"Status": "DELETED"})) == told
    assert xero.call("PUT", "Payments", payment(old, 5, Date="2026-11-05")).status_code == 200
    later = xero.invoice(Date="2026-11-01")
    assert change(xero, later, Date="2026-10-31") == told
    assert lock(xero).json() == {"period": None, "end_of_year": None}
    assert change(xero, old, Reference="open again") == []


def test_dates_that_mean_nothing_lock_nothing_and_hubspot_has_no_locks(xero: Xero) -> None:
    for days in ({"period": "yesterday"}, {"period": 20261031}, {"year": "2026-10-31"}):
        assert lock(xero, **days).status_code == 400
    assert xero.invoice(Date="2026-01-01")["Status"] == "AUTHORISED"
    answer = httpx.post(f"{xero.info.hubspot_url}/_sandbox/lock", json={"period": "2026-10-31"})
    assert answer.status_code == 404


@pytest.mark.parametrize(("quirk", "status"), [("locked", 400), ("open", 200)])
def test_whether_the_lock_day_itself_is_locked_is_a_quirk(connect: ConnectXero, quirk: str, status: int) -> None:
    xero = connect(part={"organisation": {"PeriodLockDate": "2026-10-01"}}, quirks={"lock-day": quirk})
    assert xero.call("PUT", "Invoices", sale()).status_code == status
    assert xero.call("PUT", "Invoices", sale(Date="2026-09-30")).status_code == 400


@pytest.mark.parametrize(("quirk", "status"), [("refused", 400), ("accepted", 200)])
def test_whether_drafts_may_lie_in_a_locked_period_is_a_quirk(connect: ConnectXero, quirk: str, status: int) -> None:
    xero = connect(part={"organisation": {"PeriodLockDate": "2026-12-31"}}, quirks={"locked-drafts": quirk})
    answer = xero.call("PUT", "Invoices", sale(Status="DRAFT"))
    assert answer.status_code == status
    if status == 200:
        assert change(xero, listed(answer)[0], Status="AUTHORISED") == [locked("period", "31 December 2026")]
