-- One row is a transit gateway attachment that logged what entered there: that is not counted where it leaves.
select distinct tgw_attachment_id as attachment
from records_in_context
where flow_direction = 'ingress' and tgw_attachment_id is not null
