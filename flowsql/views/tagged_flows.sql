-- One row is a record of `flows`, with a column beside for each tag key whose values registered flow logs log, called like
-- `instance:team` (in double quotes in SQL): null where the record's flow log does not log that key, or is not registered.
-- The resources are instance, interface and asg (Auto Scaling group).
select *
from flows
