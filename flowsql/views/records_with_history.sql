-- One row is a record of the window, or of the time before it that the saved query declares (`-- history: 14d`), in the
-- scope: what comparisons with the past read. Without a declaration, and without a start of the window, it is `records`.
select * from records
