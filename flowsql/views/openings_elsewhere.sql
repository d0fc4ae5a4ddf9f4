-- One row is one of `openings` at a capture point that is no interface: a regional NAT gateway or a transit gateway, or where
-- interface_id was not logged.
select way, as_client, as_server, last_as_client, last_as_server
from openings
where interface_id is null
