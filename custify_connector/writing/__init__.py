"""Writing a destination: from its plan to one receipt a record.

The way of a record out, one file for each step:

`template`    a destination as a host gives it becomes its manual configuration
`plan`        a manual configuration becomes frozen values: how one record is written
`dispatch`    the entry, `write`: takes records, keeps deliveries under way, yields a receipt for each record
`preparing`   a record becomes its request (`requests`), or the receipt of its rejection (`receipts`)
`ordering`    which records are delivered together, and which deliveries must wait for which: those that may act on
              one thing (`touches`), or hold the first value of an attribute (`attribute_types`)
`isolating`   which records of a delivery without a usable answer are the reason
`delivery`    what `dispatch` asks of a way to deliver; there are three:
`single`      one record to a call
`gathered`    records that are alike to a call
`batch`       many records to a call, as jobs whose outcome is fetched later (`batch_jobs`)
`comparing`   many look-ups in place of writes: what the service holds (`held`), and what would change (`differences`)
`stopping`    whether the run stops early, and what it raises then
"""
