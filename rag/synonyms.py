"""Words that answers and docs use for one another, a line each. Only words of this field's prose; no thesaurus."""

from typing import Final

_SYNONYMS: Final = """\
cost price fee charge bill pay paid spend spent deduct
disable deactivate
enable activate
omit
return give yield result respond response reply answer receive get got obtain fetch retrieve
need require must mandatory necessary want
append add insert put attach
begin began begun start open
end finish stop halt close lapse cancel abort terminate
remove delete drop discard
pick choose chosen select
permit allow accept
reject refuse deny
make create build generate produce
use apply employ utilize
send sent submit pass route transmit forward deliver
set configure specify define
show display report contain include hold held carry list tell told
exceed beyond
limit cap restrict maximum
minimum least
several multiple many
every each all any
replace substitute
monthly month
daily day
weekly week
yearly year annual
beat override win precedence
error failure fail
same equal identical alike
usual normal default ordinary typical plain standard regular
newest latest recent
fast quick
cheap inexpensive
big large
small little
call request
keep kept retain store save
wait pause
buy bought purchase
written write wrote
built build
additional further extra
immediately once
remain stay left
occur happen arise
available down offline
offer provide supply
skip ignore
validate check verify
identify recognize detect determine
rank order sort
category type
image picture
document file
reliable dependable
shorten cut reduce trim truncate compress
random chance
prevent block hinder
update refresh renew
combine merge join
describe explain
separate different distinct
person people user
outage downtime
sum total
repeat again
change alter modify edit adjust
wrong incorrect faulty broken malformed
count number
prefer favour favor
recommend advise suggest
try tries tried trying attempt
go goes run work
trigger cause
vendor provider
older previous
"""
GROUPS: Final = [line.split() for line in _SYNONYMS.splitlines()]
"""The first of each group stands for all of it."""
