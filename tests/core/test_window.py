"""The window's arithmetic: examples from DOMAIN.md's text, and what must be true of any dates at all (invariants 2, 4, 6, 18)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.submissions.window import LIMIT, Dates, Window, anchor, compute

DAY = timedelta(days=1)
START = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


def day(number: float) -> datetime:
    return START + number * DAY


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        pytest.param(
            Dates(day(60)),
            Window(None, day(60)),
            id="no access provided: no window, ends with the public release",
        ),
        pytest.param(
            Dates(day(60), day(40)),
            Window(None, day(40)),
            id="no access provided: ends with the partner release",
        ),
        pytest.param(
            Dates(day(60), day(40), access_provided_at=day(0)),
            Window(day(10), day(40)),
            id="provided early: shut until A-30",
        ),
        pytest.param(
            Dates(day(60), day(40), access_provided_at=day(25)),
            Window(day(25), day(40)),
            id="provided late: a shorter window",
        ),
        pytest.param(
            Dates(day(60), access_provided_at=day(0)),
            Window(day(30), day(60)),
            id="no partner stage: public release",
        ),
        pytest.param(
            Dates(day(60), day(40), first_grant_starts_at=day(35), access_provided_at=day(0)),
            Window(day(5), day(35)),
            id="a grant that starts first closes it",
        ),
        pytest.param(
            Dates(day(90), day(80), access_provided_at=day(0), opened_at=day(10)),
            Window(day(10), day(40)),
            id="moved later after opening: the opening stays, the 30 days hold",
        ),
        pytest.param(
            Dates(day(60), day(40), access_provided_at=day(0), opened_at=day(10), released_at=day(15)),
            Window(day(10), day(15)),
            id="released: closes then",
        ),
        pytest.param(
            Dates(day(60), day(40), access_provided_at=day(0), withdrawn_at=day(5)),
            Window(None, day(5)),
            id="withdrawn before opening: empty",
        ),
        pytest.param(
            Dates(day(60), day(40), access_provided_at=day(0), used=timedelta(days=20)),
            Window(day(10), day(20)),
            id="the checkpoint has used 20 days: 10 are left",
        ),
        pytest.param(
            Dates(day(60), day(40), access_provided_at=day(0), used=timedelta(days=30)),
            Window(None, day(40)),
            id="the checkpoint has used all: empty",
        ),
    ],
)
def test_examples(dates, expected):
    assert compute(dates) == expected


instants = st.integers(0, 120 * 24).map(lambda hours: START + timedelta(hours=hours))


@st.composite
def any_dates(draw):
    public = draw(instants)
    maybe = st.none() | instants
    provided = draw(maybe)
    return Dates(
        planned_public_release=public,
        planned_partner_release=draw(st.none() | instants.filter(lambda at: at <= public)),
        first_grant_starts_at=draw(maybe),
        access_provided_at=provided,
        released_at=draw(maybe),
        withdrawn_at=draw(maybe),
        opened_at=draw(st.none() | instants.filter(lambda at: provided is not None and at >= provided))
        if provided is not None
        else None,
        used=timedelta(days=draw(st.integers(0, 40))),
    )


@given(any_dates())
def test_whatever_the_dates(dates):
    window = compute(dates)
    limits = [anchor(dates)] + [end for end in (dates.released_at, dates.withdrawn_at) if end]
    assert window.closes <= min(limits)
    if window.opens is None:
        assert window.closes == min(limits)
        return
    assert window.opens < window.closes
    assert window.closes - window.opens <= max(LIMIT - dates.used, timedelta(0))
    assert window.opens >= dates.access_provided_at
    assert window.opens == dates.opened_at or window.opens >= anchor(dates) - LIMIT
    if dates.first_grant_starts_at is not None:
        assert window.closes <= dates.first_grant_starts_at


@given(any_dates(), instants)
def test_an_opening_that_happened_never_moves(dates, moved):
    before = compute(dates)
    if before.opens is None:
        return
    public = max(moved, before.opens + DAY)
    after = compute(
        replace(
            dates,
            opened_at=before.opens,
            planned_public_release=public,
            planned_partner_release=None,
            first_grant_starts_at=None,
        )
    )
    assert after.opens in (before.opens, None)
