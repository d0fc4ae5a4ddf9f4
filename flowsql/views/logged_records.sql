-- One row is a record at the capture points of the query's scope, in its window, whatever addresses and ports the query
-- narrows `records` to: what tells whether an interface was logged.
select *
from records
