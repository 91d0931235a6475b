"""Tables that stay in memory."""

from collections import OrderedDict

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from local_naturalness.store.kept_tables import KeptTables


def table(num_rows):
    return pa.table({"score": pa.array([0.5] * num_rows)})


EIGHT_BYTES = table(1).nbytes


def test_what_was_asked_for_last_stays():
    kept = KeptTables(3 * EIGHT_BYTES)
    for number in range(3):
        kept.put(number, table(1))
    kept.get(0)
    kept.put(3, table(1))
    assert [kept.get(number) is not None for number in range(4)] == [True, False, True, True]


def test_one_that_is_too_large_stays_alone():
    kept = KeptTables(EIGHT_BYTES)
    kept.put(0, table(1))
    kept.put(1, table(9))
    assert kept.get(0) is None
    assert len(kept.get(1)) == 9


@given(st.lists(st.tuples(st.sampled_from(["put", "get", "forget"]), st.integers(0, 5), st.integers(0, 4))))
def test_as_a_plain_list_of_tables(calls):
    kept, plain = KeptTables(6 * EIGHT_BYTES), OrderedDict()
    for what, number, num_rows in calls:
        if what == "forget":
            kept.forget(number)
            plain.pop(number, None)
        elif what == "get":
            found = kept.get(number)
            assert (None if found is None else len(found)) == plain.get(number)
            if number in plain:
                plain.move_to_end(number)
        else:
            kept.put(number, table(num_rows))
            plain.pop(number, None)
            plain[number] = num_rows
            while sum(plain.values()) > 6 and len(plain) > 1:
                plain.popitem(last=False)


def test_sizes_are_asked_for_once():
    """A writer keeps thousands of small shards: to ask all for their size each time took most of the time."""
    asked = []

    class Table:
        @property
        def nbytes(self):
            asked.append(self)
            return 8

    kept = KeptTables(80)
    for number in range(100):
        kept.put(number, Table())
    assert len(asked) == 100
