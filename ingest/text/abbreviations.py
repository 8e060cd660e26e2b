"""Abbreviations by what may follow them, for `sentences`. Data only; all without their last full stop.

Compiled by hand from the abbreviations of English style guides (Chicago 10, MHRA), with the commonest of German,
French and Spanish, whose docs are crawled too.
"""

from typing import Final

NEVER_LAST: Final = frozenset(
    "e.g i.e eg ie cf vs viz resp incl excl esp w.r.t s.t a.k.a aka n.b i.a e g approx ca "
    "z.b d.h u.a m.a.w o.ä i.d.r bzw ggf vgl evtl inkl exkl bspw sog "
    "p.ex p.ej c.à.d env aprox bijv d.w.z см т.е напр".split()
)
"""In lower case. Something always follows them in the same sentence."""

BEFORE_NAMES: Final = frozenset(
    "Dr Mr Mrs Ms Mx Prof Rev Hon Gen Col Maj Capt Lt Sgt Cpl Cmdr Gov Sen Rep Pres St Mt Ft Msgr Messrs "
    "Hr Fr Sr Sra Srta Mme Mlle MM".split()
)
"""As they are written. Titles, which a name follows."""

BEFORE_NUMBERS: Final = frozenset(
    "no nos nr num fig figs sec secs sect sects ch chs chap chaps eq eqs eqn eqns vol vols p pp pg pgs art arts para "
    "paras par ref refs tab app appx ex exs ver v rev r max min avg est ed eds pt pts col cols l ll "
    "jan feb mar apr jun jul aug sep sept oct nov dec okt dez "
    "abschn abs kap abb bd aufl s janv févr avr juil déc núm pág cap ene abr ago dic blz pag "
    "рис табл стр гл ст г гг янв февр апр авг сент окт нояб дек".split()
)
"""In lower case. They do not end a sentence where a number or single letter follows; `no.` and `min.` may otherwise."""

COMPANY_FORMS: Final = frozenset("co corp inc ltd llc bros plc gmbh kg ag pty pte".split())
"""In lower case. They end no sentence where another of them follows."""

EITHER: Final = frozenset(
    "etc al jr sr esq dept univ assoc ave blvd rd hwy bldg usw usf ecc т.д т.п др ph.d m.d b.a m.a b.sc m.sc misc "
    "temp orig hr hrs mins ft lb lbs oz mi yr yrs mo mos wk wks std".split()
)
"""In lower case. A sentence ends behind them where a capital letter follows."""

MONTHS: Final = frozenset(
    "Januar Jänner Februar März April Mai Juni Juli August September Oktober November Dezember".split()
)
"""A German date has a full stop behind the day."""

OPENING_WORDS: Final = frozenset(
    "A An The This That These Those It Its He She We You They I There Here If When While Where Once Since Because "
    "Although Though However But And Or So Then Thus Therefore In On At By For From To With Without As After Before "
    "During Until Unless Each Every All Any Some No Not None Both Most Many Such Other Another What Which Who Why How "
    "Our Your Their My Use Set Do Does Please See Also Now Only Let Instead Otherwise Additionally Note Next Finally "
    "Yes Is Are Can Der Die Das Ein Eine Es Wir Sie Le La Les Il El Los Las".split()
)
"""Words that open a sentence far more often than they go on with a name."""

LOWER_CASE_NAMES: Final = frozenset(
    "npm npx pnpm yarn pip pipx uv git curl wget ssh bash zsh make cmake cargo rustc rustup go gcc clang node deno bun "
    "webpack vite rollup esbuild pytest mypy ruff numpy pandas scipy kubectl docker podman systemd nginx etcd redis "
    "psql sqlite seaborn matplotlib scikit-learn tox uvicorn gunicorn celery grep sed awk tmux vim "
    "emacs jq brew apt yum dnf".split()
)
"""Programs whose names keep a small letter where a sentence opens with them."""
