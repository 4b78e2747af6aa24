"""How the HTML report looks: light and dark, narrow and wide, on paper. It knows the classes of `html`, no content."""

STYLE = """
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --ink: #1b2230; --soft: #5a6475; --line: #dfe3ea; --code: #f1f3f7;
  --passed: #18794e; --failed: #c4232b; --skipped: #8a5a00; --not-applicable: #5a6475;
  --passed-bg: #e4f5ec; --failed-bg: #fdeaea; --skipped-bg: #fcf1dc; --not-applicable-bg: #eceff3;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12161d; --card: #1a202a; --ink: #e6e9ef; --soft: #9aa5b5; --line: #2d3644; --code: #232b37;
    --passed: #5fcf97; --failed: #ff8a8a; --skipped: #eebd5c; --not-applicable: #9aa5b5;
    --passed-bg: #16352a; --failed-bg: #45201f; --skipped-bg: #3a2e14; --not-applicable-bg: #272f3b;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--ink); overflow-wrap: anywhere;
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif;
}
main { max-width: 66rem; margin: 0 auto; padding: 2rem 1rem 3rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0; }
h1 small { font-weight: 400; color: var(--soft); }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 .5rem; }
h3 small { margin-left: .4rem;  font-weight: 400; font-size: .88rem; color: var(--soft); }
p { margin: .4rem 0; }
code { font: .88em/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; }
.soft { color: var(--soft); }
.passed { color: var(--passed); } .failed { color: var(--failed); }
.skipped { color: var(--skipped); } .not_applicable { color: var(--not-applicable); }
.verdict { margin: 1.2rem 0; padding: .9rem 1.1rem; border-radius: .6rem; font-size: 1.1rem; }
.verdict strong { font-weight: 650; }
.verdict p, .verdict ul { color: var(--ink); font-size: .95rem; margin: .3rem 0 0; padding: 0; list-style: none; }
.verdict li { display: flex; gap: .6rem; } .verdict b { flex: none; width: 4.8rem; } .verdict a { color: inherit; }
.verdict.passed { background: var(--passed-bg); } .verdict.failed { background: var(--failed-bg); }
.verdict.skipped { background: var(--skipped-bg); }
.tiles, .ladder { display: grid; gap: .6rem; padding: 0; margin: .6rem 0; list-style: none; }
.tiles { grid-template-columns: repeat(auto-fit, minmax(8rem, 1fr)); }
.tiles div, .ladder li, .group, .facts { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; }
.tiles div { padding: .6rem .9rem; }
.tiles dt { color: var(--soft); font-size: .88rem; }
.tiles dd { margin: 0; font-size: 1.6rem; line-height: 1.25; font-weight: 650; font-variant-numeric: tabular-nums; }
.ladder { grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); }
.ladder li { padding: .7rem .9rem; border-top: .25rem solid var(--line); }
.ladder li.passed { border-top-color: var(--passed); } .ladder li.failed { border-top-color: var(--failed); }
.ladder li.skipped { border-top-color: var(--skipped); }
.ladder b { display: block; color: var(--ink); text-transform: capitalize; }
.ladder li.unasked b, .ladder li.unasked span { color: var(--soft); }
.ladder span { display: block; font-size: .88rem; }
.ladder .means { color: var(--soft); }
.group { overflow: hidden; }
details.check + details.check { border-top: 1px solid var(--line); }
summary { cursor: pointer; list-style: none; }
summary::-webkit-details-marker { display: none; }
.check > summary {
  display: grid; grid-template-columns: .7rem 1.2rem 2.4rem 1fr auto 6rem 4.6rem; gap: .5rem;
  padding: .5rem .9rem; align-items: baseline;
}
.check > summary::before { content: "▸"; color: var(--soft); font-size: .8rem; }
.check[open] > summary::before { content: "▾"; }
.check > summary:hover { background: var(--code); }
.check > summary:focus-visible { outline: 2px solid var(--ink); outline-offset: -2px; }
.check > summary .id { font-variant-numeric: tabular-nums; color: var(--soft); }
.check > summary .title { font-weight: 500; }
.check > summary .word { font-size: .88rem; font-weight: 600; }
.check > summary .rung, .check > summary .time { color: var(--soft); font-size: .88rem; text-align: right; }
.check > summary .time { font-variant-numeric: tabular-nums; white-space: nowrap; }
.check > div { padding: .1rem .9rem 1rem 6.7rem; }
.reason { font-size: .92rem; }
table { border-collapse: collapse; width: 100%; margin-top: .6rem; font-size: .88rem; table-layout: fixed; }
th { text-align: left; font-weight: 600; color: var(--soft); }
th, td { padding: .35rem .6rem .35rem 0; border-top: 1px solid var(--line); vertical-align: top; }
th:first-child { width: 24%; } thead th { border-top: 0; }
tr.failed td { color: var(--ink); } tr.failed td.got { color: var(--failed); font-weight: 600; }
td ul {
  margin: .3rem 0 0; padding: .4rem .6rem; list-style: none;
  color: var(--soft); background: var(--code); font-weight: 400; border-radius: .3rem;
}
details.rest { margin-top: .7rem; font-size: .92rem; }
details.rest > summary, details.rest > summary:hover { color: var(--soft); text-decoration: underline; }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1.2rem; padding: .8rem .9rem; margin: 0; }
.facts dt { color: var(--soft); } .facts dd { margin: 0; }
footer { margin-top: 2rem; color: var(--soft); font-size: .88rem; }
@media (max-width: 44rem) {
  main { padding: 1.2rem .8rem 2rem; }
  h1 { font-size: 1.4rem; }
  .tiles { grid-template-columns: repeat(2, 1fr); } .ladder { grid-template-columns: 1fr; }
  .check > summary { grid-template-columns: .7rem 1rem 2.1rem 1fr auto; gap: .15rem .4rem; }
  .check > summary .rung, .check > summary .time { grid-row: 2; text-align: left; }
  .check > summary .rung { grid-column: 4; } .check > summary .time { grid-column: 5; text-align: right; }
  .ladder li { display: grid; grid-template-columns: 6.5rem 1fr; padding: .4rem .9rem; border-top-width: 1px;
    border-left: .25rem solid var(--line); }
  .ladder li.passed { border-left-color: var(--passed); } .ladder li.failed { border-left-color: var(--failed); }
  .ladder li.skipped { border-left-color: var(--skipped); } .ladder .means { grid-column: 1 / -1; }
  .ladder li.passed, .ladder li.failed, .ladder li.skipped { border-top-color: var(--line); }
  .check > div { padding: .1rem .9rem .9rem; }
  table, tbody, tr, td { display: block; } thead { display: none; }
  tr { border-top: 1px solid var(--line); padding: .4rem 0; } td { border: 0; padding: .05rem 0; }
  td[data-label]::before { content: attr(data-label) ": "; color: var(--soft); font-weight: 400; }
  .facts { grid-template-columns: 1fr; gap: 0; } .facts dd { margin-bottom: .5rem; }
}
@media print {
  :root {
    color-scheme: light;
    --page: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb; --code: #f4f4f4;
    --passed: #18794e; --failed: #b00020; --skipped: #7a4f00; --not-applicable: #444;
    --passed-bg: #fff; --failed-bg: #fff; --skipped-bg: #fff; --not-applicable-bg: #fff;
  }
  body { font-size: 10pt; } main { max-width: none; padding: 0; }
  .verdict { border: 1px solid currentColor; }
  details.check, .tiles div, .ladder li, tr { break-inside: avoid; } h2 { break-after: avoid; }
  details.check::details-content { content-visibility: visible; display: block; block-size: auto; }
}
"""
