-- One row is a load and the flow log it is of: its id from AWS's file name, else its log format, since a flow log has one
-- log format for life; `fields` is the number of fields in it.
select load_id, max(coalesce(flow_log_id, '')) as flow_log, 0 as fields
from records
group by load_id
