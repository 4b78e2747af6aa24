"""Reading a source: from its plan to batches, each with the state that resumes after it.

The way of a page: `plan` says how a stream is read, `page_requests` which page to ask and how, `fetching` asks for it,
`page` turns the reply into records, `overlap`, `gaps` and `paging` say what it adds to a `position`, and `stream` makes
batches of the records, each with its `state`. `template` expands an endpoint, `partitions` and `slicing` divide a
stream, `undated` looks for records without a date.

Why no record is lost
=====================

Custify pages by number. While a read goes from page to page, others create, change and delete records, so two pages are
not of one moment. Call the end of what was delivered the *border*. A record that stays in the account is lost in one
way alone: it moves from below the border to above it, between two answers.

**Every page begins above the border**, a few records before the last one that was delivered, and ends below it. So its
one answer, which is of one moment, shows both sides. A page is asked for by its number and its size, and begins at a
multiple of its size: of the sizes up to the largest, the one is taken that begins just above the border and reaches
furthest below it. Pages of 200 cost a tenth more requests so, and pages of 50 a quarter: a page begins at a multiple
of its size, so no choice of sizes costs less.

**Pages of fewer than 20 records** have no room for that, and are asked one after another instead, each from where the
last one ended. Records of a whole list in order join it at its top, so a deletion shows in its total: while that stands
still, and the dates at a border differ, none can have moved up. Otherwise the pages overlap for a while.

**A page joins on** if nothing can lie between what was delivered and its end. Records are asked for newest first, by a
date that never changes. Say that every record that is newer than the *edge*, the date of the last one delivered, has
been delivered. If a page begins with a record that is newer than the edge, every record from there to its end is on
it; once it is delivered, the same can be said of its own last date. Nothing else is assumed: records may be created,
deleted, filtered in and out, totals may be wrong or missing, and pages may be answered in any order.

An example, with pages of 8 that overlap. Page 1 has been delivered, then 18 and 17 are deleted; `|` is the border:

    page 1 was         20 19 18 17 16 15 14 13 |
    the list becomes   20 19 16 15 14 13 12 11 | 10  9  8  7
    page 2 of size 6                     12 11   10  9  8  7      begins below the edge 13: not delivered
    page 1, again      20 19 16 15 14 13 12 11                    begins above it: 12 and 11 are delivered

**Where a page does not join on,** one that begins further up is asked, four times as far each time, up to the first
page, above which nothing lies.

**Records of one date** may fill a whole page, so that none begins above them. Then a page joins on if it begins with
records of the page before, in the same order, at least six of them: records of one date keep their places then.
Without any date, the records and their order are the only proof.

**Pages are asked ahead** of the one that is taken, and may be answered in any order, since a record that stays keeps
its place among the others that stay. Where the service keeps an order of its own, such as by creation, oldest first,
that holds as well: each page must begin with records of the page before, in the same order.

**Where no page joins on** after eight steps back, or where one shows the records of the last page in another order,
the service keeps no order to rely on, or the account is changed more quickly than it is read. Pages are used as they
come, every identity is remembered, so that no record comes twice, and the read is incomplete. Its count proves nothing:
a record that came and then left the account is counted in place of one that never came.

**No page overlaps a border** that each size divides: none of three, or of two, begins above 6 and ends below it. There
the page below is asked, then the page above again, then the page below again: if it is the same both times, under the
same total, nothing moved across. Small pages alone meet such a border: those of 13 first after 360,360 records.

**The end** is a page that joins on, has fewer records than were asked for, and brings nothing new, or brings all that
the total counts. An empty page is doubted once, where records should be on it or the total fell. If it stays empty, the
pages below it are asked, up to the total, and the read is incomplete. Where there is no total, three pages below the
end are asked, and the read is incomplete if one has a record. The parts of a stream, such as the people of a company,
are not doubted so where they end on their first page: it would cost as many requests again. A first page that is
shorter than asked shows the service's cap, and no page is asked for more.

**An incremental read** from a cursor is ordered by the date of the last change, which moves. A changed record becomes
the first of all; where it was below the border, the next read delivers it, since the cursor lies before the start of
this one. Its pages are never asked ahead. A record without a readable date belongs to every incremental read; such
records stand at the end of the list, and are looked for there.

**A resumed read** asks the last page of the state again, and it must join on. If that is the first page, it is asked at
its whole size, since a limit may have made it small. What is newer than the edge of the runs
before is left out: it was delivered, or created since. Where no order is kept, the last thousand records delivered are
known by their identities.

What cannot be seen
===================

* Pages whose size cannot be chosen cannot overlap. Then a deletion shows in a total that falls, and whole pages are
  asked again, each before the last, until one joins on. Without a total, or where as many are created, nothing shows
  it; the count is the judge where it stood still.
* In pages of fewer than 20 records of a whole list: a deletion in the moment in which a record of an older date joins.
* More records of one date than a page holds, which change places at each answer while the account changes: reported as
  incomplete. In pages of fewer than 12 records, fewer than six prove their order, and chance may pass for it.
* Records without a date, below the cursor of an incremental read, where the service gives no total.
* Where the service gives no total: three or more empty pages in a row, and any in a part of a stream that ends on its
  first page.
* What a service leaves out of every answer and every count.
"""
