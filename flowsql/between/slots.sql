-- One row is a capture slot of an interface of one of the ends, or of one where an answer was missed.
select capture_point, slot_start, slot_s, state
from coverage
where list_contains($points, capture_point)
    or capture_point in (select capture_point from talks where outcome in ('silent', 'not decidable'))
