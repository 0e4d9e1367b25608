"""The style sheet of the HTML report."""

CSS = """
:root {
  color-scheme: light dark;
  --page: #fcfcfa; --text: #1d1f21; --quiet: #63676c; --rule: #e2e2dd;
  --track: #ecece7; --accent: #2f6f9f; --good: #2e7d52; --bad: #a84a1c;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #16181a; --text: #e5e5e1; --quiet: #9b9fa4; --rule: #2e3135;
    --track: #2a2d31; --accent: #74b3dc; --good: #74c198; --bad: #e39a6a;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 58rem;
  background: var(--page); color: var(--text);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans",
    sans-serif;
}
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0; font-weight: 650; }
h2 { font-size: 1.15rem; margin: 3rem 0 .6rem; font-weight: 650; }
h3 { font-size: 1rem; margin: 1.8rem 0 .4rem; font-weight: 600; }
p { margin: .4rem 0; max-width: 42rem; }
.quiet, figcaption { color: var(--quiet); font-size: .875rem; }
.bad { color: var(--bad); }
.good { color: var(--good); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9375rem;
  font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 500; color: var(--quiet);
  font-size: .8125rem; white-space: nowrap; }
th, td { padding: .5rem 1rem .5rem 0; vertical-align: top;
  border-bottom: 1px solid var(--rule); }
th:last-child, td:last-child { padding-right: 0; }
.name { white-space: nowrap; }
.n { text-align: right; white-space: nowrap; }
td small { display: block; color: var(--quiet); font-size: .8125rem; }
td small.bad { color: var(--bad); }
.bar { position: relative; height: .375rem; margin-top: .5rem;
  min-width: 5rem; background: var(--track); border-radius: .1875rem; }
.bar i { display: block; height: 100%; background: var(--accent);
  border-radius: inherit; }
.bar b { position: absolute; top: -.1875rem; bottom: -.1875rem; width: 2px;
  margin-left: -1px; background: var(--text); }
.charts { display: flex; flex-wrap: wrap; gap: 1.5rem 2rem; }
figure { margin: .6rem 0 0; flex: 1 1 18rem; max-width: 30rem; }
figure h3 { margin: 0 0 .4rem; }
.chart { display: block; width: 100%; height: auto; }
.chart text { fill: var(--quiet); font-size: 11px; }
.grid { stroke: var(--rule); }
polyline { fill: none; stroke: var(--accent); stroke-linejoin: round; }
.logged { stroke-width: .7; opacity: .45; }
.average { stroke-width: 2; }
.example { padding: .8rem 0; border-bottom: 1px solid var(--rule); }
dl { margin: 0; font-size: .9375rem; display: grid; gap: .2rem 1rem;
  grid-template-columns: fit-content(11rem) 1fr; }
dt { color: var(--quiet); }
dd { margin: 0; min-width: 0; overflow-wrap: anywhere; white-space: pre-wrap; }
@media (max-width: 30rem) {
  body { padding: 1.5rem 1rem 3rem; }
  .example dl { grid-template-columns: 1fr; gap: 0; }
  .example dd { margin-bottom: .4rem; }
  table { font-size: .875rem; }
  th, td { padding-right: .625rem; }
  .bar { min-width: 3rem; }
}
"""
