"""What the page of the ablation tables adds to the report's style sheet."""

from t5_mtf.evaluation import report_style

CSS = (
    report_style.CSS
    + """
body { max-width: 66rem; }
a { color: var(--accent); text-underline-offset: .15em; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
section { margin-top: 4rem; }
section h2 { font-size: 1.3rem; margin-top: 0; padding-top: 1.25rem;
  border-top: 1px solid var(--rule); }
ul { margin: .5rem 0; padding-left: 1.1rem; max-width: 46rem; }
li { margin: .3rem 0; overflow-wrap: anywhere; }
ul.quiet li { margin: .15rem 0; }
.scroll { margin: .6rem 0; }
th.n { text-align: right; }
th small { display: block; font-size: inherit; font-weight: 400; }
tbody th { color: inherit; font-size: inherit; white-space: normal;
  font-weight: 400; min-width: 9.5rem; max-width: 16rem; }
.scores td, .scores th { padding: .1rem .75rem .1rem 0; }
.scores thead th { padding-bottom: .4rem; }
.scores tbody tr:first-child > * { padding-top: .5rem; border-bottom: 0; }
.scores tbody tr > * { border-bottom: 0; }
.scores tbody tr:last-child > * { padding-bottom: .5rem;
  border-bottom: 1px solid var(--rule); }
.scores tbody tr:first-child th { font-weight: 500; }
.scores .sub > * { color: var(--quiet); font-size: .8125rem; }
.scores .sub th { padding-left: .75rem; white-space: nowrap; }
.scores b { font-weight: 700; }
.scores i { font-style: normal; color: var(--quiet); font-size: .8125rem; }
.first { position: sticky; left: 0; background: var(--page); z-index: 1; }
.total > * { font-weight: 500; }
.bar { min-width: 6rem; }
.bar i + i { position: absolute; top: 0; left: 0; }
.bar .shared { background: var(--accent); opacity: .4; }
.range { position: relative; min-width: 7rem; height: .375rem;
  margin: .55rem 2px 0; background: var(--track); border-radius: .1875rem; }
.range i { position: absolute; top: 0; height: 100%; min-width: 2px;
  background: var(--accent); opacity: .5; border-radius: inherit; }
.range b { position: absolute; top: -.1875rem; bottom: -.1875rem; width: 3px;
  margin-left: -1.5px; background: var(--accent); }
.range u { position: absolute; top: 0; bottom: 0; left: 50%; width: 1px;
  background: var(--quiet); }
.charts { display: grid; gap: 1.25rem 2rem;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 19rem), 1fr)); }
figure { max-width: 27rem; }
.charts .chart text { font-size: 12.5px; }
.chart .row { fill: var(--text); }
.chart .band { fill: var(--track); }
.chart .zero { stroke: var(--quiet); }
.stem { stroke-width: 2; }
.whisker { stroke: var(--quiet); stroke-width: 1; }
.seed { fill: var(--quiet); }
line.paper, circle.paper { stroke: var(--text); }
circle.paper { fill: var(--text); }
line.own, circle.own { stroke: var(--accent); }
circle.own { fill: var(--accent); }
line.opposite, circle.opposite { stroke: var(--bad); }
circle.opposite { fill: var(--page); stroke-width: 2; }
.key { display: inline-block; width: .6rem; height: .6rem; border-radius: 50%;
  margin: 0 .15rem 0 0; border: 2px solid var(--accent);
  background: var(--accent); }
.key.paper { border-color: var(--text); background: var(--text); }
.key.opposite { border-color: var(--bad); background: var(--page); }
@media (max-width: 30rem) {
  section { margin-top: 3rem; }
  tbody th { min-width: 7.5rem; max-width: 8.5rem; }
  .scores .sub th { padding-left: .5rem; white-space: normal; }
}
@media print { .scroll { overflow: visible; } .first { position: static; } }
"""
)
