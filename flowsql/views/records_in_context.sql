-- One row is a record of the window or of the context around it (--context), in the scope: what stitched views read, so
-- that the ends of a window hide neither who opened a connection nor how it ended. Without a window it is `records`.
select * from records
