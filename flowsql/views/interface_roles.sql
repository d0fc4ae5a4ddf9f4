-- One row is an interface and an address that is its own, primary or secondary, or that it has as a relay: `relays` for one
-- that sends on under this address what others sent, `translates` for a NAT gateway, where records do not tell either.
with roles as (
    select interface_id, address, true as is_own, false as translates, false as relays from known_addresses
    union all
    select interface_id, address, false, true, false from translating
    union all
    select interface_id, address, false, false, true from matched_addresses where relays
)
select
    interface_id,
    address,
    bool_or(is_own) as is_own,
    bool_or(translates) as translates,
    bool_or(relays) as relays
from roles
group by interface_id, address
