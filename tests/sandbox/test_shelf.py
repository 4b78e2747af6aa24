from custify_connector.sandbox.table import Revision, Shelf


def test_what_is_kept_goes_at_the_next_change():
    revision = Revision()
    shelf = Shelf(revision, 10)
    shelf.keep("a", 1, 5)
    assert shelf.get("a") == 1
    revision.number += 1
    assert shelf.get("a") is None
    shelf.keep("b", 2, 5)
    revision.number += 1
    shelf.keep("c", 3, 5)
    assert (shelf.get("b"), shelf.get("c")) == (None, 3)


def test_no_more_than_its_weight_is_kept():
    shelf = Shelf(Revision(), 10)
    shelf.keep("heavy", 1, 11)
    assert shelf.get("heavy") is None
    shelf.keep("a", 1, 6)
    shelf.keep("b", 2, 6)
    assert (shelf.get("a"), shelf.get("b")) == (None, 2)
