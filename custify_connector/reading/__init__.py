"""Reading a source: from its plan to batches, each with the state that resumes after it.

The way of a page: `plan` says how a stream is read, `page_requests` which page to ask and how, `fetching` asks for it,
`page` turns the reply into records, `overlap` and `paging` say what it adds to a `position`, and `stream` makes batches
of the records, each with its `state`. `template` expands an endpoint, `partitions` and `slicing` divide a stream.

Why no record is lost
=====================

Custify pages by number. While a read goes from page to page, others create, change and delete records, so two pages are
not of one moment. Call the place between the pages delivered and the pages to come the *border*. A record that stays in
the account is lost in one way alone: it moves from below the border to above it.

**Creations are harmless.** Records are asked for newest first, by a date that never changes. A new record is the first
of all; it pushes the others down, to later pages, where they come again and are dropped by their identity.

**Deletions show in the total.** Say that between two answers `c` records were created, `a` deleted above the border and
`b` below it. Then `a - c` records move up across the border, if that is more than none, and the total changes by
`c - a - b`. Where the total has not fallen, `c >= a + b >= a`: none has moved up. Where it has fallen, some may have,
and the next page is believed only once it is joined to what was delivered, by records that both have.

An example, with pages of 8 and 20 records, named 20 (the newest) to 1. Page 1 has been delivered, then record 18 is
deleted; `|` is the border between page 1 and page 2:

    page 1 was         20 19 18 17 16 15 14 13 |                           total 20, delivered
    the list becomes   20 19 17 16 15 14 13 12 | 11 10  9  8  7  6  5  4 |  3  2  1
    page 2 is                                    11 10  9  8  7  6  5  4   total 19: held, not delivered
    bridging page                     14 13 12   11 10                     page 2 of size 5
    page 3 is                                                               3  2  1

12 has moved up, and no page of 8 from page 2 on has it. Nothing in page 2 is known, and the total fell. So page 2 is
held, and a *bridging page* is asked: a smaller page, of the size that reaches furthest to both sides of the border. It
is one answer, hence of one moment: no record can move across the border within it. It begins with 14 and 13, which were
delivered, so nothing lies between it and page 1: 12, 11 and 10 are delivered. It has 11, the first record of page 2, so
nothing lies between it and page 2: 9 to 4 are delivered, and page 3 is next. Where a bridging page is not joined to
what was delivered, since more was deleted than it reaches up, whole pages are asked, each before the last, until one is
joined, or it is page 1, above which nothing lies. A service whose total falls without end is believed no more after a
number of steps back that found nothing new.

**Records of one date may change places** from answer to answer. As many as come a second time are then missing, and the
total has not moved: this too is what a bridging page is for. It shows all of them in one answer, where no more records
share a date than half of it holds. Where more do, the loss shows in the count at the end, which is reported.

**Pages asked ahead** may be answered in any order. They are used only if they overlap or their totals are equal; if
not, they are asked again, and so are the next pages, one by one. A creation and a deletion that cancel out while pages
are under way together are the one change that totals do not show.

**An incremental read** from a cursor is ordered by the date of the last change, which moves. A changed record becomes
the first of all, which is a creation to this read; where it was below the border, the next read delivers it, since the
cursor lies before the start of this one. Its pages are never asked ahead.

**The end** is an empty page, or 404. A short page ends the read only if the total says that all records have come, and
if it has fewer records than pages have. An empty page that comes before the total is reached is doubted once. A first
page that is shorter than asked shows the service's cap, and all later pages are asked at that size.

**A service that does not keep the order** takes a part of this argument away. The dates show it; from then on no
identity is forgotten, so that no record comes twice, and pages are asked one by one. What is lost shows in the count.
Without proof of the order, a resumed read goes by identities alone.

**A resumed read** asks the last page of the state again, and it must overlap like any page in doubt: the page before is
asked until one has a record that was delivered, or is newer than the oldest of them. What is newer than the oldest is
left out: it was delivered, or created since.
"""
