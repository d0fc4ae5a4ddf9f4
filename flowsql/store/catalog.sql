-- The tables of a store's catalogue. Times are Unix seconds, UTC.

create table store_info (
    schema_version integer not null,
    store_id text not null,
    created_at bigint not null
);

-- One row a log object (or slice of a stream) that was read in. lines = records + rejects + headers + blank_lines.
create table loads (
    load_id bigint not null,
    identity text not null,           -- 'aws:<file name without suffix>', 'sha256:<content>' or 'path:<name>'
    name text not null,               -- where it was read from
    state text not null,              -- live, replaced, incomplete, expired, forgotten
    problem text,                     -- why an incomplete one is incomplete
    log_format text not null,         -- as in AWS's LogFormat; '' if nothing could be read
    flow_log_id text,                 -- from AWS's file name
    size_bytes bigint not null,       -- as stored at the source
    content_bytes bigint not null,    -- decompressed
    content_hash text not null,       -- of the decompressed bytes: SHA-256, or of AWS-named objects CRC-32 and length
    head_sha256 text not null,        -- of the first decompressed bytes: finds copies without reading them
    lines bigint not null,
    records bigint not null,
    rejects bigint not null,
    headers bigint not null,
    blank_lines bigint not null,
    nodata bigint not null,
    skipdata bigint not null,
    min_start bigint,
    max_start bigint,
    min_end bigint,
    max_end bigint,
    loaded_at bigint not null,
    replaced_by bigint
);

-- Every name under which a load's content was seen, with what tells cheaply that it has not changed.
create table objects (
    name text not null,
    size_bytes bigint not null,
    version_tag text not null,
    load_id bigint not null,
    modified_at bigint                -- when it was written there, as the source says
);

-- How long after their time the events of an hour of a log stream came to be there.
create table event_lags (
    load_id bigint not null,
    lag_s bigint not null,            -- rounded up: to minutes within an hour, to hours beyond
    events bigint not null
);

-- The Parquet files under records/ that hold the records. They never change once listed here.
create table segments (
    segment_id text not null,
    path text not null,               -- below the store's folder
    columns text[] not null,          -- of `records`, in their order there
    records bigint not null,
    without_start bigint not null,    -- records whose start is null or not logged
    without_time bigint not null,     -- records that have neither start nor end
    min_start bigint,
    max_start bigint,
    min_end bigint,
    max_end bigint,
    size_bytes bigint not null,
    sha256 text not null,             -- of the file
    created_at bigint not null
);

-- What each segment holds of each load.
create table segment_loads (
    segment_id text not null,
    load_id bigint not null,
    records bigint not null,
    nodata bigint not null,
    skipdata bigint not null
);

-- Loads whose records are still in a segment, but no longer count.
create table dead_loads (
    segment_id text not null,
    load_id bigint not null
);

-- Files that other segments have taken the place of: they stay a while, for readers that still list them.
create table superseded_segments (
    segment_id text not null,
    path text not null,               -- below the store's folder; the file may be gone already
    size_bytes bigint not null,
    superseded_at bigint not null
);

-- What `store forget --before` was told last: objects whose records all lie before are not loaded. At most one row.
create table retention (
    horizon bigint not null,
    set_at bigint not null
);

-- Lines that are no records.
create table rejects (
    load_id bigint not null,
    line_number bigint not null,      -- from 1; in Parquet objects the row
    text text not null,               -- as in the object, at most the first 4,096 bytes
    text_bytes bigint not null,
    reason text not null
);

-- Statistics of each segment, of its live records only; see docs/store.md for what bounds them. interface_id is the
-- capture point: where there is no interface it is the record's log_resource_id or tgw_attachment_id, else null.

-- The most frequent addresses of each interface and family.
create table segment_addresses (
    segment_id text not null,
    vpc_id text,
    interface_id text,
    address text not null,
    family smallint not null,         -- 4 or 6
    records bigint not null,          -- of the interface, in which it is srcaddr or dstaddr; counted once if both
    as_src bigint not null,
    as_dst bigint not null,
    peers bigint not null,            -- different other addresses in these records
    min_peer text,                    -- two segments with one peer each have two peers if these differ
    max_peer text
);

create table segment_interfaces (
    segment_id text not null,
    vpc_id text,
    interface_id text,
    records bigint not null,
    ok_records bigint not null,       -- neither NODATA nor SKIPDATA
    nodata bigint not null,
    skipdata bigint not null,
    accept bigint not null,
    reject bigint not null,
    v4_records bigint not null,       -- by the family of srcaddr, else of dstaddr
    v6_records bigint not null,
    min_start bigint,
    max_start bigint,
    min_end bigint,
    max_end bigint
);

-- Addresses and ports that sent SYN-ACK in VPC flow logs: servers.
create table segment_services (
    segment_id text not null,
    vpc_id text,
    address text,
    port integer,
    protocol integer,
    syn_acks bigint not null          -- records
);

-- Addresses and ports that met several ports on the other side: mostly servers.
create table segment_endpoints (
    segment_id text not null,
    vpc_id text,
    address text,
    port integer,
    protocol integer,
    peer_ports bigint not null        -- bit n: a port that is n modulo 63
);

-- The most frequent values of the columns that people name in conditions.
create table segment_values (
    segment_id text not null,
    column_name text not null,
    value text not null,
    records bigint not null
);

-- The flow logs that `inventory load` or `inventory fetch` told of: what AWS has configured.
create table flow_logs (
    flow_log_id text not null,
    name text,                        -- its Name tag
    log_resource_id text,             -- whose traffic it logs: a VPC, subnet, interface, gateway
    traffic_type text,                -- ALL, ACCEPT or REJECT; null where there is no choice
    log_format text not null,         -- as in AWS's LogFormat
    destination_type text not null,   -- s3, cloud-watch-logs or kinesis-data-firehose
    destination text,                 -- its ARN
    log_group text,
    interval_s integer,               -- configured; Nitro interfaces log every 60 s all the same
    created_at bigint,
    status text,
    file_format text,
    tags map(text, text) not null,
    tag_keys map(text, text) not null,  -- column of `records` -> the tag key whose values it has
    registered_at bigint not null,
    delivery_problem text             -- why AWS could not deliver lately
);
